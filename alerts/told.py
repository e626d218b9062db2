"""What people were told already, as the outbox has it: never recomputed history (ALERTS 2.4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from alerts.alert import Action, Alert
from alerts.grading import NEVER_TOLD, Rank
from alerts.notes import NOTE
from alerts.outbox import OPEN, TOLD, Delivery, DeliveryState, deliveries_in
from alerts.store import alerts_in
from alerts.subscription import NOTHING_SENT, SentSoFar
from alerts.tables import ALERT_EVENTS, ALERTS, DELIVERIES
from monitor.finding import FindingKind

AT_ONCE = TOLD | OPEN - {DeliveryState.HELD, DeliveryState.IN_DIGEST}
"""What went out, or is about to, as a message of its own."""


def sent_so_far(
    connection: Connection, alert: Alert, now: datetime, cool_down: timedelta,
    group_interval: timedelta,
) -> dict[str, SentSoFar]:  # fmt: skip
    """Return what each person was sent of this event and place."""
    sent: dict[str, SentSoFar] = {}
    for delivery in _told(connection, alert):
        known = sent.get(delivery.person_id, NOTHING_SENT)
        rank = known.event.joined(_told_rank(delivery))
        last_at = max(filter(None, (known.last_at, delivery.dotted_at)), default=None)
        sent[delivery.person_id] = replace(
            known, event=rank, place=known.place.joined(rank), last_at=last_at
        )
    for person_id in _outdated(connection, alert):
        sent[person_id] = replace(sent[person_id], outdated=True)
    withdrawn = _withdrawn_events(connection, alert)
    for delivery in _told_of_settlement(connection, alert, now - cool_down):
        if delivery.event_id not in withdrawn:
            known = sent.get(delivery.person_id, NOTHING_SENT)
            sent[delivery.person_id] = _with_neighbour(known, delivery, alert)
    for person_id, count in _counts(connection, now - timedelta(days=1)):
        sent[person_id] = replace(sent.get(person_id, NOTHING_SENT), in_last_day=count)
    for person_id, count in _counts(connection, now - timedelta(hours=1)):
        sent[person_id] = replace(sent.get(person_id, NOTHING_SENT), in_last_hour=count)
    for person_id, last_at in _last_of_area(connection, alert, now - group_interval):
        sent[person_id] = replace(sent.get(person_id, NOTHING_SENT), area_last_at=last_at)
    return sent


def _told(connection: Connection, alert: Alert) -> list[Delivery]:
    return deliveries_in(connection, with_bytes=False, event_id=alert.event_id, state=TOLD)


def last_correction(connection: Connection, alert: Alert) -> int:
    """Return the revision in which a person last corrected place or time, 0 if nobody did."""
    query = select(func.max(ALERT_EVENTS.c.revision)).where(
        ALERT_EVENTS.c.event_id == alert.event_id,
        ALERT_EVENTS.c.action == Action.CORRECT.value,
        ALERT_EVENTS.c.revision <= alert.revision,
    )
    return connection.scalar(query) or 0


def _outdated(connection: Connection, alert: Alert) -> list[str]:
    """Return who was told of the event, and not since a person last corrected it."""
    corrected = last_correction(connection, alert)
    if not corrected:
        return []
    told: dict[str, int] = {}
    for delivery in _told(connection, alert):
        told[delivery.person_id] = max(told.get(delivery.person_id, 0), delivery.revision)
    return [person_id for person_id, revision in told.items() if revision < corrected]


def _told_of_settlement(connection: Connection, alert: Alert, since: datetime) -> list[Delivery]:
    """Return what was sent of other events of the settlement."""
    if alert.settlement_id is None:
        return []
    told = deliveries_in(
        connection, with_bytes=False, settlement_id=alert.settlement_id, state=TOLD
    )
    # What was split off was told as part of another alert, which no longer says it.
    same = (alert.event_id, alert.split_from)
    return [d for d in told if d.event_id not in same and d.created_at > since]


def _withdrawn_events(connection: Connection, alert: Alert) -> set[str]:
    """Return the events of the area that were taken back: what was said of them is void."""
    near = alerts_in(connection, alert.aoi_id)
    return {other.event_id for other in near if not other.standing}


def _with_neighbour(known: SentSoFar, delivery: Delivery, alert: Alert) -> SentSoFar:
    if delivery.kind == alert.kind.value:
        return replace(known, place=known.place.joined(_told_rank(delivery)))
    burned = delivery.kind == FindingKind.BURN.value and delivery.rank.status >= 2
    if burned and alert.kind is FindingKind.HOTSPOTS:
        return replace(known, inhibited_by=delivery.event_id)
    return known


def _told_rank(delivery: Delivery) -> Rank:
    return NEVER_TOLD if delivery.reason == "retracted" else delivery.rank


def _last_of_area(
    connection: Connection, alert: Alert, since: datetime
) -> list[tuple[str, datetime]]:
    """Return when each person was last told of another event of the area."""
    query = (
        select(DELIVERIES.c.person_id, func.max(DELIVERIES.c.created_at))
        .join(ALERTS, ALERTS.c.event_id == DELIVERIES.c.event_id)
        .where(ALERTS.c.aoi_id == alert.aoi_id, ALERTS.c.event_id != alert.event_id)
        .where(DELIVERIES.c.created_at > since, DELIVERIES.c.reason != "retracted")
        .where(DELIVERIES.c.state.in_([state.value for state in AT_ONCE]))
        .group_by(DELIVERIES.c.person_id)
    )
    return [(row[0], row[1]) for row in connection.execute(query)]


def _counts(connection: Connection, since: datetime) -> list[tuple[str, int]]:
    query = (
        select(DELIVERIES.c.person_id, func.count())
        .where(DELIVERIES.c.created_at > since, DELIVERIES.c.kind != NOTE)
        .where(DELIVERIES.c.state.in_([state.value for state in AT_ONCE]))
        .group_by(DELIVERIES.c.person_id)
    )
    return [(row[0], row[1]) for row in connection.execute(query)]
