"""A plain page on this machine: alerts, maps, coverage, and whether the service is well."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from fastapi import FastAPI, HTTPException
from fastapi.middleware.trustedhost import TrustedHostMiddleware
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse

from alerts.alert import Alert, Status
from alerts.errors import UnknownAlert
from aoi.errors import ServiceError
from monitor.commands.pictures import alert_page, overview_page, state_line
from monitor.ledger import without_gaps
from monitor.service import Service

HOSTS = ["127.0.0.1", "localhost", "[::1]", "testserver"]
"""Names that this page is asked for by: no other site's name may resolve to it."""

PLAIN_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;"
    "color:#1b1b1b;background:#fff}table{border-collapse:collapse;width:100%}"
    "th,td{text-align:start;padding:.4rem .6rem;border-bottom:1px solid #bbb}"
    "a{color:#0b4f8a}.note{color:#444}"
)


def site(service: Service, unwell: Callable[[], str]) -> FastAPI:
    """Return the pages.

    Parameters
    ----------
    service : Service
    unwell : callable
        Says in a sentence why the service is not ready; empty if it is.
    """
    app = FastAPI(title="Emberwatch", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=HOSTS)

    @app.get("/", response_class=HTMLResponse)
    def queue() -> HTMLResponse:
        return _plain(front_page(service))

    @app.get("/map", response_class=HTMLResponse)
    def overview() -> HTMLResponse:
        return HTMLResponse(overview_page(service, service.now()))

    @app.get("/alerts/{event_id}/map", response_class=HTMLResponse)
    def alert_map(event_id: str) -> HTMLResponse:
        try:
            return HTMLResponse(alert_page(service, service.alerts.alert(event_id)))
        except UnknownAlert as error:
            raise HTTPException(404, error.message) from error

    @app.get("/healthz", response_class=PlainTextResponse)
    def healthz() -> str:
        return "ok"

    @app.get("/readyz")
    def readyz() -> JSONResponse:
        reason = unwell() or _database_fault(service)
        body = {"ready": not reason, "reason": reason}
        return JSONResponse(body, status_code=503 if reason else 200)

    return app


def front_page(service: Service) -> str:
    """Return the page of alerts and areas as HTML; every name in it is escaped."""
    now = service.now()
    alerts = service.alerts.alerts()
    standing = [one for one in alerts if one.status not in (Status.REJECTED, Status.RETRACTED)]
    areas = service.registry.all()
    ids = [area.aoi_id for area in areas]
    first = now.date().fromordinal(now.date().toordinal() - 13)
    ledger = without_gaps(service.store.coverage(since=first), ids, first, now.date())
    rows = "".join(_alert_row(one) for one in standing)
    area_rows = "".join(
        f"<tr><td>{escape(area.aoi_id)}</td><td>{escape(area.name)}</td>"
        f"<td>{escape(state_line(area, ledger))}</td></tr>"
        for area in areas
    )
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width,initial-scale=1'>"
        f"<title>Emberwatch</title><style>{STYLE}</style></head><body><h1>Emberwatch</h1>"
        f"<p class='note'>{len(standing)} alerts stand. No alert is not an all-clear: see what "
        "was seen below. <a href='/map'>Map of all areas</a></p>"
        "<h2>Alerts</h2><table><tr><th>Ref<th>What<th>Status<th>Severity<th>Place<th>Between"
        f"<th>Map</tr>{rows}</table>"
        f"<h2>Areas</h2><table><tr><th>Area<th>Name<th>Lately</tr>{area_rows}</table>"
        "</body></html>"
    )


def _alert_row(one: Alert) -> str:
    happened = one.finding.happened
    between = f"{happened.start:%d %b %Y} and {happened.end:%d %b %Y}"
    cells = (
        one.ref, f"{one.kind.value}, tier {one.finding.tier.value}", one.status.value,
        one.severity, one.place.name or one.aoi_id, between,
    )  # fmt: skip
    link = f"<a href='/alerts/{escape(one.event_id, quote=True)}/map'>map</a>"
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + f"<td>{link}</td></tr>"


def _plain(page: str) -> HTMLResponse:
    headers = {
        "Content-Security-Policy": PLAIN_POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
    return HTMLResponse(page, headers=headers)


def _database_fault(service: Service) -> str:
    try:
        service.store.runs(limit=1)
    except ServiceError as error:
        return error.message
    return ""
