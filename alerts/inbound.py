"""Mail that comes to us: delivery reports, and requests to be taken off the list (ALERTS 3.5)."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime
from email import message_from_bytes
from email.message import Message
from email.utils import getaddresses
from pathlib import Path

import structlog
from sqlalchemy import Engine

from alerts.bounces import ADDRESS, MAX_REPORT_BYTES, BounceDesk, Report
from alerts.enrolment import Enrolment
from alerts.errors import BadToken, MailboxUnavailable
from alerts.incidents import report_incident
from alerts.letters import UNSUBSCRIBE
from alerts.maildirs import Inbox, MaildirInbox
from aoi.database import writing

logger = structlog.get_logger(__name__)

TOKEN = re.compile(r"[A-Za-z0-9_-]{20,300}")

MANY_FORGED = 20
"""Forged reports in one reading from which somebody should look."""

AT_ONCE = 1_000

NOTED_IN = ("X-Original-To", "Delivered-To", "Envelope-To", "X-Envelope-To", "To")
"""Headers with the envelope's recipient, the surest first."""


class Inbound:
    """Reads the mailbox that our mail server puts returned mails into. It answers nobody, ever.

    Parameters
    ----------
    engine : Engine
    inbox : Path or Inbox
        A Maildir, or a mailbox on a server; what was read is kept there, marked as read.
    bounces : BounceDesk
    enrolment : Enrolment
    """

    def __init__(
        self, engine: Engine, inbox: Path | Inbox, bounces: BounceDesk, enrolment: Enrolment
    ) -> None:
        self._engine = engine
        self._inbox: Inbox = MaildirInbox(inbox) if isinstance(inbox, Path) else inbox
        self._bounces = bounces
        self._enrolment = enrolment

    def read(self, now: datetime) -> Counter[str]:
        """Take what has come; return how often each thing was made of it."""
        counts: Counter[str] = Counter()
        try:
            for raw in self._inbox.waiting(AT_ONCE, MAX_REPORT_BYTES):
                counts[self._take(raw, now)] += 1
        except MailboxUnavailable as error:
            with writing(self._engine) as connection:
                report_incident(connection, "inbound:unreachable", error.message, now)
        if counts[Report.FORGED.value] >= MANY_FORGED:
            self._warn(counts[Report.FORGED.value], now)
        if counts:
            logger.info("inbound mail read", **counts)
        return counts

    def _take(self, raw: bytes, now: datetime) -> str:
        headers = message_from_bytes(raw.partition(b"\r\n\r\n")[0].partition(b"\n\n")[0])
        noted = self._inbox.notes_envelope
        recipient = _recipient_of(headers) if noted else _addressee_of(headers)
        if ADDRESS.match(recipient):
            return self._bounces.take(recipient, raw, now).value
        if _asks_to_leave(recipient):
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
    for name in NOTED_IN[:2]:
        if headers[name]:
            return str(headers[name]).strip()
    return ""


def _addressee_of(headers: Message) -> str:
    """Return the recipient where a server of others notes it in its own way, or not at all.

    Nothing rests on whether it is true: addresses that count are signed.
    """
    noted = [str(value) for name in NOTED_IN for value in headers.get_all(name, [])]
    addresses = [address.strip() for _, address in getaddresses(noted)]
    ours = (one for one in addresses if ADDRESS.match(one) or _asks_to_leave(one))
    return next(ours, "")


def _asks_to_leave(address: str) -> bool:
    return address.partition("@")[0].lower() == UNSUBSCRIBE
