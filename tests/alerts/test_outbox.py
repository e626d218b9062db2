from __future__ import annotations

from dataclasses import replace

import pytest

from alerts.outbox import (
    STEPS,
    DeliveryState,
    add_delivery,
    cancel_unsent,
    delivery_id_of,
    holders_of,
    move,
)
from aoi.database import writing
from tests.alerts.conftest import House
from tests.builders import NOW

S = DeliveryState


def test_what_the_server_may_have_is_never_cancelled_nor_superseded() -> None:
    for state in (S.SENDING, S.UNKNOWN, S.ACCEPTED, S.DELIVERED, S.BOUNCED):
        assert not STEPS.get(state, frozenset()) & {S.CANCELLED, S.SUPERSEDED}


def test_only_sending_leads_to_accepted_and_only_what_is_ready_is_sent() -> None:
    assert {state for state, steps in STEPS.items() if S.ACCEPTED in steps} == {
        S.SENDING,
        S.UNKNOWN,
    }
    assert {state for state, steps in STEPS.items() if S.SENDING in steps} == {
        S.READY,
        S.RETRY_WAIT,
    }


def test_a_step_that_the_table_does_not_have_is_a_bug(house: House) -> None:
    house.subscribe()
    house.confirmed()
    house.publish()
    (delivery,) = house.deliveries()

    with writing(house.engine) as connection, pytest.raises(ValueError, match="no step queued"):
        move(connection, delivery, S.ACCEPTED, NOW)
    with writing(house.engine) as connection:
        move(connection, delivery, S.READY, NOW)
    with writing(house.engine) as connection, pytest.raises(ValueError, match="no longer queued"):
        move(connection, delivery, S.READY, NOW)


def test_the_same_message_to_the_same_person_has_one_row(house: House) -> None:
    house.subscribe()
    house.confirmed()
    house.publish()
    (delivery,) = house.deliveries()

    with writing(house.engine) as connection:
        assert not add_delivery(connection, delivery, NOW)
    assert len(house.deliveries()) == 1


def test_holders_are_those_whose_message_reached_the_dot(house: House) -> None:
    person = house.subscribe()
    alert = house.confirmed()
    house.publish()

    with writing(house.engine) as connection:
        assert holders_of(connection, alert.event_id) == []
    house.deliver()
    with writing(house.engine) as connection:
        assert holders_of(connection, alert.event_id) == [
            (person.person_id, "email", "partner-full")
        ]
        assert cancel_unsent(connection, alert.event_id, "why", NOW) == 0


def test_identifiers_of_deliveries_need_the_key() -> None:
    given = ("fire-a", 2, "p1", "email")

    assert delivery_id_of(*given, b"a") == delivery_id_of(*given, b"a")
    assert delivery_id_of(*given, b"a") != delivery_id_of(*given, b"b")


def test_a_list_without_bytes_says_everything_else(house: House) -> None:
    house.subscribe()
    house.confirmed()
    house.publish()
    house.deliver()
    (whole,) = house.deliveries(state="accepted")

    (light,) = house.deliveries(state="accepted", with_bytes=False)

    assert whole.raw is not None
    assert light == replace(whole, raw=None)
