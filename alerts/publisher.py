"""Changed alerts become revisions and deliveries, in one transaction each; nothing is sent here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection, Engine, func, insert, select

from alerts.alert import Action, Alert, AlertEvent, Status
from alerts.disclosure import tlp_of
from alerts.grading import NEVER_TOLD, Rank, rank_of
from alerts.keys import Keyring
from alerts.notes import NOTE
from alerts.outbox import (
    OPEN,
    TOLD,
    Delivery,
    DeliveryState,
    add_delivery,
    cancel_unsent,
    deliveries_in,
    delivery_id_of,
    holders_of,
)
from alerts.payload import payload_of, sha256_of
from alerts.store import AlertStore, alert_in, alerts_in, events_since_told, mark_told
from alerts.subscribers import ensure_desk, person_of, watching
from alerts.subscription import (
    NOTHING_SENT,
    Hold,
    Person,
    Profile,
    Send,
    SentSoFar,
    Skip,
    SubscriptionPolicy,
    Verdict,
    decide,
    merged,
)
from alerts.tables import DECISIONS, DELIVERIES, PERSONS, REVISIONS
from aoi.database import writing
from monitor.finding import FindingKind

logger = structlog.get_logger(__name__)

QUIET_REASONS = frozenset({"noted", "unsure"})
"""Acts that no reader need hear of."""


@dataclass(frozen=True, slots=True)
class PublisherPolicy:
    """Who hears by which way. From ``[alerts]`` and ``[email]`` in config.toml."""

    analysts: tuple[str, ...] = ()
    """Addresses of the desk, told of provisional findings."""

    channel: str = "email"
    """Channel of the desk's own notices."""

    cool_down: timedelta = timedelta(days=7)
    """Time in which a settlement and kind is not repeated to a person, unless it grew worse."""

    subscriptions: SubscriptionPolicy = field(default_factory=SubscriptionPolicy)


@dataclass(frozen=True, slots=True)
class Mailing:
    """Who gets one revision of an alert, and what was decided about the others."""

    deliveries: tuple[Delivery, ...] = ()
    skipped: tuple[tuple[Person, Profile, Verdict], ...] = ()


class Publisher:
    """Publishes what was released, notifies the desk, and withdraws what was retracted.

    Parameters
    ----------
    engine : Engine
    keys : Keyring
        Secrets that identifiers of deliveries and people are made with.
    policy : PublisherPolicy
    """

    def __init__(self, engine: Engine, keys: Keyring, policy: PublisherPolicy) -> None:
        self._engine = engine
        self._keys = keys
        self._policy = policy
        self._alerts = AlertStore(engine)

    def publish_released(self, now: datetime) -> int:
        """Deal with every alert that changed; return how many deliveries were written.

        A revision and all its deliveries are one transaction: what was
        published once is never published by halves, nor twice.
        """
        written = 0
        for waiting in self._alerts.untold():
            with writing(self._engine) as connection:
                alert = alert_in(connection, waiting.event_id)
                count = self._publish(connection, alert, now)
                mark_told(connection, alert.event_id, alert.revision)
            written += count
            logger.info("revision dealt with", event_id=alert.event_id, deliveries=count)
        return written

    def _publish(self, connection: Connection, alert: Alert, now: datetime) -> int:
        news = _news(connection, alert)
        if not news or alert.status is Status.REJECTED:
            return 0
        if alert.status is Status.RETRACTED:
            mailing = self._retraction(connection, alert, now)
        else:
            mailing = self._mailing(connection, alert, now)
            if _is_for_the_desk(alert, news):
                mailing = self._with_desk(connection, alert, mailing, now)
        self._write(connection, alert, mailing, now)
        return len(mailing.deliveries)

    def _mailing(self, connection: Connection, alert: Alert, now: datetime) -> Mailing:
        sent = _sent_so_far(connection, alert, now, self._policy.cool_down)
        deliveries: list[Delivery] = []
        skipped: list[tuple[Person, Profile, Verdict]] = []
        for person, profiles in watching(connection, alert):
            so_far = sent.get(person.person_id, NOTHING_SENT)
            verdicts = [
                (p, decide(alert, p, person, so_far, now, self._policy.subscriptions))
                for p in profiles
            ]
            skipped += [(person, p, v) for p, v in verdicts if not isinstance(v, Send)]
            verdict, names = merged(verdicts)
            match verdict:
                case Send(reason):
                    deliveries.append(self._delivery(alert, person, reason, names, now))
                case Hold(hold_reason, until, reason):
                    held = self._delivery(alert, person, reason, names, now)
                    deliveries.append(
                        replace(
                            held, state=DeliveryState.HELD, hold_reason=hold_reason,
                            not_before=until,
                        )
                    )  # fmt: skip
                case Skip():
                    pass
        return Mailing(tuple(deliveries), tuple(skipped))

    def _with_desk(
        self, connection: Connection, alert: Alert, mailing: Mailing, now: datetime
    ) -> Mailing:
        desk = ensure_desk(
            connection, self._policy.analysts, self._policy.channel,
            self._keys.derived("person"), now,
        )  # fmt: skip
        notices = tuple(self._delivery(alert, person, "notice", (), now) for person in desk)
        return replace(mailing, deliveries=mailing.deliveries + notices)

    def _retraction(self, connection: Connection, alert: Alert, now: datetime) -> Mailing:
        """Return one message to exactly those who may have the claim, whatever they are now."""
        holders = holders_of(connection, alert.event_id)
        cancel_unsent(connection, alert.event_id, "the alert was retracted", now)
        rows = connection.execute(
            select(PERSONS).where(PERSONS.c.person_id.in_([holder[0] for holder in holders]))
        )
        people = {row["person_id"]: person_of(row) for row in rows.mappings()}
        return Mailing(
            tuple(
                replace(
                    self._delivery(alert, people[person_id], "retracted", (), now),
                    channel=channel,
                    audience=audience,
                )
                for person_id, channel, audience in holders
            )
        )

    def _delivery(
        self, alert: Alert, person: Person, reason: str, profiles: tuple[str, ...], now: datetime
    ) -> Delivery:
        return Delivery(
            delivery_id=delivery_id_of(
                alert.event_id, alert.revision, person.person_id, person.channel,
                self._keys.derived("delivery"),
            ),
            event_id=alert.event_id,
            revision=alert.revision,
            person_id=person.person_id,
            channel=person.channel,
            audience=person.clearance,
            reason=reason,
            profiles=profiles,
            rank=rank_of(alert),
            settlement_id=alert.settlement_id,
            kind=alert.kind.value,
            state=DeliveryState.QUEUED,
            hold_reason="",
            created_at=now,
            changed_at=now,
            not_before=now,
        )  # fmt: skip

    def _write(self, connection: Connection, alert: Alert, mailing: Mailing, now: datetime) -> None:
        for person, profile, verdict in mailing.skipped:
            connection.execute(
                insert(DECISIONS).values(**_decision_row(alert, person, profile, verdict, now))
            )
        if not mailing.deliveries:
            return
        _write_revision(connection, alert, mailing.deliveries[0].reason, now)
        cancel_unsent(
            connection, alert.event_id, f"replaced by revision {alert.revision}", now,
            state=DeliveryState.SUPERSEDED,
            person_ids=[delivery.person_id for delivery in mailing.deliveries],
            before_revision=alert.revision,
        )  # fmt: skip
        for delivery in mailing.deliveries:
            add_delivery(connection, delivery, now)


