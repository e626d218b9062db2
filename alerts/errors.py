"""Errors of alerts and their delivery.

ServiceError                      aoi.errors
└── AlertError
    ├── UnknownAlert              no alert has that identifier
    ├── NotAllowed                the table of states has no such step from here
    ├── StaleAlert                somebody else changed it meanwhile
    ├── NotCleared                the audience may not see anything of it
    ├── InvalidAddress            an address or a wish of a subscriber cannot be used
    ├── UnknownSubscriber         nobody has that address or identifier
    ├── EvidenceRefused           a bundle or a key cannot be read, or what it rests on is damaged
    ├── MailboxUnavailable        a mailbox on a mail server does not answer, or refuses us
    ├── JournalUnusable           the second book cannot be written, or was altered
    ├── BadToken                  a link is forged, expired, cut short or of another purpose
    └── DeliveryFailed            a channel could not deliver; says what that means
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import Any

from aoi.errors import ServiceError


class AlertError(ServiceError):
    """Base of the errors of `alerts`."""


class UnknownAlert(AlertError):
    """No alert has that identifier."""


class NotAllowed(AlertError):
    """The table of states has no such step from here, or the actor may not take it."""


class StaleAlert(AlertError):
    """Somebody else changed the alert since it was opened."""


class FailureClass(StrEnum):
    """What a refusal means for the next attempt (ALERTS 3.5)."""

    TRANSIENT = "transient"
    CONFIG = "config"
    RECIPIENT = "recipient"
    CONTENT = "content"
    POLICY = "policy"
    AMBIGUOUS = "ambiguous"
    """The server may hold the message: it was cut off between the dot and its reply."""


class DeliveryFailed(AlertError):
    """A channel did not deliver one message.

    Parameters
    ----------
    failure : FailureClass
        Whether, and how, to try again.
    code : int
        Reply code as read from the wire, 0 if there was none.
    retry_after : timedelta
        Least time that the receiver asked us to wait.
    """

    def __init__(
        self, message: str, hint: str = "", *, failure: FailureClass, code: int = 0,
        retry_after: timedelta = timedelta(0),
    ) -> None:  # fmt: skip
        super().__init__(message, hint)
        self.failure = failure
        self.code = code
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[Any, ...]:
        rebuild = partial(
            DeliveryFailed, failure=self.failure, code=self.code, retry_after=self.retry_after
        )
        return rebuild, (self.message, self.hint)


class NotCleared(AlertError):
    """The audience may not see anything of the alert: not a byte leaves."""


class InvalidAddress(AlertError):
    """An address, or a wish of a subscriber, cannot be used as it is written."""


class UnknownSubscriber(AlertError):
    """Nobody has that address or identifier."""


class EvidenceRefused(AlertError):
    """A bundle or a key cannot be read, or what it would rest on is damaged."""


class MailboxUnavailable(AlertError):
    """A mailbox on a mail server does not answer, or refuses us."""


class JournalUnusable(AlertError):
    """The journal beside the database cannot be written, or is not what was written."""


class BadToken(AlertError):
    """A link is forged, expired, cut short or of another purpose: one answer for all."""
