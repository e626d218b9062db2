"""People and what they asked for: kept, matched, and never deleted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import shapely
from sqlalchemy import Connection, Select, Text, cast, insert, select, type_coerce, update
from sqlalchemy.types import NullType

from alerts.alert import Alert
from alerts.disclosure import DESK
from alerts.grading import Severity
from alerts.journal import journal_of, noted
from alerts.subscription import Person, PersonState, Profile
from alerts.tables import DELIVERIES, PERSONS, PROFILE_AREAS, PROFILES
from aoi.database import instant_of
from monitor.finding import FindingKind, Tier


def person_id_of(channel: str, address: str, key: bytes) -> str:
    """Return the identifier of a person: stable, and nothing to guess an address from."""
    text = f"person|{channel}|{address.lower()}".encode()
    return "p" + hashlib.blake2b(text, key=key[:64], digest_size=12).hexdigest()


def put_person(connection: Connection, person: Person, now: datetime) -> None:
    """Add a person, or change everything but the address of one who is there."""
    row = person_row_of(person, now)
    kept = ("person_id", "created_at", "last_number")
    changes = {column: value for column, value in row.items() if column not in kept}
    known = connection.execute(
        update(PERSONS).where(PERSONS.c.person_id == person.person_id).values(**changes)
    )
    if known.rowcount == 0:
        connection.execute(insert(PERSONS).values(**row))
    if not person.desk:
        noted(
            connection, "person", person_id=person.person_id, state=person.state.value,
            clearance=person.clearance, **_whole(connection, row=row),
        )  # fmt: skip


def _whole(connection: Connection, **facts: Any) -> dict[str, Any]:
    """Return what the journal is told beside a state, if it may know people by their addresses."""
    journal = journal_of(connection)
    return facts if journal is not None and journal.keeps_people else {}


def suppress(connection: Connection, person_id: str, now: datetime) -> None:
    """Send nothing more to an address that is dead; the person stays on the list."""
    state = PersonState.SUPPRESSED.value
    connection.execute(
        update(PERSONS).where(PERSONS.c.person_id == person_id).values(state=state, changed_at=now)
    )
    noted(connection, "person", person_id=person_id, state=state)


def person_row_of(person: Person, now: datetime) -> dict[str, Any]:
    """Return the row of a new person."""
    row = {name: getattr(person, name) for name in Person.__dataclass_fields__}
    return {
        **row, "state": person.state.value, "created_at": now, "changed_at": now, "last_number": 0,
    }  # fmt: skip


def put_profile(connection: Connection, profile: Profile) -> None:
    """Add a profile, or replace the one of the same identifier."""
    connection.execute(
        PROFILE_AREAS.delete().where(PROFILE_AREAS.c.profile_id == profile.profile_id)
    )
    connection.execute(PROFILES.delete().where(PROFILES.c.profile_id == profile.profile_id))
    connection.execute(insert(PROFILES).values(**profile_row_of(profile)))
    keys = [{"profile_id": profile.profile_id, "area_key": key} for key in _area_keys(profile)]
    if keys:
        connection.execute(insert(PROFILE_AREAS), keys)
    whole = _whole(connection, row=profile_row_of(profile), areas=_area_keys(profile))
    if whole:
        noted(connection, "profile", profile_id=profile.profile_id, **whole)


def ensure_desk(
    connection: Connection, addresses: Iterable[str], channel: str, key: bytes, now: datetime
) -> list[Person]:
    """Return the analysts with these addresses, adding those who are new."""
    people = [
        Person(
            person_id_of(channel, f"{DESK}|{address}", key), channel, address,
            PersonState.ACTIVE, clearance=DESK, desk=True,
        )
        for address in addresses
    ]  # fmt: skip
    known = {person.person_id for person in persons_in(connection, desk=True)}
    for person in people:
        if person.person_id not in known:
            put_person(connection, person, now)
    return people


def persons_in(connection: Connection, **equal: Any) -> list[Person]:
    """Return the people whose columns have the given values, by address."""
    query = select(PERSONS).order_by(PERSONS.c.address)
    for column, value in equal.items():
        query = query.where(PERSONS.c[column] == value)
    return [person_of(row) for row in connection.execute(query).mappings()]


def people_addressed(connection: Connection, event_id: str) -> dict[str, Person]:
    """Return everybody with a delivery of an event, as they are now, by identifier."""
    addressed = select(DELIVERIES.c.person_id).where(DELIVERIES.c.event_id == event_id)
    query = select(PERSONS).where(PERSONS.c.person_id.in_(addressed)).order_by(PERSONS.c.person_id)
    rows = connection.execute(query).mappings()
    return {row["person_id"]: person_of(row) for row in rows}


def profiles_in(connection: Connection, person_id: str) -> list[Profile]:
    """Return the profiles of a person, by name."""
    query = select(PROFILES).where(PROFILES.c.person_id == person_id).order_by(PROFILES.c.name)
    return [profile_of(row) for row in connection.execute(query).mappings()]


class Watcher(NamedTuple):
    """One profile of one person, as read from the database: not yet unpacked.

    Among a hundred thousand people most wish for the same few things, so what
    they wish is unpacked, and judged, once for all of them; until then it is
    whatever the driver gives.
    """

    person_id: str
    profile_id: str
    name: str
    channel: str
    clearance: str
    state: str
    time_zone: str
    active: object
    starts_at: object
    wishes: str
    """As JSON text."""

    @property
    def wish(self) -> tuple[object, ...]:
        """Everything that a decision depends on; nothing of who it is."""
        return self[3:]

    def unpacked(self) -> tuple[Person, Profile]:
        """Return the person, without an address, and the profile."""
        person = Person(
            self.person_id, self.channel, "", PersonState(self.state), self.clearance,
            time_zone=self.time_zone,
        )  # fmt: skip
        row = {
            "profile_id": self.profile_id, "person_id": self.person_id, "name": self.name,
            "starts_at": instant_of(self.starts_at), "active": bool(self.active),
            "wishes": json.loads(self.wishes),
        }  # fmt: skip
        return person, profile_of(row)


def watchers(connection: Connection, alert: Alert) -> Iterator[Watcher]:
    """Give the profiles that may cover the place, those of one person after one another."""
    query = (
        select(
            PERSONS.c.person_id, PROFILES.c.profile_id, PROFILES.c.name, PERSONS.c.channel,
            PERSONS.c.clearance, PERSONS.c.state, PERSONS.c.time_zone,
            type_coerce(PROFILES.c.active, NullType), type_coerce(PROFILES.c.starts_at, NullType),
            cast(PROFILES.c.wishes, Text),
        )
        .join(PROFILES, PROFILES.c.person_id == PERSONS.c.person_id)
        .where(PROFILES.c.profile_id.in_(_near(alert)), PERSONS.c.desk.is_(False))
        .order_by(PERSONS.c.person_id, PROFILES.c.name)
    )  # fmt: skip
    return map(Watcher._make, connection.execute(query))


def watching(connection: Connection, alert: Alert) -> list[tuple[Person, list[Profile]]]:
    """Return the people with a profile that may cover the place, and those profiles."""
    people: dict[str, tuple[Person, list[Profile]]] = {}
    for watcher in watchers(connection, alert):
        person, profile = watcher.unpacked()
        people.setdefault(person.person_id, (person, []))[1].append(profile)
    return list(people.values())


def _near(alert: Alert) -> Select[str]:
    pcode = alert.place.admin_pcode
    units = [f"unit:{pcode[:length]}" for length in range(1, len(pcode) + 1)]
    keys = [f"aoi:{alert.aoi_id}", "polygon", *units]
    return select(PROFILE_AREAS.c.profile_id).where(PROFILE_AREAS.c.area_key.in_(keys))


def person_of(row: Any) -> Person:
    """Return the person that a row holds."""
    columns = {name: row[name] for name in Person.__dataclass_fields__ if name != "state"}
    return Person(**columns, state=PersonState(row["state"]))


def profile_of(row: Any) -> Profile:
    """Return the profile that a row holds."""
    wishes = row["wishes"]
    return Profile(
        profile_id=row["profile_id"],
        person_id=row["person_id"],
        name=row["name"],
        starts_at=row["starts_at"],
        active=row["active"],
        aois=tuple(wishes["aois"]),
        units=tuple(wishes["units"]),
        polygon=None if wishes["polygon"] is None else shapely.from_wkb(wishes["polygon"]),
        kinds=tuple(FindingKind(kind) for kind in wishes["kinds"]),
        min_severity=Severity(wishes["min_severity"]),
        min_tier=Tier(wishes["min_tier"]),
        unreviewed=wishes["unreviewed"],
        night_severity=None
        if wishes["night_severity"] is None
        else Severity(wishes["night_severity"]),
        day_hours=(wishes["day_hours"][0], wishes["day_hours"][1]),
        frequency=wishes["frequency"],
        updates=wishes["updates"],
    )


def profile_row_of(profile: Profile) -> dict[str, Any]:
    """Return the row of a profile."""
    polygon = profile.polygon
    return {
        "profile_id": profile.profile_id,
        "person_id": profile.person_id,
        "name": profile.name,
        "active": profile.active,
        "starts_at": profile.starts_at,
        "wishes": {
            "aois": list(profile.aois),
            "units": list(profile.units),
            "polygon": None if polygon is None else shapely.to_wkb(polygon, hex=True),
            "kinds": [kind.value for kind in profile.kinds],
            "min_severity": profile.min_severity.value,
            "min_tier": profile.min_tier.value,
            "unreviewed": profile.unreviewed,
            "night_severity": profile.night_severity and profile.night_severity.value,
            "day_hours": list(profile.day_hours),
            "frequency": profile.frequency,
            "updates": profile.updates,
        },
    }


def _area_keys(profile: Profile) -> Sequence[str]:
    polygon = ["polygon"] if profile.polygon is not None else []
    return [
        *(f"aoi:{aoi_id}" for aoi_id in dict.fromkeys(profile.aois)),
        *(f"unit:{unit}" for unit in dict.fromkeys(profile.units)),
        *polygon,
    ]
