"""What a message is written from, read from the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Row, RowMapping, select

from alerts.alert import Status
from alerts.notes import NoteOrder, note_in
from alerts.order import Order
from alerts.outbox import Delivery
from alerts.payload import alert_of
from alerts.subscribers import person_of
from alerts.tables import DELIVERIES, PERSONS, REVISIONS


def order_for(connection: Connection, delivery: Delivery, at: datetime) -> Order:
    """Return everything that the message of a delivery is written from."""
    revision = (
        connection.execute(
            select(REVISIONS).where(
                REVISIONS.c.event_id == delivery.event_id, REVISIONS.c.revision == delivery.revision
            )
        )
        .mappings()
        .one()
    )
    row = person_row(connection, delivery.person_id)
    lane = _lane_history(connection, delivery)
    alert = alert_of(revision["payload"])
    last_number: int = row["last_number"]
    return Order(
        delivery=delivery,
        alert=alert,
        published_at=revision["published_at"],
        person=person_of(row),
        number=delivery.number or last_number + 1,
        last=_last_message(connection, delivery, last_number),
        first_status=Status(lane[0].status) if lane else alert.status,
        # What was told inside a digest has no message of its own.
        earlier_ids=tuple(row.message_id for row in lane if row.message_id is not None),
        at=at,
        earlier_revision=lane[-1].revision if lane else None,
    )  # fmt: skip


def note_order_for(connection: Connection, delivery: Delivery, at: datetime) -> NoteOrder:
    """Return everything that a message about no single alert is written from."""
    row = person_row(connection, delivery.person_id)
    last_number: int = row["last_number"]
    return NoteOrder(
        delivery=delivery,
        note=note_in(connection, delivery.delivery_id),
        person=person_of(row),
        number=delivery.number or last_number + 1,
        last=_last_message(connection, delivery, last_number),
        at=at,
    )


def person_row(connection: Connection, person_id: str) -> RowMapping:
    """Return the row of one person."""
    query = select(PERSONS).where(PERSONS.c.person_id == person_id)
    return connection.execute(query).mappings().one()


def _lane_history(connection: Connection, delivery: Delivery) -> Sequence[Row[str, str, int]]:
    """Return Message-ID, status and revision of what the lane has sent, oldest first."""
    query = (
        select(DELIVERIES.c.message_id, REVISIONS.c.status, REVISIONS.c.revision)
        .join(
            REVISIONS,
            (REVISIONS.c.event_id == DELIVERIES.c.event_id)
            & (REVISIONS.c.revision == DELIVERIES.c.revision),
        )
        .where(DELIVERIES.c.event_id == delivery.event_id)
        .where(DELIVERIES.c.person_id == delivery.person_id)
        .where(DELIVERIES.c.channel == delivery.channel)
        .where(DELIVERIES.c.dotted_at.is_not(None), DELIVERIES.c.revision < delivery.revision)
        .order_by(DELIVERIES.c.revision)
    )
    return connection.execute(query).all()


def _last_message(
    connection: Connection, delivery: Delivery, last_number: int
) -> tuple[int, datetime] | None:
    before = (delivery.number or last_number + 1) - 1
    query = select(DELIVERIES.c.rendered_at).where(
        DELIVERIES.c.person_id == delivery.person_id, DELIVERIES.c.number == before
    )
    rendered_at = connection.execute(query).scalar_one_or_none()
    return None if rendered_at is None else (before, rendered_at)
