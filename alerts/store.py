"""Alerts and what happened to them: kept, chained, and never overwritten unseen."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, bindparam, func, insert, or_, select, update

from alerts.alert import SERVICE, Action, Alert, AlertEvent, Status
from alerts.errors import StaleAlert, UnknownAlert
from alerts.grading import priority_of
from alerts.journal import journal_of, noted
from alerts.payload import Payload, alert_of, payload_of, sha256_of
from alerts.tables import ALERT_EVENTS, ALERTS
from aoi.database import reading, writing

GENESIS = "0" * 64
"""What the first row of the log has for the digest of the row before it."""


class AlertStore:
    """Keeps alerts, and refuses to overwrite what somebody else changed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def alert(self, event_id: str) -> Alert:
        """Return one alert, named by its event or by its reference.

        Raises
        ------
        UnknownAlert
        """
        with reading(self._engine) as connection:
            return alert_in(connection, event_id)

    def alerts(
        self, states: Collection[Status | str] | None = None, aoi_id: str | None = None
    ) -> list[Alert]:
        """Return alerts, newest first; all of them without a filter."""
        query = select(ALERTS).order_by(ALERTS.c.opened_at.desc(), ALERTS.c.event_id)
        if states is not None:
            query = query.where(ALERTS.c.status.in_([Status(state).value for state in states]))
        if aoi_id is not None:
            query = query.where(ALERTS.c.aoi_id == aoi_id)
        with reading(self._engine) as connection:
            return [_alert(row) for row in connection.execute(query).mappings()]

    def events(self, event_id: str) -> list[AlertEvent]:
        """Return what happened to one alert, oldest first."""
        with reading(self._engine) as connection:
            return events_in(connection, alert_in(connection, event_id).event_id)

    def untold(self) -> list[Alert]:
        """Return the alerts that changed since the publisher dealt with them, oldest first."""
        query = (
            select(ALERTS)
            .where(ALERTS.c.told_revision < ALERTS.c.revision)
            .order_by(ALERTS.c.changed_at, ALERTS.c.event_id)
        )
        with reading(self._engine) as connection:
            return [_alert(row) for row in connection.execute(query).mappings()]

    def save(self, alert: Alert, event: AlertEvent) -> None:
        """Store a changed alert with the event that changed it, in one transaction."""
        with writing(self._engine) as connection:
            update_alert(connection, alert, [event])

    def broken_link(self) -> int | None:
        """Return the number of the first row of the log that was altered, None if none was."""
        before = GENESIS
        with reading(self._engine) as connection:
            rows = connection.execute(select(ALERT_EVENTS).order_by(ALERT_EVENTS.c.n))
            for position, row in enumerate(rows.mappings(), start=1):
                expected = _chained(before, row["n"], _event(row))
                if (row["n"], row["prev_sha256"], row["sha256"]) != (position, before, expected):
                    return position
                before = row["sha256"]
        return None


def alert_in(connection: Connection, event_id: str) -> Alert:
    """Return one alert, named by its event or its reference, inside a transaction."""
    named = or_(ALERTS.c.event_id == event_id, ALERTS.c.ref == event_id.upper())
    row = connection.execute(select(ALERTS).where(named)).mappings().first()
    if row is None:
        raise UnknownAlert(
            f"no alert is called {event_id[:60]!r}", hint="list them with: emberwatch alert list"
        )
    return _alert(row)


def alerts_in(connection: Connection, aoi_id: str) -> list[Alert]:
    """Return the alerts of an area, in any state, inside a transaction."""
    query = select(ALERTS).where(ALERTS.c.aoi_id == aoi_id).order_by(ALERTS.c.opened_at)
    return [_alert(row) for row in connection.execute(query).mappings()]


def ref_is_free(connection: Connection, ref: str) -> bool:
    """Return True if no alert bears the reference."""
    query = select(func.count()).select_from(ALERTS).where(ALERTS.c.ref == ref)
    return connection.execute(query).scalar_one() == 0


def insert_alert(connection: Connection, alert: Alert, events: Sequence[AlertEvent]) -> None:
    """Add a new alert with its first events."""
    row = {"told_revision": 0, "outside": False, **row_of(alert)}
    connection.execute(insert(ALERTS).values(**row))
    append_events(connection, events)
    _note(connection, alert, events)


def update_alert(connection: Connection, alert: Alert, events: Sequence[AlertEvent]) -> None:
    """Store `alert` and the events that made it from the stored revision.

    Raises
    ------
    StaleAlert
        If the stored alert is no longer the revision before the first event.
    """
    seen = events[0].revision - 1
    changed = connection.execute(
        update(ALERTS)
        .where(ALERTS.c.event_id == alert.event_id, ALERTS.c.revision == seen)
        .values(**_row(alert))
    )
    if changed.rowcount != 1:
        raise stale(connection, alert, seen)
    append_events(connection, events)
    _note(connection, alert, events)


def _note(connection: Connection, alert: Alert, events: Sequence[AlertEvent]) -> None:
    """Write down outside the database what was decided, so that a restore does not undo it."""
    if journal_of(connection) is None:
        return
    if alert.status is Status.FIRST and all(event.actor == SERVICE for event in events):
        return  # the desk's own, and found again by itself
    noted(connection, "alert", alert=payload_of(alert), events=[_event_body(one) for one in events])


def stale(connection: Connection, alert: Alert, seen: int) -> StaleAlert:
    """Return the error that tells what somebody else did since revision `seen`."""
    rows = connection.execute(
        select(ALERT_EVENTS)
        .where(ALERT_EVENTS.c.event_id == alert.event_id, ALERT_EVENTS.c.revision > seen)
        .order_by(ALERT_EVENTS.c.n)
    )
    done = [f"{event.actor}: {event.action}" for event in map(_event, rows.mappings())]
    return StaleAlert(
        f"alert {alert.ref} changed while you looked at revision {seen}: {', '.join(done)}",
        hint="open it again, then decide; your note was kept",
    )


