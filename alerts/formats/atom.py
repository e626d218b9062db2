"""A feed of alerts for one reader: Atom with GeoRSS (ALERTS 5.7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from lxml import etree

from alerts.alert import Status
from alerts.disclosure import Disclosure
from alerts.formats.text import kind_label, what_line, when_lines, where_lines
from alerts.words import Speech

ATOM = "http://www.w3.org/2005/Atom"
GEORSS = "http://www.georss.org/georss"

MAX_BYTES = 100_000
"""A feed is fetched again and again over bad links: older entries are left out."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One event, as this reader last read it."""

    shown: Disclosure
    identifier: str
    """CAP identifier of the first revision that the audience got: stable."""

    first_published_at: datetime
    updated_at: datetime
    """Moves only when what the reader may see changed."""

    link: str = ""
    cap_link: str = ""
    first_status: Status | None = None
    """Status that the reader first read of: the name of the event stays what it was then."""


@dataclass(frozen=True, slots=True)
class Feed:
    """What stands above the entries."""

    identifier: str
    title: str
    updated_at: datetime
    author: str = "Emberwatch"
    link: str = ""


def atom_of(feed: Feed, entries: Sequence[Entry], speech: Speech) -> bytes:
    """Return the feed, newest entry first, shorter than 100 kB."""
    kept = sorted(entries, key=lambda entry: entry.updated_at, reverse=True)
    while True:
        body = _written(feed, kept, speech)
        if len(body) < MAX_BYTES or not kept:
            return body
        kept = kept[: len(kept) * 3 // 4]


def _written(feed: Feed, entries: Sequence[Entry], speech: Speech) -> bytes:
    root = etree.Element(_q("feed"), nsmap={None: ATOM, "georss": GEORSS})
    root.set("{http://www.w3.org/XML/1998/namespace}lang", speech.language)
    _add(root, "id", feed.identifier)
    _add(root, "title", feed.title)
    _add(root, "updated", atom_time(feed.updated_at))
    author = etree.SubElement(root, _q("author"))
    _add(author, "name", feed.author)
    if feed.link:
        etree.SubElement(root, _q("link"), rel="self", href=feed.link, type="application/atom+xml")
    for entry in entries:
        _add_entry(root, entry, speech)
    body: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return body


def _add_entry(root: etree._Element, entry: Entry, speech: Speech) -> None:
    shown = entry.shown
    element = etree.SubElement(root, _q("entry"))
    _add(element, "id", entry.identifier)
    _add(element, "title", _title(shown, entry.first_status or shown.status, speech))
    _add(element, "published", atom_time(entry.first_published_at))
    _add(element, "updated", atom_time(entry.updated_at))
    for scheme, term in (("kind", shown.kind.value), ("tlp", shown.tlp.value),
                         ("status", shown.status.value)):  # fmt: skip
        etree.SubElement(element, _q("category"), term=term, scheme=f"urn:emberwatch:{scheme}")
    if entry.link:
        etree.SubElement(element, _q("link"), rel="alternate", href=entry.link, type="text/html")
    if entry.cap_link:
        etree.SubElement(
            element, _q("link"), rel="related", href=entry.cap_link, type="application/cap+xml"
        )
    summary = etree.SubElement(element, _q("summary"), type="text")
    summary.text = _summary(shown, speech)
    if shown.bounds is not None and shown.status is not Status.RETRACTED:
        west, south, east, north = shown.bounds
        point = etree.SubElement(element, f"{{{GEORSS}}}point")
        point.text = f"{(south + north) / 2:.6f} {(west + east) / 2:.6f}"


def _title(shown: Disclosure, first_status: Status, speech: Speech) -> str:
    label = f"{kind_label(shown, first_status, speech)}, {shown.ref}"
    if shown.status is Status.RETRACTED:
        label = speech.say("subject.retracted", label=label)
    return f"[{shown.tlp}] {label}"


def _summary(shown: Disclosure, speech: Speech) -> str:
    status = speech.say(f"status.{shown.status}")
    if shown.status is Status.RETRACTED:
        return f"{shown.tlp}. {status}"
    lines = (what_line(shown, speech), *when_lines(shown, speech), *where_lines(shown, speech))
    return f"{shown.tlp}. {status}. {' '.join(lines)}"


def atom_time(instant: datetime) -> str:
    """Return an instant as RFC 3339 has it."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _q(name: str) -> str:
    return f"{{{ATOM}}}{name}"


def _add(parent: etree._Element, name: str, text: str) -> None:
    etree.SubElement(parent, _q(name)).text = text
