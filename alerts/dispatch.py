"""The steps of a delivery in the database, each one transaction of the courier's."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, or_, select, update

from alerts.disclosure import DESK
from alerts.errors import DeliveryFailed, FailureClass
from alerts.grounds import MANDATORY, Ground, ground_of, grounds_of
from alerts.incidents import report_incident
from alerts.journal import journal_of, noted
from alerts.notes import NOTE, NoteOrder
from alerts.order import Order, Written
from alerts.outbox import (
    UNSENT,
    Delivery,
    DeliveryState,
    deliveries_in,
    move,
    move_all,
)
from alerts.store import mark_outside
from alerts.subscribers import suppress
from alerts.tables import ATTEMPTS, DELIVERIES, PERSONS

TIMED_HOLDS = ("embargo", "quiet_hours", "group_wait", "silence")
"""Holds that end by themselves; a recall, a cap or a digest waits for somebody or something."""

LONGEST_BACKOFF = timedelta(hours=7, minutes=12)
"""Six hours and the largest jitter."""

BOOT_ID = hashlib.sha256(f"{os.getpid()}".encode()).hexdigest()[:12]


class Withdrawn(Exception):
    """Before its dot the message lost its ground: it is not sent."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that this process sends now; nothing is written of it before its dot."""

    delivery: Delivery
    address: str = field(repr=False)
    attempt: int
    lost: str = ""
    """Why it may not be sent any more, empty if it may."""


def recover_orphans(
    connection: Connection, folding: Collection[str], now: datetime, settle: timedelta
) -> int:
    """Give back what a dead courier was sending; return how many there were.

    Its dot may have left, so only the server knows: unless its channel folds
    copies, the delivery is UNKNOWN. What had not reached its dot was never
    marked, and waits as it did.
    """
    orphans = deliveries_in(connection, state=DeliveryState.SENDING.value)
    for orphan in orphans:
        if orphan.channel in folding:
            move(connection, orphan, DeliveryState.READY, now, not_before=now)
        else:
            move(connection, orphan, DeliveryState.UNKNOWN, now, settle_at=now + settle)
    return len(orphans)


def release_due(connection: Connection, now: datetime) -> None:
    """Queue what was held until now, and undo the harm of a clock that jumped."""
    connection.execute(
        update(DELIVERIES)
        .where(DELIVERIES.c.state == DeliveryState.HELD.value)
        .where(DELIVERIES.c.hold_reason.in_(TIMED_HOLDS), DELIVERIES.c.not_before <= now)
        .values(state=DeliveryState.QUEUED.value, hold_reason="", changed_at=now)
    )
    far = now + LONGEST_BACKOFF
    connection.execute(
        update(DELIVERIES)
        .where(DELIVERIES.c.state == DeliveryState.RETRY_WAIT.value)
        .where(DELIVERIES.c.not_before > far)
        .values(not_before=far)
    )
    connection.execute(
        update(DELIVERIES)
        .where(DELIVERIES.c.state == DeliveryState.UNKNOWN.value, DELIVERIES.c.settle_at > far)
        .values(settle_at=far)
    )


def delivery_in(connection: Connection, delivery_id: str) -> Delivery:
    """Return one delivery inside a transaction."""
    (delivery,) = deliveries_in(connection, delivery_id=delivery_id)
    return delivery


def store_rendered(
    connection: Connection, made: Sequence[tuple[Order | NoteOrder, Written]], now: datetime
) -> None:
    """Keep the bytes of messages, and give each its number in the person's series.

    What was cancelled or held while it was written keeps nothing.
    """
    wanted = {"delivery_ids": [order.delivery.delivery_id for order, _ in made]}
    standing = {row[0]: row[1] for row in connection.execute(_STATES, wanted)}
    made = [
        (order, written)
        for order, written in made
        if standing[order.delivery.delivery_id] == order.delivery.state.value
    ]
    if not made:
        return
    numbers = [{"of": order.person.person_id, "number": order.number} for order, _ in made]
    connection.execute(_NUMBERED, numbers)
    steps = [
        (
            order.delivery,
            {
                "raw": written.raw,
                "raw_sha256": hashlib.sha256(written.raw).hexdigest(),
                "message_id": written.message_id,
                "number": order.number,
                "rendered_at": now,
            },
        )
        for order, written in made
    ]
    move_all(connection, steps, DeliveryState.READY, now)


_STATES = select(DELIVERIES.c.delivery_id, DELIVERIES.c.state).where(
    DELIVERIES.c.delivery_id.in_(bindparam("delivery_ids", expanding=True))
)
_NUMBERED = (
    update(PERSONS)
    .where(PERSONS.c.person_id == bindparam("of"), PERSONS.c.last_number < bindparam("number"))
    .values(last_number=bindparam("number"))
)


