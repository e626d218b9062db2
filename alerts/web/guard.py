"""The door: who asks, may they, and did their own browser send it.

A route says with `needs` which role is the least; one that says nothing is
closed to everybody. Roles are looked at before a byte of the body is read.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from alerts.alert import Alert
from alerts.disclosure import DESK
from alerts.errors import UnknownAlert
from alerts.web.accounts import Account, Role
from alerts.web.api_keys import ApiKey
from alerts.web.errors import FactorNeeded, FormRefused, NotPermitted, SignInNeeded
from alerts.web.parts import Parts
from aoi.database import reading
from aoi.tables import AOIS

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

FOR_PROGRAMS = ("/api/", "/ogc")
"""Beginnings of the paths where a key may do more than read: pages are for people."""

FORM_FIELD = "form_token"
FORM_HEADER = "x-form-token"

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Need:
    """What a route asks of whoever calls it."""

    role: Role
    from_anywhere: bool = False
    """True for a POST whose address is the proof: the links in mails (RFC 8058)."""

    without_factor: bool = False
    """True where a person may set up the second factor that their role asks for."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks."""

    name: str = ""
    role: Role = Role.ANYONE
    areas: frozenset[str] | None = None
    """Identifiers of the areas that they may see, None for all."""

    audience: str = DESK
    """The clearance: the desk's for people who sign in, its own for a key."""

    cookie: str = ""
    """What the browser sent: of the sign-in, else of its forms."""

    key_id: str = ""
    lacks_factor: bool = False
    """True while their role asks for a second factor and they have none."""

    second_factor: bool = False

    def may_see(self, aoi_id: str) -> bool:
        """Return True if the area is one of theirs."""
        return self.areas is None or aoi_id in self.areas

    def require_area(self, aoi_id: str) -> None:
        """Refuse an area that is not one of theirs.

        Raises
        ------
        NotPermitted
        """
        if not self.may_see(aoi_id):
            raise NotPermitted("this area is not one of yours", hint="ask an admin for it")

    def require_alert(self, alert: Alert) -> Alert:
        """Return the alert if it lies in one of their areas; else it is as if it were not.

        Raises
        ------
        UnknownAlert
        """
        if not self.may_see(alert.aoi_id):
            raise UnknownAlert(
                f"no alert is called {alert.event_id!r}", hint="see the queue for those there are"
            )
        return alert


def needs(
    role: Role, *, from_anywhere: bool = False, without_factor: bool = False
) -> Callable[[Endpoint], Endpoint]:
    """Say which role a route needs at least; stands between the route and its function."""

    def mark(endpoint: Endpoint) -> Endpoint:
        endpoint.__need__ = Need(role, from_anywhere, without_factor)  # type: ignore[attr-defined]
        return endpoint

    return mark


def need_of(endpoint: Callable[..., Any]) -> Need | None:
    """Return what a route asks; None if it forgot to say."""
    return getattr(endpoint, "__need__", None)


