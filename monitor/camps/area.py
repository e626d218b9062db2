"""The area of a camp, look after look: its outline, what it gained, what it lost."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from monitor.camps.emptying import LITTLE
from monitor.camps.growth import Measured
from monitor.camps.reading import CampReading

LATEST = 3
OUTLINE_SIGMA = 0.01
"""Scatter of a camp's own area from look to look, as a share: its outline does not move."""

LOST_SIGMA = 0.05
"""The same of what it lost."""

LEAST_SHARE = 0.02
"""Of its outline; a logarithm needs a floor."""


def measured(series: Sequence[CampReading]) -> list[Measured]:
    """Return the area of a camp in each look that saw it.

    Parameters
    ----------
    series : sequence of CampReading
        Oldest first.

    Notes
    -----
    Shelters lost count by the middle of three falls, and only from 15 % on: below it looks
    scatter, and a camp would shrink and grow with the dust.
    """
    found, falls = [], []
    for reading in series:
        if math.isnan(reading.fall) and not reading.gain_m2:
            continue
        if not math.isnan(reading.fall):
            falls.append(reading.fall)
        lost = float(np.median(falls[-LATEST:])) if falls else 0.0
        lost = min(lost, 1.0) if lost >= LITTLE else 0.0
        outline_m2 = reading.outline_m2
        area_m2 = outline_m2 * max(1.0 - lost, LEAST_SHARE) + reading.gain_m2
        own_m2 = outline_m2 * (OUTLINE_SIGMA + LOST_SIGMA * lost)
        sigma_m2 = math.hypot(reading.gain_sigma_m2, own_m2)
        found.append(Measured(reading.at, area_m2, sigma_m2 / area_m2))
    return found
