"""What readers fetch: feeds and CAP messages, each for one audience, and who was given what.

A retraction is owed to whoever may have the claim. Who pulls is therefore kept
like who is sent: an alert that was served is outside the house.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import Connection, Engine, select
from sqlalchemy.dialects import postgresql, sqlite

from alerts.alert import Alert, Status
from alerts.disclosure import AUDIENCES, DESK, LOWEST, Disclosure, is_cleared
from alerts.errors import UnknownAlert
from alerts.formats.atom import Entry, Feed, atom_of
from alerts.formats.cap import Dispatch, cap_identifier, cap_of, reference_of
from alerts.journal import noted
from alerts.keys import Keyring
from alerts.letters import LetterWriter
from alerts.payload import alert_of
from alerts.store import alert_in, mark_outside
from alerts.subscription import SubscriptionPolicy, named
from alerts.tables import REVISIONS, SERVINGS
from alerts.words import LANGUAGES, Speech
from aoi.database import reading, writing

FEED_GOES_BACK = timedelta(days=365)

PUBLISHED = (Status.CONFIRMED, Status.ENDED, Status.RETRACTED)


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who fetches; known by a key and not by an address."""

    reader_id: str
    audience: str
    """Clearance of the key, set by an operator."""

    aois: tuple[str, ...] | None = None
    """Areas that the key opens; None: every area."""

    language: str = "en"
    time_zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Published:
    """One event as a reader may see it, in the last revision that left the house."""

    shown: Disclosure
    published_at: datetime


@dataclass(frozen=True, slots=True)
class _Told:
    """One published revision as an audience may see it."""

    alert: Alert
    shown: Disclosure
    published_at: datetime


