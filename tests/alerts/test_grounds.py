from __future__ import annotations

from dataclasses import replace

import pytest

from alerts.grounds import ground_of, grounds_of
from alerts.subscribers import put_person, put_profile
from alerts.subscription import PersonState, Profile
from aoi.database import reading, writing
from tests.alerts.conftest import House
from tests.builders import NOW, days_ago


def test_the_grounds_of_many_messages_are_those_of_each(house: House) -> None:
    staying = house.subscribe("staying@ngo.example")
    leaving = house.subscribe("leaving@ngo.example")
    house.confirmed()
    house.publish()
    with writing(house.engine) as connection:
        put_person(connection, replace(leaving, state=PersonState.PAUSED), NOW)

    deliveries = house.deliveries()
    with reading(house.engine) as connection:
        together = grounds_of(connection, deliveries)
        alone = {one.delivery_id: ground_of(connection, one) for one in deliveries}

    assert together == alone
    lost = {one.person_id: together[one.delivery_id].lost for one in deliveries}
    assert lost == {staying.person_id: "", leaving.person_id: "the person is paused"}


@pytest.mark.parametrize(
    ("left", "lost"),
    [
        pytest.param(("Villages", True), "", id="the profile that asked is there"),
        pytest.param(("Villages", False), "the profiles that asked for it are gone", id="off"),
        pytest.param(("Camps", True), "the profiles that asked for it are gone", id="another"),
    ],
)
def test_a_message_stands_as_long_as_a_profile_that_asked_for_it(
    house: House, left: tuple[str, bool], lost: str
) -> None:
    name, active = left
    person = house.subscribe()
    house.confirmed()
    house.publish()
    (delivery,) = house.deliveries()
    house.subscribe(wishes={"name": name, "active": active})
    with writing(house.engine) as connection:
        # Another profile beside it: each is a row of the same question.
        put_profile(
            connection,
            Profile(f"{person.person_id}-2", person.person_id, "Elsewhere", days_ago(1)),
        )

    with reading(house.engine) as connection:
        assert ground_of(connection, delivery).lost == lost


def test_whether_anybody_outside_may_have_it_is_read_with_the_ground(house: House) -> None:
    house.subscribe()
    house.confirmed()
    house.publish()
    (delivery,) = house.deliveries()
    with reading(house.engine) as connection:
        before = ground_of(connection, delivery)

    house.deliver()

    with reading(house.engine) as connection:
        after = ground_of(connection, delivery)
    assert (before.standing, before.outside) == ("queued", False)
    assert (after.standing, after.outside) == ("accepted", True)
