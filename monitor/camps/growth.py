"""The area of a camp over time: its outline and what it gained, less what it lost.

What it gained follows a local-linear Kalman filter on the logarithm, what it lost is a
`monitor.camps.loss.Loss`: the one is nearly free of noise, the other is not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from monitor.camps.loss import Loss

Matrix = NDArray[np.float64]

LEVEL_NOISE = 0.04
"""Standard deviation of the log area's own wandering in a day: camps fill and go in steps,
and what is measured is the middle of three looks already."""

SLOPE_NOISE = 0.0015
"""Of the change of its slope in a day: a camp that stood may double in a month."""

SLOPE_DAYS = 12.0
"""Time in which a slope falls to 1/e: growth ends, and must not run on beyond the last look."""

SLOPE_PRIOR = 0.005
LEAST_LEFT = 0.1
"""Of an area: what is left of a camp is not measured more closely, and a share needs a floor."""

SPAN = timedelta(days=30)
NOTHING_LOST = Loss(0.0, 0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Measured:
    """The ground of one camp in one look: its outline, and what it gained."""

    at: datetime
    area_m2: float
    sigma_log: float
    """Standard deviation of its logarithm."""


@dataclass(frozen=True, slots=True)
class Growth:
    """What the filter says as of the newest look."""

    area_m2: float
    low_m2: float
    high_m2: float
    """90 % interval of the area."""

    change: float
    """Change of the area over 30 days, as a share of the area before."""

    change_low: float
    change_high: float
    """Its 90 % interval."""

    before_m2: float
    """Area 30 days before."""

    certainty: float
    """Posterior probability that it gained more than the asked share of its ground."""

    slow: bool = False
    """True if change, interval and area before are since the camp was mapped or last told of."""


def slow_growth_of(
    outline_m2: float, told_m2: float, gain_m2: float, sigma_m2: float, least_fraction: float
) -> Growth:
    """Return the growth of a camp since it was mapped, or since its growth was last told.

    Parameters
    ----------
    outline_m2 : float
        Of its outline.
    told_m2 : float
        Area that was last told; 0 if none was.
    gain_m2, sigma_m2 : float
        Ground beside the outline that shows shelters, and its standard deviation.
    least_fraction : float
        Growth that `Growth.certainty` is about.

    Notes
    -----
    For what no month shows: camps that grow by a few percent a month, and camps that grew under
    the clouds of a rainy season.
    """
    # An outline so thin that it has no area is no reason to stop a run.
    before_m2, area_m2 = max(outline_m2, told_m2, 1.0), outline_m2 + gain_m2
    wide = 1.645 * sigma_m2
    over = math.log(area_m2 / before_m2) - math.log1p(least_fraction)
    return Growth(
        area_m2=area_m2,
        low_m2=max(area_m2 - wide, 0.0),
        high_m2=area_m2 + wide,
        change=area_m2 / before_m2 - 1.0,
        change_low=max(area_m2 - wide, 0.0) / before_m2 - 1.0,
        change_high=(area_m2 + wide) / before_m2 - 1.0,
        before_m2=before_m2,
        certainty=float(ndtr(over * area_m2 / max(sigma_m2, 1.0))),
        slow=True,
    )


def growth_of(
    series: Sequence[Measured],
    least_fraction: float,
    loss: Loss | None = None,
    outline_m2: float = 0.0,
) -> Growth | None:
    """Return the growth of a camp over the 30 days before its newest look.

    Parameters
    ----------
    series : sequence of Measured
        Oldest first; at least two, 15 days apart.
    least_fraction : float
        Growth that `Growth.certainty` is about.
    loss : Loss, optional
        What it lost of its outline; nothing if left out.
    outline_m2 : float

    Notes
    -----
    The state is (log A, slope, log A of 30 days ago): the third is a copy of the first,
    smoothed by what came after, so that the posterior of the difference is exact.
    """
    if len(series) < 2 or series[-1].at - series[0].at < SPAN / 2:
        return None
    anchor = series[-1].at - SPAN
    mean = np.array([math.log(series[0].area_m2), 0.0, math.log(series[0].area_m2)])
    spread = np.zeros((3, 3))
    spread[0, 0] = series[0].sigma_log ** 2
    spread[1, 1] = SLOPE_PRIOR**2
    copied = False
    last = series[0].at
    mean, spread = _copied(mean, spread)
    for item in series[1:]:
        if not copied and item.at > anchor > last:
            mean, spread = _moved(mean, spread, (anchor - last) / timedelta(days=1))
            mean, spread = _copied(mean, spread)
            last, copied = anchor, True
        mean, spread = _moved(mean, spread, (item.at - last) / timedelta(days=1))
        last = item.at
        if not copied and item.at <= anchor:
            mean, spread = _copied(mean, spread)
        mean, spread = _seen(mean, spread, item)
        if not copied and item.at <= anchor:
            mean, spread = _copied(mean, spread)
    return _summary(mean, spread, least_fraction, loss or NOTHING_LOST, outline_m2)


def _moved(mean: Matrix, spread: Matrix, days: float) -> tuple[Matrix, Matrix]:
    kept = math.exp(-days / SLOPE_DAYS)
    step = np.eye(3)
    step[0, 1] = SLOPE_DAYS * (1.0 - kept)
    step[1, 1] = kept
    noise = np.zeros((3, 3))
    slope, reach = SLOPE_NOISE**2, min(days, SLOPE_DAYS)
    noise[0, 0] = LEVEL_NOISE**2 * days + slope * reach**3 / 3.0
    noise[0, 1] = noise[1, 0] = slope * reach**2 / 2.0
    noise[1, 1] = slope * reach
    return step @ mean, step @ spread @ step.T + noise


def _copied(mean: Matrix, spread: Matrix) -> tuple[Matrix, Matrix]:
    """Return the state whose third part is the level of now."""
    pick = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    return pick @ mean, pick @ spread @ pick.T


def _seen(mean: Matrix, spread: Matrix, item: Measured) -> tuple[Matrix, Matrix]:
    noise = item.sigma_log**2
    gap = math.log(item.area_m2) - mean[0]
    total = spread[0, 0] + noise
    gain = spread[:, 0] / total
    kept = np.eye(3)
    kept[:, 0] -= gain
    updated = kept @ spread
    return mean + gain * gap, 0.5 * (updated + updated.T)


def _summary(
    mean: Matrix, spread: Matrix, least_fraction: float, loss: Loss, outline_m2: float
) -> Growth:
    """Return areas and their change; sigmas by linear propagation of both filters."""
    ground_m2, ground_before_m2 = math.exp(mean[0]), math.exp(mean[2])
    area_m2 = max(ground_m2 - outline_m2 * loss.now, LEAST_LEFT * ground_m2)
    before_m2 = max(ground_before_m2 - outline_m2 * loss.before, LEAST_LEFT * ground_before_m2)
    lost_m2 = outline_m2 * math.sqrt(max(loss.variance_now, 0.0))
    sigma_m2 = math.hypot(ground_m2 * math.sqrt(max(spread[0, 0], 1e-12)), lost_m2)
    ratio = area_m2 / before_m2
    # How the ratio moves with the ground now and before, and with what was lost at both.
    by_ground = np.array([ground_m2, -ground_before_m2 * ratio]) / before_m2
    by_loss = np.array([-1.0, ratio]) * outline_m2 / before_m2
    grounds = spread[np.ix_([0, 2], [0, 2])]
    losses = np.array(
        [[loss.variance_now, loss.covariance], [loss.covariance, loss.variance_before]]
    )
    variance = by_ground @ grounds @ by_ground + by_loss @ losses @ by_loss
    wide = math.sqrt(max(float(variance), 1e-12))
    gained = spread[0, 0] + spread[2, 2] - 2.0 * spread[0, 2]
    over = float(mean[0] - mean[2]) - math.log1p(least_fraction)
    return Growth(
        area_m2=area_m2,
        low_m2=max(area_m2 - 1.645 * sigma_m2, 0.0),
        high_m2=area_m2 + 1.645 * sigma_m2,
        change=ratio - 1.0,
        change_low=max(ratio - 1.0 - 1.645 * wide, -1.0),
        change_high=ratio - 1.0 + 1.645 * wide,
        before_m2=before_m2,
        certainty=float(ndtr(over / math.sqrt(max(float(gained), 1e-12)))),
    )