class Pulled:
    """Answers readers, and remembers what they were given.

    Parameters
    ----------
    engine : Engine
    keys : Keyring
    writer : LetterWriter
        Decides what each audience may see; knows our address.
    policy : SubscriptionPolicy
        Delays before an audience may know.
    """

    def __init__(
        self, engine: Engine, keys: Keyring, writer: LetterWriter, policy: SubscriptionPolicy
    ) -> None:
        self._engine = engine
        self._key = keys.derived("cap")
        self._writer = writer
        self._policy = policy

    def feed(self, reader: Reader, now: datetime, link: str = "") -> bytes:
        """Return the Atom feed of a reader: every event once, withdrawn ones marked as such."""
        speech = Speech(reader.language, reader.time_zone)
        with writing(self._engine) as connection:
            lives = self._lives(connection, reader, now)
            for life in lives:
                self._record(connection, reader, life[-1], "atom", now)
        entries = [self._entry(reader, life) for life in lives]
        latest = max((entry.updated_at for entry in entries), default=now)
        identifier = cap_identifier("feed", 0, reader.reader_id, self._key)
        feed = Feed(identifier, "Emberwatch", latest, link=link)
        return atom_of(feed, entries, speech)

    def published(
        self, reader: Reader, now: datetime,
        choose: Callable[[Sequence[Published]], Sequence[Published]],
    ) -> list[Published]:  # fmt: skip
        """Return of each event the last revision that a reader may know of, newest first.

        Parameters
        ----------
        choose : callable
            Returns those that are given to the reader; they alone are kept as served.
        """
        with writing(self._engine) as connection:
            last = {
                life[-1].shown.event_id: life[-1] for life in self._lives(connection, reader, now)
            }
            known = [Published(one.shown, one.published_at) for one in last.values()]
            known.sort(key=lambda one: (one.published_at, one.shown.event_id), reverse=True)
            given = list(choose(known))
            for one in given:
                self._record(connection, reader, last[one.shown.event_id], "api", now)
        return given

    def cap(self, event_id: str, reader: Reader, now: datetime) -> bytes:
        """Return the latest CAP message on an event, one block for each language.

        Parameters
        ----------
        event_id : str
            As this audience knows it, or its reference.

        Raises
        ------
        UnknownAlert
            Also if it may not know of it: the two look the same.
        """
        with writing(self._engine) as connection:
            for life in self._lives(connection, reader, now):
                last = life[-1]
                if event_id in (last.shown.event_id, last.shown.ref):
                    self._record(connection, reader, last, "cap", now)
                    return self._message(reader, life)
        raise UnknownAlert(f"no alert is called {event_id[:60]!r}")

    def desk_cap(self, alert: Alert) -> bytes:
        """Return an alert as it stands, as the desk may see it; nothing is recorded."""
        reader = Reader("desk", DESK)
        with reading(self._engine) as connection:
            before = [
                one
                for one in self._life(connection, alert.event_id, reader)
                if one.alert.revision < alert.revision
            ]
        at = alert.released_at or alert.changed_at
        return self._message(
            reader,
            [*before, _Told(alert, self._writer.shown(alert, DESK), max(at, alert.changed_at))],
        )

    def _lives(self, connection: Connection, reader: Reader, now: datetime) -> list[list[_Told]]:
        """Return the revisions of each event that the reader may know of, oldest first."""
        recent = (
            select(REVISIONS.c.event_id)
            .where(REVISIONS.c.published_at >= now - FEED_GOES_BACK)
            .distinct()
            .order_by(REVISIONS.c.event_id)
        )
        lives = [
            self._life(connection, row[0], reader, now)
            for row in connection.execute(recent).all()
        ]  # fmt: skip
        return [life for life in lives if life and self._may_know(connection, reader, life)]

    def _life(
        self, connection: Connection, event_id: str, reader: Reader, now: datetime | None = None
    ) -> list[_Told]:
        query = (
            select(REVISIONS.c.payload, REVISIONS.c.published_at)
            .where(REVISIONS.c.event_id == event_id)
            .order_by(REVISIONS.c.revision)
        )
        told = []
        for payload, published_at in connection.execute(query):
            alert = alert_of(payload)
            if self._is_open(alert, reader, now):
                shown = self._writer.shown(alert, reader.audience)
                told.append(_Told(alert, shown, published_at))
        return told

    def _is_open(self, alert: Alert, reader: Reader, now: datetime | None) -> bool:
        if alert.status not in PUBLISHED or alert.released_at is None:
            return False
        if not is_cleared(alert, AUDIENCES[reader.audience]):
            return False
        if reader.aois is not None and not named(alert.aoi_id, reader.aois):
            return False
        policy = self._policy
        delay = policy.public_delay if reader.audience == LOWEST else policy.embargo
        return now is None or alert.released_at + delay <= now

    def _may_know(self, connection: Connection, reader: Reader, life: Sequence[_Told]) -> bool:
        """Return True unless it was taken back, re-classified or held before the reader had it."""
        current = alert_in(connection, life[-1].alert.event_id)
        if not is_cleared(current, AUDIENCES[reader.audience]):
            return False
        if current.standing:
            return True
        query = select(SERVINGS.c.event_id).where(
            SERVINGS.c.event_id == current.event_id, SERVINGS.c.reader == reader.reader_id
        )
        had = connection.execute(query.limit(1)).first() is not None
        return had and life[-1].alert.status is Status.RETRACTED

    def _record(
        self, connection: Connection, reader: Reader, told: _Told, form: str, now: datetime
    ) -> None:
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        row = {
            "event_id": told.alert.event_id, "revision": told.alert.revision,
            "reader": reader.reader_id, "form": form, "served_at": now,
        }  # fmt: skip
        added = connection.execute(dialect.insert(SERVINGS).values(**row).on_conflict_do_nothing())
        if added.rowcount == 1:
            noted(connection, "served", **row, desk=reader.audience == DESK)
        if reader.audience != DESK:
            mark_outside(connection, [told.alert.event_id])

    def _entry(self, reader: Reader, life: Sequence[_Told]) -> Entry:
        first, last = life[0], life[-1]
        changed_at = first.published_at
        for earlier, later in pairwise(life):
            if _content(earlier.shown) != _content(later.shown):
                changed_at = later.published_at
        base = self._writer.settings.base_url
        link = f"{base}/alerts/{last.shown.event_id}" if base else ""
        return Entry(
            last.shown, self._identifier(reader, first), first.published_at, changed_at,
            link=link, cap_link=f"{link}/cap.xml" if link else "",
            first_status=first.alert.status,
        )  # fmt: skip

    def _message(self, reader: Reader, life: Sequence[_Told]) -> bytes:
        *before, last = life
        dispatch = self._dispatch(reader, last)
        references = tuple(reference_of(self._dispatch(reader, one)) for one in before)
        speeches = [Speech(language, reader.time_zone) for language in _languages(reader.language)]
        return cap_of(last.shown, replace(dispatch, references=references), speeches)

    def _dispatch(self, reader: Reader, told: _Told) -> Dispatch:
        settings = self._writer.settings
        return Dispatch(
            self._identifier(reader, told), settings.sender, told.published_at,
            address=reader.reader_id,
            web=f"{settings.base_url}/alerts/{told.shown.event_id}" if settings.base_url else "",
            exercise=settings.exercise,
        )  # fmt: skip

    def _identifier(self, reader: Reader, told: _Told) -> str:
        alert = told.alert
        return cap_identifier(alert.event_id, alert.revision, reader.audience, self._key)


def _content(shown: Disclosure) -> Disclosure:
    """Return what a reader reads: that it was looked at once more is no change."""
    return replace(shown, revision=0, known_at=None, last_seen=None)


def _languages(first: str) -> list[str]:
    return [first, *(language for language in LANGUAGES if language != first)]