def _news(connection: Connection, alert: Alert) -> list[AlertEvent]:
    """Return the acts since the last revision that was dealt with that a reader may hear of."""
    return [
        event
        for event in events_since_told(connection, alert.event_id)
        if event.reason not in QUIET_REASONS
    ]


def _is_for_the_desk(alert: Alert, news: Sequence[AlertEvent]) -> bool:
    wakes = {Action.RAISE, Action.ABSORB, Action.QUESTION, Action.RESUME}
    waiting = alert.needs_review and alert.status in (Status.PROVISIONAL, Status.CONFIRMED)
    return waiting and any(event.action in wakes for event in news)


def _write_revision(connection: Connection, alert: Alert, reason: str, now: datetime) -> None:
    payload = payload_of(alert)
    connection.execute(
        insert(REVISIONS).values(
            event_id=alert.event_id,
            revision=alert.revision,
            kind=alert.kind.value,
            status=alert.status.value,
            reason=reason,
            tlp=tlp_of(alert).value,
            payload=payload,
            payload_sha256=sha256_of(payload),
            published_at=now,
        )
    )


def _decision_row(
    alert: Alert, person: Person, profile: Profile, verdict: Verdict, now: datetime
) -> dict[str, object]:
    held_until = verdict.until if isinstance(verdict, Hold) else None
    return {
        "event_id": alert.event_id,
        "revision": alert.revision,
        "person_id": person.person_id,
        "profile_id": profile.profile_id,
        "outcome": type(verdict).__name__.lower(),
        "reason": verdict.reason,
        "hold_until": held_until,
        "at": now,
    }


def _sent_so_far(
    connection: Connection, alert: Alert, now: datetime, cool_down: timedelta
) -> dict[str, SentSoFar]:
    """Return what each person was sent of this event and place, from the outbox."""
    sent: dict[str, SentSoFar] = {}
    for delivery in deliveries_in(connection, event_id=alert.event_id, state=TOLD):
        known = sent.get(delivery.person_id, NOTHING_SENT)
        rank = known.event.joined(_told_rank(delivery))
        sent[delivery.person_id] = replace(known, event=rank, place=known.place.joined(rank))
    withdrawn = _withdrawn_events(connection, alert)
    for delivery in _told_of_settlement(connection, alert, now - cool_down):
        if delivery.event_id not in withdrawn:
            known = sent.get(delivery.person_id, NOTHING_SENT)
            sent[delivery.person_id] = _with_neighbour(known, delivery, alert)
    for person_id, count in _counts(connection, now - timedelta(days=1)):
        sent[person_id] = replace(sent.get(person_id, NOTHING_SENT), in_last_day=count)
    for person_id, count in _counts(connection, now - timedelta(hours=1)):
        sent[person_id] = replace(sent.get(person_id, NOTHING_SENT), in_last_hour=count)
    return sent


def _told_of_settlement(connection: Connection, alert: Alert, since: datetime) -> list[Delivery]:
    """Return what was sent of other events of the settlement."""
    if alert.settlement_id is None:
        return []
    told = deliveries_in(connection, settlement_id=alert.settlement_id, state=TOLD)
    return [d for d in told if d.event_id != alert.event_id and d.created_at > since]


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


AT_ONCE = TOLD | OPEN - {DeliveryState.HELD, DeliveryState.IN_DIGEST}
"""What went out, or is about to, as a message of its own."""


def _counts(connection: Connection, since: datetime) -> list[tuple[str, int]]:
    query = (
        select(DELIVERIES.c.person_id, func.count())
        .where(DELIVERIES.c.created_at > since, DELIVERIES.c.kind != NOTE)
        .where(DELIVERIES.c.state.in_([state.value for state in AT_ONCE]))
        .group_by(DELIVERIES.c.person_id)
    )
    return [(row[0], row[1]) for row in connection.execute(query)]
