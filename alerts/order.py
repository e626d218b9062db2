"""What a message is written from, and what it became."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from alerts.alert import Alert, Status
from alerts.outbox import Delivery
from alerts.subscription import Person


@dataclass(frozen=True, slots=True)
class Order:
    """Everything that a message is written from."""

    delivery: Delivery
    alert: Alert
    """The alert as its revision was published."""

    published_at: datetime
    person: Person
    number: int
    last: tuple[int, datetime] | None
    """Number and date of the person's message before this one."""

    first_status: Status
    """Status that the lane's first message told."""

    earlier_ids: tuple[str, ...]
    """Message-IDs that the lane has sent, oldest first."""

    at: datetime
    """When it is rendered: the date of the mail."""

    earlier_revision: int | None = None
    """The last revision that the lane has sent, None if it sent none."""

    form: str = ""
    """Replaces the person's own form, where a server refused that as too large."""


@dataclass(frozen=True, slots=True)
class Written:
    """A finished message."""

    raw: bytes = field(repr=False)
    message_id: str
