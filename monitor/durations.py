"""Durations as people write them: 30s, 5m, 6h, 14d."""

from __future__ import annotations

import re
from datetime import timedelta

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parsed_duration(text: object) -> object:
    """Read ``"30s"``, ``"5m"``, ``"6h"``, ``"14d"`` or ``"2w"``; hand on what is not text.

    Raises
    ------
    ValueError
        If the text is not a whole number and one of those units.
    """
    if not isinstance(text, str):
        return text
    match = re.fullmatch(r"\s*(\d{1,6})\s*([smhdw])\s*", text)
    if match is None:
        raise ValueError("a duration is a whole number and a unit: 30s, 5m, 6h, 14d, 2w")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def duration_text(duration: timedelta) -> str:
    """Write a duration in the largest unit that holds it without a rest.

    Examples
    --------
    >>> duration_text(timedelta(hours=36))
    '36h'
    """
    seconds = int(duration.total_seconds())
    for unit, name in reversed(_UNITS.items()):
        size = int(timedelta(**{name: 1}).total_seconds())
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