def append_events(connection: Connection, events: Sequence[AlertEvent]) -> None:
    """Add events to the log, each with the digest of the row before it."""
    last = connection.execute(
        select(ALERT_EVENTS.c.n, ALERT_EVENTS.c.sha256).order_by(ALERT_EVENTS.c.n.desc()).limit(1)
    ).first()
    last_n, before = (0, GENESIS) if last is None else (last.n, last.sha256)
    for n, event in enumerate(events, start=last_n + 1):
        digest = _chained(before, n, event)
        row = {**_event_body(event), "at": event.at, "n": n}
        connection.execute(insert(ALERT_EVENTS).values(**row, prev_sha256=before, sha256=digest))
        before = digest


def events_in(connection: Connection, event_id: str) -> list[AlertEvent]:
    """Return what happened to one alert, oldest first, inside a transaction."""
    query = select(ALERT_EVENTS).where(ALERT_EVENTS.c.event_id == event_id)
    return [_event(row) for row in connection.execute(query.order_by(ALERT_EVENTS.c.n)).mappings()]


def events_since_told(connection: Connection, event_id: str) -> list[AlertEvent]:
    """Return what happened since the publisher dealt with an alert, oldest first."""
    told = select(ALERTS.c.told_revision).where(ALERTS.c.event_id == event_id).scalar_subquery()
    rows = connection.execute(
        select(ALERT_EVENTS)
        .where(ALERT_EVENTS.c.event_id == event_id, ALERT_EVENTS.c.revision > told)
        .order_by(ALERT_EVENTS.c.n)
    )
    return [_event(row) for row in rows.mappings()]


def segment(connection: Connection, event_id: str) -> list[Payload]:
    """Return the log from the first act on an alert to the last of all.

    Rows of other alerts are their numbers and digests alone: enough to follow
    the chain, and nothing to read.
    """
    first = select(func.min(ALERT_EVENTS.c.n)).where(ALERT_EVENTS.c.event_id == event_id)
    query = select(ALERT_EVENTS).where(ALERT_EVENTS.c.n >= first.scalar_subquery())
    rows = []
    for row in connection.execute(query.order_by(ALERT_EVENTS.c.n)).mappings():
        body = _event_body(_event(row)) if row["event_id"] == event_id else {}
        chain = {name: row[name] for name in ("n", "prev_sha256", "sha256")}
        rows.append({**body, **chain})
    return rows


def log_root(connection: Connection) -> str:
    """Return the digest of the last row of the log: it stands for every row before it."""
    query = select(ALERT_EVENTS.c.sha256).order_by(ALERT_EVENTS.c.n.desc()).limit(1)
    return connection.execute(query).scalar_one_or_none() or GENESIS


def mark_told(connection: Connection, event_id: str, revision: int) -> None:
    """Record that the publisher dealt with a revision."""
    connection.execute(
        update(ALERTS).where(ALERTS.c.event_id == event_id).values(told_revision=revision)
    )


def mark_outside(connection: Connection, event_ids: Collection[str]) -> None:
    """Record that somebody outside the desk may have alerts. Never taken back."""
    connection.execute(_OUTSIDE, {"event_ids": list(event_ids)})


_OUTSIDE = (
    update(ALERTS)
    .where(ALERTS.c.event_id.in_(bindparam("event_ids", expanding=True)))
    .where(ALERTS.c.outside.is_(False))
    .values(outside=True)
)


def _chained(before: str, n: int, event: AlertEvent) -> str:
    return sha256_of({**_event_body(event), "n": n, "prev_sha256": before})


def _event_body(event: AlertEvent) -> Payload:
    return {
        "event_id": event.event_id,
        "revision": event.revision,
        "action": event.action.value,
        "actor": event.actor,
        "at": event.at.isoformat(),
        "reason": event.reason,
        "note": event.note,
        "before": None if event.before is None else event.before.value,
        "after": event.after.value,
    }


def event_of_body(body: Payload) -> AlertEvent:
    """Return the event that was written down outside the database."""
    return _event({**body, "at": datetime.fromisoformat(body["at"])})


def _event(row: Mapping[Any, Any]) -> AlertEvent:
    return AlertEvent(
        event_id=row["event_id"],
        revision=row["revision"],
        action=Action(row["action"]),
        actor=row["actor"],
        at=row["at"],
        reason=row["reason"],
        note=row["note"],
        before=None if row["before"] is None else Status(row["before"]),
        after=Status(row["after"]),
    )


def row_of(alert: Alert) -> Payload:
    """Return the columns of `ALERTS` that say what an alert is."""
    return {"event_id": alert.event_id, **_row(alert)}


def _row(alert: Alert) -> Payload:
    return {
        "ref": alert.ref,
        "aoi_id": alert.aoi_id,
        "settlement_id": alert.settlement_id,
        "kind": alert.kind.value,
        "status": alert.status.value,
        "revision": alert.revision,
        "severity": alert.severity,
        "tier": alert.finding.tier.value,
        "needs_review": alert.needs_review and alert.standing,
        "queue_order": -priority_of(alert),
        "review": alert.review.value,
        "happened_after": alert.finding.happened.start,
        "happened_before": alert.finding.happened.end,
        "opened_at": alert.opened_at,
        "changed_at": alert.changed_at,
        "body": payload_of(alert),
    }


def alert_of_row(row: RowMapping) -> Alert:
    """Return the alert that a row of `ALERTS` holds."""
    return _alert(row)


def _alert(row: RowMapping) -> Alert:
    return alert_of(row["body"], outside=row["outside"])
