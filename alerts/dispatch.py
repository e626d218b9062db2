"""The steps of a delivery in the database, each one transaction of the courier's."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, insert, select, update

from alerts.disclosure import AUDIENCES, DESK, TLPS, is_cleared
from alerts.errors import DeliveryFailed, FailureClass
from alerts.incidents import report_incident
from alerts.letters import Order, Written
from alerts.notes import NOTE, NoteOrder
from alerts.orders import person_row
from alerts.outbox import OPEN, Delivery, DeliveryState, deliveries_in, move
from alerts.store import alert_in, mark_outside
from alerts.subscribers import person_of
from alerts.subscription import Person, PersonState
from alerts.tables import ATTEMPTS, DELIVERIES, PERSONS, PROFILES

TIMED_HOLDS = ("embargo", "quiet_hours", "group_wait")
"""Holds that end by themselves; a recall, a cap or a digest waits for somebody or something."""

MANDATORY = ("retracted",)
"""Owed to whoever may have the claim, also after they left."""

LONGEST_BACKOFF = timedelta(hours=7, minutes=12)
"""Six hours and the largest jitter."""

BOOT_ID = hashlib.sha256(f"{os.getpid()}".encode()).hexdigest()[:12]


class Withdrawn(Exception):
    """Between claim and dot the message lost its ground: it is not sent."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that this process sends now."""

    delivery: Delivery
    person: Person
    attempt: int


def recover_orphans(
    connection: Connection, folding: Collection[str], now: datetime, settle: timedelta
) -> int:
    """Give back what a dead courier was sending; return how many there were.

    Without the dot the server has nothing. With it, only the server knows:
    unless its channel folds copies, the delivery is UNKNOWN.
    """
    orphans = deliveries_in(connection, state=DeliveryState.SENDING.value)
    for orphan in orphans:
        if _last_phase(connection, orphan) != "dot" or orphan.channel in folding:
            move(connection, orphan, DeliveryState.READY, now, not_before=now)
        else:
            move(connection, orphan, DeliveryState.UNKNOWN, now, settle_at=now + settle)
    return len(orphans)


def _last_phase(connection: Connection, delivery: Delivery) -> str:
    query = select(ATTEMPTS.c.phase).where(
        ATTEMPTS.c.delivery_id == delivery.delivery_id, ATTEMPTS.c.n == delivery.attempts
    )
    return connection.execute(query).scalar_one_or_none() or ""


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


def lane_heads(connection: Connection, now: datetime) -> list[tuple[str, DeliveryState]]:
    """Return identifier and state of what may be rendered or sent now, one of each lane."""
    columns = (
        DELIVERIES.c.delivery_id, DELIVERIES.c.state, DELIVERIES.c.not_before,
        DELIVERIES.c.person_id, DELIVERIES.c.event_id, DELIVERIES.c.channel, DELIVERIES.c.reason,
    )  # fmt: skip
    waiting = [state.value for state in OPEN if state is not DeliveryState.HELD]
    query = (
        select(*columns)
        .where(DELIVERIES.c.state.in_(waiting))
        .order_by(DELIVERIES.c.revision, DELIVERIES.c.created_at, DELIVERIES.c.delivery_id)
    )
    blocked = _blocked_lanes(connection)
    heads: dict[tuple[str, str, str], tuple[str, DeliveryState]] = {}
    seen: set[tuple[str, str, str]] = set()
    for row in connection.execute(query):
        lane = (row.person_id, row.event_id, row.channel)
        if lane in seen or (lane in blocked and row.reason not in MANDATORY):
            continue
        seen.add(lane)
        state = DeliveryState(row.state)
        ready = state in (DeliveryState.QUEUED, DeliveryState.READY, DeliveryState.RETRY_WAIT)
        if ready and row.not_before <= now:
            heads[lane] = (row.delivery_id, state)
    return list(heads.values())


