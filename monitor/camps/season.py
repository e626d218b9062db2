"""What is normal for each block of a region at this time of year, one state per track.

The sums of a weighted harmonic regression, as in `monitor.baseline`, over all blocks and
the few features of camps: a new look costs the state, never the history.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from monitor.baseline import HARMONICS, TERMS, design, packed, solved
from monitor.camps.control import Covariates, controlled
from monitor.camps.features import COUNT, NDVI, TEXTURE, VISIBLE
from monitor.camps.region import Region
from monitor.control import masked_quantile

Array = NDArray[np.float32]

MEMORY = timedelta(days=1095)
LEAST_LOOKS = 25
"""Clear looks below which no season is fitted (DETECTION 4h)."""

MOST_LOOKS = 160
"""Looks of a first fit: two years and more of one track; older ones add little."""

CUT = 6.0
"""Residual in sigmas at which a look has no weight."""

SCALE_FLOOR = np.array([0.02, 0.015, 0.006, 0.008, 0.08], dtype=np.float32)
"""No feature of a 40 m block is steadier than this between two looks: pixel noise of .004
plus 1.5 % leaves about half of it in the mean of a block; texture is a standard deviation
of sixteen values, which scatters by a sixth."""

VARIANCE_LOOKS = 24
"""Looks, spread over the history, from which the variance of a block is taken."""

RESOLVED_EVERY = timedelta(days=30)
"""Coefficients follow the sums in steps: a season does not change from look to look."""

VARIANCE_SHARE = 0.04
"""Weight of a new look in the running variance of a block."""


@dataclass(frozen=True, slots=True, eq=False)
class Season:
    """Seasonal sums of one track over the blocks (n) of a region."""

    track: str
    region_version: str
    through: datetime
    """Acquisition of the latest look in the sums."""

    solved_through: datetime
    """Acquisition of the latest look in the coefficients."""

    look_count: int
    gram: Array
    """Sums of w X X', packed upper triangle, shape (15, n)."""

    moment: Array
    """Sums of w X x, shape (features, 5, n)."""

    theta: Array
    """Harmonic coefficients, shape (features, 5, n)."""

    variance: Array
    """Of what is left after the control, shape (features, n)."""

    has_texture: bool
    """False if the track never had any: texture says nothing then."""

    def expected(self, on: datetime) -> Array:
        """Return the expected features on a day, shape (features, n)."""
        expected: Array = np.einsum("ktn,t->kn", self.theta, design(on).astype(np.float32))
        return expected

    @property
    def scale(self) -> Array:
        """Sigma of each block, shape (features, n)."""
        floor = SCALE_FLOOR[:, np.newaxis]
        scale: Array = np.sqrt(np.maximum(self.variance, floor**2))
        return scale

    def covariates(self, on: datetime) -> Covariates:
        """Return what land that shares a season has in common on a day."""
        swing = np.sqrt((self.theta[NDVI, 1 : 1 + 2 * HARMONICS] ** 2).sum(axis=0))
        return Covariates(swing.astype(np.float32), self.expected(on)[VISIBLE])


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """The looks of one track that a season is fitted from, oldest first."""

    track: str
    at: tuple[datetime, ...]
    values: NDArray[np.float16]
    """Shape (looks, features, n); NaN where not seen."""

    has_texture: bool


def fitted(history: History, region: Region) -> Season | None:
    """Return the season of a track; None with fewer than 25 looks.

    Notes
    -----
    A plain fit, then one whose looks have bisquare weights in the largest residual in
    sigmas: clouds that nobody flagged and fires do not teach it. Half precision holds
    these features to .001.
    """
    if len(history.at) < LEAST_LOOKS:
        return None
    n = history.values.shape[2]
    blank = Season(
        track=history.track,
        region_version=region.version,
        through=max(history.at),
        solved_through=max(history.at),
        look_count=len(history.at),
        gram=np.zeros((15, n), dtype=np.float32),
        moment=np.zeros((COUNT, TERMS, n), dtype=np.float32),
        theta=np.full((COUNT, TERMS, n), np.nan, dtype=np.float32),
        variance=np.full((COUNT, n), np.inf, dtype=np.float32),
        has_texture=history.has_texture,
    )
    first = _summed(blank, history, None)
    first = replace(first, variance=_raw_variance(first, history))
    second = _summed(replace(blank, theta=first.theta, variance=first.variance), history, first)
    return replace(second, variance=_variance(second, history, region))


