"""Areas: the list with what was seen of each, one of them, and whether it is watched."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import Form, Query
from fastapi.responses import Response

from alerts.web.accounts import Role
from alerts.web.expected import expected_alerts
from alerts.web.guard import guarded_router, needs
from alerts.web.outlines import map_layers
from alerts.web.page import NavItem, Page, PageOf
from alerts.web.sheets import csv_answer
from alerts.web.watched import (
    OPEN,
    Named,
    group_of,
    last_days,
    loaded,
    named_groups,
    own_group_of,
    watched,
)
from aoi.area import AoiState
from aoi.errors import InvalidAoi
from aoi.export import areas_geojson, duration_text, settlements_geojson

router = guarded_router()
NAVIGATION = (NavItem("/aois", "nav.areas", Role.ANALYST),)

PAGE = 50
WATCHED = (AoiState.ACTIVE, AoiState.PAUSED)
RUNS, SETTLEMENTS_SHOWN = 20, 200
ATTACHED = "attachment; filename*=UTF-8''{}"

Word = Annotated[str, Form(max_length=200)]
At = Annotated[int, Query(ge=1, le=100_000)]
Text = Annotated[str, Query(max_length=120)]


@router.get("/aois")
@needs(Role.ANALYST)
def list_areas(page: PageOf, find: Text = "", view: Text = "", at: At = 1) -> Response:
    """Show the areas that the person may see, with what was seen of each in the last days."""
    groups = _found(page, find, view)
    shown = loaded(page.parts.database, groups[(at - 1) * PAGE : at * PAGE])
    rows = watched(page.parts.database, shown, page.now.date())
    return page.render(
        "areas.html",
        rows=rows,
        days=last_days(page.now.date()),
        total=len(groups),
        at=at,
        pages=max(-(-len(groups) // PAGE), 1),
        find=find,
        view=view,
        address=lambda **changes: _address({"find": find, "view": view, **changes}),
        may_keep=page.visitor.role.covers(Role.OPERATOR),
    )


@router.get("/aois.csv")
@needs(Role.ANALYST)
def areas_csv(page: PageOf, find: Text = "", view: Text = "") -> Response:
    """Give the list for a spreadsheet."""
    groups = loaded(page.parts.database, _found(page, find, view))
    rows = watched(page.parts.database, groups, page.now.date())
    head = ("id", "name", "state", "sensitivity", "revisit", "tiles", "seen_days_of_30",
            "last_seen", "open_alerts")  # fmt: skip
    body = [
        (
            row.group.aoi_id, row.group.name, row.group.first.state.value,
            row.group.first.sensitivity.value, duration_text(row.group.first.revisit),
            len(row.group.tiles), row.seen_days, row.last_seen or "", row.open_alerts,
        )
        for row in rows
    ]  # fmt: skip
    return csv_answer("areas.csv", head, body)


@router.get("/aois/{aoi_id}")
@needs(Role.ANALYST)
def show_area(page: PageOf, aoi_id: str) -> Response:
    """Show one area: its outline, its days, its runs, its settlements, its changes."""
    group = group_of(page.parts.registry, page.visitor, aoi_id)
    parts = page.parts
    (row,) = watched(parts.database, [group], page.now.date())
    settlements = [
        one for one in parts.registry.settlements(group.aoi_id) if page.visitor.may_see(one.aoi_id)
    ]
    runs = [run for tile in group.tiles for run in parts.store.runs(tile.aoi_id, limit=RUNS)]
    alerts = [one for one in parts.queue.standing(group.ids) if one.status in OPEN]
    operates = page.visitor.role.covers(Role.OPERATOR)
    return page.render(
        "area.html",
        row=row,
        group=group,
        settlements=settlements[:SETTLEMENTS_SHOWN],
        settlement_count=len(settlements),
        alerts_a_month=expected_alerts(parts.settings.rates, len(settlements)),
        runs=sorted(runs, key=lambda run: run.started_at, reverse=True)[:RUNS],
        alerts=alerts[:RUNS],
        audit=list(reversed(parts.registry.audit(group.aoi_id))) if operates else [],
        layers=map_layers(
            [("area", group.name, group.whole.geometry)],
            [(one.name, one.footprint) for one in settlements[:2_000]],
        ),
        may_keep=operates,
    )


@router.get("/aois/{aoi_id}/area.geojson")
@needs(Role.ANALYST)
def area_geojson(page: PageOf, aoi_id: str) -> Response:
    """Give the outline in the form in which an area is added."""
    group = group_of(page.parts.registry, page.visitor, aoi_id)
    return _geojson(areas_geojson([group.whole]), f"{group.aoi_id}.geojson")


@router.get("/aois/{aoi_id}/settlements.geojson")
@needs(Role.ANALYST)
def area_settlements(page: PageOf, aoi_id: str) -> Response:
    """Give the settlements in the form in which they are imported."""
    group = group_of(page.parts.registry, page.visitor, aoi_id)
    found = [
        one
        for one in page.parts.registry.settlements(group.aoi_id)
        if page.visitor.may_see(one.aoi_id)
    ]
    return _geojson(settlements_geojson(found), f"{group.aoi_id}-settlements.geojson")


@router.post("/aois/{aoi_id}/state")
@needs(Role.OPERATOR)
def change_state(page: PageOf, aoi_id: str, state: Word) -> Response:
    """Pause, resume or archive an area."""
    group = own_group_of(page.parts.registry, page.visitor, aoi_id)
    registry = page.parts.registry
    acts = {"pause": registry.pause, "resume": registry.resume, "archive": registry.archive}
    if state not in acts:
        raise InvalidAoi(f"{state[:40]!r} is nothing to do", hint="use the buttons of the page")
    acts[state](group.aoi_id, page.now, page.visitor.name)
    return page.go(f"/aois/{quote(group.aoi_id, safe='')}", said=f"area_{state}")


def _found(page: Page, find: str, view: str) -> list[Named]:
    states = (AoiState.ARCHIVED,) if view == "archived" else WATCHED
    words = find.casefold().split()
    return [
        group
        for group in named_groups(page.parts.database, page.visitor, states)
        if all(word in f"{group.aoi_id} {group.name}".casefold() for word in words)
    ]


def _address(query: dict[str, object]) -> str:
    kept = {name: value for name, value in query.items() if value}
    return f"/aois?{urlencode(kept)}" if kept else "/aois"


def _geojson(text: str, name: str) -> Response:
    return Response(
        text,
        media_type="application/geo+json",
        headers={"content-disposition": ATTACHED.format(quote(name))},
    )
