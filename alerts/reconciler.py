"""Compares who should have received what with what the outbox did (ALERTS 3.8): no tolerance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection, Engine, RowMapping, func, select

from alerts.alert import Alert, Status
from alerts.grading import NEVER_TOLD
from alerts.incidents import report_incident
from alerts.outbox import OPEN, TOLD, Delivery, DeliveryState, deliveries_in
from alerts.payload import alert_of
from alerts.store import AlertStore
from alerts.subscribers import watching
from alerts.subscription import (
    NOTHING_SENT,
    Person,
    PersonState,
    Profile,
    SentSoFar,
    Skip,
    SubscriptionPolicy,
    decide,
    merged,
)
from alerts.tables import ALERTS, DELIVERIES, PERSONS, REVISIONS
from alerts.told import last_correction
from aoi.database import reading, writing

logger = structlog.get_logger(__name__)

OLDEST_OPEN = timedelta(days=1)
OLDEST_DOUBT = timedelta(minutes=30)
OLDEST_UNTOLD = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it should be."""

    cause: str
    """Key of the incident; names the row."""

    sentence: str


class Reconciler:
    """Recomputes, compares, and makes an incident of each difference.

    Parameters
    ----------
    engine : Engine
    policy : SubscriptionPolicy
        As the publisher has it.
    """

    def __init__(self, engine: Engine, policy: SubscriptionPolicy) -> None:
        self._engine = engine
        self._policy = policy

    def check(self, now: datetime, since: timedelta = timedelta(days=30)) -> list[Difference]:
        """Return every difference of the period, and report each as an incident."""
        with reading(self._engine) as connection:
            found = [
                *_stuck(connection, now),
                *_numbers_missing(connection),
                *_carried_by_nobody(connection),
                *self._recipients(connection, now - since),
            ]
        broken = AlertStore(self._engine).broken_link()
        if broken is not None:
            found.append(Difference("log", f"row {broken} of the log of decisions was altered"))
        with writing(self._engine) as connection:
            for difference in found:
                report_incident(
                    connection, f"reconcile:{difference.cause}"[:120], difference.sentence, now
                )
        logger.info("reconciled", differences=len(found))
        return found

    def _recipients(self, connection: Connection, since: datetime) -> Iterator[Difference]:
        """Yield each person who should have a row of a revision and has none, or the reverse."""
        query = select(REVISIONS).where(REVISIONS.c.published_at >= since)
        changed_at = _changes_of_people(connection)
        for row in connection.execute(query).mappings().all():
            alert = alert_of(row["payload"])
            if alert.status is Status.RETRACTED:
                yield from _unretracted(connection, alert)
                continue
            has = {
                delivery.person_id
                for delivery in deliveries_in(
                    connection, with_bytes=False, event_id=alert.event_id, revision=alert.revision
                )
            }
            for person, profiles in watching(connection, alert):
                # Who changed since cannot be judged by what they are now.
                if changed_at[person.person_id] > row["published_at"]:
                    continue
                sent, elsewhere = _sent_before(connection, alert, person, row["published_at"])
                # The cool-down looked at other events as they stood then, which is not kept.
                if elsewhere:
                    continue
                expected = self._expects(alert, row, person, profiles, sent)
                if expected != (person.person_id in has):
                    yield _difference(alert, person, expected)

    def _expects(
        self, alert: Alert, row: RowMapping, person: Person, profiles: list[Profile],
        sent: SentSoFar,
    ) -> bool:  # fmt: skip
        at: datetime = row["published_at"]
        judged = [(p.name, decide(alert, p, person, sent, at, self._policy)) for p in profiles]
        verdict, _ = merged(judged)
        return not isinstance(verdict, Skip)


def _difference(alert: Alert, person: Person, expected: bool) -> Difference:
    what = "should have been sent and was not" if expected else "was sent and should not have been"
    key = f"{alert.event_id}:{alert.revision}:{person.person_id}"
    return Difference(
        key, f"revision {alert.revision} of {alert.ref} to person {person.person_id} {what}"
    )


def _changes_of_people(connection: Connection) -> dict[str, datetime]:
    query = select(PERSONS.c.person_id, PERSONS.c.changed_at)
    return {row[0]: row[1] for row in connection.execute(query)}


def _sent_before(
    connection: Connection, alert: Alert, person: Person, at: datetime
) -> tuple[SentSoFar, bool]:
    """Return what a person had been told of an event, and whether of its settlement otherwise."""
    rank, elsewhere, latest = NEVER_TOLD, False, 0
    place = (alert.settlement_id, alert.kind.value)
    for delivery in deliveries_in(
        connection, with_bytes=False, person_id=person.person_id, state=TOLD
    ):
        if delivery.event_id != alert.event_id:
            same_place = (delivery.settlement_id, delivery.kind) == place
            elsewhere = elsewhere or (delivery.settlement_id is not None and same_place)
        elif delivery.revision < alert.revision and _was_told(delivery, at):
            rank, latest = rank.joined(delivery.rank), max(latest, delivery.revision)
    outdated = 0 < latest < last_correction(connection, alert)
    return replace(NOTHING_SENT, event=rank, place=rank, outdated=outdated), elsewhere


