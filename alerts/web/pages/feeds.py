"""What machines fetch: the feed, and an alert as a CAP message."""

from __future__ import annotations

import hashlib

from fastapi.responses import Response

from alerts.disclosure import DESK
from alerts.pulled import Reader
from alerts.web.accounts import Role
from alerts.web.guard import guarded_router, needs
from alerts.web.page import Page, PageOf

router = guarded_router()

PRIVATE = {"cache-control": "private, no-store"}


@router.get("/feed.atom")
@needs(Role.READER)
def feed(page: PageOf) -> Response:
    """Give the feed of whoever asks, as far as their key or their role goes."""
    parts = page.parts
    body = parts.pulled.feed(reader_of(page), page.now, f"{parts.settings.base_url}/feed.atom")
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {**PRIVATE, "etag": tag}
    if page.request.headers.get("if-none-match", "") == tag:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/atom+xml", headers=headers)


@router.get("/alerts/{event_id}/cap.xml")
@needs(Role.READER)
def cap(page: PageOf, event_id: str) -> Response:
    """Give one alert as a CAP message: to a key what was published, to the desk what stands."""
    parts, visitor = page.parts, page.visitor
    if visitor.key_id:
        body = parts.pulled.cap(event_id, reader_of(page), page.now)
    else:
        body = parts.pulled.desk_cap(visitor.require_alert(parts.alerts.alert(event_id)))
    headers = {**PRIVATE, "content-disposition": 'attachment; filename="alert.cap.xml"'}
    return Response(body, media_type="application/cap+xml", headers=headers)


def reader_of(page: Page) -> Reader:
    """Return who is served; what a key fetched is kept under its name."""
    visitor = page.visitor
    return Reader(
        reader_id=f"key:{visitor.key_id}" if visitor.key_id else DESK,
        audience=visitor.audience,
        aois=None if visitor.areas is None else tuple(sorted(visitor.areas)),
        language=page.speech.language,
        time_zone=page.parts.settings.time_zone,
    )
