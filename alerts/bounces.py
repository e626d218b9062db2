"""Mails that come back: delivery reports, and what they mean for an address (ALERTS 3.5, T25)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import Message
from enum import StrEnum

import structlog
from sqlalchemy import Connection, Engine, func, select

from alerts.incidents import report_incident
from alerts.keys import Keyring
from alerts.outbox import Delivery, DeliveryState, delivery_of, move
from alerts.subscribers import suppress
from alerts.subscription import PersonState
from alerts.tables import DELIVERIES, PERSONS
from aoi.database import writing

logger = structlog.get_logger(__name__)

MAX_REPORT_BYTES = 256_000
"""Reports bring our own mail back; nothing after this is looked at."""

MAX_PARTS = 50

MAX_AGE = timedelta(days=14)
"""An older report is forged, or of no use."""

ADDRESS = re.compile(
    r"b\+(?P<stem>(?P<id>[0-9a-f]{8})\.(?P<stamp>[0-9a-z]{1,12}))\.(?P<signed>[0-9a-f]{16})@"
)

# The mailbox does not exist, or is shut for good: once is enough.
DEAD_ADDRESS_CODES = frozenset({"5.1.1", "5.1.10", "5.2.1"})
MAX_BOUNCES = 3
BOUNCE_WINDOW = timedelta(days=7)


class Report(StrEnum):
    """What was made of an inbound message."""

    BOUNCED = "bounced"
    DELIVERED = "delivered"
    NO_CHANGE = "no change"
    """Delayed, relayed, expanded: the mail is still on its way, or left our sight."""

    FORGED = "forged"
    UNKNOWN = "unknown"
    """Of no delivery that we know, too old, or of one that was never accepted."""

    UNREADABLE = "unreadable"
    """No delivery report: an out-of-office reply, or words only a person reads."""


@dataclass(frozen=True, slots=True)
class Notice:
    """The two fields of a report that decide, for one recipient."""

    action: str
    status: str


class BounceDesk:
    """Reads what comes back to our bounce addresses. It answers nobody, ever."""

    def __init__(self, engine: Engine, keys: Keyring) -> None:
        self._engine = engine
        self._keys = keys

    def take(self, recipient: str, raw: bytes, now: datetime) -> Report:
        """Take one inbound message.

        Parameters
        ----------
        recipient : str
            Envelope recipient: the bounce address that the message came to.
        raw : bytes
            The message; only its start is looked at.
        """
        claimed = ADDRESS.match(recipient)
        if claimed is None or claimed["signed"] != self._keys.bounce_signature(claimed["stem"]):
            return Report.FORGED
        if now.timestamp() - int(claimed["stamp"], 36) > MAX_AGE.total_seconds():
            return Report.UNKNOWN
        notice = notice_of(raw[:MAX_REPORT_BYTES])
        if notice is None:
            return Report.UNREADABLE
        with writing(self._engine) as connection:
            report = self._record(connection, claimed["id"], notice, now)
        logger.info("delivery report", report=report.value, status=notice.status)
        return report

    def _record(
        self, connection: Connection, short_id: str, notice: Notice, now: datetime
    ) -> Report:
        delivery = _accepted(connection, short_id)
        if delivery is None:
            return Report.UNKNOWN
        if notice.action == "delivered":
            move(connection, delivery, DeliveryState.DELIVERED, now)
            return Report.DELIVERED
        if notice.action != "failed" or not notice.status.startswith("5."):
            return Report.NO_CHANGE
        move(
            connection, delivery, DeliveryState.BOUNCED, now,
            last_error=f"bounced: {notice.status}",
        )  # fmt: skip
        often = _bounces(connection, delivery, now) >= MAX_BOUNCES
        if notice.status in DEAD_ADDRESS_CODES or often:
            _suppress(connection, delivery, notice, now)
        return Report.BOUNCED


def notice_of(raw: bytes) -> Notice | None:
    """Return what a delivery report says of its first recipient, None if it is no report."""
    message = message_from_bytes(raw, policy=policy.compat32)
    for number, part in enumerate(message.walk()):
        if number >= MAX_PARTS:
            return None
        if part.get_content_type() == "message/delivery-status":
            return _notice_in(part)
    return None


def _notice_in(part: Message) -> Notice | None:
    blocks = part.get_payload()
    if not isinstance(blocks, list):
        return None
    for block in blocks:
        if isinstance(block, Message) and block["Final-Recipient"] and block["Action"]:
            status = str(block["Status"] or "").strip().split(" ", 1)[0]
            return Notice(str(block["Action"]).strip().lower(), status)
    return None


def _accepted(connection: Connection, short_id: str) -> Delivery | None:
    query = (
        select(DELIVERIES)
        .where(DELIVERIES.c.delivery_id.startswith(short_id))
        .where(DELIVERIES.c.state == DeliveryState.ACCEPTED.value)
    )
    rows = connection.execute(query).mappings().all()
    return delivery_of(rows[0]) if len(rows) == 1 else None


def _bounces(connection: Connection, delivery: Delivery, now: datetime) -> int:
    query = (
        select(func.count())
        .select_from(DELIVERIES)
        .where(DELIVERIES.c.person_id == delivery.person_id)
        .where(DELIVERIES.c.state == DeliveryState.BOUNCED.value)
        .where(DELIVERIES.c.changed_at > now - BOUNCE_WINDOW)
    )
    return connection.execute(query).scalar_one()


def _suppress(connection: Connection, delivery: Delivery, notice: Notice, now: datetime) -> None:
    """Pause a dead address, unless it is the last one of its organisation: that needs a person."""
    person = connection.execute(
        select(PERSONS).where(PERSONS.c.person_id == delivery.person_id)
    ).mappings().one()  # fmt: skip
    others = connection.execute(
        select(func.count())
        .select_from(PERSONS)
        .where(PERSONS.c.organisation == person["organisation"], PERSONS.c.organisation != "")
        .where(PERSONS.c.state == PersonState.ACTIVE.value)
        .where(PERSONS.c.person_id != delivery.person_id)
    ).scalar_one()
    is_last = bool(person["organisation"]) and others == 0
    words = "kept: it is the last of its organisation" if is_last else "suppressed"
    sentence = f"mail to person {delivery.person_id} came back with {notice.status}: {words}"
    report_incident(connection, f"bounce:{delivery.person_id}", sentence, now)
    if not is_last:
        suppress(connection, delivery.person_id, now)
