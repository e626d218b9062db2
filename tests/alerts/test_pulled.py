from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import capvalidator
import feedparser
import pytest
from lxml import etree

from alerts.alert import Alert
from alerts.errors import NotAllowed, UnknownAlert
from alerts.formats.cap import NAMESPACE
from alerts.pulled import Reader
from aoi.area import Sensitivity
from tests.alerts.conftest import House
from tests.builders import NOW, an_aoi

PARTNER = Reader("key-1", "partner-full")
LATER = NOW + timedelta(hours=1)


def published(house: House) -> Alert:
    alert = house.confirmed(looks_agreeing=2)
    house.publish(NOW)
    return alert


def titles(house: House, reader: Reader = PARTNER, now: datetime = LATER) -> list[str]:
    feed = feedparser.parse(house.pulled().feed(reader, now))
    assert not feed.bozo
    return [entry.title for entry in feed.entries]


def field(body: bytes, name: str) -> list[str | None]:
    return [element.text for element in etree.fromstring(body).iter(f"{{{NAMESPACE}}}{name}")]


def test_what_was_released_is_in_the_feed_although_nobody_subscribed(house: House) -> None:
    alert = published(house)

    assert titles(house) == [f"[TLP:AMBER] Burned settlement, {alert.ref}"]
    assert house.alerts.alert(alert.ref).outside


@pytest.mark.parametrize(
    "reader",
    [
        pytest.param(replace(PARTNER, aois=("sd-other",)), id="another area"),
        pytest.param(replace(PARTNER, audience="public"), id="clearance"),
    ],
)
def test_who_may_not_know_reads_nothing_and_learns_nothing(house: House, reader: Reader) -> None:
    alert = published(house)

    assert titles(house, reader) == []
    with pytest.raises(UnknownAlert, match="no alert is called"):
        house.pulled().cap(alert.ref, reader, LATER)
    assert not house.alerts.alert(alert.ref).outside


def test_the_public_reads_it_when_its_delay_is_over(house: House) -> None:
    house.registry.add(replace(an_aoi(), sensitivity=Sensitivity.PUBLIC), NOW, replace=True)
    house.desk.confirm(house.opened(looks_agreeing=2).ref, "Amina", NOW)
    house.publish(NOW)
    public = Reader("key-2", "public")

    assert titles(house, public, NOW + timedelta(days=29)) == []
    assert len(titles(house, public, NOW + timedelta(days=30))) == 1


def test_what_no_analyst_has_seen_is_in_no_feed(house: House) -> None:
    house.opened(looks_agreeing=2)
    house.publish(NOW)

    assert titles(house) == []


def test_a_retraction_reaches_exactly_the_readers_who_had_it(house: House) -> None:
    alert = published(house)
    titles(house)
    with pytest.raises(NotAllowed):
        house.desk.reject(alert.ref, by="Ben", reason="other", now=NOW)

    house.desk.retract(alert.ref, by="Ben", reason="false", now=NOW)
    house.publish(NOW)

    assert titles(house) == [f"[TLP:AMBER] RETRACTED: Burned settlement, {alert.ref}"]
    assert titles(house, replace(PARTNER, reader_id="key-2")) == []


def test_a_cap_message_refers_to_what_the_audience_got_before(house: House) -> None:
    alert = published(house)
    first = house.pulled().cap(alert.ref, PARTNER, LATER)
    house.desk.retract(alert.ref, by="Ben", reason="false", now=LATER)
    house.publish(LATER)

    cancel = house.pulled().cap(alert.ref, PARTNER, LATER)

    assert field(first, "msgType") == ["Alert"] and field(cancel, "msgType") == ["Cancel"]
    sender, identifier, sent = (field(first, name)[0] for name in ("sender", "identifier", "sent"))
    assert field(cancel, "references") == [f"{sender},{identifier},{sent}"]
    for message in (first, cancel):
        assert capvalidator.check_schema(message).passed
        assert len(field(message, "language")) == 4


def test_a_revision_that_says_the_same_does_not_move_an_entry(house: House) -> None:
    alert = published(house)
    before = feedparser.parse(house.pulled().feed(PARTNER, LATER)).entries[0].updated

    house.absorb(replace(alert.finding, finding_id="2" * 20, known_at=NOW), now=LATER)
    house.publish(LATER)

    assert feedparser.parse(house.pulled().feed(PARTNER, LATER)).entries[0].updated == before


def test_two_audiences_know_an_event_by_different_names(house: House) -> None:
    published(house)
    full = feedparser.parse(house.pulled().feed(PARTNER, LATER)).entries[0].id
    coarse = feedparser.parse(
        house.pulled().feed(Reader("key-3", "partner"), LATER)
    ).entries[0].id  # fmt: skip

    assert full != coarse


def test_what_is_older_than_a_year_has_left_the_feed(house: House) -> None:
    published(house)

    assert len(titles(house, now=NOW + timedelta(days=365))) == 1
    assert titles(house, now=NOW + timedelta(days=366)) == []
