from __future__ import annotations

from alerts.alert import Status
from alerts.notes import NoteOrder
from alerts.orders import Orders
from aoi.database import reading
from tests.alerts.conftest import House
from tests.builders import NOW, days_ago


def test_orders_of_many_are_those_of_each_with_their_own_numbers(house: House) -> None:
    house.subscribe("first@ngo.example")
    house.confirmed()
    house.publish()
    house.deliver(NOW)
    house.subscribe("second@ngo.example", wishes={"starts_at": days_ago(400)})
    house.desk.retract(house.alerts.alerts()[0].ref, by="Ben", reason="false", now=NOW)
    house.publish()
    waiting = house.deliveries(state="queued")

    with reading(house.engine) as connection:
        together = Orders().of_all(connection, waiting, NOW)
        alone = [Orders().of(connection, one, NOW) for one in waiting]

    assert together == alone
    (order,) = together
    assert not isinstance(order, NoteOrder)
    assert (order.number, order.last) == (2, (1, NOW))
    assert order.first_status is Status.CONFIRMED
    assert order.alert.status is Status.RETRACTED
    assert len(order.earlier_ids) == 1


def test_nothing_is_asked_for_no_message(house: House) -> None:
    with reading(house.engine) as connection:
        assert Orders().of_all(connection, [], NOW) == []


def test_a_revision_is_unpacked_once_for_all_its_readers(house: House) -> None:
    for n in range(3):
        house.subscribe(f"r{n}@ngo.example")
    house.confirmed()
    house.publish()

    deliveries = house.deliveries()
    with reading(house.engine) as connection:
        orders = Orders().of_all(connection, deliveries, NOW)

    alerts = [order.alert for order in orders if not isinstance(order, NoteOrder)]
    assert len(alerts) == 3
    assert all(alert is alerts[0] for alert in alerts)
