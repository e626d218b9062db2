"""What a message is written from, read from the database."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Row, RowMapping, bindparam, select

from alerts.alert import Alert, Status
from alerts.notes import NoteOrder, note_in
from alerts.order import Order
from alerts.outbox import Delivery
from alerts.payload import alert_of
from alerts.subscribers import person_of
from alerts.tables import DELIVERIES, PERSONS, REVISIONS

MAX_REVISIONS_KEPT = 16

# Statements that are made once: each is asked for every message.
_REVISION = select(REVISIONS.c.published_at, REVISIONS.c.payload_sha256).where(
    REVISIONS.c.event_id == bindparam("event_id"), REVISIONS.c.revision == bindparam("revision")
)
_PAYLOAD = select(REVISIONS.c.payload).where(
    REVISIONS.c.event_id == bindparam("event_id"), REVISIONS.c.revision == bindparam("revision")
)
_PERSON = select(PERSONS).where(PERSONS.c.person_id == bindparam("person_id"))
_RENDERED_AT = select(DELIVERIES.c.rendered_at).where(
    DELIVERIES.c.person_id == bindparam("person_id"), DELIVERIES.c.number == bindparam("number")
)
_LANE = (
    select(DELIVERIES.c.message_id, REVISIONS.c.status, REVISIONS.c.revision)
    .join(
        REVISIONS,
        (REVISIONS.c.event_id == DELIVERIES.c.event_id)
        & (REVISIONS.c.revision == DELIVERIES.c.revision),
    )
    .where(DELIVERIES.c.event_id == bindparam("event_id"))
    .where(DELIVERIES.c.person_id == bindparam("person_id"))
    .where(DELIVERIES.c.channel == bindparam("channel"))
    .where(DELIVERIES.c.dotted_at.is_not(None), DELIVERIES.c.revision < bindparam("revision"))
    .order_by(DELIVERIES.c.revision)
)


class Orders:
    """Reads orders; keeps the latest revisions, which never change."""

    def __init__(self) -> None:
        self._alerts: OrderedDict[str, Alert] = OrderedDict()

    def of(self, connection: Connection, delivery: Delivery, at: datetime) -> Order:
        """Return everything that the message of a delivery is written from."""
        alert, published_at = self._revision(connection, delivery)
        row = person_row(connection, delivery.person_id)
        lane = _lane_history(connection, delivery)
        last_number: int = row["last_number"]
        return Order(
            delivery=delivery,
            alert=alert,
            published_at=published_at,
            person=person_of(row),
            number=delivery.number or last_number + 1,
            last=_last_message(connection, delivery, last_number),
            first_status=Status(lane[0].status) if lane else alert.status,
            # What was told inside a digest has no message of its own.
            earlier_ids=tuple(row.message_id for row in lane if row.message_id is not None),
            at=at,
            earlier_revision=lane[-1].revision if lane else None,
        )

    def _revision(self, connection: Connection, delivery: Delivery) -> tuple[Alert, datetime]:
        wanted = {"event_id": delivery.event_id, "revision": delivery.revision}
        row = connection.execute(_REVISION, wanted).one()
        if row.payload_sha256 not in self._alerts:
            payload = connection.execute(_PAYLOAD, wanted).scalar_one()
            self._alerts[row.payload_sha256] = alert_of(payload)
            if len(self._alerts) > MAX_REVISIONS_KEPT:
                self._alerts.popitem(last=False)
        return self._alerts[row.payload_sha256], row.published_at


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
    return connection.execute(_PERSON, {"person_id": person_id}).mappings().one()


def _lane_history(connection: Connection, delivery: Delivery) -> Sequence[Row[str, str, int]]:
    """Return Message-ID, status and revision of what the lane has sent, oldest first."""
    wanted = {
        "event_id": delivery.event_id, "person_id": delivery.person_id,
        "channel": delivery.channel, "revision": delivery.revision,
    }  # fmt: skip
    return connection.execute(_LANE, wanted).all()


def _last_message(
    connection: Connection, delivery: Delivery, last_number: int
) -> tuple[int, datetime] | None:
    before = (delivery.number or last_number + 1) - 1
    if before == 0:
        return None
    wanted = {"person_id": delivery.person_id, "number": before}
    rendered_at = connection.execute(_RENDERED_AT, wanted).scalar_one_or_none()
    return None if rendered_at is None else (before, rendered_at)
