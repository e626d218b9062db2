"""Whether the service is alive, and whether it is ready: for whoever watches the watcher."""

from __future__ import annotations

from fastapi.responses import JSONResponse, PlainTextResponse

from alerts.web.accounts import Role
from alerts.web.guard import guarded_router, needs
from alerts.web.page import PartsOf
from alerts.web.parts import Parts
from aoi.errors import ServiceError

router = guarded_router()


@router.get("/healthz", response_class=PlainTextResponse)
@needs(Role.ANYONE)
def healthz() -> str:
    """Say that the process answers."""
    return "ok"


@router.get("/readyz")
@needs(Role.READER)
def readyz(parts: PartsOf) -> JSONResponse:
    """Say whether the work is being done, and why not."""
    reason = parts.unwell() or _database_fault(parts)
    body = {"ready": not reason, "reason": reason}
    return JSONResponse(body, status_code=503 if reason else 200)


def _database_fault(parts: Parts) -> str:
    try:
        parts.store.runs(limit=1)
    except ServiceError:
        # What exactly is wrong stands in the log; a reader's key opens this page.
        return "the database does not answer"
    return ""
