"""Fitting a baseline state from archived looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from monitor.baseline import (
    KNOTS,
    TERMS,
    Baseline,
    design,
    packed,
    season_of,
    solved,
    watched_features,
)
from monitor.blocks import BlockSets
from monitor.change import Changes, changes_in, controlled, own_change
from monitor.control import Control, masked_quantile
from monitor.features import FeatureSet, feature_set_of
from monitor.layout import Layout, layout_of
from monitor.looks import Look
from monitor.matched import shrunk_precision
from monitor.recent import KEPT_LOOKS, LEAST_LOOKS, REACH, level_of
from monitor.reference import MAD_TO_SIGMA, SCALE_FLOOR, Reference
from monitor.scan import scan

Array = NDArray[np.float32]

BISQUARE = 4.685
"""95 % efficiency for normal residuals (Tukey; DETECTION 4a)."""

ITERATIONS = 4
KNOT_REACH = 0.125
"""A knot's scale is taken from looks within 45 days of it, as a share of the year."""

LEAST_KNOT_LOOKS = 8
WATER_NIR = 0.08
"""Land is brighter than this in near infrared for most of the year; water is not."""

SPREAD_KNOTS = 8
LEAST_FOR_SEASON = 60
"""Settlement looks that a seasonal factor needs."""

LEAST_CLEAR = 0.7
MOST_SAMPLES = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class _Series:
    """The archived looks of one track over the watched blocks."""

    at: list[datetime]
    x: NDArray[np.float64]
    """Regressors, shape (time, 5)."""

    values: Array
    """Features, shape (time, features, n); NaN where not valid."""

    features: FeatureSet


def fit_baseline(looks: Sequence[Look], sets: BlockSets, fitted_at: datetime) -> Baseline | None:
    """Return the baseline of one track of one area.

    Parameters
    ----------
    looks : sequence of Look
        Of one area and track, any order; those older than the quarantine.
    sets : BlockSets
    fitted_at : datetime
        Now, UTC.

    Returns
    -------
    Baseline or None
        None if no look has the bands that the features need.

    Notes
    -----
    Robust two-harmonic regression by iteratively reweighted least squares (bisquare,
    c = 4.685) per block, one weight for each block and look; then scales, and from the
    difference in differences of the same looks how each place behaves when quiet.
    """
    series = _series(looks, sets)
    if series is None:
        return None
    theta, weight = _irls(series)
    residual = series.values - np.einsum("ktn,dt->dkn", theta, series.x).astype(np.float32)
    residual = _fresh(residual, series.at)
    scale = _knot_scales(residual, series.at)
    usable = _land(series)
    layout = layout_of(sets)
    first = looks[0]
    baseline = Baseline(
        aoi_id=first.aoi_id,
        track=first.track,
        sets_version=sets.version,
        features=series.features,
        fitted_at=fitted_at,
        fitted_looks=len(series.at),
        through=max(series.at),
        look_count=len(series.at),
        gram=_gram(series, weight),
        moment=_moment(series, weight),
        theta=theta,
        knot_scale=scale,
        usable=usable,
        **_unknown_places(series.features, layout),
    )
    return _with_places(baseline, replace(series, values=residual), layout)


def _series(looks: Sequence[Look], sets: BlockSets) -> _Series | None:
    ordered = sorted(looks, key=lambda look: look.acquired_at)
    chosen = [feature_set_of(look.bands) for look in ordered]
    known = [f for f in chosen if f is not None]
    if not known:
        return None
    # The poorest set that occurs, so that every look can be used.
    features = min(known, key=lambda f: f.count)
    used = [look for look, f in zip(ordered, chosen, strict=True) if f is not None]
    at = [look.acquired_at for look in used]
    return _Series(
        at=at,
        x=np.stack([design(on) for on in at]),
        values=np.stack([watched_features(look, sets, features) for look in used]),
        features=features,
    )


