"""Alerts, areas and settlements for programs: who asks sees what their audience may, no more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from shapely.geometry import box
from shapely.geometry.base import BaseGeometry
from sqlalchemy import and_, or_, select

from alerts.alert import Alert
from alerts.disclosure import (
    AUDIENCES,
    DESK,
    Bounds,
    Disclosure,
)
from alerts.errors import UnknownAlert
from alerts.formats.geojson import feature_of
from alerts.pulled import Published
from alerts.queue import Wanted
from alerts.web.page import Page
from alerts.web.pages.feeds import reader_of
from aoi.area import AoiState
from aoi.database import reading
from aoi.tables import AOIS

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


def desk_feature(alert: Alert) -> Feature:
    """Return an alert as the desk may see it."""
    shown = Disclosure.for_(alert, AUDIENCES[DESK])
    return feature_of(shown, published_at=alert.released_at or alert.changed_at)


def _desk_alerts(page: Page, asked: Asked) -> Found:
    wanted = Wanted(
        waiting=False, kind=asked.kind, status=asked.status, aoi_id=asked.aoi_id,
        areas=page.visitor.areas, since=asked.start, until=asked.end,
    )  # fmt: skip
    queue = page.parts.queue
    if asked.bounds is None:
        alerts = queue.page(wanted, asked.limit, asked.offset)
        return Found([desk_feature(alert) for alert in alerts], queue.total(wanted))
    # Where an alert lies is in its body alone: they are read one after the other, of areas near.
    wanted = replace(wanted, areas=_areas_near(page, asked.bounds))
    found = [one for one in queue.page(wanted, ALL) if asked.meets(one.finding.geometry)]
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


def collection(features: Iterable[Feature], **more: object) -> dict[str, Any]:
    """Return features as a FeatureCollection."""
    listed = list(features)
    return {"type": "FeatureCollection", "features": listed, **more}
