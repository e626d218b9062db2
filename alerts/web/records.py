"""Alerts, areas and settlements for programs: who asks sees what their audience may, no more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from shapely.geometry import box, mapping
from shapely.geometry.base import BaseGeometry
from sqlalchemy import and_, or_, select

from alerts.alert import Alert
from alerts.disclosure import (
    AUDIENCES,
    DESK,
    LEAST_TLP_OF_KIND,
    TLP_OF_SENSITIVITY,
    TLPS,
    Audience,
    Bounds,
    Disclosure,
)
from alerts.errors import UnknownAlert
from alerts.formats.geojson import feature_of
from alerts.pulled import Published
from alerts.queue import Wanted
from alerts.web.page import Page
from alerts.web.pages.feeds import reader_of
from alerts.web.watched import Group, groups_of, loaded, named_groups
from aoi.area import Aoi, AoiState
from aoi.database import reading
from aoi.errors import UnknownAoi
from aoi.export import duration_text
from aoi.settlement import Settlement, SettlementKind
from aoi.tables import AOIS
from monitor.finding import FindingKind

Feature = dict[str, Any]

WATCHED = (AoiState.ACTIVE, AoiState.PAUSED)
ALL = 1_000_000
BEYOND_DEG = 0.2
"""An outline that a person drew may stick out of its area by half of this."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which records a program wants."""

    limit: int
    offset: int = 0
    bounds: Bounds | None = None
    """West, south, east, north in degrees; west beyond east spans the antimeridian."""

    start: datetime | None = None
    end: datetime | None = None
    kind: str = ""
    status: str = ""
    aoi_id: str = ""

    def meets(self, shape: BaseGeometry | None) -> bool:
        """Return True if a shape, as the reader may know it, lies in the box."""
        if self.bounds is None:
            return True
        if shape is None:
            return False
        west, south, east, north = self.bounds
        if west <= east:
            return bool(box(west, south, east, north).intersects(shape))
        sides = (box(west, south, 180, north), box(-180, south, east, north))
        return any(side.intersects(shape) for side in sides)

    def within(self, first: datetime, last: datetime) -> bool:
        """Return True if a span touches the times that are asked for."""
        begins_late = self.start is not None and last < self.start
        return not begins_late and not (self.end is not None and first > self.end)


@dataclass(frozen=True, slots=True)
class Found:
    """One page of records, and how many there are on all pages."""

    features: list[Feature]
    matched: int


def alerts_for(page: Page, asked: Asked) -> Found:
    """Return alerts: to people of the desk what stands, to a key what left the house for it."""
    if page.visitor.audience == DESK:
        return _desk_alerts(page, asked)
    matched = 0

    def choose(known: Sequence[Published]) -> Sequence[Published]:
        nonlocal matched
        wanted = [one for one in known if _is_wanted(one.shown, asked)]
        matched = len(wanted)
        return wanted[asked.offset : asked.offset + asked.limit]

    given = page.parts.pulled.published(reader_of(page), page.now, choose)
    return Found([feature_of(one.shown, published_at=one.published_at) for one in given], matched)


def alert_for(page: Page, event_id: str) -> Feature:
    """Return one alert, by the identifier under which the asker knows it.

    Raises
    ------
    UnknownAlert
    """
    if page.visitor.audience == DESK:
        return desk_feature(page.visitor.require_alert(page.parts.alerts.alert(event_id)))

    def choose(known: Sequence[Published]) -> Sequence[Published]:
        return [one for one in known if event_id in (one.shown.event_id, one.shown.ref)]

    for one in page.parts.pulled.published(reader_of(page), page.now, choose):
        return feature_of(one.shown, published_at=one.published_at)
    raise UnknownAlert(f"no alert is called {event_id[:60]!r}", hint="list those there are")


def areas_for(page: Page, asked: Asked) -> Found:
    """Return the areas that the asker may see; audiences that see cells see no outline."""
    if page.visitor.audience == DESK and asked.bounds is None:
        # The outlines of one page are enough; whoever sees cells is asked about each.
        names = named_groups(page.parts.database, page.visitor, WATCHED)
        groups = loaded(page.parts.database, names[asked.offset : asked.offset + asked.limit])
        return Found([area_feature(one) for one in groups], len(names))
    shown = [one for one in visible_groups(page) if asked.meets(one.whole.geometry)]
    some = shown[asked.offset : asked.offset + asked.limit]
    return Found([area_feature(one) for one in some], len(shown))


def area_for(page: Page, aoi_id: str) -> Group:
    """Return one area; one that the asker may not see is as if it were not.

    Raises
    ------
    UnknownAoi
    """
    for one in visible_groups(page):
        if one.aoi_id == aoi_id:
            return one
    raise UnknownAoi(f"no area is called {aoi_id[:80]!r}", hint="list those there are")


def settlements_for(page: Page, asked: Asked, aoi_id: str = "") -> Found:
    """Return the settlements of areas that the asker may see, or of one of them."""
    groups = [area_for(page, aoi_id)] if aoi_id else visible_groups(page)
    found = [
        one
        for group in groups
        if asked.bounds is None or asked.meets(box(*group.whole.geometry.bounds))
        for one in visible_settlements(page, group)
        if asked.meets(one.footprint)
    ]
    some = found[asked.offset : asked.offset + asked.limit]
    return Found([settlement_feature(one) for one in some], len(found))


