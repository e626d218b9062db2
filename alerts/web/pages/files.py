"""Scripts and styles."""

from __future__ import annotations

from fastapi import HTTPException
from fastapi.responses import Response

from alerts.web.accounts import Role
from alerts.web.assets import assets
from alerts.web.guard import guarded_router, needs

router = guarded_router()


@router.get("/static/{name}")
@needs(Role.ANYONE)
def file(name: str) -> Response:
    """Return one file of those that the site has."""
    found = assets().get(name)
    if found is None:
        raise HTTPException(404, "no such file")
    keep = {"cache-control": "public, max-age=31536000, immutable"}
    return Response(found.content, media_type=found.media_type, headers=keep)
