"""Areas for a map of thousands: counted by the database, not loaded one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from shapely.geometry import box
from sqlalchemy import Engine, Select, func, select

from alerts.alert import WITHDRAWN
from alerts.ports import MapRenderer, OverviewArea
from alerts.tables import ALERTS
from alerts.web.guard import Visitor
from alerts.web.speech import SiteSpeech
from alerts.web.watched import at_midnight
from aoi.area import AoiState
from aoi.database import reading
from aoi.tables import AOIS
from monitor.coverage import CoverageState
from monitor.tables import COVERAGE_DAYS

DAYS = 14
MOST_AREAS, MOST_ALERTS = 200, 300
"""As many are drawn one by one, with their outlines; more only counted."""

WATCHED = (AoiState.ACTIVE.value, AoiState.PAUSED.value)


@dataclass(frozen=True, slots=True)
class Crowded:
    """One area of many: its bounds, and how many alerts stand there."""

    aoi_id: str
    name: str
    bounds: tuple[float, float, float, float]
    standing: int


def crowd_of(engine: Engine, visitor: Visitor) -> list[Crowded]:
    """Return the areas that somebody may see; none if they are few enough to be drawn."""
    columns = (AOIS.c.aoi_id, AOIS.c.name, AOIS.c.west, AOIS.c.south, AOIS.c.east, AOIS.c.north)
    query = select(*columns).where(AOIS.c.state.in_(WATCHED)).order_by(AOIS.c.aoi_id)
    with reading(engine) as connection:
        rows = [row for row in connection.execute(query) if visitor.may_see(row.aoi_id)]
    standing = _by_area(engine, _standing())
    found = [
        Crowded(row.aoi_id, row.name, (row.west, row.south, row.east, row.north),
                int(standing.get(row.aoi_id, 0)))
        for row in rows
    ]  # fmt: skip
    alerts = sum(one.standing for one in found)
    return found if len(found) > MOST_AREAS or alerts > MOST_ALERTS else []


def desk_crowd(
    engine: Engine, crowd: Sequence[Crowded], renderer: MapRenderer, at: datetime,
    speech: SiteSpeech,
) -> str:  # fmt: skip
    """Return the map of many areas: a box for each, and a dot where alerts stand."""
    first = at.date() - timedelta(days=DAYS - 1)
    last_seen = _by_area(engine, _last_seen())
    times_seen = _by_area(engine, _times_seen(first, at.date()))
    areas = [
        OverviewArea(
            aoi_id=one.aoi_id,
            name=one.name,
            geometry=box(*one.bounds),
            last_seen=_instant(last_seen.get(one.aoi_id), at),
            state_line=_state_line(int(times_seen.get(one.aoi_id, 0)), speech),
            open_alerts=(),
            standing=one.standing,
        )
        for one in crowd
    ]
    return renderer.overview(areas, at, speech.language)


def _standing() -> Select[Any]:
    return (
        select(ALERTS.c.aoi_id, func.count())
        .where(ALERTS.c.status.not_in([status.value for status in WITHDRAWN]))
        .group_by(ALERTS.c.aoi_id)
    )


def _last_seen() -> Select[Any]:
    return (
        select(COVERAGE_DAYS.c.aoi_id, func.max(COVERAGE_DAYS.c.day))
        .where(COVERAGE_DAYS.c.state == CoverageState.SEEN.value)
        .group_by(COVERAGE_DAYS.c.aoi_id)
    )


def _times_seen(first: date, last: date) -> Select[Any]:
    return (
        select(COVERAGE_DAYS.c.aoi_id, func.count())
        .where(COVERAGE_DAYS.c.state == CoverageState.SEEN.value)
        .where(COVERAGE_DAYS.c.day.between(first, last))
        .group_by(COVERAGE_DAYS.c.aoi_id)
    )


def _by_area(engine: Engine, query: Select[Any]) -> Mapping[str, Any]:
    with reading(engine) as connection:
        return {str(aoi_id): value for aoi_id, value in connection.execute(query)}


def _instant(day: date | None, now: datetime) -> datetime | None:
    return None if day is None else at_midnight(day, now)


def _state_line(seen: int, speech: SiteSpeech) -> str:
    if seen:
        return speech.say("coverage.seen_of", seen=seen, days=DAYS)
    return f"{speech.say('coverage.blind')}: {speech.say('coverage.blind_say', n=DAYS)}"