def settlement_for(page: Page, settlement_id: str) -> Feature:
    """Return one settlement.

    Raises
    ------
    UnknownAoi
    """
    for group in visible_groups(page):
        for one in visible_settlements(page, group):
            if one.settlement_id == settlement_id:
                return settlement_feature(one)
    raise UnknownAoi(f"no settlement is called {settlement_id[:80]!r}", hint="list those there are")


def visible_groups(page: Page) -> list[Group]:
    """Return the areas that the asker may see, by name."""
    audience = AUDIENCES[page.visitor.audience]
    groups = groups_of(page.parts.registry, page.visitor, WATCHED)
    return [one for one in groups if _may_see_area(audience, one.first)]


def visible_settlements(page: Page, group: Group) -> list[Settlement]:
    """Return the settlements of an area; camps are as restricted as what is found there."""
    audience = AUDIENCES[page.visitor.audience]
    return [
        one
        for one in page.parts.registry.settlements(group.aoi_id)
        if page.visitor.may_see(one.aoi_id)
        and (one.kind is not SettlementKind.CAMP or _may_see_camps(audience))
    ]


def desk_feature(alert: Alert) -> Feature:
    """Return an alert as the desk may see it."""
    shown = Disclosure.for_(alert, AUDIENCES[DESK])
    return feature_of(shown, published_at=alert.released_at or alert.changed_at)


def area_feature(group: Group) -> Feature:
    """Return an area in the form in which it is added, with its state."""
    area = group.first
    return {
        "type": "Feature",
        "id": group.aoi_id,
        "geometry": mapping(group.whole.geometry),
        "properties": {
            "id": group.aoi_id,
            "name": group.name,
            "sensitivity": area.sensitivity.value,
            "revisit": duration_text(area.revisit),
            "detectors": list(area.detectors),
            "state": area.state.value,
            "tiles": len(group.tiles),
        },
    }


def settlement_feature(one: Settlement) -> Feature:
    """Return a settlement in the form in which it is imported."""
    return {
        "type": "Feature",
        "id": one.settlement_id,
        "geometry": mapping(one.footprint),
        "properties": {
            "id": one.settlement_id,
            "aoi_id": one.aoi_id,
            "name": one.name,
            "name_local": one.name_local,
            "kind": one.kind.value,
            "structures": one.structures,
            "footprint": "assumed" if one.footprint_assumed else "mapped",
            "admin_pcode": one.admin_pcode,
        },
    }


def _desk_alerts(page: Page, asked: Asked) -> Found:
    wanted = Wanted(
        waiting=False, kind=asked.kind, status=asked.status, aoi_id=asked.aoi_id,
        areas=page.visitor.areas,
    )  # fmt: skip
    queue = page.parts.queue
    if asked.bounds is None and asked.start is None and asked.end is None:
        alerts = queue.page(wanted, asked.limit, asked.offset)
        return Found([desk_feature(alert) for alert in alerts], queue.counts(wanted).total)
    # Where an alert lies is in its body alone: they are read one after the other, of areas near.
    if asked.bounds is not None:
        wanted = replace(wanted, areas=_areas_near(page, asked.bounds))
    found = [alert for alert in queue.page(wanted, ALL) if _matches(alert, asked)]
    some = found[asked.offset : asked.offset + asked.limit]
    return Found([desk_feature(alert) for alert in some], len(found))


def _areas_near(page: Page, bounds: Bounds) -> frozenset[str]:
    """Return the areas, watched or not, whose alerts may lie in a box."""
    west, south, east, north = bounds
    spans = [(west, east)] if west <= east else [(west, 180.0), (-180.0, east)]
    beside = or_(
        *(
            and_(AOIS.c.west <= last + BEYOND_DEG, AOIS.c.east >= first - BEYOND_DEG)
            for first, last in spans
        )
    )
    query = select(AOIS.c.aoi_id).where(
        beside, AOIS.c.south <= north + BEYOND_DEG, AOIS.c.north >= south - BEYOND_DEG
    )
    with reading(page.parts.database) as connection:
        return frozenset(filter(page.visitor.may_see, connection.execute(query).scalars()))


def _matches(alert: Alert, asked: Asked) -> bool:
    happened = alert.finding.happened
    return asked.within(happened.start, happened.end) and asked.meets(alert.finding.geometry)


def _is_wanted(shown: Disclosure, asked: Asked) -> bool:
    """Judge by what the reader sees: a filter on the truth would tell it by halves."""
    named = (
        (asked.kind, shown.kind.value), (asked.status, shown.status.value),
        (asked.aoi_id, shown.aoi_id),
    )  # fmt: skip
    if any(choice and choice != value for choice, value in named):
        return False
    times = asked.within(shown.observed_after, shown.observed_before)
    return times and asked.meets(shown.geometry)


def _may_see_area(audience: Audience, area: Aoi) -> bool:
    label = TLP_OF_SENSITIVITY[area.sensitivity]
    return audience.step_deg == 0.0 and TLPS.index(label) <= TLPS.index(audience.ceiling)


def _may_see_camps(audience: Audience) -> bool:
    label = LEAST_TLP_OF_KIND[FindingKind.CAMP_NEW]
    return TLPS.index(label) <= TLPS.index(audience.ceiling)


def collection(features: Iterable[Feature], **more: object) -> dict[str, Any]:
    """Return features as a FeatureCollection."""
    listed = list(features)
    return {"type": "FeatureCollection", "features": listed, **more}
