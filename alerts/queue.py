"""The queue of the desk: pages of alerts in order of need, and counts, without reading all."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Engine, Select, and_, func, select

from alerts.alert import WITHDRAWN, Action, Alert
from alerts.store import alert_of_row
from alerts.tables import ALERT_EVENTS, ALERTS, FEEDBACK
from aoi.database import reading

VERDICTS = (Action.CONFIRM, Action.RELEASE, Action.REJECT, Action.RETRACT, Action.UNSURE)
"""Acts by which a person labels an alert."""

FACETS = ("kind", "status", "tier", "aoi_id")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which alerts to show; an empty text is no condition."""

    waiting: bool = True
    """Only what waits for a person; else everything on record."""

    kind: str = ""
    status: str = ""
    tier: str = ""
    aoi_id: str = ""
    areas: Collection[str] | None = None
    """Areas that the reader may see, None for all. Every query passes through here."""

    def conditions(self, *, but: str = "") -> list[ColumnElement[bool]]:
        """Return them for a query, without the one on the column `but`."""
        named = {"kind": self.kind, "status": self.status, "tier": self.tier, "aoi_id": self.aoi_id}
        found: list[ColumnElement[bool]] = [
            ALERTS.c[column] == value for column, value in named.items() if value and column != but
        ]
        if self.waiting:
            found.append(ALERTS.c.needs_review.is_(True))
        if self.areas is not None:
            found.append(ALERTS.c.aoi_id.in_(sorted(self.areas)))
        return found


class AlertQueue:
    """Reads the queue."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def page(self, wanted: Wanted, limit: int, offset: int = 0) -> list[Alert]:
        """Return one page of alerts: the most pressing first, the oldest of equals first."""
        query = select(ALERTS).where(*wanted.conditions()).order_by(*_order(wanted.waiting))
        with reading(self._engine) as connection:
            rows = connection.execute(query.limit(limit).offset(offset)).mappings()
            return [alert_of_row(row) for row in rows]

    def count(self, wanted: Wanted) -> int:
        """Return how many alerts there are on all pages."""
        query = select(func.count()).select_from(ALERTS).where(*wanted.conditions())
        with reading(self._engine) as connection:
            return int(connection.execute(query).scalar_one())

    def facets(self, wanted: Wanted) -> Mapping[str, Mapping[str, int]]:
        """Return for each column how many alerts each value would show."""
        found: dict[str, Mapping[str, int]] = {}
        with reading(self._engine) as connection:
            for column in FACETS:
                rows = connection.execute(_counted(column, wanted))
                found[column] = {str(value): int(count) for value, count in rows}
        return found

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

    def standing(self, areas: Collection[str] | None = None) -> list[Alert]:
        """Return every alert that was not withdrawn, newest first; for the map of all areas."""
        conditions = [ALERTS.c.status.not_in([status.value for status in WITHDRAWN])]
        if areas is not None:
            conditions.append(ALERTS.c.aoi_id.in_(sorted(areas)))
        query = select(ALERTS).where(and_(*conditions)).order_by(ALERTS.c.opened_at.desc())
        with reading(self._engine) as connection:
            return [alert_of_row(row) for row in connection.execute(query).mappings()]


def _order(waiting: bool) -> tuple[ColumnElement[Any], ...]:
    if waiting:
        return (ALERTS.c.queue_order, ALERTS.c.opened_at, ALERTS.c.event_id)
    return (ALERTS.c.opened_at.desc(), ALERTS.c.event_id.desc())


def _counted(column: str, wanted: Wanted) -> Select[Any]:
    return (
        select(ALERTS.c[column], func.count())
        .where(*wanted.conditions(but=column))
        .group_by(ALERTS.c[column])
        .order_by(ALERTS.c[column])
    )
