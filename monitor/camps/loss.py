"""The share of a camp that is gone, look after look: it stands, decays, or is being taken down.

Falls scatter by a twelfth from look to look; camps stand for years, decay over months or are
taken down in days. No single process noise serves all three, and none follows a sudden change
after a quiet year. Filters run beside one another: of a camp that stands, of one that decays,
and of camps that stood until one of the last looks. What they explained of the last weeks
weighs them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

FALL_SIGMA = 0.08
"""Scatter of the fall of a camp that stands, from look to look (tuning worlds: .04 to .10)."""

OUTLIER_SIGMA = 0.4
OUTLIER_SHARE = 0.05
"""Looks that a missed cloud, its shadow or dust spoils, and how far they go astray."""

STANDING, DECAYING, LEAVING = 0.002, 0.015, 0.12
"""Standard deviation of the share lost in a day: of a camp that stands, one that decays, and
one from the look on with which it began to be taken down."""

BELIEF_DECAYING, BELIEF_LEAVING = 0.15, 0.15
"""How likely these are before any look; the rest is for a camp that stands."""

EVIDENCE = timedelta(days=75)
"""Looks of this time weigh the three: what a camp did before does not speak of now."""

LEAST_FALL, MOST_FALL = -0.3, 1.2
"""Falls beyond say no more: ground cannot lose more than its shelters."""


@dataclass(frozen=True, slots=True)
class Loss:
    """The share of its outline that a camp had lost at two instants, and how sure that is."""

    now: float
    before: float
    variance_now: float
    variance_before: float
    covariance: float


def loss_of(falls: Sequence[tuple[datetime, float]], now: datetime, span: timedelta) -> Loss | None:
    """Return what a camp had lost a span before an instant, and at it.

    Parameters
    ----------
    falls : sequence of (datetime, float)
        Clear looks, oldest first, none after `now`.
    now : datetime
    span : timedelta

    Returns
    -------
    Loss or None
        None without any look.
    """
    if not falls:
        return None
    days = np.array([(at - now) / timedelta(days=1) for at, _ in falls])
    values = np.clip([fall for _, fall in falls], LEAST_FALL, MOST_FALL)
    anchor = -span / timedelta(days=1)
    runs, beliefs = [], []
    for belief, wandering in _courses(days, anchor):
        runs.append(_filtered(days, values, anchor, wandering))
        beliefs.append(belief)
    logs = np.array([evidence for _, _, evidence in runs]) + np.log(beliefs)
    weights = np.exp(logs - logs.max())
    weights /= weights.sum()
    means = np.array([mean for mean, _, _ in runs])
    mean = weights @ means
    spread = np.zeros((2, 2))
    for weight, own, (_, within, _) in zip(weights, means, runs, strict=True):
        spread += weight * (within + np.outer(own - mean, own - mean))
    return Loss(
        now=float(mean[0]),
        before=float(mean[1]),
        variance_now=float(spread[0, 0]),
        variance_before=float(spread[1, 1]),
        covariance=float(spread[0, 1]),
    )


def _courses(days: Matrix, anchor: float) -> Iterator[tuple[float, Matrix]]:
    """Yield how likely a course is, and its wandering before each look."""
    ends = [k for k in range(1, len(days)) if days[k] > anchor]
    leaving = BELIEF_LEAVING if ends else 0.0
    yield 1.0 - BELIEF_DECAYING - leaving, np.full(len(days), STANDING)
    yield BELIEF_DECAYING, np.full(len(days), DECAYING)
    for end in ends:
        yield leaving / len(ends), np.where(np.arange(len(days)) < end, STANDING, LEAVING)


def _filtered(
    days: Matrix, values: Matrix, anchor: float, wandering: Matrix
) -> tuple[Matrix, Matrix, float]:
    """Return mean and covariance of (now, anchor), and the log evidence of one course."""
    mean = np.array([values[0], values[0]])
    spread = np.full((2, 2), FALL_SIGMA**2)
    evidence, last, passed = 0.0, float(days[0]), bool(days[0] >= anchor)
    for day, value, noise in zip(days[1:], values[1:], wandering[1:] ** 2, strict=True):
        if not passed and day > anchor:
            spread[:] = spread[0, 0] + noise * (anchor - last)
            last, passed = anchor, True
        spread[0, 0] += noise * (day - last)
        last = float(day)
        if not passed:
            spread[:] = spread[0, 0]
        mean, spread, found = _seen(mean, spread, float(value))
        if not passed:
            mean[1], spread[:] = mean[0], spread[0, 0]
        if -day <= EVIDENCE / timedelta(days=1):
            evidence += found
    if not passed:
        spread[:] = spread[0, 0] + wandering[-1] ** 2 * (anchor - last)
        last = anchor
    spread[0, 0] += wandering[-1] ** 2 * (0.0 - last)
    return mean, spread, evidence


def _seen(mean: Matrix, spread: Matrix, value: float) -> tuple[Matrix, Matrix, float]:
    """Return the state after one fall, and the log of how likely it was.

    The fall is a good one or a spoilt one; what it teaches follows from how likely each is.
    """
    gap = value - mean[0]
    total = spread[0, 0] + FALL_SIGMA**2
    wide = total + OUTLIER_SIGMA**2
    good = (1.0 - OUTLIER_SHARE) * math.exp(-0.5 * gap**2 / total) / math.sqrt(total)
    spoilt = OUTLIER_SHARE * math.exp(-0.5 * gap**2 / wide) / math.sqrt(wide)
    doubt = spoilt / (good + spoilt)
    gain = spread[:, 0] / (total + doubt * OUTLIER_SIGMA**2)
    updated = spread - np.outer(gain, spread[0])
    return mean + gain * gap, 0.5 * (updated + updated.T), math.log(good + spoilt)