def _irls(series: _Series) -> tuple[Array, NDArray[np.float64]]:
    seen = _seen(series.values)
    weight: NDArray[np.float64] = seen.astype(np.float64)
    _, features, n = series.values.shape
    theta = np.full((features, TERMS, n), np.nan, dtype=np.float32)
    for _ in range(ITERATIONS):
        theta = solved(_gram(series, weight), _moment(series, weight), theta)
        residual = series.values - np.einsum("ktn,dt->dkn", theta, series.x).astype(np.float32)
        sigma = _sigma_over_time(residual, seen)
        u = np.max(np.abs(residual) / (BISQUARE * sigma), axis=1)
        weight = np.where(seen, (1.0 - np.minimum(np.nan_to_num(u, nan=1.0), 1.0) ** 2) ** 2, 0.0)
    return theta, weight


def _seen(values: Array) -> NDArray[np.bool_]:
    """Return True where all features of (time, features, n) are known, shape (time, n)."""
    return np.asarray(np.isfinite(values).all(axis=1))


def _gram(series: _Series, weight: NDArray[np.float64]) -> NDArray[np.float64]:
    products = packed(np.einsum("dp,dq->pqd", series.x, series.x))
    return np.asarray(products @ weight, dtype=np.float64)


def _moment(series: _Series, weight: NDArray[np.float64]) -> NDArray[np.float64]:
    values = np.nan_to_num(series.values)
    return np.stack([series.x.T @ (weight * values[:, k]) for k in range(values.shape[1])]).astype(
        np.float64
    )


def _sigma_over_time(residual: Array, seen: NDArray[np.bool_]) -> Array:
    """Return the robust sigma of residuals (time, features, n) as (features, n)."""
    size = np.moveaxis(np.abs(residual), 0, -1)
    valid = np.broadcast_to(np.moveaxis(seen, 0, -1), size.shape)
    sigma: Array = np.maximum(MAD_TO_SIGMA * masked_quantile(size, valid, 0.5), SCALE_FLOOR)
    return sigma


def _knot_scales(residual: Array, at: Sequence[datetime]) -> Array:
    """Return the sigma at each seasonal knot, floored at the area's 20th percentile."""
    seen = _seen(residual)
    overall = _sigma_over_time(residual, seen)
    season = np.array([season_of(on) for on in at])
    knots = []
    for knot in range(KNOTS):
        distance = np.abs((season - knot / KNOTS + 0.5) % 1.0 - 0.5)
        near = distance <= KNOT_REACH
        local = _sigma_over_time(residual[near], seen[near]) if near.any() else overall
        enough = seen[near].sum(axis=0) >= LEAST_KNOT_LOOKS
        sigma = np.where(enough & np.isfinite(local), local, overall)
        # Where nothing was ever seen there is no floor, and no block that could use it.
        floor = np.nan_to_num(masked_quantile(sigma, np.isfinite(sigma), 0.2))[:, None]
        knots.append(np.maximum(np.nan_to_num(sigma, nan=np.inf), floor))
    return np.stack(knots).astype(np.float32)


def _land(series: _Series) -> NDArray[np.bool_]:
    """Return True where a block is land that was seen often enough to be judged."""
    nir = np.exp(-series.values[:, series.features.nir])
    seen = np.isfinite(nir)
    bright = masked_quantile(np.moveaxis(nir, 0, -1), np.moveaxis(seen, 0, -1), 0.5)
    land: NDArray[np.bool_] = (seen.sum(axis=0) > TERMS + 3) & (bright > WATER_NIR)
    return land


def _unknown_places(features: FeatureSet, layout: Layout) -> dict[str, Array]:
    count, places = features.count, layout.count
    eye = np.eye(count, dtype=np.float32)
    return {
        "ring_precision": eye,
        "beta": np.ones((count, places), dtype=np.float32),
        "precision": np.broadcast_to(eye, (places, count, count)).copy(),
        "correlation": np.full(places, 0.05, dtype=np.float32),
        "centre": np.zeros((2, places), dtype=np.float32),
        "spread": np.ones((2, places), dtype=np.float32),
        "season_spread": np.ones((SPREAD_KNOTS, 2), dtype=np.float32),
    }


def _fresh(residual: Array, at: Sequence[datetime]) -> Array:
    """Return the residuals (time, features, n) with what looks before them shared taken off."""
    fresh = residual.copy()
    for index, on in enumerate(at):
        near = [i for i in range(max(0, index - KEPT_LOOKS), index) if on - at[i] <= REACH]
        if len(near) >= LEAST_LOOKS:
            fresh[index] = residual[index] - level_of(residual[near])
    return fresh


