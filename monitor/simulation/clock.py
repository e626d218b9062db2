"""Days as numbers: what the physics of a world counts in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
YEAR_DAYS = 365.25


def day_number(instant: datetime) -> float:
    """Return days since 2000-01-01T00:00Z."""
    return (instant - EPOCH) / timedelta(days=1)


def instant(day: float) -> datetime:
    """Return the instant of a day number, to the second."""
    return EPOCH + timedelta(seconds=round(day * 86_400.0))


def day_of_year(day: float) -> float:
    """Return the day of the year of a day number, 0 to 366."""
    moment = instant(day)
    return (moment - datetime(moment.year, 1, 1, tzinfo=UTC)) / timedelta(days=1)


def new_year(year: int) -> float:
    """Return the day number at which `year` begins."""
    return day_number(datetime(year, 1, 1, tzinfo=UTC))
