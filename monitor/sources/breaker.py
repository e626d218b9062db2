"""When a provider that fails is left alone, and when it is tried again. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

MAX_DOUBLINGS = 16


class BreakerState(StrEnum):
    """A circuit breaker's three states."""

    CLOSED = "closed"
    """Asked as usual."""

    OPEN = "open"
    """Left alone: asking would only cost time, for every area anew."""

    HALF_OPEN = "half_open"
    """The pause is over: the next answer decides."""


@dataclass(frozen=True, slots=True)
class BreakerSettings:
    """When to leave a provider alone, and for how long."""

    failures: int = 3
    """In a row, after which it is left alone."""

    pause: timedelta = timedelta(minutes=5)
    """The first pause; each further one in a row is twice as long."""

    longest_pause: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Breaker:
    """What is remembered of a provider; the default is one that works."""

    failures: int = 0
    """In a row, until now."""

    retry_at: datetime | None = None
    """End of the pause, UTC; None without one."""

    reason: str = ""
    """What the last failure said."""

    def state(self, now: datetime) -> BreakerState:
        """Return whether the provider may be asked at `now`."""
        if self.retry_at is None:
            return BreakerState.CLOSED
        return BreakerState.OPEN if now < self.retry_at else BreakerState.HALF_OPEN

    def after_failure(self, now: datetime, reason: str, settings: BreakerSettings) -> Breaker:
        """Return what is remembered after a failure at `now`."""
        failures = self.failures + 1
        if failures < settings.failures:
            return Breaker(failures, None, reason)
        doublings = min(failures - settings.failures, MAX_DOUBLINGS)
        pause = min(settings.pause * 2**doublings, settings.longest_pause)
        return Breaker(failures, now + pause, reason)

    def as_json(self) -> str:
        """Return the breaker as text."""
        retry_at = self.retry_at.isoformat() if self.retry_at else None
        return json.dumps({"failures": self.failures, "retry_at": retry_at, "reason": self.reason})

    @classmethod
    def from_json(cls, text: str) -> Breaker:
        """Return the breaker that `as_json` wrote.

        Raises
        ------
        ValueError
            If the text is not of its making.
        """
        try:
            told = json.loads(text)
            retry_at = told["retry_at"]
            instant = datetime.fromisoformat(retry_at).astimezone(UTC) if retry_at else None
            return cls(int(told["failures"]), instant, str(told["reason"]))
        except (KeyError, TypeError) as error:
            raise ValueError(f"not the state of a breaker: {text[:80]!r}") from error
