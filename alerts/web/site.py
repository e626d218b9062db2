"""The whole site on one page: its doors, its groups of pages, its errors."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.middleware.trustedhost import TrustedHostMiddleware

from alerts.web.faults import add_faults
from alerts.web.guard import GuardedRoute, need_of
from alerts.web.headers import BodyLimit, SecureHeaders
from alerts.web.pages import (
    alert,
    api,
    area_new,
    areas,
    coverage,
    decisions,
    entrance,
    feeds,
    files,
    health,
    links,
    maps,
    mend,
    metrics,
    ogc,
    people,
    queue,
    reports,
    second_factor,
    settlements,
    subscribers,
)
from alerts.web.parts import Parts

# The order of the menu.
GROUPS = (
    queue,
    maps,
    # Before the area of that name: /aois/new.
    area_new,
    areas,
    settlements,
    coverage,
    reports,
    subscribers,
    people,
    alert,
    decisions,
    mend,
    feeds,
    api,
    ogc,
    metrics,
    links,
    entrance,
    second_factor,
    files,
    health,
)
"""Modules of pages; each has a `router`, and `NAVIGATION` if it stands in the menu."""

UPLOADS = ("/aois", "/settlements")
"""Beginnings of the paths that take files."""


def site(parts: Parts) -> FastAPI:
    """Return the site made from these parts.

    Raises
    ------
    TypeError
        If a route does not say who may use it: a bug, found before the first request.
    """
    app = FastAPI(title="Emberwatch", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.parts = parts
    app.state.navigation = tuple(
        item for group in GROUPS for item in getattr(group, "NAVIGATION", ())
    )
    for group in GROUPS:
        app.include_router(group.router)
    require_guarded()
    add_faults(app)
    settings = parts.settings
    # The last one added is asked first.
    app.add_middleware(BodyLimit, max_upload_bytes=settings.max_upload_bytes, uploads=UPLOADS)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(settings.hosts))
    app.add_middleware(SecureHeaders, secure=settings.secure)
    return app


def routes() -> Iterator[APIRoute]:
    """Yield every route of every group."""
    for group in GROUPS:
        for route in group.router.routes:
            if not isinstance(route, APIRoute):
                raise TypeError(f"{group.__name__} has a route that nobody guards: {route}")
            yield route


def require_guarded() -> None:
    """Refuse a route that does not say who may use it.

    Raises
    ------
    TypeError
    """
    for route in routes():
        if not isinstance(route, GuardedRoute) or need_of(route.endpoint) is None:
            raise TypeError(f"{route.path} does not say who may use it: add @needs(...)")
