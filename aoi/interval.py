"""Spans of time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


def require_utc(instant: datetime, name: str = "an instant") -> datetime:
    """Return `instant` if it is timezone-aware UTC, and refuse it otherwise."""
    if instant.utcoffset() != timedelta(0):
        raise ValueError(f"{name} is in UTC, got {instant.isoformat()}")
    return instant


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """A span of time in UTC that holds its start and not its end."""

    start: datetime
    """First instant of the span, UTC."""

    end: datetime
    """First instant after the span, UTC."""

    def __post_init__(self) -> None:
        require_utc(self.start, "the start of an interval")
        require_utc(self.end, "the end of an interval")
        if self.start >= self.end:
            raise ValueError(f"an interval starts before it ends, got {self}")

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%dT%H:%MZ}/{self.end:%Y-%m-%dT%H:%MZ}"

    @classmethod
    def ending(cls, end: datetime, length: timedelta) -> Interval:
        """Return the span of `length` that ends at `end`."""
        return cls(end - length, end)

    @property
    def length(self) -> timedelta:
        """Time from start to end."""
        return self.end - self.start

    def contains(self, instant: datetime) -> bool:
        """Return True if `instant` lies in the span."""
        return self.start <= instant < self.end

    def meets(self, other: Interval) -> bool:
        """Return True if the two spans share an instant."""
        return self.start < other.end and other.start < self.end

    def union(self, other: Interval) -> Interval:
        """Return the shortest span that holds both."""
        return Interval(min(self.start, other.start), max(self.end, other.end))

    def intersection(self, other: Interval) -> Interval | None:
        """Return the span that both share, None if they share nothing."""
        if not self.meets(other):
            return None
        return Interval(max(self.start, other.start), min(self.end, other.end))
