"""What people and machines read when a request fails: a page, or problem+json (RFC 9457)."""

from __future__ import annotations

from urllib.parse import urlencode

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from alerts.errors import (
    BadToken,
    InvalidAddress,
    NotAllowed,
    NotCleared,
    StaleAlert,
    UnknownAlert,
    UnknownSubscriber,
)
from alerts.web.errors import (
    DraftGone,
    FactorNeeded,
    FormRefused,
    InvalidAccount,
    NotPermitted,
    SignInNeeded,
    TooLarge,
    TooManyTries,
    UnknownAccount,
    WrongCode,
    WrongPassword,
)
from alerts.web.guard import SAFE
from alerts.web.page import SEE_OTHER, Page
from alerts.web.problems import problem
from aoi.errors import DatabaseUnavailable, InvalidAoi, ServiceError, UnknownAoi

logger = structlog.get_logger(__name__)

STATUSES: tuple[tuple[type[ServiceError], int], ...] = (
    (SignInNeeded, 401),
    (WrongPassword, 401),
    (WrongCode, 401),
    (FactorNeeded, 403),
    (NotPermitted, 403),
    (FormRefused, 403),
    (NotCleared, 404),
    (UnknownAlert, 404),
    (UnknownAoi, 404),
    (UnknownAccount, 404),
    (UnknownSubscriber, 404),
    (BadToken, 404),
    (DraftGone, 404),
    (NotAllowed, 409),
    (StaleAlert, 409),
    (TooLarge, 413),
    (InvalidAoi, 422),
    (InvalidAddress, 422),
    (InvalidAccount, 422),
    (TooManyTries, 429),
    (DatabaseUnavailable, 503),
)
FAILED = 500

FORMS = "application/x-www-form-urlencoded"

FOR_MACHINES = ("/api", "/ogc", "/feed.atom", "/metrics", "/readyz")
CAP = "/cap.xml"


def add_faults(app: FastAPI) -> None:
    """Let errors become answers."""
    app.add_exception_handler(ServiceError, _refused)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, _http)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, _invalid)  # type: ignore[arg-type]


def status_of(error: ServiceError) -> int:
    """Return the status of an expected error."""
    return next((status for kind, status in STATUSES if isinstance(error, kind)), FAILED)


def for_machine(request: Request) -> bool:
    """Return True if a program asks, which cannot read a page."""
    path = request.url.path
    by_key = path.endswith(CAP) and not request.headers.get("accept", "").startswith("text/html")
    return path.startswith(FOR_MACHINES) or by_key


def answer(
    request: Request, status: int, message: str, hint: str = "", typed: str = ""
) -> Response:
    """Return an error as its reader can use it."""
    if for_machine(request):
        return problem(status, message, hint)
    page = Page(request)
    title = f"fault.{status}"
    key = title if page.speech.knows(title) else "fault.500"
    return page.render("fault.html", status, title=key, message=message, hint=hint, typed=typed)


async def _refused(request: Request, error: ServiceError) -> Response:
    status = status_of(error)
    if status == FAILED:
        logger.error("request failed", reason=type(error).__name__)
    asks_for_page = request.method in SAFE and not for_machine(request)
    if isinstance(error, SignInNeeded | FactorNeeded) and asks_for_page:
        door = "/login" if isinstance(error, SignInNeeded) else "/account/second-factor"
        query = request.url.query
        here = request.url.path + (f"?{query}" if query else "")
        return RedirectResponse(f"{door}?{urlencode({'to': here})}", SEE_OTHER)
    # What a person typed is theirs: it is shown to them again, whatever became of the form.
    typed = await _typed(request) if isinstance(error, SignInNeeded | FormRefused) else ""
    return answer(request, status, error.message, error.hint, typed)


async def _typed(request: Request) -> str:
    sent_form = request.headers.get("content-type", "").startswith(FORMS)
    if request.method in SAFE or not sent_form:
        return ""
    note = (await request.form()).get("note", "")
    return note if isinstance(note, str) else ""


async def _http(request: Request, error: HTTPException) -> Response:
    page = Page(request)
    key = f"fault.{error.status_code}.message"
    known = page.speech.knows(key) and not for_machine(request)
    made = answer(request, error.status_code, page.speech.say(key) if known else str(error.detail))
    for name, value in (error.headers or {}).items():
        made.headers[name] = value
    return made


async def _invalid(request: Request, error: RequestValidationError) -> Response:
    faults = [(str(fault["loc"][-1]), str(fault["msg"])) for fault in error.errors()]
    detail = "; ".join(f"{field}: {message}" for field, message in faults)
    if for_machine(request):
        return problem(422, detail, errors=[{"field": f, "message": m} for f, m in faults])
    return answer(request, 422, detail)
