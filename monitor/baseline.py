"""Baseline state: what is normal for each watched block at this time of year.

One state per area and track (sensor and relative orbit). It holds the sums of a
weighted harmonic regression, so that a new look costs the state and never the history.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from aoi.interval import require_utc
from monitor.blocks import BlockSets
from monitor.features import FULL, REDUCED, FeatureSet, features_of
from monitor.layout import Layout
from monitor.looks import Look
from monitor.reference import Reference

Array = NDArray[np.float32]

STATE_VERSION = "baseline/1"
YEAR_D = 365.25
HARMONICS = 2
TERMS = 1 + 2 * HARMONICS
KNOTS = 4
"""Seasonal knots of the scales, 91 days apart."""


@dataclass(frozen=True, slots=True)
class BaselineSettings:
    """Numbers of DETECTION 4.0 and 4h."""

    least_looks: int = 25
    """Clear looks below which no harmonic is fitted."""

    quarantine: timedelta = timedelta(days=60)
    """A look enters the sums only after this time, so that a burn does not teach itself."""

    memory: timedelta = timedelta(days=1095)
    """Weights of old looks fall by e over this time."""

    refit_every: timedelta = timedelta(days=365)
    """How often the state is fitted anew from archived looks."""

    refit_growth: float = 1.5
    """It is also fitted anew when the looks have grown by this factor."""


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """Seasonal sums and scales over the watched blocks (n) and places (p) of an area."""

    aoi_id: str
    track: str
    sets_version: str
    """Version of the block sets it was fitted for; others need a refit."""

    features: FeatureSet
    fitted_at: datetime
    fitted_looks: int
    through: datetime
    """Acquisition of the latest look in the sums."""

    look_count: int
    gram: NDArray[np.float64]
    """Sums of w X X', packed upper triangle, shape (15, n)."""

    moment: NDArray[np.float64]
    """Sums of w X x, shape (features, 5, n)."""

    theta: Array
    """Harmonic coefficients, shape (features, 5, n)."""

    knot_scale: Array
    """Sigma at the four seasonal knots, shape (4, features, n)."""

    usable: NDArray[np.bool_]
    ring_precision: Array
    beta: Array
    precision: Array
    correlation: Array
    centre: Array
    spread: Array
    """As in `Reference`, over the whole year."""

    season_spread: Array
    """Factor on `spread` at eight knots of the year, shape (8, 2): greening and drying
    differ from year to year more than the dry season does."""

    def reference(self, on: datetime, layout: Layout) -> Reference:
        """Return what is expected on a day.

        Parameters
        ----------
        on : datetime
            Acquisition of the look, UTC.
        layout : Layout
            Of the sets that it was fitted for.
        """
        expected = self.expected(on)
        greenness = -expected[self.features.ndvi]
        return Reference(
            mode="series",
            features=self.features,
            expected=expected,
            scale=self.scale(on),
            usable=self.usable,
            ring_precision=self.ring_precision,
            beta=self.beta,
            precision=self.precision,
            correlation=self.correlation,
            centre=self.centre,
            spread=self.spread * _circular(self.season_spread, on)[:, None],
            look_count=self.look_count,
            green=np.nan_to_num(layout.medians(greenness[None, layout.own])[0]),
            leverage=self.leverage(on),
        )

    def expected(self, on: datetime) -> Array:
        """Return the expected features on a day, shape (features, n)."""
        expected: Array = np.einsum("ktn,t->kn", self.theta, design(on).astype(np.float32))
        return np.where(self.usable, expected, np.nan).astype(np.float32)

    def leverage(self, on: datetime) -> float:
        """Return how far a day lies outside what the fit has seen: x' (X'X)^-1 x.

        Of the mean block. The variance of the expected value is this times that of one
        look: 5 / n in the middle of n looks spread over the year, far above 1 in a season
        that has not been seen. Infinite without any look.
        """
        if not self.usable.any():
            return float("inf")
        square = unpacked(self.gram[:, self.usable].mean(axis=1, keepdims=True))[0]
        x = design(on)
        try:
            return float(x @ np.linalg.solve(square, x))
        except np.linalg.LinAlgError:
            return float("inf")

    def scale(self, on: datetime) -> Array:
        """Return the sigma of the residuals on a day, shape (features, n)."""
        return _circular(self.knot_scale, on)


def _circular(knots: Array, on: datetime) -> Array:
    """Return values at equally spaced knots of the year, interpolated to a day."""
    position = len(knots) * season_of(on)
    low = int(position) % len(knots)
    share = np.float32(position - int(position))
    between: Array = (1 - share) * knots[low] + share * knots[(low + 1) % len(knots)]
    return between


def season_of(on: datetime) -> float:
    """Return the share of the year that has passed, 0 to 1, on a year of 365.25 days."""
    since = require_utc(on) - datetime(2000, 1, 1, tzinfo=UTC)
    return (since.total_seconds() / 86_400.0 / YEAR_D) % 1.0


