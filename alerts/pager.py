"""Tells the operators what keeps messages from people, and again until it is mended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection, Engine, select

from alerts.disclosure import Tlp
from alerts.farewell import EMAIL
from alerts.formats.text import Paragraph
from alerts.incidents import Incident, open_incidents
from alerts.keys import Keyring
from alerts.notes import Note, queue_note
from alerts.subscribers import ensure_desk
from alerts.tables import DELIVERIES
from alerts.words import Speech
from aoi.database import reading, writing

logger = structlog.get_logger(__name__)

LEAST_BETWEEN = timedelta(hours=1)
"""A relay that is down makes many incidents: they share a mail."""

AGAIN_AFTER = timedelta(days=1)

MAX_LISTED = 40

PREFIX = "incidents-"


class Pager:
    """Queues mails about open incidents.

    Parameters
    ----------
    engine : Engine
    keys : Keyring
    operators : sequence of str
        Addresses; nobody is told where there are none.
    """

    def __init__(self, engine: Engine, keys: Keyring, operators: Sequence[str]) -> None:
        self._engine = engine
        self._keys = keys
        self._operators = operators

    def page(self, now: datetime) -> int:
        """Queue a mail to each operator if something is new, or a day old; return how many."""
        incidents = open_incidents(self._engine)
        if not incidents or not self._operators:
            return 0
        with reading(self._engine) as connection:
            told = _last_mail(connection)
        # An incident that could not be mailed is no reason for a mail about it.
        latest = max(incident.n for incident in incidents)
        if told is not None and not _is_due(told, latest, now):
            return 0
        revision = told[1] + 1 if told is not None and told[0] == latest else 1
        return self._queue(f"{PREFIX}{latest}", revision, incidents, now)

    def _queue(
        self, event_id: str, revision: int, incidents: Sequence[Incident], now: datetime
    ) -> int:
        with writing(self._engine) as connection:
            desk = ensure_desk(
                connection, self._operators, EMAIL, self._keys.derived("person"), now
            )
            for operator in desk:
                note = _note(incidents, Speech(operator.language, operator.time_zone))
                queue_note(
                    connection, self._keys, operator, event_id, note, "notice", now,
                    revision=revision,
                )  # fmt: skip
        logger.warning("operators told", incidents=len(incidents), operators=len(desk))
        return len(desk)


def _last_mail(connection: Connection) -> tuple[int, int, datetime] | None:
    """Return incident, revision and time of the last mail about incidents."""
    query = (
        select(DELIVERIES.c.event_id, DELIVERIES.c.revision, DELIVERIES.c.created_at)
        .where(DELIVERIES.c.event_id.startswith(PREFIX))
        .order_by(DELIVERIES.c.created_at.desc(), DELIVERIES.c.revision.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return None if row is None else (int(row[0].removeprefix(PREFIX)), row[1], row[2])


def _is_due(told: tuple[int, int, datetime], latest: int, now: datetime) -> bool:
    incident, _, at = told
    # A clock that was set back must not silence it.
    passed = abs(now - at)
    return passed >= (LEAST_BETWEEN if latest > incident else AGAIN_AFTER)


def _note(incidents: Sequence[Incident], speech: Speech) -> Note:
    lines = [
        speech.say(
            "incident.line", sentence=one.sentence, times=str(one.times),
            since=speech.instant(one.opened_at),
        )
        for one in incidents[-MAX_LISTED:]
    ]  # fmt: skip
    more = len(incidents) - len(lines)
    if more:
        lines.append(speech.say("incident.more", count=str(more)))
    return Note(
        speech.say("incident.subject"),
        (
            Paragraph("status", "", (speech.say("incident.status"),)),
            Paragraph("what", "", tuple(lines)),
            Paragraph("how", "", (speech.say("incident.how"),)),
        ),
        Tlp.AMBER_STRICT,
    )
