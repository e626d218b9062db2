"""How often the ground of an area can be seen: its clear-sky share over a span. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise

MOSTLY = 0.5
"""Share of an area from which a day counts as one on which it was seen."""


@dataclass(frozen=True, slots=True)
class SkyDay:
    """What one day's overpass showed of an area."""

    day: date
    measured_fraction: float
    """Share of the area that the overpass reached, 0-1."""

    clear_fraction: float
    """Share of what it reached that was clear, 0-1."""

    @property
    def is_seen(self) -> bool:
        """True if most of the area was reached and clear."""
        return self.measured_fraction * self.clear_fraction >= MOSTLY


@dataclass(frozen=True, slots=True)
class MonthSky:
    """The days of one calendar month."""

    month: int
    """1-12."""

    days: int
    """With an overpass."""

    clear_fraction: float


@dataclass(frozen=True, slots=True)
class ClearSky:
    """The sky over an area in a span of days."""

    asked_at: datetime
    since: date
    until: date
    """The first day that is no part of it."""

    days: tuple[SkyDay, ...]
    """Those with an overpass that reached the area, oldest first."""

    lost_days: int
    """With an overpass of which the provider could not tell; neither clear nor cloudy."""

    pixel_m: float
    """Side of the pixels that were counted."""

    units: float
    """Processing units that it cost."""

    @property
    def clear_fraction(self) -> float | None:
        """Share that was clear of all that was measured; None if nothing was."""
        return _clear(self.days)

    @property
    def seen_days(self) -> int:
        """Days on which most of the area was reached and clear."""
        return sum(day.is_seen for day in self.days)

    @property
    def longest_gap_days(self) -> int:
        """Longest run of days without one on which the area was seen."""
        marks = [self.since, *(day.day for day in self.days if day.is_seen), self.until]
        return max((after - before).days for before, after in pairwise(marks))

    @property
    def by_month(self) -> tuple[MonthSky, ...]:
        """The calendar months that have an overpass, January first."""
        found = []
        for month in range(1, 13):
            days = [day for day in self.days if day.day.month == month]
            clear = _clear(days)
            if clear is not None:
                found.append(MonthSky(month, len(days), clear))
        return tuple(found)


def _clear(days: Iterable[SkyDay]) -> float | None:
    known = tuple(days)
    measured = sum(day.measured_fraction for day in known)
    if measured == 0.0:
        return None
    return sum(day.measured_fraction * day.clear_fraction for day in known) / measured
