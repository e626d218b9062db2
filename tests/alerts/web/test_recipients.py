from __future__ import annotations

from datetime import timedelta

from alerts.pulled import Reader
from alerts.web.recipients import recipients_of
from tests.alerts.conftest import House
from tests.builders import NOW


def test_nobody_outside_has_a_new_alert(house: House) -> None:
    alert = house.opened()

    assert recipients_of(house.engine, alert.event_id, addresses=True) == []


def test_each_message_says_to_whom_how_and_what_became_of_it(house: House) -> None:
    house.subscribe(organisation="An NGO")
    alert = house.confirmed()
    house.publish()
    house.deliver(NOW + timedelta(hours=1))

    (one,) = recipients_of(house.engine, alert.event_id, addresses=False)

    assert (one.who, one.channel, one.state) == ("An NGO", "email", "accepted")
    assert one.revision == alert.revision


def test_only_those_who_keep_the_list_see_addresses(house: House) -> None:
    person = house.subscribe()
    alert = house.confirmed()
    house.publish()

    (closed,) = recipients_of(house.engine, alert.event_id, addresses=False)
    (opened,) = recipients_of(house.engine, alert.event_id, addresses=True)

    assert closed.who == person.person_id[:8]
    assert opened.who == "reader@ngo.example"


def test_who_fetched_it_is_on_the_list_too(house: House) -> None:
    alert = house.confirmed()
    house.publish()
    house.pulled().feed(Reader("key:qgis", "partner-full"), NOW + timedelta(days=1))

    (one,) = recipients_of(house.engine, alert.event_id, addresses=False)

    assert (one.who, one.channel, one.state) == ("key:qgis", "atom", "served")
