"""Changed alerts become revisions and deliveries, in one transaction each; nothing is sent here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby

import structlog
from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy.exc import IntegrityError

from alerts.alert import Action, Alert, AlertEvent, Status
from alerts.disclosure import tlp_of
from alerts.grading import rank_of
from alerts.journal import noted
from alerts.keys import Keyring
from alerts.outbox import (
    Delivery,
    DeliveryState,
    add_deliveries,
    add_delivery,
    cancel_unsent,
    deliveries_in,
    delivery_id_of,
    holders_of,
    supersede_earlier,
)
from alerts.payload import payload_of, sha256_of
from alerts.silences import silenced_until
from alerts.store import AlertStore, alert_in, events_since_told, mark_told
from alerts.subscribers import Watcher, ensure_desk, people_addressed, profiles_in, watchers
from alerts.subscription import (
    IN_ONE_MAIL,
    NOTHING_SENT,
    Hold,
    Person,
    PersonState,
    Send,
    SentSoFar,
    Skip,
    SubscriptionPolicy,
    Verdict,
    correction_for,
    decide,
    merged,
)
from alerts.tables import DECISIONS, REVISIONS
from alerts.told import sent_so_far
from aoi.database import writing

logger = structlog.get_logger(__name__)

Row = dict[str, object]

STANDING = (Status.PROVISIONAL, Status.CONFIRMED)

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
    skipped: tuple[Row, ...] = ()
    """Rows of every Hold and Skip, each with its reason."""


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
            try:
                written += self._deal_with(waiting.event_id, now)
            except IntegrityError:
                # Another service wrote the same revision at this moment; what it wrote stands,
                # nothing of ours does. Were it anything else, the next round would say so again.
                logger.warning("revision dealt with elsewhere", event_id=waiting.event_id)
        return written

    def _deal_with(self, event_id: str, now: datetime) -> int:
        with writing(self._engine) as connection:
            alert = alert_in(connection, event_id)
            count = self._publish(connection, alert, now)
            mark_told(connection, alert.event_id, alert.revision)
        logger.info("revision dealt with", event_id=event_id, deliveries=count)
        return count

    def catch_up(self, person: Person, since: datetime, now: datetime) -> int:
        """Queue one summary of what stands for somebody who just came; return of how many alerts.

        By mail it is one digest, with the age of each event; a program gets each
        by itself. Whatever they were sent already is not sent again.
        """
        willing = replace(person, state=PersonState.ACTIVE)
        policy, written = self._policy.subscriptions, 0
        standing = self._alerts.alerts(states=STANDING)
        with writing(self._engine) as connection:
            profiles = [
                replace(one, starts_at=since) for one in profiles_in(connection, person.person_id)
            ]
            for alert in standing:
                known = deliveries_in(
                    connection, event_id=alert.event_id, person_id=person.person_id
                )
                judged = [
                    (one.name, decide(alert, one, willing, NOTHING_SENT, now, policy))
                    for one in profiles
                ]
                verdict, names = merged(judged) if judged else (Skip("area"), ())
                if known or isinstance(verdict, Skip):
                    continue
                _ensure_revision(connection, alert, "published", now)
                how = Hold("digest", now, "first") if person.channel == "email" else Send("first")
                delivery = self._maker(alert, now).delivery(person, how, names)
                written += add_delivery(connection, delivery, now)
        return written

    def _publish(self, connection: Connection, alert: Alert, now: datetime) -> int:
        news = _news(connection, alert)
        if not news or alert.status is Status.REJECTED:
            return 0
        if alert.status is Status.RETRACTED:
            mailing = self._retraction(connection, alert, now)
        else:
            # A doubt is the desk's own: readers hear of what comes of it.
            doubted = all(event.action is Action.QUESTION for event in news)
            mailing = Mailing() if doubted else self._mailing(connection, alert, now)
            if _is_for_the_desk(alert, news):
                mailing = self._with_desk(connection, alert, mailing, now)
        self._write(connection, alert, mailing, now)
        return len(mailing.deliveries)

    def _mailing(self, connection: Connection, alert: Alert, now: datetime) -> Mailing:
        policy = self._policy
        sent = sent_so_far(
            connection, alert, now, policy.cool_down, policy.subscriptions.group_interval
        )
        judge = Judge(
            alert, now, self._policy.subscriptions, silenced_until(connection, alert, now)
        )
        maker = self._maker(alert, now)
        deliveries: list[Delivery] = []
        skipped: list[Row] = []
        everybody = groupby(watchers(connection, alert), key=lambda one: one.person_id)
        for person_id, group in everybody:
            mine = list(group)
            so_far = sent.get(person_id, NOTHING_SENT)
            if so_far.outdated:
                continue
            judged = [(one.name, judge.verdict(one, so_far)) for one in mine]
            skipped += [
                _decision_row(alert, one, verdict, now)
                for one, (_, verdict) in zip(mine, judged, strict=True)
                if not isinstance(verdict, Send)
            ]
            verdict, names = merged(judged)
            if not isinstance(verdict, Skip):
                deliveries.append(maker.delivery(mine[0], verdict, names))
        deliveries += self._corrections(connection, alert, sent, now)
        return Mailing(tuple(deliveries), tuple(skipped))

    def _corrections(
        self, connection: Connection, alert: Alert, sent: Mapping[str, SentSoFar], now: datetime
    ) -> list[Delivery]:
        """Return one message to each who has what is no longer so, whatever they ask for now."""
        if not any(so_far.outdated for so_far in sent.values()):
            return []
        policy, maker = self._policy.subscriptions, self._maker(alert, now)
        corrections = []
        for person_id, person in people_addressed(connection, alert.event_id).items():
            so_far = sent.get(person_id, NOTHING_SENT)
            if person.desk or not so_far.outdated:
                continue
            verdict = correction_for(alert, person, so_far, now, policy)
            if not isinstance(verdict, Skip):
                corrections.append(maker.delivery(person, verdict, ()))
        return corrections

    def _with_desk(
        self, connection: Connection, alert: Alert, mailing: Mailing, now: datetime
    ) -> Mailing:
        desk = ensure_desk(
            connection, self._policy.analysts, self._policy.channel,
            self._keys.derived("person"), now,
        )  # fmt: skip
        maker = self._maker(alert, now)
        notices = tuple(maker.delivery(person, Send("notice"), ()) for person in desk)
        return replace(mailing, deliveries=mailing.deliveries + notices)

    def _retraction(self, connection: Connection, alert: Alert, now: datetime) -> Mailing:
        """Return one message to exactly those who may have the claim, whatever they are now."""
        holders = holders_of(connection, alert.event_id)
        cancel_unsent(connection, alert.event_id, "the alert was retracted", now)
        people = people_addressed(connection, alert.event_id)
        maker, why = self._maker(alert, now), Send("retracted")
        return Mailing(
            tuple(
                replace(maker.delivery(people[person_id], why, ()), audience=audience)
                for person_id, _, audience in holders
            )
        )

    def _maker(self, alert: Alert, now: datetime) -> DeliveryMaker:
        return DeliveryMaker(alert, now, self._keys.derived("delivery"))

    def _write(self, connection: Connection, alert: Alert, mailing: Mailing, now: datetime) -> None:
        if mailing.skipped:
            connection.execute(insert(DECISIONS), list(mailing.skipped))
        # Feeds and CAP are pulled: what was released is a revision although nobody is sent it.
        if not mailing.deliveries and alert.released_at is None:
            return
        reason = mailing.deliveries[0].reason if mailing.deliveries else "published"
        _ensure_revision(connection, alert, reason, now)
        add_deliveries(connection, mailing.deliveries, now)
        supersede_earlier(connection, alert.event_id, alert.revision, now)


class Judge:
    """Decides for many people, once for each wish that they share."""

    def __init__(
        self, alert: Alert, now: datetime, policy: SubscriptionPolicy,
        silenced_until: datetime | None = None,
    ) -> None:  # fmt: skip
        self._alert = alert
        self._now = now
        self._policy = policy
        self._silenced_until = silenced_until
        self._known: dict[SentSoFar, dict[object, Verdict]] = {}
        self._first = self._known[NOTHING_SENT] = {}

    def verdict(self, watcher: Watcher, sent: SentSoFar) -> Verdict:
        """Return what `decide` says of one profile."""
        # Most were sent nothing: what they were sent is not looked up for each.
        known = self._first if sent is NOTHING_SENT else self._known.setdefault(sent, {})
        verdict = known.get(watcher.wish)
        if verdict is None:
            person, profile = watcher.unpacked()
            verdict = decide(self._alert, profile, person, sent, self._now, self._policy)
            if self._silenced_until is not None:
                verdict = _silenced(verdict, self._silenced_until)
            known[watcher.wish] = verdict
        return verdict


def _silenced(verdict: Verdict, until: datetime) -> Verdict:
    """Return a verdict that holds until a silence has ended, and no shorter than before."""
    match verdict:
        case Send(reason):
            return Hold("silence", until, reason)
        case Hold(reason, held_until, send_reason):
            kept = reason if reason == "embargo" or reason in IN_ONE_MAIL else "silence"
            return Hold(kept, max(until, held_until), send_reason)
        case Skip():
            return verdict


class DeliveryMaker:
    """Makes the rows of one revision; what they share is worked out once."""

    def __init__(self, alert: Alert, now: datetime, key: bytes) -> None:
        self._alert = alert
        self._now = now
        self._key = key
        self._rank = rank_of(alert)

    def delivery(
        self, reader: Watcher | Person, verdict: Send | Hold, profiles: tuple[str, ...]
    ) -> Delivery:
        """Return one delivery, held if the verdict says so."""
        alert, now = self._alert, self._now
        held = isinstance(verdict, Hold)
        return Delivery(
            delivery_id=delivery_id_of(
                alert.event_id, alert.revision, reader.person_id, reader.channel, self._key
            ),
            event_id=alert.event_id,
            revision=alert.revision,
            person_id=reader.person_id,
            channel=reader.channel,
            audience=reader.clearance,
            reason=verdict.send_reason if isinstance(verdict, Hold) else verdict.reason,
            profiles=profiles,
            rank=self._rank,
            settlement_id=alert.settlement_id,
            kind=alert.kind.value,
            state=DeliveryState.HELD if held else DeliveryState.QUEUED,
            hold_reason=verdict.reason if held else "",
            created_at=now,
            changed_at=now,
            not_before=verdict.until if isinstance(verdict, Hold) else now,
        )


def _news(connection: Connection, alert: Alert) -> list[AlertEvent]:
    """Return the acts since the last revision that was dealt with that a reader may hear of."""
    return [
        event
        for event in events_since_told(connection, alert.event_id)
        if event.reason not in QUIET_REASONS and not _says_it_again(event)
    ]


def _says_it_again(event: AlertEvent) -> bool:
    return event.action is Action.CONFIRM and event.before is Status.CONFIRMED


def _is_for_the_desk(alert: Alert, news: Sequence[AlertEvent]) -> bool:
    wakes = {Action.RAISE, Action.ABSORB, Action.QUESTION, Action.RESUME}
    waiting = alert.needs_review and alert.status in (Status.PROVISIONAL, Status.CONFIRMED)
    return waiting and any(event.action in wakes for event in news)


def _ensure_revision(connection: Connection, alert: Alert, reason: str, now: datetime) -> None:
    """Keep what an alert says now as a revision, if nobody was sent it before."""
    query = select(REVISIONS.c.revision).where(
        REVISIONS.c.event_id == alert.event_id, REVISIONS.c.revision == alert.revision
    )
    if connection.execute(query).first() is None:
        _write_revision(connection, alert, reason, now)
        noted(
            connection, "published", event_id=alert.event_id, revision=alert.revision,
            reason=reason, at=now,
        )  # fmt: skip


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


def _decision_row(alert: Alert, watcher: Watcher, verdict: Verdict, now: datetime) -> Row:
    return {
        "event_id": alert.event_id,
        "revision": alert.revision,
        "person_id": watcher.person_id,
        "profile_id": watcher.profile_id,
        "outcome": type(verdict).__name__.lower(),
        "reason": verdict.reason,
        "hold_until": verdict.until if isinstance(verdict, Hold) else None,
        "at": now,
    }
