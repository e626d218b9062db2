"""The situation report: a page to be printed, for an area or for all of a country's."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

from fastapi import Query
from fastapi.responses import Response

from alerts.web.accounts import Role
from alerts.web.guard import guarded_router, needs
from alerts.web.outlines import map_layers
from alerts.web.page import NavItem, Page, PageOf
from alerts.web.sheets import csv_answer
from alerts.web.situation import LISTED, Situation, situation
from alerts.web.watched import Named, group_of, loaded, named_groups
from aoi.area import AoiState
from monitor.coverage import CoverageState

router = guarded_router()
NAVIGATION = (NavItem("/report", "nav.report", Role.ANALYST),)

WATCHED = (AoiState.ACTIVE, AoiState.PAUSED)
PERIOD = timedelta(days=30)
OUTLINES = 100
"""Areas that are drawn on the map of a report."""

Text = Annotated[str, Query(max_length=80)]


@router.get("/report")
@needs(Role.ANALYST)
def report(
    page: PageOf, prefix: Text = "", first: date | None = None, last: date | None = None
) -> Response:
    """Report on every area, or on those whose identifier begins with a country's letters."""
    groups = _of_country(page, prefix)
    name = prefix.strip().upper() or page.speech.say("report.all")
    return _report(page, groups, name, first, last, prefix=prefix)


@router.get("/report.csv")
@needs(Role.ANALYST)
def report_csv(
    page: PageOf, prefix: Text = "", first: date | None = None, last: date | None = None
) -> Response:
    """Give the alerts of a report for a spreadsheet."""
    groups = _of_country(page, prefix)
    head = (
        "ref", "kind", "status", "severity", "tier", "area", "settlement", "name",
        "observed_after", "observed_before", "area_ha", "settlement_percent", "tlp",
    )  # fmt: skip
    found = situation(page.parts, groups, *_period(page, first, last))
    body = [
        (
            one.ref, one.kind.value, one.status.value, one.severity, one.finding.tier.value,
            one.aoi_id, one.settlement_id or "", one.place.name,
            one.finding.happened.start.isoformat(), one.finding.happened.end.isoformat(),
            round(one.finding.area_m2 / 10_000, 2), _percent(one.finding.settlement_fraction),
            found.label.value,
        )
        for one in found.alerts
    ]  # fmt: skip
    return csv_answer("report.csv", head, body)


@router.get("/aois/{aoi_id}/report")
@needs(Role.ANALYST)
def area_report(
    page: PageOf, aoi_id: str, first: date | None = None, last: date | None = None
) -> Response:
    """Report on one area."""
    group = group_of(page.parts.registry, page.visitor, aoi_id)
    named = Named(aoi_id, group.name, group.ids)
    return _report(page, [named], group.name, first, last)


def _of_country(page: Page, prefix: str) -> list[Named]:
    return [
        group
        for group in named_groups(page.parts.database, page.visitor, WATCHED)
        if group.aoi_id.startswith(prefix.strip().lower())
    ]


def _report(
    page: Page, groups: list[Named], name: str, first: date | None, last: date | None, *,
    prefix: str | None = None,
) -> Response:  # fmt: skip
    found = situation(page.parts, groups, *_period(page, first, last))
    return page.render(
        "report.html",
        found=found,
        name=name,
        prefix=prefix,
        cloudy=found.days[CoverageState.CLOUDY] + found.days[CoverageState.HELD],
        listed=LISTED,
        layers=_layers(page, found),
        percent=_percent,
    )


def _period(page: Page, first: date | None, last: date | None) -> tuple[date, date]:
    end = last or page.now.date()
    if first is not None:
        return first, end
    # The calendar begins in the year 1.
    return (end - PERIOD + timedelta(days=1) if end.year > 1 else end), end


def _layers(page: Page, found: Situation) -> str:
    drawn = loaded(page.parts.database, found.groups[:OUTLINES])
    outlines = [("area", group.name, group.whole.geometry) for group in drawn]
    # At the scale of a country the change itself would be too small to see.
    dots = [
        ("alert", f"{one.ref} {one.place.name}", one.finding.geometry.centroid)
        for one in found.alerts
    ]
    return map_layers([*outlines, *dots])


def _percent(fraction: float | None) -> int | str:
    return "" if fraction is None else int(fraction * 100)