class GuardedRoute(APIRoute):
    """A route whose door is closed until `admit` opens it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        inner = super().get_route_handler()
        need = need_of(self.endpoint)

        async def guarded(request: Request) -> Response:
            await admit(request, need)
            return await inner(request)

        return guarded


def guarded_router() -> APIRouter:
    """Return a router for one group of pages."""
    return APIRouter(route_class=GuardedRoute)


async def admit(request: Request, need: Need | None) -> None:
    """Let a request in, its visitor in ``request.state``.

    Raises
    ------
    SignInNeeded, NotPermitted, FactorNeeded, FormRefused
    """
    parts: Parts = request.app.state.parts
    visitor = await run_in_threadpool(visitor_of, parts, request, need)
    request.state.visitor = visitor
    if need is None:
        raise NotPermitted("nobody may open this page", hint="it does not say who may")
    if not visitor.role.covers(need.role):
        if visitor.role is Role.ANYONE:
            raise SignInNeeded("nobody is signed in", hint="sign in, then try again")
        raise NotPermitted(
            f"this page is for the role {need.role}, and {visitor.name} is {visitor.role}",
            hint="ask an admin",
        )
    if visitor.lacks_factor and need.role is not Role.ANYONE and not need.without_factor:
        raise FactorNeeded(
            f"the role {visitor.role} asks for a second factor", hint="set it up, then go on"
        )
    if request.method not in SAFE and not need.from_anywhere and not visitor.key_id:
        require_own_origin(request, parts.settings.base_url)
        given = request.headers.get(FORM_HEADER) or _text(await request.form(), FORM_FIELD)
        expected = form_token(parts, visitor)
        if not visitor.cookie or not hmac.compare_digest(given.encode(), expected.encode()):
            raise FormRefused(
                "this form is no longer good: it is from before you signed in or out",
                hint="open the page again, then send it",
            )


def visitor_of(parts: Parts, request: Request, need: Need | None) -> Visitor:
    """Return who asks, by the cookie of a sign-in or the key of a machine."""
    now = parts.now()
    secret = _key_in(request, need)
    key = parts.api_keys.visit(secret, now) if secret else None
    if key is not None:
        return _machine(parts, key, request.url.path)
    token = request.cookies.get(session_cookie(parts), "")
    account = parts.sessions.visit(token, now) if token else None
    if account is not None:
        return _person(parts, account, token)
    return Visitor(cookie=request.cookies.get(form_cookie(parts), ""))


def form_token(parts: Parts, visitor: Visitor) -> str:
    """Return what a form must carry to be this browser's own."""
    key = parts.keys.derived("form")
    return hmac.new(key, visitor.cookie.encode(), hashlib.sha256).hexdigest()


def session_cookie(parts: Parts) -> str:
    """Return the name of the cookie of a sign-in: bound to the host where there is TLS."""
    return "__Host-emberwatch" if parts.settings.secure else "emberwatch"


def form_cookie(parts: Parts) -> str:
    """Return the name of the cookie of forms before a sign-in."""
    return "__Host-emberwatch-form" if parts.settings.secure else "emberwatch-form"


def half_cookie(parts: Parts) -> str:
    """Return the name of the cookie between the password and the code."""
    return "__Host-emberwatch-half" if parts.settings.secure else "emberwatch-half"


def require_own_origin(request: Request, base_url: str) -> None:
    """Refuse what another site's page made this browser send.

    Raises
    ------
    FormRefused
    """
    sent_by = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin", "")
    host = urlsplit(origin).netloc
    ours = {request.headers.get("host", ""), urlsplit(base_url).netloc}
    if sent_by not in ("same-origin", "none") or (origin and host not in ours):
        raise FormRefused("this form came from another site", hint="send it from our own page")


def now_of(request: Request) -> datetime:
    """Return the instant at which the request is answered."""
    parts: Parts = request.app.state.parts
    return parts.now()


def expanded(parts: Parts, areas: tuple[str, ...] | None) -> frozenset[str] | None:
    """Return areas with the tiles of bigger ones; None stays all."""
    if areas is None:
        return None
    # Every request asks this: by names alone, since outlines of thousands take their time.
    query = select(AOIS.c.aoi_id).where(AOIS.c.group_id.in_(areas))
    with reading(parts.database) as connection:
        return frozenset({*areas, *connection.execute(query).scalars()})


def _person(parts: Parts, account: Account, token: str) -> Visitor:
    return Visitor(
        name=account.name,
        role=account.role,
        areas=expanded(parts, account.areas),
        cookie=token,
        lacks_factor=not account.second_factor and account.role in parts.settings.factor_for,
        second_factor=account.second_factor,
    )


def _machine(parts: Parts, key: ApiKey, path: str) -> Visitor:
    role = key.role if path.startswith(FOR_PROGRAMS) else Role.READER
    acts = role is not Role.READER
    return Visitor(
        # Whoever made a key answers for what it does, and is no second person to themselves.
        name=key.made_by if acts else key.label,
        role=role,
        areas=expanded(parts, key.areas),
        audience=DESK if acts else key.clearance,
        key_id=key.key_id,
    )


def _key_in(request: Request, need: Need | None) -> str:
    """Return the secret of a key: in a header, or in the address where machines are served."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return secret.strip()
    in_address = need is not None and need.role is Role.READER
    asked = request.query_params.get("key", "") if in_address else ""
    return request.headers.get("x-api-key", "") or asked


def _text(form: FormData, field: str) -> str:
    value = form.get(field, "")
    return value if isinstance(value, str) else ""
