"""People and what they asked for: kept, matched, and never deleted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import shapely
from sqlalchemy import Connection, RowMapping, insert, or_, select, update

from alerts.alert import Alert
from alerts.disclosure import DESK
from alerts.grading import Severity
from alerts.subscription import Person, PersonState, Profile
from alerts.tables import PERSONS, PROFILE_AREAS, PROFILES
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


def profiles_in(connection: Connection, person_id: str) -> list[Profile]:
    """Return the profiles of a person, by name."""
    query = select(PROFILES).where(PROFILES.c.person_id == person_id).order_by(PROFILES.c.name)
    return [profile_of(row) for row in connection.execute(query).mappings()]


def watching(connection: Connection, alert: Alert) -> list[tuple[Person, list[Profile]]]:
    """Return the people with a profile that may cover the place, and those profiles."""
    pcode = alert.place.admin_pcode
    units = [f"unit:{pcode[:length]}" for length in range(1, len(pcode) + 1)]
    keys = [f"aoi:{alert.aoi_id}", "polygon", *units]
    near = select(PROFILE_AREAS.c.profile_id).where(PROFILE_AREAS.c.area_key.in_(keys))
    query = (
        select(PERSONS, PROFILES)
        .join(PROFILES, PROFILES.c.person_id == PERSONS.c.person_id)
        .where(PROFILES.c.profile_id.in_(near), PERSONS.c.desk.is_(False))
        .where(or_(PROFILES.c.active, PERSONS.c.state != PersonState.ACTIVE.value))
        .order_by(PERSONS.c.person_id, PROFILES.c.name)
    )
    people: dict[str, tuple[Person, list[Profile]]] = {}
    for row in connection.execute(query).mappings():
        person_id = row[PERSONS.c.person_id]
        if person_id not in people:
            people[person_id] = (person_of(_part(row, PERSONS)), [])
        people[person_id][1].append(profile_of(_part(row, PROFILES)))
    return list(people.values())


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


def _part(row: RowMapping, table: Any) -> dict[str, Any]:
    return {column.name: row[column] for column in table.c}