def _blocked_lanes(connection: Connection) -> set[tuple[str, str, str]]:
    """Return the lanes whose last message was refused by policy, until an operator looked."""
    query = select(DELIVERIES.c.person_id, DELIVERIES.c.event_id, DELIVERIES.c.channel).where(
        DELIVERIES.c.state == DeliveryState.FAILED_PERM.value,
        DELIVERIES.c.hold_reason == FailureClass.POLICY.value,
    )
    return {(row[0], row[1], row[2]) for row in connection.execute(query)}


def delivery_in(connection: Connection, delivery_id: str) -> Delivery:
    """Return one delivery inside a transaction."""
    (delivery,) = deliveries_in(connection, delivery_id=delivery_id)
    return delivery


def store_rendered(
    connection: Connection, order: Order | NoteOrder, written: Written, now: datetime
) -> None:
    """Keep the bytes of a message, and give it its number in the person's series."""
    connection.execute(
        update(PERSONS)
        .where(PERSONS.c.person_id == order.person.person_id)
        .where(PERSONS.c.last_number < order.number)
        .values(last_number=order.number)
    )
    move(
        connection, order.delivery, DeliveryState.READY, now,
        raw=written.raw,
        raw_sha256=hashlib.sha256(written.raw).hexdigest(),
        message_id=written.message_id,
        number=order.number,
        rendered_at=now,
    )  # fmt: skip


def lost_ground(connection: Connection, delivery: Delivery, person: Person) -> str:
    """Return why a message may no longer be sent, empty if it may."""
    if delivery.reason in MANDATORY:
        suppressed = person.state is PersonState.SUPPRESSED
        return "the address is suppressed" if suppressed else ""
    asked = delivery.reason == "confirm" and person.state is PersonState.PENDING
    if person.state is not PersonState.ACTIVE and not asked:
        return f"the person is {person.state}"
    if delivery.kind == NOTE:
        return _lost_ground_of_note(connection, delivery, person)
    alert = alert_in(connection, delivery.event_id)
    if not alert.standing:
        return f"the alert was {alert.status}"
    if not is_cleared(alert, AUDIENCES[person.clearance]) or _is_narrower(person, delivery):
        return "the clearance was withdrawn"
    if delivery.profiles and not _has_active(connection, delivery):
        return "the profiles that asked for it are gone"
    return ""


def _lost_ground_of_note(connection: Connection, delivery: Delivery, person: Person) -> str:
    if _is_narrower(person, delivery):
        return "the clearance was withdrawn"
    for carried in deliveries_in(connection, carried_by=delivery.delivery_id):
        if not alert_in(connection, carried.event_id).standing:
            return "one of its alerts was withdrawn"
    return ""


def _is_narrower(person: Person, delivery: Delivery) -> bool:
    """Return True if the person may now see less than the message was made for."""
    now, then = AUDIENCES[person.clearance], AUDIENCES[delivery.audience]
    if TLPS.index(now.ceiling) < TLPS.index(then.ceiling):
        return True
    if now.step_deg is None or then.step_deg is None:
        return now.step_deg is None and then.step_deg is not None
    return now.step_deg > then.step_deg


def _has_active(connection: Connection, delivery: Delivery) -> bool:
    query = select(PROFILES.c.profile_id).where(
        PROFILES.c.person_id == delivery.person_id,
        PROFILES.c.name.in_(delivery.profiles),
        PROFILES.c.active,
    )
    return connection.execute(query.limit(1)).first() is not None


def claim(connection: Connection, delivery_id: str, now: datetime) -> Claim | None:
    """Take a delivery for sending, or cancel it if it lost its ground meanwhile."""
    delivery = delivery_in(connection, delivery_id)
    person = person_of(person_row(connection, delivery.person_id))
    lost = lost_ground(connection, delivery, person)
    if lost:
        cancel(connection, delivery, lost, now)
        return None
    attempt = delivery.attempts + 1
    move(connection, delivery, DeliveryState.SENDING, now, attempts=attempt)
    connection.execute(
        insert(ATTEMPTS).values(
            delivery_id=delivery_id, n=attempt, phase="connect", boot_id=BOOT_ID,
            pid=os.getpid(), started_at=now,
        )
    )  # fmt: skip
    sending = replace(delivery, state=DeliveryState.SENDING, attempts=attempt)
    return Claim(sending, person, attempt)


