"""What a look is compared with: expected features, scales, and how places behave when quiet.

A seasonal baseline gives one (series mode); so do the same weeks of earlier years
(window mode) and the last clear looks (pair mode), where history is short.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.control import masked_quantile
from monitor.features import FeatureSet
from monitor.layout import Layout
from monitor.matched import shrunk_precision

Array = NDArray[np.float32]

MAD_TO_SIGMA = 1.4826

SCALE_FLOOR = 0.01
"""No feature of a 40 m block is steadier than this between two looks (measured: the robust
two-date spread of 30 m pixels is .020 to .092, Cold Springs)."""


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """The expectation for one look, over the watched blocks (n) and places (p)."""

    mode: str
    """``"series"``, ``"window"`` or ``"pair"``."""

    features: FeatureSet
    expected: Array
    """Shape (features, n); NaN where unknown."""

    scale: Array
    """Sigma of the residual in this season, shape (features, n)."""

    usable: NDArray[np.bool_]
    """False for water and for blocks never seen, shape (n,)."""

    ring_precision: Array
    """Inverse covariance of land residuals in sigmas, shape (features, features)."""

    beta: Array
    """How strongly a place follows its ring, 0 to 1.2, shape (features, p)."""

    precision: Array
    """Inverse covariance of quiet changes of a place, shape (p, features, features)."""

    correlation: Array
    """Between the blocks of a place in quiet times, 0 to 1, shape (p,)."""

    centre: Array
    """Median of (settlement median q, scan) in quiet times, shape (2, p)."""

    spread: Array
    """Robust sigma of the same, shape (2, p)."""

    look_count: int
    """Looks that it rests on."""

    green: Array
    """Expected NDVI of each place on that day, -1 to 1, shape (p,): its season."""

    leverage: float = 0.0
    """How far the day lies outside the seasons that were seen (`Baseline.leverage`); 0 where
    no season was fitted."""


def reference_from_looks(
    observed: Array,
    earlier: Sequence[Array],
    features: FeatureSet,
    layout: Layout,
    *,
    mode: str,
) -> Reference | None:
    """Return the reference that earlier looks give where no baseline exists.

    Parameters
    ----------
    observed : array
        Features of the look itself, shape (features, n). Its land, not its settlements,
        gives the spread between two dates.
    earlier : sequence of array
        Features of earlier looks of the same track, each (features, n), newest last.
    mode : str
        ``"window"`` or ``"pair"``; recorded.

    Returns
    -------
    Reference or None
        None if no earlier look saw anything.

    Notes
    -----
    Scales and covariance are spatial: how much land differs from land between the two
    dates. A median of several earlier looks keeps a shadow in one of them out.
    """
    if not earlier:
        return None
    stack = np.moveaxis(np.stack(earlier), 0, -1)
    expected = masked_quantile(stack, np.isfinite(stack), 0.5)
    residual = observed - expected
    land = np.unique(layout.ring[layout.in_ring])
    seen = np.isfinite(residual[:, land]).all(axis=0)
    land = land[seen]
    if land.size < 30:
        return None
    change = residual[:, land] - np.median(residual[:, land], axis=1, keepdims=True)
    sigma = MAD_TO_SIGMA * np.median(np.abs(change), axis=1)
    sigma = np.maximum(sigma, SCALE_FLOOR)
    precision = shrunk_precision(_without_outliers(change / sigma[:, None]).T)
    count, n = features.count, observed.shape[1]
    usable: NDArray[np.bool_] = np.asarray(np.isfinite(expected).all(axis=0))
    greenness = -expected[features.ndvi]
    return Reference(
        mode=mode,
        features=features,
        expected=expected,
        scale=np.broadcast_to(sigma[:, None], (count, n)).astype(np.float32),
        usable=usable,
        ring_precision=precision,
        beta=np.ones((count, layout.count), dtype=np.float32),
        precision=np.broadcast_to(precision, (layout.count, count, count)),
        correlation=np.full(layout.count, 0.05, dtype=np.float32),
        centre=np.zeros((2, layout.count), dtype=np.float32),
        spread=np.ones((2, layout.count), dtype=np.float32),
        look_count=len(earlier),
        green=np.nan_to_num(layout.medians(greenness[None, layout.own])[0]),
    )


def _without_outliers(change: Array) -> Array:
    """Return the columns of quiet land: a bush fire must not widen the covariance."""
    distance = np.abs(change).max(axis=0)
    quiet = change[:, distance < 4.0]
    return quiet if quiet.shape[1] >= 4 * change.shape[0] else change
