"""What a series of readings says of a camp's ground: what it gained, and what it lost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

from monitor.camps.growth import Measured
from monitor.camps.reading import CampReading

OUTLINE_SIGMA = 0.01
"""Scatter of a camp's own ground from look to look, as a share: its outline does not move."""

FIRST_SHARE = 0.5
"""Of ground that the newest look shows first, and no look before: every second is a cloud,
or shelters that come and go."""


def measured(series: Sequence[CampReading]) -> list[Measured]:
    """Return the outline of a camp and what it gained, in each look that saw it.

    Parameters
    ----------
    series : sequence of CampReading
        Oldest first.

    Notes
    -----
    Shelters that only the newest look shows count by half, with as much uncertainty: when
    two of three looks have seen them they count in full.
    """
    found = []
    for reading in series:
        if math.isnan(reading.fall) and not reading.gain_m2:
            continue
        first_m2 = FIRST_SHARE * max(reading.newest_m2 - reading.gain_m2, 0.0)
        area_m2 = reading.outline_m2 + reading.gain_m2 + first_m2
        own_m2 = reading.outline_m2 * OUTLINE_SIGMA
        sigma_m2 = math.hypot(reading.gain_sigma_m2, own_m2, first_m2)
        found.append(Measured(reading.at, area_m2, sigma_m2 / area_m2))
    return found


def falls_of(series: Sequence[CampReading]) -> list[tuple[datetime, float]]:
    """Return when a camp was measured, and what it lacked of the sign of its shelters."""
    return [(reading.at, reading.fall) for reading in series if not math.isnan(reading.fall)]
