"""What messages are written from, read from the database for many of them at once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, RowMapping, bindparam, select

from alerts.alert import Alert, Status
from alerts.notes import NOTE, NoteOrder, note_in
from alerts.order import Order
from alerts.outbox import Delivery
from alerts.payload import alert_of
from alerts.subscribers import person_of
from alerts.tables import DELIVERIES, PERSONS, REVISIONS

MAX_REVISIONS_KEPT = 16

# Statements that are made once: each is asked for every batch of messages.
_PEOPLE = select(PERSONS).where(PERSONS.c.person_id.in_(bindparam("person_ids", expanding=True)))
_WRITTEN = (
    select(DELIVERIES.c.person_id, DELIVERIES.c.number, DELIVERIES.c.rendered_at)
    .where(DELIVERIES.c.person_id.in_(bindparam("person_ids", expanding=True)))
    .where(DELIVERIES.c.number.in_(bindparam("numbers", expanding=True)))
)
_REVISIONS = select(
    REVISIONS.c.event_id, REVISIONS.c.revision, REVISIONS.c.published_at,
    REVISIONS.c.payload_sha256,
).where(REVISIONS.c.event_id.in_(bindparam("event_ids", expanding=True)))  # fmt: skip
_PAYLOAD = select(REVISIONS.c.payload).where(
    REVISIONS.c.event_id == bindparam("event_id"), REVISIONS.c.revision == bindparam("revision")
)
_LANES = (
    select(
        DELIVERIES.c.person_id, DELIVERIES.c.event_id, DELIVERIES.c.channel,
        DELIVERIES.c.message_id, REVISIONS.c.status, REVISIONS.c.revision,
    )
    .join(
        REVISIONS,
        (REVISIONS.c.event_id == DELIVERIES.c.event_id)
        & (REVISIONS.c.revision == DELIVERIES.c.revision),
    )
    .where(DELIVERIES.c.person_id.in_(bindparam("person_ids", expanding=True)))
    .where(DELIVERIES.c.event_id.in_(bindparam("event_ids", expanding=True)))
    .where(DELIVERIES.c.dotted_at.is_not(None))
    .order_by(DELIVERIES.c.revision)
)  # fmt: skip

Told = Row[*tuple[Any, ...]]
Lane = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class _Reader:
    """What is the same in every message to one person."""

    row: RowMapping = field(repr=False)
    number: int
    last: tuple[int, datetime] | None


class Orders:
    """Reads orders; keeps the latest revisions, which never change."""

    def __init__(self) -> None:
        self._alerts: OrderedDict[str, Alert] = OrderedDict()

    def of(self, connection: Connection, delivery: Delivery, at: datetime) -> Order | NoteOrder:
        """Return everything that the message of one delivery is written from."""
        (order,) = self.of_all(connection, [delivery], at)
        return order

    def of_all(
        self, connection: Connection, deliveries: Sequence[Delivery], at: datetime
    ) -> list[Order | NoteOrder]:
        """Return what several messages are written from, in the order of the deliveries.

        Of each person at most one: the number of the next message depends on it.
        """
        if not deliveries:
            return []
        readers = _readers(connection, deliveries)
        of_alerts = [one for one in deliveries if one.kind != NOTE]
        revisions, lanes = _revisions(connection, of_alerts), _lanes(connection, of_alerts)
        orders: list[Order | NoteOrder] = []
        for one in deliveries:
            reader = readers[one.person_id]
            if one.kind == NOTE:
                orders.append(_note_order(connection, one, reader, at))
            else:
                revision = revisions[one.event_id, one.revision]
                alert = self._alert(connection, revision)
                told = [row for row in lanes.get(one.lane, ()) if row.revision < one.revision]
                orders.append(_order(one, reader, alert, revision.published_at, told, at))
        return orders

    def _alert(self, connection: Connection, revision: Row[*tuple[Any, ...]]) -> Alert:
        known = self._alerts.get(revision.payload_sha256)
        if known is None:
            wanted = {"event_id": revision.event_id, "revision": revision.revision}
            known = alert_of(connection.execute(_PAYLOAD, wanted).scalar_one())
            self._alerts[revision.payload_sha256] = known
            if len(self._alerts) > MAX_REVISIONS_KEPT:
                self._alerts.popitem(last=False)
        return known


def _order(
    delivery: Delivery, reader: _Reader, alert: Alert, published_at: datetime,
    told: Sequence[Told], at: datetime,
) -> Order:  # fmt: skip
    """Return an order; `told` is what its lane has sent, oldest first."""
    return Order(
        delivery=delivery,
        alert=alert,
        published_at=published_at,
        person=person_of(reader.row),
        number=reader.number,
        last=reader.last,
        first_status=Status(told[0].status) if told else alert.status,
        # What was told inside a digest has no message of its own.
        earlier_ids=tuple(row.message_id for row in told if row.message_id is not None),
        at=at,
        earlier_revision=told[-1].revision if told else None,
    )


def _note_order(
    connection: Connection, delivery: Delivery, reader: _Reader, at: datetime
) -> NoteOrder:
    return NoteOrder(
        delivery=delivery,
        note=note_in(connection, delivery.delivery_id),
        person=person_of(reader.row),
        number=reader.number,
        last=reader.last,
        at=at,
    )


def _readers(connection: Connection, deliveries: Sequence[Delivery]) -> dict[str, _Reader]:
    """Return the people of deliveries with the number of their message and the one before it."""
    people = [delivery.person_id for delivery in deliveries]
    rows = connection.execute(_PEOPLE, {"person_ids": people}).mappings()
    found = {row["person_id"]: row for row in rows}
    numbers = {
        one.person_id: one.number or found[one.person_id]["last_number"] + 1 for one in deliveries
    }
    written = _written(connection, people, {number - 1 for number in numbers.values()})
    return {
        person_id: _Reader(found[person_id], number, written.get((person_id, number - 1)))
        for person_id, number in numbers.items()
    }


def _written(
    connection: Connection, people: Sequence[str], numbers: Collection[int]
) -> dict[tuple[str, int], tuple[int, datetime]]:
    """Return number and date of messages, by person and number."""
    asked = [number for number in numbers if number > 0]
    if not asked:
        return {}
    rows = connection.execute(_WRITTEN, {"person_ids": people, "numbers": asked})
    return {
        (row.person_id, row.number): (row.number, row.rendered_at)
        for row in rows
        if row.rendered_at is not None
    }


def _revisions(
    connection: Connection, deliveries: Sequence[Delivery]
) -> Mapping[tuple[str, int], Row[*tuple[Any, ...]]]:
    events = {"event_ids": list({delivery.event_id for delivery in deliveries})}
    return {(row.event_id, row.revision): row for row in connection.execute(_REVISIONS, events)}


def _lanes(connection: Connection, deliveries: Sequence[Delivery]) -> Mapping[Lane, list[Told]]:
    """Return what the lanes of deliveries have sent, oldest first."""
    wanted = {
        "person_ids": list({delivery.person_id for delivery in deliveries}),
        "event_ids": list({delivery.event_id for delivery in deliveries}),
    }
    lanes: dict[Lane, list[Told]] = {}
    for row in connection.execute(_LANES, wanted):
        lanes.setdefault((row.person_id, row.event_id, row.channel), []).append(row)
    return lanes