def absorbed(
    season: Season, on: datetime, values: Array, frozen: NDArray[np.bool_] | None = None
) -> Season:
    """Return the season with one more look in its sums.

    Parameters
    ----------
    season : Season
    on : datetime
        Its acquisition; an older one than `through` changes nothing.
    values : array
        Features, shape (features, n); NaN where not seen.
    frozen : array, optional
        True for blocks that a camp changed, shape (n,): shelters never become normal.

    Notes
    -----
    What the whole region shared that day is taken off before a block is weighed; the
    local control would cost as much as judging a look.
    """
    if on <= season.through:
        return season
    residual = values - season.expected(on)
    seen = np.flatnonzero(np.isfinite(residual).all(axis=0))
    if seen.size == 0:
        return season
    residual -= np.median(residual[:, seen[:: 1 + seen.size // 8_000]], axis=1)[:, np.newaxis]
    size = np.abs(residual) / season.scale
    weight = _bisquare(np.max(size, axis=0))
    if frozen is not None:
        weight[frozen] = 0.0
    decay = np.float32(np.exp(-((on - season.through) / MEMORY)))
    x = design(on).astype(np.float32)
    gram = season.gram * decay
    gram += packed(np.outer(x, x))[:, np.newaxis] * weight
    moment = season.moment * decay
    moment += x[:, np.newaxis] * (np.nan_to_num(values) * weight)[:, np.newaxis]
    known = (weight > 0) & np.isfinite(season.variance[0])
    before = np.where(known, season.variance, 0.0)
    clipped = np.where(known, np.minimum(size, 3.0) * np.sqrt(before), 0.0)
    step = VARIANCE_SHARE * (clipped**2 - before)
    due = on - season.solved_through >= RESOLVED_EVERY
    return replace(
        season,
        through=on,
        solved_through=on if due else season.solved_through,
        look_count=season.look_count + 1,
        gram=gram.astype(np.float32),
        moment=moment,
        theta=_solved(gram, moment, season.theta) if due else season.theta,
        variance=(season.variance + step).astype(np.float32),
    )


def _summed(start: Season, history: History, known: Season | None) -> Season:
    """Return the season of a history; with a known one, of its looks that fit that."""
    x = np.stack([design(on) for on in history.at]).astype(np.float32)
    weight = np.empty((len(history.at), history.values.shape[2]), dtype=np.float32)
    for row, (on, half) in enumerate(zip(history.at, history.values, strict=True)):
        if known is None:
            weight[row] = np.isfinite(half[0])
        else:
            size = np.abs(half.astype(np.float32) - known.expected(on)) / (2.0 * known.scale)
            weight[row] = _bisquare(np.max(size, axis=0))
        weight[row] *= np.float32(np.exp(-((start.through - on) / MEMORY)))
    gram = packed(np.einsum("dp,dq->pqd", x, x)).astype(np.float32) @ weight
    moment = np.stack(
        [
            x.T @ (weight * np.nan_to_num(history.values[:, k].astype(np.float32)))
            for k in range(COUNT)
        ]
    )
    return replace(start, gram=gram, moment=moment, theta=_solved(gram, moment, start.theta))


def _solved(gram: Array, moment: Array, fallback: Array) -> Array:
    return solved(gram.astype(np.float64), moment.astype(np.float64), fallback)


def _bisquare(size: Array) -> Array:
    u = np.minimum(np.nan_to_num(size, nan=CUT) / CUT, 1.0)
    weight: Array = ((1.0 - u**2) ** 2).astype(np.float32)
    return weight


def _raw_variance(season: Season, history: History) -> Array:
    """Return the variance of some looks without any control: enough to weigh them by."""
    step = 1 + len(history.at) // VARIANCE_LOOKS
    squares = np.stack(
        [
            (half.astype(np.float32) - season.expected(on)) ** 2
            for on, half in zip(history.at[::step], history.values[::step], strict=True)
        ]
    )
    # The median of squares is .455 of the variance of a normal law.
    middle = masked_quantile(
        np.moveaxis(squares, 0, -1), np.isfinite(squares.transpose(1, 2, 0)), 0.5
    )
    return np.where(np.isfinite(middle), middle / 0.455, np.inf).astype(np.float32)


def _variance(season: Season, history: History, region: Region) -> Array:
    """Return the variance of what the control leaves, large residuals clipped."""
    total = np.zeros((COUNT, history.values.shape[2]), dtype=np.float32)
    count = np.zeros(total.shape[1], dtype=np.float32)
    step = 1 + len(history.at) // VARIANCE_LOOKS
    for on, half in zip(history.at[::step], history.values[::step], strict=True):
        residual = half.astype(np.float32) - season.expected(on)
        found = controlled(residual, season.covariates(on), region.shape)
        left, limit = found.residual, 3.0 * found.scale[:, np.newaxis]
        total += np.nan_to_num(np.clip(left, -limit, limit)) ** 2
        count += np.isfinite(left[0])
    variance = total / np.maximum(count, 1.0)
    if not history.has_texture:
        variance[TEXTURE] = 1.0
    return np.where(count > TERMS, variance, np.inf).astype(np.float32)


def history_of(
    track: str, looks: Sequence[tuple[datetime, Array]], *, has_texture: bool
) -> History:
    """Return looks as one history, the latest of them if there are many."""
    ordered = sorted(looks, key=lambda pair: pair[0])[-MOST_LOOKS:]
    return History(
        track=track,
        at=tuple(at for at, _ in ordered),
        values=np.stack([values.astype(np.float16) for _, values in ordered]),
        has_texture=has_texture,
    )
