from __future__ import annotations

from datetime import timedelta

import feedparser
import pytest
from lxml import etree

from alerts.alert import Alert
from alerts.web.parts import Parts
from tests.alerts.conftest import House
from tests.alerts.web.browsers import Browser
from tests.alerts.web.conftest import Browse
from tests.builders import NOW

CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"


@pytest.fixture
def alert(house: House) -> Alert:
    """An alert that was published a day ago."""
    opened = house.opened()
    house.desk.confirm(opened.ref, "Ben", NOW - timedelta(days=1))
    house.publish(NOW - timedelta(days=1))
    return house.alerts.alert(opened.event_id)


def key_of(parts: Parts, clearance: str = "partner-full", areas: list[str] | None = None) -> str:
    return parts.api_keys.make("a feed reader", clearance, "olga", NOW, areas)[1]


@pytest.fixture
def reader(browse: Browse) -> Browser:
    """A program that has no cookie."""
    return browse()


def test_a_feed_takes_its_key_in_the_address_and_other_parsers_read_it(
    parts: Parts, reader: Browser, alert: Alert
) -> None:
    answer = reader.get(f"/feed.atom?key={key_of(parts)}")

    parsed = feedparser.parse(answer.content)
    assert (answer.status_code, parsed.bozo) == (200, False)
    assert alert.ref in parsed.entries[0].title
    assert answer.headers["cache-control"] == "private, no-store"
    assert "key=" not in answer.text


def test_who_was_served_is_owed_a_retraction(parts: Parts, reader: Browser, alert: Alert) -> None:
    reader.get(f"/feed.atom?key={key_of(parts)}")

    assert parts.alerts.alert(alert.event_id).outside


def test_a_key_sees_no_more_than_its_clearance(parts: Parts, reader: Browser, alert: Alert) -> None:
    answer = reader.get(f"/feed.atom?key={key_of(parts, 'public')}")

    assert alert.ref not in answer.text
    assert alert.place.name not in answer.text
    assert not parts.alerts.alert(alert.event_id).outside


def test_a_key_of_other_areas_gets_an_empty_feed(
    parts: Parts, reader: Browser, alert: Alert
) -> None:
    answer = reader.get(f"/feed.atom?key={key_of(parts, areas=['elsewhere'])}")

    assert feedparser.parse(answer.content).entries == []


def test_an_unchanged_feed_is_not_sent_again(parts: Parts, reader: Browser, alert: Alert) -> None:
    address = f"/feed.atom?key={key_of(parts)}"
    first = reader.get(address)

    again = reader.get(address, headers={"if-none-match": first.headers["etag"]})

    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("given", ["", "?key=ew_wrong", "?key="])
def test_without_a_key_a_program_gets_a_problem_and_no_page(given: str, reader: Browser) -> None:
    answer = reader.get(f"/feed.atom{given}")

    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_revoked_key_opens_nothing(parts: Parts, reader: Browser) -> None:
    made, secret = parts.api_keys.make("old", "public", "olga", NOW)
    parts.api_keys.revoke(made.key_id, NOW)

    assert reader.get(f"/feed.atom?key={secret}").status_code == 401


def test_a_key_in_the_address_opens_no_page_of_people(parts: Parts, reader: Browser) -> None:
    assert reader.get(f"/?key={key_of(parts)}").status_code == 303


def test_an_alert_can_be_fetched_as_cap_with_a_key(
    parts: Parts, reader: Browser, alert: Alert
) -> None:
    headers = {"authorization": f"Bearer {key_of(parts)}"}

    answer = reader.get(f"/alerts/{alert.event_id}/cap.xml", headers=headers)

    root = etree.fromstring(answer.content)
    assert answer.headers["content-type"] == "application/cap+xml"
    assert root.findtext(f"{CAP}incidents") == alert.ref


def test_a_key_cannot_fetch_what_was_not_published(
    parts: Parts, reader: Browser, house: House
) -> None:
    alert = house.opened()
    headers = {"authorization": f"Bearer {key_of(parts)}"}

    answer = reader.get(f"/alerts/{alert.event_id}/cap.xml", headers=headers)

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_desk_downloads_what_stands_and_nobody_is_told(
    parts: Parts, browse: Browse, house: House
) -> None:
    alert = house.opened()

    answer = browse("analyst").get(f"/alerts/{alert.event_id}/cap.xml")

    assert answer.status_code == 200
    assert not parts.alerts.alert(alert.event_id).outside
