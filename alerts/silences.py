"""Silences: what an operator holds back for a while, with a reason that everybody can read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, delete, insert, or_, select, update

from alerts.alert import Alert
from alerts.errors import NotAllowed
from alerts.outbox import DeliveryState, deliveries_in
from alerts.store import alert_in
from alerts.tables import DELIVERIES, SILENCES
from aoi.database import reading, writing

LONGEST = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Silence:
    """Alerts that match are held until its end; retractions are not."""

    n: int
    author: str
    reason: str
    aoi_id: str
    """Empty: every area."""

    kind: str
    """Empty: every kind."""

    starts_at: datetime
    ends_at: datetime


def silence(
    engine: Engine, author: str, reason: str, now: datetime, until: datetime, *,
    aoi_id: str = "", kind: str = "",
) -> None:  # fmt: skip
    """Hold back what matches until a time at most 30 days away.

    Raises
    ------
    NotAllowed
        If it has no reason, no end, or one too far away.
    """
    if not reason.strip():
        raise NotAllowed("a silence without a reason", hint="say why: it is printed on digests")
    if not now < until <= now + LONGEST:
        raise NotAllowed(
            f"a silence until {until:%Y-%m-%d %H:%M}", hint="it ends within 30 days from now"
        )
    with writing(engine) as connection:
        connection.execute(
            insert(SILENCES).values(
                author=author, reason=reason, aoi_id=aoi_id, kind=kind, starts_at=now,
                ends_at=until,
            )
        )  # fmt: skip


def active_silences(engine: Engine, now: datetime) -> list[Silence]:
    """Return the silences that hold something back now, oldest first."""
    query = (
        select(SILENCES)
        .where(SILENCES.c.starts_at <= now, SILENCES.c.ends_at > now)
        .order_by(SILENCES.c.n)
    )
    with reading(engine) as connection:
        return [Silence(**row) for row in connection.execute(query).mappings()]


def lift(engine: Engine, n: int, now: datetime) -> bool:
    """End a silence; say if there was one. What no other one holds back is sent now."""
    with writing(engine) as connection:
        if connection.execute(delete(SILENCES).where(SILENCES.c.n == n)).rowcount == 0:
            return False
        held = deliveries_in(connection, state=DeliveryState.HELD.value, hold_reason="silence")
        for event_id in {delivery.event_id for delivery in held}:
            until = silenced_until(connection, alert_in(connection, event_id), now)
            connection.execute(
                update(DELIVERIES)
                .where(DELIVERIES.c.event_id == event_id)
                .where(DELIVERIES.c.state == DeliveryState.HELD.value)
                .where(DELIVERIES.c.hold_reason == "silence")
                .values(not_before=until or now)
            )
    return True


def silenced_until(connection: Connection, alert: Alert, now: datetime) -> datetime | None:
    """Return until when an alert is held back, None if it is not."""
    query = (
        select(SILENCES.c.ends_at)
        .where(SILENCES.c.starts_at <= now, SILENCES.c.ends_at > now)
        .where(or_(SILENCES.c.aoi_id == "", SILENCES.c.aoi_id == alert.aoi_id))
        .where(or_(SILENCES.c.kind == "", SILENCES.c.kind == alert.kind.value))
        .order_by(SILENCES.c.ends_at.desc())
        .limit(1)
    )
    return connection.execute(query).scalar_one_or_none()
