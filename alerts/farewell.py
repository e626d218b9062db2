"""Who hears that people came or left: nobody is silenced, or let in, unseen."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, select

from alerts.addresses import appearance_of
from alerts.formats.text import Paragraph
from alerts.incidents import report_incident
from alerts.keys import Keyring
from alerts.notes import Note, queue_note
from alerts.subscribers import ensure_desk, persons_in, profiles_in
from alerts.subscription import Person, PersonState
from alerts.tables import PERSONS, PROFILE_AREAS, PROFILES
from alerts.words import Speech

EMAIL = "email"
"""Messages in words go by mail alone: a program could do nothing with them."""


def tell_of_leaving(
    connection: Connection, keys: Keyring, person: Person, operators: Iterable[str], now: datetime
) -> None:
    """Tell the organisation's other addresses and the operators; note areas left without reader."""
    others = [
        other
        for other in persons_in(connection, desk=False, state=PersonState.ACTIVE.value)
        if person.organisation
        and other.organisation == person.organisation
        and other.channel == EMAIL
    ]
    desk = ensure_desk(connection, operators, EMAIL, keys.derived("person"), now)
    for other in [*others, *desk]:
        note = _note(person, Speech(other.language, other.time_zone), now)
        queue_note(connection, keys, other, _event_of(person, now), note, "notice", now)
    for aoi_id in _areas_without_readers(connection, person):
        sentence = f"area {aoi_id} has no active recipient any more: its alerts reach nobody"
        report_incident(connection, f"aoi:{aoi_id}:nobody", sentence, now)


def warn_of_look_alikes(connection: Connection, person: Person, now: datetime) -> None:
    """Tell the operator if a new address looks like one of a known house, and is not."""
    domain, looks = _domain_of(person), appearance_of(person.address)
    known = {_domain_of(one) for one in persons_in(connection, desk=False, channel=EMAIL)}
    for other in sorted(known - {domain}):
        if appearance_of(other) == looks:
            sentence = (
                f"the domain {domain!r} of person {person.person_id} looks like {other!r}: "
                "see that it is not somebody who pretends"
            )
            report_incident(connection, f"look-alike:{person.person_id}", sentence, now)


def _domain_of(person: Person) -> str:
    return person.address.rpartition("@")[2].lower()


def masked(address: str) -> str:
    """Return an address that its colleagues recognise and nobody else can write to."""
    local, _, domain = address.partition("@")
    return f"{local[:1]}…@{domain}"


def _event_of(person: Person, now: datetime) -> str:
    return f"left-{person.person_id[:16]}-{now:%Y%m%d%H%M}"


def _note(person: Person, speech: Speech, now: datetime) -> Note:
    what = speech.say("left.what", address=masked(person.address), date=speech.day(now))
    return Note(
        speech.say("left.subject"),
        (
            Paragraph("status", "", (speech.say("left.status"),)),
            Paragraph("what", "", (what,)),
        ),
    )


def _areas_without_readers(connection: Connection, person: Person) -> list[str]:
    """Return the areas of a person that no other active person watches."""
    named = {aoi for profile in profiles_in(connection, person.person_id) for aoi in profile.aois}
    watched = (
        select(PROFILE_AREAS.c.area_key)
        .join(PROFILES, PROFILES.c.profile_id == PROFILE_AREAS.c.profile_id)
        .join(PERSONS, PERSONS.c.person_id == PROFILES.c.person_id)
        .where(PROFILES.c.active, PERSONS.c.state == PersonState.ACTIVE.value)
        .where(PERSONS.c.person_id != person.person_id)
    )
    keys = {row[0] for row in connection.execute(watched)}
    return sorted(aoi for aoi in named if f"aoi:{aoi}" not in keys)