def design(on: datetime) -> NDArray[np.float64]:
    """Return the regressors of a day: 1, and cosine and sine of two harmonics."""
    angle = 2.0 * np.pi * season_of(on)
    waves = [f(h * angle) for h in range(1, HARMONICS + 1) for f in (np.cos, np.sin)]
    return np.array([1.0, *waves])


def watched_features(look: Look, sets: BlockSets, features: FeatureSet) -> Array:
    """Return the features of the watched blocks of a look, NaN where not valid."""
    bands = {name: sets.take(look.bands[name]) for name in features.bands}
    values = features_of(bands, features)
    values[:, ~sets.take(look.valid)] = np.nan
    return values


def absorb(
    baseline: Baseline,
    look: Look,
    sets: BlockSets,
    frozen: NDArray[np.bool_] | None = None,
    settings: BaselineSettings | None = None,
) -> Baseline:
    """Return the baseline with one more look in its sums.

    Parameters
    ----------
    baseline : Baseline
    look : Look
        Of the same track; older looks than `through` leave the baseline as it is.
    sets : BlockSets
    frozen : array, optional
        True for watched blocks inside an open or confirmed event, shape (n,): past
        burns never become normal.
    settings : BaselineSettings, optional

    Notes
    -----
    One weight for each block and look, bisquare in the largest residual in units of
    6 sigma; both sums decay by exp(-dt / memory). Costs O(n), whatever the history.
    """
    if look.acquired_at <= baseline.through or baseline.sets_version != sets.version:
        return baseline
    chosen = settings or BaselineSettings()
    values = watched_features(look, sets, baseline.features)
    on = look.acquired_at
    residual = values - baseline.expected(on)
    u = np.max(np.abs(residual) / (6.0 * baseline.scale(on)), axis=0)
    usable = np.isfinite(u) & (True if frozen is None else ~frozen)
    weight = np.where(usable, (1.0 - np.minimum(np.nan_to_num(u, nan=1.0), 1.0) ** 2) ** 2, 0.0)
    x = design(on)
    decay = np.exp(-((on - baseline.through) / chosen.memory))
    gram = decay * baseline.gram + packed(np.outer(x, x))[:, None] * weight
    weighted = np.where(usable, values, 0.0) * weight
    moment = decay * baseline.moment + x[None, :, None] * weighted[:, None, :]
    return replace(
        baseline,
        gram=gram,
        moment=moment,
        theta=solved(gram, moment, baseline.theta),
        through=on,
        look_count=baseline.look_count + 1,
    )


def wants_refit(
    baseline: Baseline | None,
    sets: BlockSets,
    look_count: int,
    now: datetime,
    settings: BaselineSettings | None = None,
) -> bool:
    """Return True if the state should be fitted (again) from archived looks.

    Parameters
    ----------
    baseline : Baseline or None
    sets : BlockSets
        Of the area today.
    look_count : int
        Archived looks of the track that are older than the quarantine.
    now : datetime
    """
    chosen = settings or BaselineSettings()
    if look_count < chosen.least_looks:
        return False
    if baseline is None or baseline.sets_version != sets.version:
        return True
    aged = now - baseline.fitted_at >= chosen.refit_every
    return aged or look_count >= chosen.refit_growth * baseline.fitted_looks


UPPER = np.triu_indices(TERMS)


def packed(square: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the upper triangle of symmetric (5, 5, ...) as (15, ...)."""
    return square[UPPER]


def unpacked(upper: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return packed sums (15, n) as symmetric (n, 5, 5)."""
    square = np.zeros((upper.shape[1], TERMS, TERMS))
    square[:, UPPER[0], UPPER[1]] = upper.T
    square[:, UPPER[1], UPPER[0]] = upper.T
    return square


def solved(gram: NDArray[np.float64], moment: NDArray[np.float64], fallback: Array) -> Array:
    """Return the coefficients of the sums, shape (features, 5, n); `fallback` where unknown."""
    square = unpacked(gram)
    total = square[:, 0, 0]
    known = total > TERMS
    # A little ridge on the waves: a season without clear looks must not swing freely.
    ridge = np.diag([1e-6, *[0.02] * (TERMS - 1)])
    square = square + ridge * np.maximum(total, 1e-3)[:, None, None]
    theta = np.linalg.solve(square, np.moveaxis(moment, 2, 0).swapaxes(1, 2))
    fresh = np.moveaxis(theta, 0, 2).swapaxes(0, 1).astype(np.float32)
    return np.where(known, fresh, fallback).astype(np.float32)


def feature_set_named(name: str) -> FeatureSet:
    """Return the feature set that a stored state names."""
    return {f.name: f for f in (FULL, REDUCED)}[name]