def _was_told(delivery: Delivery, at: datetime) -> bool:
    return delivery.dotted_at is not None and delivery.dotted_at <= at


def _unretracted(connection: Connection, alert: Alert) -> Iterator[Difference]:
    """Yield everybody who may have the claim and was not sent its retraction."""
    rows = deliveries_in(connection, with_bytes=False, event_id=alert.event_id)
    told = {
        (row.person_id, row.channel)
        for row in rows
        if row.dotted_at is not None and row.audience != "desk" and row.revision < alert.revision
    }
    owed = told - {(row.person_id, row.channel) for row in rows if row.reason == "retracted"}
    for person_id, _ in sorted(owed):
        yield Difference(
            f"{alert.event_id}:retraction:{person_id}",
            f"person {person_id} may have {alert.ref} and was not sent its retraction",
        )


def _stuck(connection: Connection, now: datetime) -> Iterator[Difference]:
    held = DeliveryState.HELD.value
    waiting = [state.value for state in OPEN if state.value != held]
    query = select(DELIVERIES).where(DELIVERIES.c.state.in_(waiting))
    for row in connection.execute(query).mappings():
        limit = OLDEST_DOUBT if row["state"] == DeliveryState.UNKNOWN.value else OLDEST_OPEN
        if now - row["changed_at"] > limit:
            yield Difference(
                f"delivery:{row['delivery_id']}",
                f"delivery {row['delivery_id']} has been {row['state']} since "
                f"{row['changed_at']:%Y-%m-%d %H:%M}: {row['last_error'] or 'no error is known'}",
            )
    yield from _forgotten(connection, now)
    untold = select(ALERTS.c.ref, ALERTS.c.changed_at).where(
        ALERTS.c.told_revision < ALERTS.c.revision, ALERTS.c.changed_at < now - OLDEST_UNTOLD
    )
    for ref, changed_at in connection.execute(untold):
        yield Difference(
            f"untold:{ref}",
            f"alert {ref} changed at {changed_at:%Y-%m-%d %H:%M} and was not dealt with since",
        )


def _forgotten(connection: Connection, now: datetime) -> Iterator[Difference]:
    """Yield what was held until a time that has passed, for people who are there."""
    query = (
        select(DELIVERIES.c.delivery_id, DELIVERIES.c.hold_reason, DELIVERIES.c.not_before)
        .join(PERSONS, PERSONS.c.person_id == DELIVERIES.c.person_id)
        .where(PERSONS.c.state == PersonState.ACTIVE.value)
        .where(DELIVERIES.c.state == DeliveryState.HELD.value)
        .where(DELIVERIES.c.hold_reason != "recall", DELIVERIES.c.not_before < now - OLDEST_OPEN)
    )
    for delivery_id, reason, until in connection.execute(query):
        yield Difference(
            f"held:{delivery_id}",
            f"delivery {delivery_id} was held ({reason}) until {until:%Y-%m-%d %H:%M}, "
            "and nobody has released it",
        )


def _numbers_missing(connection: Connection) -> Iterator[Difference]:
    """Yield people whose series of numbers has a gap, or a number without a row."""
    counted = (
        select(DELIVERIES.c.person_id, func.count(), func.max(DELIVERIES.c.number))
        .where(DELIVERIES.c.number.is_not(None))
        .group_by(DELIVERIES.c.person_id)
    )
    rows = {row[0]: (row[1], row[2]) for row in connection.execute(counted)}
    people = select(PERSONS.c.person_id, PERSONS.c.last_number, PERSONS.c.numbers_lost)
    for person_id, last, lost in connection.execute(people):
        count, highest = rows.get(person_id, (0, 0))
        # What a restored backup could not account for was noted when it was put back.
        whole = count + lost == last if lost else count == highest == last
        if not whole:
            yield Difference(
                f"numbers:{person_id}",
                f"person {person_id} was given numbers up to {last}; the outbox has {count} "
                f"of them, up to {highest}",
            )


def _carried_by_nobody(connection: Connection) -> Iterator[Difference]:
    """Yield deliveries whose digest does not exist, or will never leave."""
    gone = {DeliveryState.CANCELLED, DeliveryState.SUPERSEDED, DeliveryState.DEAD}
    for delivery in deliveries_in(connection, state=DeliveryState.IN_DIGEST.value):
        carriers = deliveries_in(connection, delivery_id=delivery.carried_by or "")
        if not carriers or carriers[0].state in gone:
            yield Difference(
                f"carried:{delivery.delivery_id}",
                f"delivery {delivery.delivery_id} is told by a digest that never leaves",
            )