def cancel(connection: Connection, delivery: Delivery, why: str, now: datetime) -> None:
    """End a delivery that nobody can have; what it would have told waits for another digest.

    Somebody else may have ended it meanwhile: then it stays as it is.
    """
    delivery = delivery_in(connection, delivery.delivery_id)
    if delivery.state not in UNSENT:
        return
    for carried in deliveries_in(connection, carried_by=delivery.delivery_id):
        move(
            connection, carried, DeliveryState.HELD, now,
            carried_by=None, not_before=now, hold_reason="digest",
        )  # fmt: skip
    move(connection, delivery, DeliveryState.CANCELLED, now, last_error=why, ended_at=now, raw=None)


def mark_dot(connection: Connection, claimed: Claim, now: datetime) -> None:
    """Record, before the dot leaves, that from here on the server may have the message.

    Raises
    ------
    Withdrawn
        If the message lost its ground since it was rendered: the dot must not leave.
    """
    delivery = claimed.delivery
    ground = ground_of(connection, delivery)
    lost = ground.lost or _moved_away(claimed, ground)
    if lost:
        raise Withdrawn(lost)
    move(
        connection, delivery, DeliveryState.SENDING, now,
        attempts=claimed.attempt, dotted_at=delivery.dotted_at or now,
    )  # fmt: skip
    _begin_attempt(connection, claimed, "dot", now)
    events = {delivery.event_id}
    if delivery.kind == NOTE:
        events |= _dot_carried(connection, delivery, now)
    if delivery.audience != DESK and not ground.outside:
        mark_outside(connection, events)
    _note_dot(connection, delivery.delivery_id)


def _note_dot(connection: Connection, delivery_id: str) -> None:
    """Write down outside the database that somebody may have these from here on."""
    if journal_of(connection) is None:
        return
    wanted = {"delivery_id": delivery_id}
    rows = [dict(row) for row in connection.execute(_WHAT_LEAVES, wanted).mappings()]
    noted(connection, "dot", delivery_id=delivery_id, rows=rows)


_WHAT_LEAVES = select(*(column for column in DELIVERIES.c if column.name != "raw")).where(
    or_(
        DELIVERIES.c.delivery_id == bindparam("delivery_id"),
        DELIVERIES.c.carried_by == bindparam("delivery_id"),
    )
)


def _moved_away(claimed: Claim, ground: Ground) -> str:
    same = ground.standing == claimed.delivery.state.value
    return "" if same else f"it was {ground.standing} meanwhile"


def _dot_carried(connection: Connection, delivery: Delivery, now: datetime) -> set[str]:
    """Mark what a digest tells as told; return the events."""
    connection.execute(
        update(DELIVERIES)
        .where(DELIVERIES.c.carried_by == delivery.delivery_id)
        .values(dotted_at=now)
    )
    return {one.event_id for one in deliveries_in(connection, carried_by=delivery.delivery_id)}


_ATTEMPT = insert(ATTEMPTS)


def _begin_attempt(connection: Connection, claimed: Claim, phase: str, now: datetime) -> None:
    row = {
        "delivery_id": claimed.delivery.delivery_id, "n": claimed.attempt, "phase": phase,
        "boot_id": BOOT_ID, "pid": os.getpid(), "started_at": now,
        "outcome": "", "code": 0, "reply": "",
    }  # fmt: skip
    connection.execute(_ATTEMPT, row)


def charged_attempts(connection: Connection, delivery_id: str) -> int:
    """Return how often a delivery failed for a passing reason of its own."""
    query = (
        select(func.count())
        .select_from(ATTEMPTS)
        .where(ATTEMPTS.c.delivery_id == delivery_id)
        .where(ATTEMPTS.c.outcome == FailureClass.TRANSIENT.value)
    )
    return connection.execute(query).scalar_one()


def claims(connection: Connection, delivery_ids: Sequence[str]) -> list[Claim]:
    """Return deliveries in their order, with the addresses that they go to."""
    found = {one.delivery_id: one for one in deliveries_in(connection, delivery_id=delivery_ids)}
    deliveries = [found[delivery_id] for delivery_id in delivery_ids]
    grounds = grounds_of(connection, deliveries)
    people = {"person_ids": list({delivery.person_id for delivery in deliveries})}
    addresses = {row[0]: row[1] for row in connection.execute(_ADDRESSES, people)}
    return [
        Claim(
            delivery, addresses[delivery.person_id], delivery.attempts + 1,
            grounds[delivery.delivery_id].lost,
        )
        for delivery in deliveries
    ]  # fmt: skip