def cancel(connection: Connection, delivery: Delivery, why: str, now: datetime) -> None:
    """End a delivery that nobody can have; what it would have told waits for another digest."""
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
        If the alert was taken back since the claim: the dot must not leave.
    """
    delivery = claimed.delivery
    lost = lost_ground(connection, delivery, claimed.person)
    if lost:
        raise Withdrawn(lost)
    connection.execute(
        update(ATTEMPTS)
        .where(ATTEMPTS.c.delivery_id == delivery.delivery_id, ATTEMPTS.c.n == claimed.attempt)
        .values(phase="dot")
    )
    connection.execute(
        update(DELIVERIES)
        .where(DELIVERIES.c.delivery_id == delivery.delivery_id)
        .values(dotted_at=delivery.dotted_at or now)
    )
    carried = deliveries_in(connection, carried_by=delivery.delivery_id)
    connection.execute(
        update(DELIVERIES)
        .where(DELIVERIES.c.carried_by == delivery.delivery_id)
        .values(dotted_at=now)
    )
    if delivery.audience != DESK:
        for event_id in {delivery.event_id, *(one.event_id for one in carried)}:
            mark_outside(connection, event_id)


def charged_attempts(connection: Connection, delivery_id: str) -> int:
    """Return how often a delivery failed for a passing reason of its own."""
    query = (
        select(func.count())
        .select_from(ATTEMPTS)
        .where(ATTEMPTS.c.delivery_id == delivery_id)
        .where(ATTEMPTS.c.outcome == FailureClass.TRANSIENT.value)
    )
    return connection.execute(query).scalar_one()


def accept(connection: Connection, claimed: Claim, reply: str, now: datetime) -> None:
    """Record that the server took the message."""
    _end_attempt(connection, claimed, "accepted", 250, reply, now)
    move(connection, claimed.delivery, DeliveryState.ACCEPTED, now, ended_at=now, last_error="")


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
    _end_attempt(connection, claimed, failure.failure.value, failure.code, failure.message, now)
    delivery, words = claimed.delivery, failure.message
    match failure.failure:
        case FailureClass.AMBIGUOUS:
            state, changes = DeliveryState.UNKNOWN, {"settle_at": now + settle}
        case FailureClass.TRANSIENT | FailureClass.CONFIG:
            state, changes = DeliveryState.RETRY_WAIT, {"not_before": again_at or now}
        case _:
            state, changes = DeliveryState.FAILED_PERM, {"ended_at": now}
    held = failure.failure.value if failure.failure is FailureClass.POLICY else ""
    move(connection, delivery, state, now, last_error=words, hold_reason=held, **changes)
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
    elif state in (DeliveryState.FAILED_PERM, DeliveryState.DEAD):
        sentence = f"delivery {delivery.delivery_id} was given up: {failure.message}"
        report_incident(connection, f"delivery:{delivery.delivery_id}", sentence, now)
    if failure.failure is FailureClass.RECIPIENT:
        connection.execute(
            update(PERSONS)
            .where(PERSONS.c.person_id == delivery.person_id)
            .values(state=PersonState.SUPPRESSED.value, changed_at=now)
        )


def _end_attempt(
    connection: Connection, claimed: Claim, outcome: str, code: int, reply: str, now: datetime
) -> None:
    connection.execute(
        update(ATTEMPTS)
        .where(ATTEMPTS.c.delivery_id == claimed.delivery.delivery_id)
        .where(ATTEMPTS.c.n == claimed.attempt)
        .values(ended_at=now, outcome=outcome, code=code, reply=reply[:500])
    )
