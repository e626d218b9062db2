"""What recipients say of an alert: true, not true, unsure; for the queue and the labels."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import Engine, insert, select

from alerts.errors import BadToken, NotAllowed
from alerts.keys import Keyring
from alerts.store import alert_in
from alerts.tables import ALERTS, FEEDBACK
from alerts.tokens import Claim, Purpose, claim_of
from alerts.words import plain
from aoi.database import reading, writing

logger = structlog.get_logger(__name__)

VERDICTS = ("true", "not_true", "unsure")

MAX_NOTE_LENGTH = 2_000


@dataclass(frozen=True, slots=True)
class Feedback:
    """One answer of one recipient. It never changes a state by itself."""

    event_id: str
    person_id: str
    verdict: str
    note: str
    """Untrusted text."""

    at: datetime


class FeedbackBox:
    """Takes the answers that come by signed links, and shows them to the desk."""

    def __init__(self, engine: Engine, keys: Keyring) -> None:
        self._engine = engine
        self._keys = keys

    def event_of_link(self, token: str, now: datetime) -> str:
        """Return the event that a link is about; changes nothing.

        Raises
        ------
        BadToken
        """
        return self._claimed(token, now).scope

    def answer(self, token: str, verdict: str, note: str, now: datetime) -> Feedback:
        """Keep an answer, and put the alert into the queue of the desk.

        Raises
        ------
        BadToken
        NotAllowed
            If the verdict is no word of ours.
        """
        claim = self._claimed(token, now)
        if verdict not in VERDICTS:
            raise NotAllowed(
                f"{plain(verdict, 40)!r} is no answer", hint=f"use one of: {', '.join(VERDICTS)}"
            )
        given = Feedback(claim.scope, claim.person_id, verdict, plain(note, MAX_NOTE_LENGTH), now)
        with writing(self._engine) as connection:
            alert = alert_in(connection, claim.scope)
            connection.execute(
                insert(FEEDBACK).values(
                    event_id=alert.event_id, person_id=given.person_id, verdict=verdict,
                    note=given.note, at=now,
                )
            )  # fmt: skip
        logger.info("feedback", event_id=given.event_id, verdict=verdict)
        return given

    def of_event(self, event_id: str) -> list[Feedback]:
        """Return the answers on one alert, oldest first."""
        query = select(FEEDBACK).where(FEEDBACK.c.event_id == event_id).order_by(FEEDBACK.c.n)
        with reading(self._engine) as connection:
            rows = connection.execute(query).mappings()
            return [
                Feedback(row["event_id"], row["person_id"], row["verdict"], row["note"], row["at"])
                for row in rows
            ]

    def waiting(self) -> list[str]:
        """Return the events whose last word is a recipient's and not the desk's."""
        query = (
            select(FEEDBACK.c.event_id)
            .join(ALERTS, ALERTS.c.event_id == FEEDBACK.c.event_id)
            .where(FEEDBACK.c.at >= ALERTS.c.changed_at)
            .distinct()
            .order_by(FEEDBACK.c.event_id)
        )
        with reading(self._engine) as connection:
            return [row[0] for row in connection.execute(query)]

    def _claimed(self, token: str, now: datetime) -> Claim:
        claim = claim_of(self._keys, Purpose.FEEDBACK, token, now)
        if claim is None or not claim.scope:
            raise BadToken("this link does not work", hint="use the link of a later mail")
        return claim
