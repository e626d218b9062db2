"""Areas as pages list them: each whole, with its last days, and what stands there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Engine, func, select

from alerts.alert import Status
from alerts.tables import ALERTS
from alerts.web.errors import NotPermitted
from alerts.web.guard import Visitor
from aoi.area import Aoi, AoiState
from aoi.database import reading
from aoi.errors import UnknownAoi
from aoi.registry import AoiRegistry, whole
from aoi.tables import AOIS, aoi_of
from monitor.coverage import CoverageDay, CoverageState
from monitor.ledger import days_between, without_gaps
from monitor.rows import coverage_of
from monitor.tables import COVERAGE_DAYS, LOOKS

DAYS = 30
OPEN = (Status.FIRST, Status.PROVISIONAL, Status.CONFIRMED)
WORST_LAST = tuple(CoverageState)


@dataclass(frozen=True, slots=True)
class Group:
    """One area as it was drawn, in the tiles that it is watched in."""

    aoi_id: str
    tiles: tuple[Aoi, ...]

    @property
    def first(self) -> Aoi:
        return self.tiles[0]

    @property
    def name(self) -> str:
        """Its name, without the number of a tile."""
        return self.first.name.rpartition(" (")[0] if self.first.group_id else self.first.name

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(tile.aoi_id for tile in self.tiles)

    @property
    def whole(self) -> Aoi:
        """The area with its outline put together; never to run on."""
        return whole(self.aoi_id, self.tiles)


@dataclass(frozen=True, slots=True)
class Watched:
    """What a list says of one area."""

    group: Group
    days: tuple[CoverageDay, ...]
    """Its last days, oldest first; of several tiles the one that was seen least."""

    last_seen: date | None
    """The last day on which each of its tiles had been seen; None if one never was."""

    open_alerts: int

    @property
    def seen_days(self) -> int:
        return sum(day.state is CoverageState.SEEN for day in self.days)

    @property
    def blind(self) -> bool:
        """True if a watched area was not seen in all these days."""
        return self.group.first.state is AoiState.ACTIVE and not self.seen_days


def grouped(areas: Iterable[Aoi]) -> list[Group]:
    """Return areas with their tiles put together, by name."""
    tiles: dict[str, list[Aoi]] = {}
    for area in areas:
        tiles.setdefault(area.group_id or area.aoi_id, []).append(area)
    groups = [Group(aoi_id, tuple(members)) for aoi_id, members in tiles.items()]
    return sorted(groups, key=lambda group: (group.name.casefold(), group.aoi_id))


@dataclass(frozen=True, slots=True)
class Named:
    """An area by its names alone: thousands are found without reading their outlines."""

    aoi_id: str
    name: str
    tile_ids: tuple[str, ...]


def named_groups(engine: Engine, visitor: Visitor, states: Collection[AoiState]) -> list[Named]:
    """Return the names of areas in one of `states` that somebody may see, by name."""
    query = (
        select(AOIS.c.aoi_id, AOIS.c.group_id, AOIS.c.name)
        .where(AOIS.c.state.in_([state.value for state in states]))
        .order_by(AOIS.c.aoi_id)
    )
    tiles: dict[str, tuple[str, list[str]]] = {}
    with reading(engine) as connection:
        for aoi_id, group_id, name in connection.execute(query):
            if visitor.may_see(aoi_id):
                shown = name.rpartition(" (")[0] if group_id else name
                tiles.setdefault(group_id or aoi_id, (shown, []))[1].append(aoi_id)
    found = [Named(aoi_id, name, tuple(ids)) for aoi_id, (name, ids) in tiles.items()]
    return sorted(found, key=lambda one: (one.name.casefold(), one.aoi_id))


def loaded(engine: Engine, names: Sequence[Named]) -> list[Group]:
    """Return areas with their outlines, in the order of their names."""
    ids = [aoi_id for one in names for aoi_id in one.tile_ids]
    query = select(AOIS).where(AOIS.c.aoi_id.in_(ids)).order_by(AOIS.c.aoi_id)
    with reading(engine) as connection:
        tiles = {row.aoi_id: aoi_of(row) for row in connection.execute(query)}
    return [Group(one.aoi_id, tuple(tiles[aoi_id] for aoi_id in one.tile_ids)) for one in names]


def groups_of(registry: AoiRegistry, visitor: Visitor, states: Collection[AoiState]) -> list[Group]:
    """Return the areas in one of `states` that somebody may see."""
    return grouped(area for area in registry.all(states) if visitor.may_see(area.aoi_id))


def group_of(registry: AoiRegistry, visitor: Visitor, aoi_id: str) -> Group:
    """Return one area that somebody may see; any other is as if it were not.

    Raises
    ------
    UnknownAoi
    """
    tiles = tuple(tile for tile in _tiles(registry, aoi_id) if visitor.may_see(tile.aoi_id))
    if not tiles:
        raise UnknownAoi(
            f"no area is called {aoi_id[:80]!r}", hint="see the list of areas for those there are"
        )
    return Group(aoi_id, tiles)


def own_group_of(registry: AoiRegistry, visitor: Visitor, aoi_id: str) -> Group:
    """Return one area that somebody may change: all of its tiles are theirs.

    Raises
    ------
    UnknownAoi, NotPermitted
    """
    group = group_of(registry, visitor, aoi_id)
    if len(group.tiles) < len(_tiles(registry, aoi_id)):
        raise NotPermitted(
            "only some tiles of this area are yours", hint="ask an admin for the whole of it"
        )
    return group


def _tiles(registry: AoiRegistry, aoi_id: str) -> tuple[Aoi, ...]:
    try:
        return registry.group(aoi_id)
    except UnknownAoi:
        return ()


def watched(engine: Engine, groups: Sequence[Group], today: date) -> list[Watched]:
    """Return what a list says of these areas; asks once, however many they are."""
    ids = [aoi_id for group in groups for aoi_id in group.ids]
    first = today - timedelta(days=DAYS - 1)
    ledger = without_gaps(coverage_in(engine, ids, first, today), ids, first, today)
    days: dict[str, list[CoverageDay]] = {}
    for day in ledger:
        days.setdefault(day.aoi_id, []).append(day)
    seen, standing = _last_seen(engine, ids), open_alerts(engine, ids)
    return [
        Watched(
            group,
            _least_seen([days[aoi_id] for aoi_id in group.ids]),
            _oldest([seen.get(aoi_id) for aoi_id in group.ids]),
            sum(standing.get(aoi_id, 0) for aoi_id in group.ids),
        )
        for group in groups
    ]


def coverage_in(engine: Engine, ids: Collection[str], first: date, last: date) -> list[CoverageDay]:
    """Return the ledger of these areas from `first` to `last`, both included."""
    query = (
        select(COVERAGE_DAYS)
        .where(COVERAGE_DAYS.c.aoi_id.in_(ids), COVERAGE_DAYS.c.day.between(first, last))
        .order_by(COVERAGE_DAYS.c.aoi_id, COVERAGE_DAYS.c.day)
    )
    with reading(engine) as connection:
        return [coverage_of(row) for row in connection.execute(query).mappings()]


def tracks_of(engine: Engine, ids: Collection[str]) -> tuple[str, ...]:
    """Return from which orbits these areas were ever seen, each with its sensor."""
    query = select(LOOKS.c.track).where(LOOKS.c.aoi_id.in_(ids)).distinct()
    with reading(engine) as connection:
        return tuple(sorted(connection.execute(query.order_by(LOOKS.c.track)).scalars()))


def open_alerts(engine: Engine, ids: Collection[str]) -> Mapping[str, int]:
    """Return how many alerts stand in each of these areas."""
    query = (
        select(ALERTS.c.aoi_id, func.count())
        .where(ALERTS.c.aoi_id.in_(ids), ALERTS.c.status.in_([status.value for status in OPEN]))
        .group_by(ALERTS.c.aoi_id)
    )
    with reading(engine) as connection:
        return {str(aoi_id): int(count) for aoi_id, count in connection.execute(query)}


def last_days(today: date, count: int = DAYS) -> list[date]:
    """Return the days up to `today`, oldest first."""
    return list(days_between(today - timedelta(days=count - 1), today))


def at_midnight(day: date, now: datetime) -> datetime:
    """Return a day as an instant, for who says days."""
    return datetime.combine(day, datetime.min.time(), now.tzinfo)


def _last_seen(engine: Engine, ids: Collection[str]) -> Mapping[str, date]:
    query = (
        select(COVERAGE_DAYS.c.aoi_id, func.max(COVERAGE_DAYS.c.day))
        .where(COVERAGE_DAYS.c.aoi_id.in_(ids), COVERAGE_DAYS.c.state == CoverageState.SEEN.value)
        .group_by(COVERAGE_DAYS.c.aoi_id)
    )
    with reading(engine) as connection:
        return {str(aoi_id): day for aoi_id, day in connection.execute(query)}


def _oldest(days: Sequence[date | None]) -> date | None:
    known = [day for day in days if day is not None]
    return min(known) if len(known) == len(days) else None


def _least_seen(tiles: Sequence[Sequence[CoverageDay]]) -> tuple[CoverageDay, ...]:
    return tuple(
        max(same_day, key=lambda day: WORST_LAST.index(day.state))
        for same_day in zip(*tiles, strict=True)
    )