def _with_places(baseline: Baseline, series: _Series, layout: Layout) -> Baseline:
    """Return the baseline with what its own looks say of quiet places.

    `series` holds fresh residuals here, not features.
    """
    baseline = replace(baseline, ring_precision=_land_precision(baseline, series, layout))
    references = [baseline.reference(on, layout) for on in series.at]
    # Neither slopes nor precisions of places change what their rings did.
    controls = _controls(references, series, layout)
    baseline = replace(baseline, beta=_beta(controls, references, series, layout))
    precision = _place_precisions(_standard_changes(baseline, controls, series, layout), layout)
    baseline = replace(baseline, precision=precision)
    changes = [
        changes_in(values, baseline.reference(on, layout), layout, control)
        for on, values, control in zip(series.at, series.values, controls, strict=True)
    ]
    correlation = _correlations(changes, layout)
    values = _quiet_statistics(changes, layout, correlation)
    seen = np.isfinite(values)
    centre = _median_over_time(values, seen)
    spread = MAD_TO_SIGMA * _median_over_time(np.abs(values - centre), seen)
    centre, spread = _shrunk_to_area(centre, spread, seen.sum(axis=0))
    return replace(
        baseline,
        correlation=correlation,
        centre=centre,
        spread=spread,
        season_spread=_season_spread((values - centre) / spread, series.at),
    )


def _season_spread(standard: Array, at: Sequence[datetime]) -> Array:
    """Return the spread of standardised statistics (time, 2, places) by season, (8, 2)."""
    season = np.array([season_of(on) for on in at])
    factors = np.ones((SPREAD_KNOTS, 2), dtype=np.float32)
    for knot in range(SPREAD_KNOTS):
        distance = np.abs((season - knot / SPREAD_KNOTS + 0.5) % 1.0 - 0.5)
        near = standard[distance <= KNOT_REACH]
        for statistic in range(2):
            known = near[:, statistic][np.isfinite(near[:, statistic])]
            if known.size >= LEAST_FOR_SEASON:
                factors[knot, statistic] = MAD_TO_SIGMA * np.median(np.abs(known))
    return np.clip(factors, 0.7, 3.0)


def _controls(references: list[Reference], series: _Series, layout: Layout) -> list[Control]:
    """Return what the rings did in each look."""
    return [
        controlled(np.where(reference.usable, values, np.nan), reference, layout)
        for reference, values in zip(references, series.values, strict=True)
    ]


def _standard_changes(
    baseline: Baseline, controls: list[Control], series: _Series, layout: Layout
) -> Array:
    """Return the change of each own block in each look in sigmas, (time, features, m)."""
    found = []
    for on, values, control in zip(series.at, series.values, controls, strict=True):
        reference = baseline.reference(on, layout)
        residual = np.where(reference.usable, values, np.nan)
        change = own_change(residual, control, reference, layout)
        found.append(change / reference.scale[:, layout.own])
    return np.stack(found)


