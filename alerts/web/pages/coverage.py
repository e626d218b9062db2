"""What was seen of each area and day, and why not, in words."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Annotated

from fastapi import Query
from fastapi.responses import Response

from alerts.web.accounts import Role
from alerts.web.guard import guarded_router, needs
from alerts.web.page import NavItem, PageOf
from alerts.web.sheets import csv_answer
from alerts.web.watched import coverage_in, last_days, loaded, named_groups, watched
from aoi.area import AoiState
from monitor.coverage import CoverageDay, CoverageState
from monitor.ledger import without_gaps

router = guarded_router()
NAVIGATION = (NavItem("/coverage", "nav.coverage", Role.ANALYST),)

PAGE = 30
WATCHED = (AoiState.ACTIVE, AoiState.PAUSED)

At = Annotated[int, Query(ge=1, le=100_000)]
Days = Annotated[int, Query(ge=1, le=366)]


@router.get("/coverage")
@needs(Role.ANALYST)
def coverage(page: PageOf, at: At = 1) -> Response:
    """Show the last days of each area: seen, or why not."""
    groups = named_groups(page.parts.database, page.visitor, WATCHED)
    today = page.now.date()
    shown = loaded(page.parts.database, groups[(at - 1) * PAGE : at * PAGE])
    rows = watched(page.parts.database, shown, today)
    return page.render(
        "coverage.html",
        rows=[(row, spans(row.days)) for row in rows],
        states=[state.value for state in CoverageState],
        counts=Counter(day.state.value for row in rows for day in row.days),
        days=last_days(today),
        blind=[row for row in rows if row.blind],
        total=len(groups),
        at=at,
        pages=max(-(-len(groups) // PAGE), 1),
    )


@router.get("/coverage.csv")
@needs(Role.ANALYST)
def coverage_csv(page: PageOf, days: Days = 30) -> Response:
    """Give the ledger for a spreadsheet: a row for every area and day."""
    groups = named_groups(page.parts.database, page.visitor, WATCHED)
    ids = [aoi_id for group in groups for aoi_id in group.tile_ids]
    last = page.now.date()
    first = last - timedelta(days=days - 1)
    ledger = without_gaps(coverage_in(page.parts.database, ids, first, last), ids, first, last)
    head = ("area", "day", "state", "clear_percent", "reason")
    body = (
        (one.aoi_id, one.day, one.state.value, round(one.clear_fraction * 100), one.reason)
        for one in ledger
    )
    return csv_answer("coverage.csv", head, body)


def spans(days: tuple[CoverageDay, ...]) -> list[tuple[CoverageDay, CoverageDay, int]]:
    """Return days that say the same as one: first, last, how many; the latest first."""
    found: list[list[CoverageDay]] = []
    for day in days:
        if found and (found[-1][-1].state, found[-1][-1].reason) == (day.state, day.reason):
            found[-1].append(day)
        else:
            found.append([day])
    return [(same[0], same[-1], len(same)) for same in reversed(found)]