_ADDRESSES = select(PERSONS.c.person_id, PERSONS.c.address).where(
    PERSONS.c.person_id.in_(bindparam("person_ids", expanding=True))
)


def accept(connection: Connection, claimed: Claim, reply: str, now: datetime) -> None:
    """Record that the server took the message."""
    _end_attempt(connection, claimed, "accepted", 250, reply, now)
    sending = replace(claimed.delivery, state=DeliveryState.SENDING)
    move(connection, sending, DeliveryState.ACCEPTED, now, ended_at=now, last_error="")
    noted(connection, "taken", delivery_id=sending.delivery_id, at=now)


def fail(
    connection: Connection, claimed: Claim, failure: DeliveryFailed, now: datetime,
    again_at: datetime | None, settle: timedelta,
) -> DeliveryState:  # fmt: skip
    """Record a failed attempt, and return where the delivery stands now.

    Parameters
    ----------
    again_at : datetime, optional
        When to try again; None to give up.
    """
    delivery = delivery_in(connection, claimed.delivery.delivery_id)
    if delivery.state not in (DeliveryState.SENDING, claimed.delivery.state):
        # Cancelled by somebody else while the server refused it: nothing is left to record.
        return delivery.state
    if delivery.state is not DeliveryState.SENDING:
        move(connection, delivery, DeliveryState.SENDING, now, attempts=claimed.attempt)
        delivery = replace(delivery, state=DeliveryState.SENDING)
        _begin_attempt(connection, claimed, "connect", now)
    _end_attempt(connection, claimed, failure.failure.value, failure.code, failure.message, now)
    changes: dict[str, Any] = {"last_error": failure.message, "hold_reason": ""}
    match failure.failure:
        case FailureClass.AMBIGUOUS:
            state = DeliveryState.UNKNOWN
            changes["settle_at"] = now + settle
        case FailureClass.TRANSIENT | FailureClass.CONFIG:
            state = DeliveryState.RETRY_WAIT
            changes["not_before"] = again_at or now
        case _:
            state = DeliveryState.FAILED_PERM
            changes["ended_at"] = now
    if failure.failure is FailureClass.POLICY:
        changes["hold_reason"] = FailureClass.POLICY.value
    if state is not DeliveryState.UNKNOWN:
        noted(connection, "refused", delivery_id=delivery.delivery_id)
    move(connection, delivery, state, now, **changes)
    if state is DeliveryState.RETRY_WAIT and again_at is None:
        waiting = replace(delivery, state=state)
        move(connection, waiting, DeliveryState.DEAD, now, ended_at=now)
        state = DeliveryState.DEAD
    _tell_operator(connection, claimed, failure, state, now)
    return state


def _tell_operator(
    connection: Connection, claimed: Claim, failure: DeliveryFailed, state: DeliveryState,
    now: datetime,
) -> None:  # fmt: skip
    delivery = claimed.delivery
    if failure.failure is FailureClass.CONFIG:
        report_incident(connection, f"{delivery.channel}:config", failure.message, now)
    elif state is DeliveryState.RETRY_WAIT and _is_the_owners(claimed, failure):
        sentence = f"the endpoint of person {delivery.person_id}: {failure.message}; tell its owner"
        report_incident(connection, f"endpoint:{delivery.person_id}", sentence, now)
    elif state in (DeliveryState.FAILED_PERM, DeliveryState.DEAD):
        sentence = f"delivery {delivery.delivery_id} was given up: {failure.message}"
        if delivery.reason in MANDATORY:
            sentence += (
                f"; person {delivery.person_id} still has what was RETRACTED: "
                "reach them another way"
            )
        report_incident(connection, f"delivery:{delivery.delivery_id}", sentence, now)
    if failure.failure is FailureClass.RECIPIENT:
        suppress(connection, delivery.person_id, now)


def _is_the_owners(claimed: Claim, failure: DeliveryFailed) -> bool:
    """Return True for answers of an endpoint that only its owner can mend (ALERTS 3.5)."""
    if claimed.delivery.channel != "webhook" or not 300 <= failure.code < 500:
        return False
    passing = failure.code in (408, 425, 429)
    return not passing and (failure.code < 400 or claimed.attempt >= 3)


def _end_attempt(
    connection: Connection, claimed: Claim, outcome: str, code: int, reply: str, now: datetime
) -> None:
    values = {
        "of": claimed.delivery.delivery_id, "nth": claimed.attempt, "ended_at": now,
        "outcome": outcome, "code": code, "reply": reply[:500],
    }  # fmt: skip
    connection.execute(_ATTEMPT_ENDED, values)


_ATTEMPT_ENDED = update(ATTEMPTS).where(
    ATTEMPTS.c.delivery_id == bindparam("of"), ATTEMPTS.c.n == bindparam("nth")
)
