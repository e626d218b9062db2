"""How long a message waits until it is tried again, and how often (ALERTS 3.5)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

# The ladder of ALERTS 3.5; the last step repeats.
RETRY_AFTER = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60, 120, 240, 360))
JITTER = 0.2

MAX_ATTEMPTS = 18
"""The ladder's way to 72 hours. Counted and not timed: no clock that jumps ends it early."""

MAX_RETRACTION_ATTEMPTS = 62
"""Its way to 14 days: a claim that was taken back must be taken back from everybody."""

WEBHOOK_RETRY_AFTER = (
    timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2),
    timedelta(hours=5), timedelta(hours=10), timedelta(hours=14), timedelta(hours=20),
    timedelta(hours=24),
)  # fmt: skip
"""The schedule of Standard Webhooks 1.0."""

RELAY_PAUSE = timedelta(minutes=5)
"""A relay that refuses us refuses every message: it rests, and no message is charged."""


def next_attempt(
    delivery_id: str,
    attempts: int,
    now: datetime,
    max_attempts: int = MAX_ATTEMPTS,
    ladder: Sequence[timedelta] = RETRY_AFTER,
) -> datetime | None:
    """Return when to try again, or None to give up.

    Parameters
    ----------
    attempts : int
        Transient failures so far, this one included; 1 or more.
    ladder : sequence of timedelta
        Waits between attempts; the last one repeats.

    Notes
    -----
    The jitter of 20 % is a digest of delivery and attempt: messages that
    failed together do not come back together, and a test can say when.
    """
    if attempts >= max_attempts:
        return None
    step = ladder[min(attempts, len(ladder)) - 1]
    byte = hashlib.sha256(f"{delivery_id}|{attempts}".encode()).digest()[0]
    return now + step * (1 + JITTER * (byte / 127.5 - 1))