def _land_precision(baseline: Baseline, series: _Series, layout: Layout) -> Array:
    """Return the inverse covariance of what single ring blocks do beyond their ring."""
    land = np.unique(layout.ring[layout.in_ring])
    land = land[:: 1 + land.size // 500]
    samples = []
    for on, residual in zip(series.at, series.values, strict=True):
        d = (residual / baseline.scale(on))[:, land]
        d = d[:, np.isfinite(d).all(axis=0)]
        if d.shape[1] > 10:
            d = d - np.median(d, axis=1, keepdims=True)
            samples.append(d[:, np.abs(d).max(axis=0) < 5.0].T)
    if not samples:
        return baseline.ring_precision
    return shrunk_precision(_thinned(np.concatenate(samples)))


def _beta(
    controls: list[Control], references: list[Reference], series: _Series, layout: Layout
) -> Array:
    """Return how strongly each place follows its ring, by a robust slope, 0 to 1.2."""
    own, ring = [], []
    for control, reference, values in zip(controls, references, series.values, strict=True):
        residual = np.where(reference.usable, values, np.nan)
        medians = layout.medians(residual[:, layout.own])
        fair = (control.seen > 0.3) & ~control.borrowed
        own.append(np.where(fair, medians, np.nan))
        ring.append(control.change)
    y, x = np.stack(own), np.stack(ring)
    seen = np.isfinite(y)
    # Huber-like: a burn or a residual cloud in the training looks has a bounded say.
    limit = 3.0 * MAD_TO_SIGMA * _median_over_time(np.abs(y), seen)
    y = np.where(seen, np.clip(np.nan_to_num(y), -limit, limit), 0.0)
    x = np.where(seen, x, 0.0)
    strength = (x * x).sum(axis=0)
    # One prior look of typical size at slope 1 holds places with few clear looks.
    prior = np.nan_to_num(_median_over_time(x * x, seen)) + 1e-6
    slope: Array = ((x * y).sum(axis=0) + prior) / (strength + prior)
    return np.clip(slope, 0.0, 1.2).astype(np.float32)


def _median_over_time(values: Array, seen: NDArray[np.bool_]) -> Array:
    return masked_quantile(np.moveaxis(values, 0, -1), np.moveaxis(seen, 0, -1), 0.5)


def _place_precisions(d: Array, layout: Layout) -> Array:
    """Return the inverse covariance of quiet changes of each place, (p, features, features)."""
    precisions = []
    for part in layout.by_place(d):
        samples = np.moveaxis(part, 1, 2).reshape(-1, part.shape[1])
        samples = samples[np.isfinite(samples).all(axis=1)]
        quiet = samples[np.abs(samples).max(axis=1) < 5.0] if samples.size else samples
        precisions.append(shrunk_precision(_thinned(quiet)))
    return np.stack(precisions)


def _correlations(changes: list[Changes], layout: Layout) -> Array:
    """Return the correlation of centred scores between blocks of each place."""
    q = np.stack([c.filtered.q for c in changes])
    found = np.zeros(layout.count, dtype=np.float32)
    for index, part in enumerate(layout.by_place(q)):
        looks = part[np.isfinite(part).all(axis=1)]
        half = part.shape[1] // 2
        if len(looks) < 8 or half < 4:
            found[index] = 0.05
            continue
        centred = looks - np.median(looks, axis=1, keepdims=True)
        block = max(float(np.median(centred**2)) / 0.4549, 1e-6)
        mean = float(np.median(centred[:, :half].mean(axis=1) ** 2)) / 0.4549
        # var(mean of n) = s2 (1/n + rho (1 - 1/n)), medians of squares for robustness.
        found[index] = np.clip((mean / block - 1.0 / half) / (1.0 - 1.0 / half), 0.01, 0.8)
    return found


def _quiet_statistics(changes: list[Changes], layout: Layout, correlation: Array) -> Array:
    """Return (median q, scan) of each look and place, shape (time, 2, places)."""
    values = np.full((len(changes), 2, layout.count), np.nan, dtype=np.float32)
    sizes = np.diff(layout.starts)
    for look, change in enumerate(changes):
        enough = layout.counts(change.valid) >= np.maximum(LEAST_CLEAR * sizes, 1)
        values[look, 0] = np.where(enough, layout.medians(change.filtered.q[None])[0], np.nan)
        parts = layout.by_place(change.filtered.q)
        for place in np.flatnonzero(enough):
            values[look, 1, place] = scan(
                parts[place],
                np.isfinite(parts[place]),
                layout.windows[place],
                float(correlation[place]),
            ).value
    return values


def _shrunk_to_area(centre: Array, spread: Array, count: NDArray[np.intp]) -> tuple[Array, Array]:
    """Pull places with few clear looks towards the median of the area, as if it were 20 looks."""
    known = count >= 4
    share = np.where(known, count / (count + 20.0), 0.0)
    typical = masked_quantile(spread, known, 0.5)[:, None]
    level = masked_quantile(centre, known, 0.5)[:, None]
    typical = np.where(np.isfinite(typical), typical, 1.0)
    level = np.where(np.isfinite(level), level, 0.0)
    pooled = share * np.nan_to_num(spread) + (1 - share) * typical
    middle = share * np.nan_to_num(centre) + (1 - share) * level
    return middle.astype(np.float32), np.maximum(pooled, 0.2).astype(np.float32)


def _thinned(samples: Array) -> Array:
    return samples[:: 1 + len(samples) // MOST_SAMPLES]
