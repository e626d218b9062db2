"""The queue of the desk: pages of alerts in order of need, and counts, without reading all."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, and_, func, select

from alerts.alert import WITHDRAWN, Action, Alert, Review, Status
from alerts.store import alert_of_row
from alerts.tables import ALERT_EVENTS, ALERTS, FEEDBACK
from aoi.database import reading

VERDICTS = (Action.CONFIRM, Action.RELEASE, Action.REJECT, Action.RETRACT, Action.UNSURE)
"""Acts by which a person labels an alert."""

FACETS = ("status", "kind", "tier")
"""In the order of their index."""

MAX_AREAS = 60
"""Areas that a list offers; whoever watches more types the name."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which alerts to show; an empty text is no condition."""

    waiting: bool = True
    """Only what waits for a person; else everything on record."""

    kind: str = ""
    status: str = ""
    statuses: Collection[Status] | None = None
    """Any of these states, None for all; beside `status`, which is one choice of the reader."""

    tier: str = ""
    aoi_id: str = ""
    areas: Collection[str] | None = None
    """Areas that the reader may see, None for all. Every query passes through here."""

    since: datetime | None = None
    """What happened then or later, as far as is known; None for any time."""

    until: datetime | None = None
    """What happened then or earlier."""

    @property
    def chosen(self) -> dict[str, str]:
        """The value that each of `FACETS` must have, empty for any."""
        return {"kind": self.kind, "status": self.status, "tier": self.tier}

    def conditions(self, *, facets: bool = True, area: bool = True) -> list[ColumnElement[bool]]:
        """Return them for a query, or those alone that are not about facets or the area."""
        named = self.chosen if facets else {}
        found: list[ColumnElement[bool]] = [
            ALERTS.c[column] == value for column, value in named.items() if value
        ]
        if area and self.aoi_id:
            found.append(ALERTS.c.aoi_id == self.aoi_id)
        if self.statuses is not None:
            found.append(ALERTS.c.status.in_(sorted(self.statuses)))
        if self.waiting:
            found.append(ALERTS.c.needs_review.is_(True))
        if self.areas is not None:
            found.append(ALERTS.c.aoi_id.in_(sorted(self.areas)))
        if self.since is not None or self.until is not None:
            found.append(ALERTS.c.event_id.in_(_of_period(self.since, self.until)))
        return found


