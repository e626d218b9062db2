from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import feedparser
import pytest

from alerts.alert import Status
from alerts.formats.atom import MAX_BYTES, Entry, Feed, atom_of
from alerts.words import LANGUAGES, Speech
from tests.alerts.formats.test_cap import shown
from tests.builders import NOW, days_ago

FEED = Feed("urn:uuid:feed", "Alerts for you", NOW, link="https://watch.example.org/feed.atom")
ENTRY = Entry(
    shown(), "urn:uuid:first", days_ago(2), days_ago(1), "https://watch.example.org/alerts/x",
    "https://watch.example.org/alerts/x/cap.xml",
)  # fmt: skip


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_a_feed_reader_finds_no_fault(language: str) -> None:
    read = feedparser.parse(atom_of(FEED, [ENTRY], Speech(language)))

    assert not read.bozo, read.bozo_exception
    assert read.version == "atom10"
    assert read.feed.id == "urn:uuid:feed"


def test_an_entry_has_its_identity_times_place_and_links() -> None:
    (entry,) = feedparser.parse(atom_of(FEED, [ENTRY], Speech())).entries

    assert entry.id == "urn:uuid:first"
    assert (entry.published, entry.updated) == ("2024-05-18T12:00:00Z", "2024-05-19T12:00:00Z")
    assert entry.title == "[TLP:AMBER] Burned settlement, K7QF"
    assert [tag.term for tag in entry.tags] == ["burn", "TLP:AMBER", "confirmed"]
    assert [(link.rel, link.type) for link in entry.links] == [
        ("alternate", "text/html"), ("related", "application/cap+xml"),
    ]  # fmt: skip
    longitude, latitude = entry.where.coordinates
    assert (round(latitude, 3), round(longitude, 3)) == (13.659, 27.370)


def test_a_coarse_reader_gets_the_middle_of_the_cell() -> None:
    (entry,) = feedparser.parse(
        atom_of(FEED, [replace(ENTRY, shown=shown("partner"))], Speech())
    ).entries

    assert entry.where.coordinates == (27.365, 13.655)
    assert "Shagra" not in entry.summary


def test_what_was_retracted_stays_and_says_so_and_tells_no_place() -> None:
    retracted = replace(ENTRY, shown=shown(status=Status.RETRACTED))
    (entry,) = feedparser.parse(atom_of(FEED, [retracted], Speech())).entries

    assert "RETRACTED" in entry.title and "RETRACTED" in entry.summary
    assert "where" not in entry


def test_the_newest_comes_first_and_the_oldest_are_left_out_of_a_feed_too_long() -> None:
    entries = [
        replace(ENTRY, identifier=f"urn:uuid:{n}", updated_at=NOW - timedelta(hours=n))
        for n in range(200)
    ]
    body = atom_of(FEED, entries, Speech())
    read = feedparser.parse(body)

    assert len(body) < MAX_BYTES
    assert 20 < len(read.entries) < 200
    assert read.entries[0].id == "urn:uuid:0"


def test_the_same_entries_give_the_same_bytes() -> None:
    assert atom_of(FEED, [ENTRY], Speech()) == atom_of(FEED, [ENTRY], Speech())
