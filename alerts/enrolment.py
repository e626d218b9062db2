"""People come and go: added, confirmed, paused, unsubscribed; and what they would get."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import available_timezones

import structlog
from sqlalchemy import Connection, Engine, func, select

from alerts.addresses import clean_address
from alerts.alert import Alert
from alerts.disclosure import AUDIENCES, LOWEST
from alerts.errors import BadToken, InvalidAddress, UnknownSubscriber
from alerts.farewell import tell_of_leaving, warn_of_look_alikes
from alerts.formats.text import Paragraph
from alerts.grading import Severity
from alerts.keys import Keyring
from alerts.notes import Note, queue_note
from alerts.outbox import cancel_unsent_to
from alerts.store import AlertStore
from alerts.subscribers import (
    person_id_of,
    person_of,
    persons_in,
    profiles_in,
    put_person,
    put_profile,
)
from alerts.subscription import (
    ALL_BUT_HOTSPOTS,
    Person,
    PersonState,
    Profile,
    SentSoFar,
    SubscriptionPolicy,
    Verdict,
    decide,
    merged,
)
from alerts.tables import DELIVERIES, PERSONS
from alerts.tokens import Purpose, claim_of
from alerts.words import LANGUAGES, Speech, plain
from aoi.database import reading, writing
from aoi.registry import AoiRegistry
from monitor.finding import FindingKind, Tier

logger = structlog.get_logger(__name__)

MAX_CONFIRMATIONS_A_DAY = 3

FREQUENCIES = ("immediate", "daily", "weekly")
FORMS = ("full", "light", "text", "notify")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a new subscriber asks for; the defaults of ALERTS 2.5."""

    name: str = "Alerts"
    aois: tuple[str, ...] = ()
    """Empty: every area that is watched now. Areas added later are not."""

    kinds: tuple[FindingKind, ...] = ALL_BUT_HOTSPOTS
    min_severity: Severity = Severity.MODERATE
    min_tier: Tier = Tier.B
    unreviewed: bool = False
    frequency: str = "immediate"
    updates: bool = True
    language: str = "en"
    form: str = "full"
    attachments: bool = True
    time_zone: str = "UTC"
    clearance: str | None = None
    """Set by operators only; None keeps what the person has, and is the lowest for a new one."""

    organisation: str = ""
    units: tuple[str, ...] = ()
    """P-codes, or the start of one, watched beside the areas."""

    night_severity: Severity | None = None
    """By night, in the person's own time zone, only this and worse is sent at once."""

    day_hours: tuple[int, int] = (7, 22)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a person would have been sent of one alert, and why (not)."""

    alert: Alert
    verdict: Verdict
    profiles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EnrolmentPolicy:
    """From ``[alerts]`` in config.toml."""

    operators: tuple[str, ...] = ()
    subscriptions: SubscriptionPolicy = field(default_factory=SubscriptionPolicy)


class Enrolment:
    """Keeps the list of people. Every way in takes an address or a person's identifier.

    Parameters
    ----------
    engine : Engine
    registry : AoiRegistry
    keys : Keyring
    policy : EnrolmentPolicy
    """

    def __init__(
        self, engine: Engine, registry: AoiRegistry, keys: Keyring,
        policy: EnrolmentPolicy | None = None,
    ) -> None:  # fmt: skip
        self._engine = engine
        self._registry = registry
        self._keys = keys
        self._policy = policy or EnrolmentPolicy()

    def add(
        self, address: str, wish: Wish, now: datetime, *, channel: str = "email",
        confirmed: bool = False,
    ) -> Person:  # fmt: skip
        """Add a person, or one more profile to one who is there.

        A new address is asked by mail to confirm, and gets nothing until it
        did; an operator who has its owner's word may say `confirmed`.

        Raises
        ------
        InvalidAddress, UnknownAoi
        """
        kept = clean_address(address) if channel == "email" else address
        _require_sound(wish)
        aois = () if wish.units and not wish.aois else self._named(wish.aois)
        person_id = person_id_of(channel, kept, self._keys.derived("person"))
        state = PersonState.ACTIVE if confirmed else PersonState.PENDING
        with writing(self._engine) as connection:
            known = _person_in(connection, person_id)
            person = _joined(known, wish) if known else _new(person_id, channel, kept, wish, state)
            if known and confirmed and known.state is PersonState.PENDING:
                person = replace(person, state=PersonState.ACTIVE)
            put_person(connection, person, now)
            put_profile(connection, _profile(person_id, wish, aois, now))
            if known is None and channel == "email":
                warn_of_look_alikes(connection, person, now)
            if person.state is PersonState.PENDING and channel == "email":
                self._ask(connection, person, now)
        logger.info("subscriber added", person_id=person_id, state=person.state.value)
        return person

    def confirm(self, who: str, now: datetime) -> Person:
        """Begin to send to a person: an operator has the owner's word.

        Raises
        ------
        UnknownSubscriber
        """
        return self._moved(who, PersonState.ACTIVE, now)

    def confirm_by_link(self, token: str, now: datetime) -> Person:
        """Begin to send to the person whose link was followed, and whose button was pressed.

        Raises
        ------
        BadToken
        """
        return self._moved(self._claimed(Purpose.CONFIRM, token, now), PersonState.ACTIVE, now)

    def pause(self, who: str, now: datetime) -> Person:
        """Stop sending until `resume`; what was missed is not sent later.

        Raises
        ------
        UnknownSubscriber
        """
        return self._moved(who, PersonState.PAUSED, now)

    def resume(self, who: str, now: datetime) -> Person:
        """Send again.

        Raises
        ------
        UnknownSubscriber
        """
        return self._moved(who, PersonState.ACTIVE, now)

    def remove(self, who: str, now: datetime) -> Person:
        """Unsubscribe a person. The record of what they were sent stays.

        Raises
        ------
        UnknownSubscriber
        """
        return self._moved(who, PersonState.UNSUBSCRIBED, now)

    def unsubscribe_by_link(self, token: str, now: datetime) -> Person:
        """Unsubscribe the person whose link was followed, and whose button was pressed.

        Raises
        ------
        BadToken
        """
        who = self._claimed(Purpose.UNSUBSCRIBE, token, now)
        return self._moved(who, PersonState.UNSUBSCRIBED, now)

    def person_of_link(self, purpose: Purpose, token: str, now: datetime) -> Person:
        """Return whose link it is; changes nothing, so that a mail scanner may follow it.

        Raises
        ------
        BadToken
        """
        return self.person(self._claimed(purpose, token, now))

    def people(self) -> list[tuple[Person, list[Profile]]]:
        """Return everybody but the desk, with their profiles, by address."""
        with reading(self._engine) as connection:
            return [
                (person, profiles_in(connection, person.person_id))
                for person in persons_in(connection, desk=False)
            ]

    def preview(self, who: str, now: datetime, days: int = 30) -> list[Preview]:
        """Return what the alerts of the last days would have brought a person, and why (not).

        Raises
        ------
        UnknownSubscriber
        """
        person = self.person(who)
        willing = replace(person, state=PersonState.ACTIVE)
        since = now - timedelta(days=days)
        with reading(self._engine) as connection:
            profiles = profiles_in(connection, person.person_id)
        recent = [a for a in AlertStore(self._engine).alerts() if a.changed_at >= since]
        return [
            self._previewed(alert, willing, [replace(p, starts_at=since) for p in profiles], now)
            for alert in reversed(recent)
        ]

    def _previewed(
        self, alert: Alert, person: Person, profiles: Sequence[Profile], now: datetime
    ) -> Preview:
        sent, policy = SentSoFar(), self._policy.subscriptions
        verdict, names = merged(
            [(p.name, decide(alert, p, person, sent, now, policy)) for p in profiles]
        )
        return Preview(alert, verdict, names)

    def _claimed(self, purpose: Purpose, token: str, now: datetime) -> str:
        claim = claim_of(self._keys, purpose, token, now)
        if claim is None:
            raise BadToken("this link does not work", hint="ask for a new one, or use a later mail")
        return claim.person_id

    def person(self, who: str) -> Person:
        """Return one person.

        Raises
        ------
        UnknownSubscriber
        """
        with reading(self._engine) as connection:
            return self._found(connection, who)

    def _found(self, connection: Connection, who: str) -> Person:
        people = persons_in(connection, desk=False)
        for person in people:
            if who == person.person_id or who.lower() == person.address.lower():
                return person
        raise UnknownSubscriber(
            f"nobody is subscribed as {plain(who, 80)!r}", hint="see: emberwatch subscriber list"
        )

    def _moved(self, who: str, state: PersonState, now: datetime) -> Person:
        with writing(self._engine) as connection:
            before = self._found(connection, who)
            person = replace(before, state=state)
            put_person(connection, person, now)
            if state in (PersonState.PAUSED, PersonState.UNSUBSCRIBED):
                why = f"the person is {state}"
                cancel_unsent_to(connection, person.person_id, why, now)
            if state is PersonState.UNSUBSCRIBED and before.state is not state:
                tell_of_leaving(connection, self._keys, person, self._policy.operators, now)
        logger.info("subscriber moved", person_id=person.person_id, state=state.value)
        return person

    def _named(self, aois: Sequence[str]) -> tuple[str, ...]:
        """Return the identifiers of areas, each bigger one by its tiles."""
        if not aois:
            return tuple(area.aoi_id for area in self._registry.all())
        return tuple(
            dict.fromkeys(tile.aoi_id for name in aois for tile in self._registry.group(name))
        )

    def _ask(self, connection: Connection, person: Person, now: datetime) -> None:
        """Queue a confirmation mail, at most three a day: nobody is bombed with them."""
        day = f"confirm-{now:%Y%m%d}"
        asked = connection.execute(
            select(func.count())
            .select_from(DELIVERIES)
            .where(DELIVERIES.c.person_id == person.person_id, DELIVERIES.c.event_id == day)
        ).scalar_one()
        if asked >= MAX_CONFIRMATIONS_A_DAY:
            return
        speech = Speech(person.language, person.time_zone)
        lines = (speech.say("confirm.what"), speech.say("confirm.not"))
        note = Note(
            speech.say("confirm.subject"),
            (
                Paragraph("status", "", (speech.say("confirm.status"),)),
                Paragraph("what", "", lines),
            ),
        )
        queue_note(connection, self._keys, person, day, note, "confirm", now, revision=asked + 1)


def _require_sound(wish: Wish) -> None:
    for what, value, allowed in (
        (
            "clearance",
            wish.clearance or LOWEST,
            tuple(name for name in AUDIENCES if name != "desk"),
        ),
        ("language", wish.language, tuple(LANGUAGES)),
        ("frequency", wish.frequency, FREQUENCIES),
        ("form", wish.form, FORMS),
        ("time zone", wish.time_zone, available_timezones()),
    ):
        if value not in allowed:
            some = "such as Africa/Khartoum" if what == "time zone" else ", ".join(allowed)
            raise InvalidAddress(f"{value[:80]!r} is no {what}", hint=f"use one of: {some}")
    first, last = wish.day_hours
    if not 0 <= first < last <= 24:
        raise InvalidAddress(
            f"a day from {first} to {last}", hint="two hours from 0 to 24, the first one earlier"
        )


def _person_in(connection: Connection, person_id: str) -> Person | None:
    query = select(PERSONS).where(PERSONS.c.person_id == person_id)
    row = connection.execute(query).mappings().first()
    return None if row is None else person_of(row)


def _new(person_id: str, channel: str, address: str, wish: Wish, state: PersonState) -> Person:
    person = Person(person_id, channel, address, state)
    return _joined(person, wish)


def _joined(person: Person, wish: Wish) -> Person:
    """Return the person with how they wish to be written to; who left comes back as pending."""
    gone = person.state is PersonState.UNSUBSCRIBED
    return replace(
        person,
        state=PersonState.PENDING if gone else person.state,
        clearance=wish.clearance or person.clearance,
        organisation=plain(wish.organisation, 120) or person.organisation,
        language=wish.language,
        form=wish.form,
        attachments=wish.attachments,
        time_zone=wish.time_zone,
    )


def _profile(person_id: str, wish: Wish, aois: tuple[str, ...], now: datetime) -> Profile:
    name = plain(wish.name, 120) or "Alerts"
    digest = hashlib.sha256(f"{person_id}|{name}".encode()).hexdigest()
    return Profile(
        profile_id=digest[:24],
        person_id=person_id,
        name=name,
        starts_at=now,
        aois=aois,
        units=wish.units,
        night_severity=wish.night_severity,
        day_hours=wish.day_hours,
        kinds=wish.kinds,
        min_severity=wish.min_severity,
        min_tier=wish.min_tier,
        unreviewed=wish.unreviewed,
        frequency=wish.frequency,
        updates=wish.updates,
    )
