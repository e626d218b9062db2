from __future__ import annotations

from sqlalchemy import Engine

from alerts.place import place_of
from alerts.subscribers import (
    ensure_desk,
    person_id_of,
    persons_in,
    profiles_in,
    put_person,
    put_profile,
    watchers,
    watching,
)
from alerts.subscription import Person, PersonState, Profile
from aoi.database import reading, writing
from monitor.finding import FindingKind, Tier
from tests.alerts.conftest import House
from tests.alerts.test_alert import an_alert
from tests.builders import NOW, a_settlement, a_square, an_aoi, days_ago

PERSON = Person("p1", "email", "r@ngo.example", PersonState.ACTIVE, language="ar")
PROFILE = Profile(
    "p1-1", "p1", "Villages", days_ago(9), aois=("sd-test", "sd-test"), units=("SD04",),
    polygon=a_square(400), kinds=(FindingKind.BURN,), min_tier=Tier.A, day_hours=(6, 20),
)  # fmt: skip


def test_a_person_and_a_profile_come_back_as_they_were_put(db: Engine) -> None:
    with writing(db) as connection:
        put_person(connection, PERSON, NOW)
        put_profile(connection, PROFILE)
        ((person, (profile,)),) = watching(connection, an_alert())

        (kept,) = persons_in(connection)

    assert kept == PERSON
    assert (person.person_id, person.state) == ("p1", PersonState.ACTIVE)
    assert profile.polygon is not None and profile.polygon.equals(a_square(400))
    assert (profile.kinds, profile.min_tier, profile.day_hours) == (
        (FindingKind.BURN,), Tier.A, (6, 20),
    )  # fmt: skip


def test_putting_a_profile_again_replaces_what_it_watches(db: Engine) -> None:
    with writing(db) as connection:
        put_person(connection, PERSON, NOW)
        put_profile(connection, PROFILE)
        put_profile(connection, Profile("p1-1", "p1", "Villages", NOW, aois=("elsewhere",)))

        assert watching(connection, an_alert()) == []


def test_those_with_a_unit_or_a_polygon_may_be_watching_too(db: Engine) -> None:
    place = place_of(an_aoi(), a_settlement(admin_pcode="SD04118"))
    with writing(db) as connection:
        for n, wish in enumerate(({"units": ("SD",)}, {"polygon": a_square(9)}, {"aois": ("x",)})):
            put_person(connection, Person(f"p{n}", "email", f"{n}@x.org", PersonState.ACTIVE), NOW)
            put_profile(connection, Profile(f"p{n}-1", f"p{n}", "A", NOW, **wish))  # type: ignore[arg-type]

        found = [person.person_id for person, _ in watching(connection, an_alert(place=place))]

    assert found == ["p0", "p1"]


def test_the_desk_is_written_down_once_and_is_nobodys_subscriber(db: Engine) -> None:
    with writing(db) as connection:
        once = ensure_desk(connection, ["desk@ngo.example"], "email", b"key", NOW)
        again = ensure_desk(connection, ["desk@ngo.example"], "email", b"key", NOW)

        assert once == again == persons_in(connection, desk=True)
        assert watching(connection, an_alert()) == []


def test_an_address_cannot_be_read_from_an_identifier() -> None:
    assert person_id_of("email", "R@ngo.example", b"k") == person_id_of(
        "email", "r@ngo.example", b"k"
    )
    assert person_id_of("email", "r@ngo.example", b"k") != person_id_of(
        "email", "r@ngo.example", b"other"
    )
    assert "r@ngo.example" not in repr(PERSON)


def test_a_watcher_is_unpacked_to_the_person_and_profile_that_were_put(house: House) -> None:
    person = house.subscribe(time_zone="Africa/Khartoum", wishes={"updates": False})
    alert = house.confirmed()

    with reading(house.engine) as connection:
        (watcher,) = watchers(connection, alert)
        (profile,) = profiles_in(connection, person.person_id)

    assert watcher.unpacked() == (
        Person(person.person_id, "email", "", PersonState.ACTIVE, "partner-full",
               time_zone="Africa/Khartoum"),
        profile,
    )  # fmt: skip
    assert person.person_id not in watcher.wish
