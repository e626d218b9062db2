"""Mail that comes to us: delivery reports, and requests to be taken off the list (ALERTS 3.5)."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import structlog
from sqlalchemy import Engine

from alerts.bounces import ADDRESS, MAX_REPORT_BYTES, BounceDesk, Report
from alerts.enrolment import Enrolment
from alerts.errors import BadToken
from alerts.incidents import report_incident
from alerts.letters import UNSUBSCRIBE
from aoi.database import writing

logger = structlog.get_logger(__name__)

TOKEN = re.compile(r"[A-Za-z0-9_-]{20,300}")

MANY_FORGED = 20
"""Forged reports in one reading from which somebody should look."""

AT_ONCE = 1_000


class Inbound:
    """Reads the Maildir that our mail server puts returned mails into. It answers nobody, ever.

    Parameters
    ----------
    engine : Engine
    folder : Path
        Maildir; what was read is moved from ``new`` to ``cur`` and kept there.
    bounces : BounceDesk
    enrolment : Enrolment
    """

    def __init__(
        self, engine: Engine, folder: Path, bounces: BounceDesk, enrolment: Enrolment
    ) -> None:
        self._engine = engine
        self._folder = folder
        self._bounces = bounces
        self._enrolment = enrolment

    def read(self, now: datetime) -> Counter[str]:
        """Take what has come; return how often each thing was made of it."""
        counts: Counter[str] = Counter()
        for path in sorted((self._folder / "new").glob("*"))[:AT_ONCE]:
            counts[self._take(path, now)] += 1
            # After it was taken: a crash in between takes it twice, which changes nothing more.
            (self._folder / "cur").mkdir(exist_ok=True)
            path.rename(self._folder / "cur" / f"{path.name}:2,S")
        if counts[Report.FORGED.value] >= MANY_FORGED:
            self._warn(counts[Report.FORGED.value], now)
        if counts:
            logger.info("inbound mail read", **counts)
        return counts

    def _take(self, path: Path, now: datetime) -> str:
        with path.open("rb") as file:
            raw = file.read(MAX_REPORT_BYTES)
        headers = message_from_bytes(raw.partition(b"\r\n\r\n")[0].partition(b"\n\n")[0])
        recipient = _recipient_of(headers)
        if ADDRESS.match(recipient):
            return self._bounces.take(recipient, raw, now).value
        if recipient.partition("@")[0].lower() == UNSUBSCRIBE:
            return self._unsubscribed(str(headers["Subject"] or ""), now)
        return Report.UNREADABLE.value

    def _unsubscribed(self, subject: str, now: datetime) -> str:
        """Take somebody off the list: the token decides, whoever the sender says they are."""
        token = TOKEN.search(subject)
        if token is None:
            return Report.UNREADABLE.value
        try:
            self._enrolment.unsubscribe_by_link(token[0], now)
        except BadToken:
            return Report.FORGED.value
        return "unsubscribed"

    def _warn(self, count: int, now: datetime) -> None:
        sentence = f"{count} forged delivery reports came at once: somebody tries to silence people"
        with writing(self._engine) as connection:
            report_incident(connection, "inbound:forged", sentence, now)


def _recipient_of(headers: Message) -> str:
    """Return the envelope recipient, which our own server noted above everything else."""
    for name in ("X-Original-To", "Delivered-To"):
        if headers[name]:
            return str(headers[name]).strip()
    return ""
