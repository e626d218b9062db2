"""The API: alerts and verdicts, areas, settlements, coverage; described in OpenAPI."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from typing import Annotated, Any, Literal

from fastapi import Body, Query
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from alerts.alert import Status
from alerts.web.accounts import Role
from alerts.web.asking import DEFAULT_LIMIT, MAX_LIMIT, MAX_OFFSET, asked_of, pages_of
from alerts.web.guard import guarded_router, needs
from alerts.web.page import PageOf
from alerts.web.pages.decisions import MAX_NOTE, judged_by
from alerts.web.places import (
    area_feature,
    area_for,
    areas_for,
    settlements_for,
)
from alerts.web.records import (
    Found,
    alert_for,
    alerts_for,
    collection,
    desk_feature,
)
from alerts.web.watched import coverage_in
from aoi.errors import InvalidAoi
from monitor.finding import FindingKind
from monitor.ledger import without_gaps

router = guarded_router()

JSON = "application/json"
MAX_DAYS = 366
PAGED = ("limit", "offset", "bbox", "datetime", "key")
PROBLEMS = (400, 401, 403, 404, 409, 422, 503)


class Problem(BaseModel):
    """Why a request was refused (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    hint: str = ""


class Features(BaseModel):
    """One page of GeoJSON features, and the links to the others."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["FeatureCollection"]
    features: list[dict[str, Any]]
    numberMatched: int
    numberReturned: int
    links: list[dict[str, str]]


class FeatureBody(BaseModel):
    """One GeoJSON feature; of an alert as in docs/schema/alert-1.0.json."""

    type: Literal["Feature"]
    id: str
    geometry: dict[str, Any] | None
    properties: dict[str, Any]
    bbox: list[float] | None = None


class VerdictBody(BaseModel):
    """What a person decides, on the revision that they saw."""

    model_config = ConfigDict(extra="forbid")

    verdict: Literal["confirm", "reject", "unsure", "retract"]
    revision: int = Field(ge=1, le=1_000_000)
    reason: str = Field("", max_length=400)
    note: str = Field("", max_length=MAX_NOTE)


class DayBody(BaseModel):
    """What was seen of an area, or of one of its tiles, on a day."""

    aoi_id: str
    day: date
    state: str
    clear_fraction: float
    reason: str


class CoverageBody(BaseModel):
    """The ledger of an area: a row for every day, also for those that were not run."""

    aoi_id: str
    days: list[DayBody]


ANSWERS: dict[int | str, dict[str, Any]] = {
    status: {"content": {"application/problem+json": {"schema": Problem.model_json_schema()}},
             "description": "Refused, and why"}
    for status in PROBLEMS
}  # fmt: skip

Limit = Annotated[
    str, Query(description=f"1 to {MAX_LIMIT}; more is cut", examples=[str(DEFAULT_LIMIT)])
]
Offset = Annotated[str, Query(description=f"0 to {MAX_OFFSET}")]
Box = Annotated[str, Query(description="west,south,east,north in degrees (CRS84)")]
Times = Annotated[str, Query(description="An instant, or start/end with .. for open (RFC 3339)")]


@router.get("/api/alerts", responses=ANSWERS, response_model=Features)
@needs(Role.READER)
def list_alerts(
    page: PageOf, kind: FindingKind | None = None, status: Status | None = None, aoi: str = "",
    bbox: Box = "", datetime: Times = "", limit: Limit = "", offset: Offset = "",
) -> Any:  # fmt: skip
    """List alerts, newest first, as far as the asker may see them."""
    query = dict(page.request.query_params)
    asked = asked_of(
        query, (*PAGED, "kind", "status", "aoi"), kind=kind or "", status=status or "", aoi_id=aoi
    )
    return _page(page, alerts_for(page, asked), pages_args=(query, asked))


@router.get("/api/alerts/{event_id}", responses=ANSWERS, response_model=FeatureBody)
@needs(Role.READER)
def show_alert(page: PageOf, event_id: str) -> Any:
    """Show one alert."""
    return _plain(alert_for(page, event_id))


@router.post("/api/alerts/{event_id}/verdict", responses=ANSWERS, response_model=FeatureBody)
@needs(Role.ANALYST)
def give_verdict(page: PageOf, event_id: str, body: Annotated[VerdictBody, Body()]) -> Any:
    """Confirm, reject, be unsure of or retract an alert; 409 if somebody was faster."""
    alert = page.visitor.require_alert(page.parts.alerts.alert(event_id))
    judged = judged_by(page, alert, body.verdict, body.revision, body.note.strip(), body.reason)
    return _plain(desk_feature(judged))


@router.get("/api/areas", responses=ANSWERS, response_model=Features)
@needs(Role.READER)
def list_areas(page: PageOf, bbox: Box = "", limit: Limit = "", offset: Offset = "") -> Any:
    """List the areas that the asker may see."""
    query = dict(page.request.query_params)
    asked = asked_of(query, PAGED)
    return _page(page, areas_for(page, asked), pages_args=(query, asked))


@router.get("/api/areas/{aoi_id}", responses=ANSWERS, response_model=FeatureBody)
@needs(Role.READER)
def show_area(page: PageOf, aoi_id: str) -> Any:
    """Show one area."""
    return _plain(area_feature(area_for(page, aoi_id)))


@router.get("/api/areas/{aoi_id}/settlements", responses=ANSWERS, response_model=Features)
@needs(Role.READER)
def list_settlements(
    page: PageOf, aoi_id: str, bbox: Box = "", limit: Limit = "", offset: Offset = ""
) -> Any:
    """List the settlements of an area."""
    query = dict(page.request.query_params)
    asked = asked_of(query, PAGED)
    return _page(page, settlements_for(page, asked, aoi_id), pages_args=(query, asked))


@router.get("/api/areas/{aoi_id}/coverage", responses=ANSWERS, response_model=CoverageBody)
@needs(Role.READER)
def show_coverage(
    page: PageOf, aoi_id: str, first: date | None = None, last: date | None = None
) -> Any:
    """Say for every day what was seen of an area, and why not."""
    group = area_for(page, aoi_id)
    until = last or page.now.date()
    since = first or until - timedelta(days=29) if until.year > 1 else until
    if not 0 <= (until - since).days < MAX_DAYS:
        raise InvalidAoi(
            f"{since} to {until} is no span of 1 to {MAX_DAYS} days", hint="choose other days"
        )
    ledger = coverage_in(page.parts.database, group.ids, since, until)
    days = without_gaps(ledger, group.ids, since, until)
    return JSONResponse({
        "aoi_id": group.aoi_id,
        "days": [
            {"aoi_id": one.aoi_id, "day": one.day.isoformat(), "state": one.state.value,
             "clear_fraction": one.clear_fraction, "reason": one.reason}
            for one in days
        ],
    })  # fmt: skip


@router.get("/api/openapi.json", include_in_schema=False)
@needs(Role.READER)
def openapi() -> JSONResponse:
    """Describe the API."""
    return JSONResponse(described())


@cache
def described() -> dict[str, Any]:
    """Return the OpenAPI document of the routes above."""
    document = get_openapi(
        title="Emberwatch",
        version="1",
        description="Alerts of burned settlements and displacement camps seen from space.",
        routes=router.routes,
    )
    document["components"]["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "A key from the page of keys"}
    }
    document["security"] = [{"key": []}]
    return document


def _page(page: Any, found: Found, *, pages_args: tuple[Any, Any]) -> JSONResponse:
    query, asked = pages_args
    address = page.parts.settings.base_url + page.request.url.path
    return _plain(
        collection(
            found.features,
            numberMatched=found.matched,
            numberReturned=len(found.features),
            links=pages_of(address, query, asked, found.matched, JSON),
        )
    )


def _plain(body: dict[str, Any]) -> JSONResponse:
    # Written at once: a model that only checks our own words would cost as much as the query.
    return JSONResponse(body)