def _of_period(since: datetime | None, until: datetime | None) -> Select[tuple[str]]:
    """Return a query of its own, so that it is answered first, from its own index."""
    dated = ALERTS.alias()
    query = select(dated.c.event_id)
    if since is not None:
        query = query.where(dated.c.happened_before >= since)
    return query if until is None else query.where(dated.c.happened_after <= until)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many alerts there are."""

    total: int
    """On all pages together."""

    facets: Mapping[str, Mapping[str, int]]
    """For each of `FACETS`, how many each value would show."""

    areas: Mapping[str, int] | None
    """How many each area would show; None if there are more than `MAX_AREAS`."""


class AlertQueue:
    """Reads the queue."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def page(self, wanted: Wanted, limit: int, offset: int = 0) -> list[Alert]:
        """Return one page of alerts: the most pressing first, the oldest of equals first."""
        ids = select(ALERTS.c.event_id).where(*wanted.conditions())
        ids = ids.order_by(*_order(wanted.waiting)).limit(limit).offset(offset)
        with reading(self._engine) as connection:
            # First the order, from an index alone; then the bodies of one page.
            found = list(connection.execute(ids).scalars())
            rows = connection.execute(select(ALERTS).where(ALERTS.c.event_id.in_(found)))
            alerts = {row["event_id"]: alert_of_row(row) for row in rows.mappings()}
        return [alerts[event_id] for event_id in found]

    def total(self, wanted: Wanted) -> int:
        """Return how many alerts there are on all pages together."""
        query = select(func.count()).select_from(ALERTS).where(*wanted.conditions())
        with reading(self._engine) as connection:
            return connection.execute(query).scalar_one()

    def counts(self, wanted: Wanted) -> Counts:
        """Return how many alerts there are, and how many each other choice would show."""
        columns = [ALERTS.c[column] for column in FACETS]
        # One pass over an index for all of them: kinds, states and tiers are few. Its first
        # column is named too, since rows that come in order need not be sorted.
        groups = (
            select(*columns, func.count())
            .where(*wanted.conditions(facets=False))
            .group_by(ALERTS.c.needs_review, *columns)
        )
        with reading(self._engine) as connection:
            rows = [tuple(row) for row in connection.execute(groups)]
            areas = _areas_in(connection, wanted)
        return counted(rows, wanted.chosen, areas)

    def tally(self, wanted: Wanted) -> Mapping[tuple[Status, Review], int]:
        """Return how many alerts there are of each state and review, whatever their facets."""
        columns = (ALERTS.c.status, ALERTS.c.review)
        query = select(*columns, func.count()).where(*wanted.conditions(facets=False))
        with reading(self._engine) as connection:
            rows = connection.execute(query.group_by(*columns)).all()
        return {(Status(status), Review(review)): int(count) for status, review, count in rows}

    def judged_by(self, name: str, event_ids: Sequence[str]) -> frozenset[str]:
        """Return those of the alerts that a person has given a verdict on."""
        query = select(ALERT_EVENTS.c.event_id).where(
            ALERT_EVENTS.c.event_id.in_(event_ids),
            ALERT_EVENTS.c.actor == name,
            ALERT_EVENTS.c.action.in_([action.value for action in VERDICTS]),
        )
        with reading(self._engine) as connection:
            return frozenset(connection.execute(query).scalars())

    def answered(self, event_ids: Sequence[str]) -> frozenset[str]:
        """Return those on which a recipient said something that the desk has not yet answered."""
        query = (
            select(FEEDBACK.c.event_id)
            .join(ALERTS, ALERTS.c.event_id == FEEDBACK.c.event_id)
            .where(FEEDBACK.c.event_id.in_(event_ids), FEEDBACK.c.at >= ALERTS.c.changed_at)
        )
        with reading(self._engine) as connection:
            return frozenset(connection.execute(query).scalars())

    def last_change(self) -> int:
        """Return the number of the latest event: what was drawn at another is out of date."""
        with reading(self._engine) as connection:
            return int(connection.execute(select(func.max(ALERT_EVENTS.c.n))).scalar() or 0)

    def standing(self, areas: Collection[str] | None = None) -> list[Alert]:
        """Return every alert that was not withdrawn, newest first; for the map of all areas."""
        conditions = [ALERTS.c.status.not_in([status.value for status in WITHDRAWN])]
        if areas is not None:
            conditions.append(ALERTS.c.aoi_id.in_(sorted(areas)))
        query = select(ALERTS).where(and_(*conditions)).order_by(ALERTS.c.opened_at.desc())
        with reading(self._engine) as connection:
            return [alert_of_row(row) for row in connection.execute(query).mappings()]


def _areas_in(connection: Connection, wanted: Wanted) -> Mapping[str, int] | None:
    known = select(ALERTS.c.aoi_id).distinct().order_by(ALERTS.c.aoi_id).limit(MAX_AREAS + 1)
    if wanted.areas is not None:
        known = known.where(ALERTS.c.aoi_id.in_(sorted(wanted.areas)))
    if len(connection.execute(known).all()) > MAX_AREAS:
        return None
    query = (
        select(ALERTS.c.aoi_id, func.count())
        .where(*wanted.conditions(area=False))
        .group_by(ALERTS.c.aoi_id)
        .order_by(ALERTS.c.aoi_id)
    )
    return {str(aoi_id): int(count) for aoi_id, count in connection.execute(query)}


def _order(waiting: bool) -> tuple[ColumnElement[Any], ...]:
    if waiting:
        return (ALERTS.c.queue_order, ALERTS.c.opened_at, ALERTS.c.event_id)
    return (ALERTS.c.opened_at.desc(), ALERTS.c.event_id.desc())


def counted(
    rows: Sequence[tuple[Any, ...]], chosen: Mapping[str, str], areas: Mapping[str, int] | None
) -> Counts:
    """Return the counts of a table of kind, status, tier and number.

    A facet counts what its other values would show, so its own choice does not narrow it.
    """
    facets: dict[str, dict[str, int]] = {name: {} for name in FACETS}
    total = 0
    for *values, number in rows:
        named = dict(zip(FACETS, values, strict=True))
        misses = [name for name in FACETS if chosen[name] and named[name] != chosen[name]]
        total += 0 if misses else number
        for name in FACETS:
            if set(misses) <= {name}:
                counts = facets[name]
                counts[named[name]] = counts.get(named[name], 0) + number
    return Counts(
        total, {name: dict(sorted(counts.items())) for name, counts in facets.items()}, areas
    )
