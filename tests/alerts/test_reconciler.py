from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete, update

from alerts.incidents import open_incidents
from alerts.reconciler import Reconciler
from alerts.subscription import SubscriptionPolicy
from alerts.tables import ALERT_EVENTS, ATTEMPTS, DELIVERIES, PERSONS
from aoi.database import writing
from tests.alerts.conftest import House
from tests.builders import NOW, a_finding, days_ago

LATER = NOW + timedelta(minutes=10)


def causes(house: House, after: timedelta = timedelta(minutes=10)) -> list[str]:
    found = Reconciler(house.engine, SubscriptionPolicy()).check(NOW + after)
    assert len(open_incidents(house.engine)) == len({one.cause for one in found})
    return [one.cause for one in found]


def told(house: House) -> str:
    """Confirm an alert and send it; return the person's identifier."""
    person = house.subscribe()
    house.confirmed()
    house.publish()
    house.deliver()
    return person.person_id


def test_when_everything_is_as_it_should_be_nothing_is_found(house: House) -> None:
    told(house)
    house.absorb(a_finding(finding_id="g" * 20, last_seen=days_ago(1), settlement_fraction=0.8))
    house.publish(LATER)
    house.deliver(LATER)
    house.desk.retract(house.alerts.alerts()[0].ref, by="Ben", reason="false", now=LATER)
    house.publish(LATER)
    house.deliver(LATER)

    assert causes(house) == []


def test_a_delivery_that_vanished_is_missed(house: House) -> None:
    person_id = told(house)
    event_id = house.alerts.alerts()[0].event_id
    with writing(house.engine) as connection:
        connection.execute(delete(ATTEMPTS))
        connection.execute(delete(DELIVERIES))

    assert causes(house) == [f"numbers:{person_id}", f"{event_id}:2:{person_id}"]


def test_a_delivery_that_should_not_be_is_found(house: House) -> None:
    person_id = told(house)
    with writing(house.engine) as connection:
        # As if it had been sent to somebody who never had the clearance.
        connection.execute(update(PERSONS).values(clearance="public"))

    assert causes(house) == [f"{house.alerts.alerts()[0].event_id}:2:{person_id}"]


def test_who_was_not_told_of_a_retraction_is_named(house: House) -> None:
    person_id = told(house)
    house.desk.retract(house.alerts.alerts()[0].ref, by="Ben", reason="false", now=LATER)
    house.publish(LATER)
    with writing(house.engine) as connection:
        connection.execute(delete(DELIVERIES).where(DELIVERIES.c.reason == "retracted"))

    assert causes(house) == [f"{house.alerts.alerts()[0].event_id}:retraction:{person_id}"]


@pytest.mark.parametrize(
    ("values", "after", "found"),
    [
        pytest.param({"state": "ready"}, timedelta(hours=23), 0, id="open for 23 hours"),
        pytest.param({"state": "ready"}, timedelta(hours=25), 1, id="open for 25 hours"),
        pytest.param({"state": "unknown"}, timedelta(minutes=29), 0, id="29 minutes of doubt"),
        pytest.param({"state": "unknown"}, timedelta(minutes=31), 1, id="31 minutes of doubt"),
        pytest.param({"state": "held"}, timedelta(days=20), 0, id="held may take long"),
    ],
)
def test_what_is_stuck_is_found(
    house: House, values: dict[str, str], after: timedelta, found: int
) -> None:
    told(house)
    with writing(house.engine) as connection:
        connection.execute(update(DELIVERIES).values(**values))

    assert len([cause for cause in causes(house, after) if cause.startswith("delivery:")]) == found


def test_an_alert_that_the_publisher_forgot_is_found(house: House) -> None:
    ref = house.confirmed().ref

    assert causes(house, timedelta(minutes=59)) == []
    assert causes(house, timedelta(minutes=61)) == [f"untold:{ref}"]


def test_a_digest_that_never_leaves_does_not_hide_what_it_carries(house: House) -> None:
    told(house)
    with writing(house.engine) as connection:
        connection.execute(update(DELIVERIES).values(state="in_digest", carried_by="nobody"))

    delivery_id = house.deliveries()[0].delivery_id
    assert f"carried:{delivery_id}" in causes(house)


def test_an_altered_log_is_found(house: House) -> None:
    told(house)
    with writing(house.engine) as connection:
        connection.execute(update(ALERT_EVENTS).where(ALERT_EVENTS.c.n == 2).values(actor="Eve"))

    assert causes(house) == ["log"]
