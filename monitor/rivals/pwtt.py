"""`pwtt`, `pwtt-pooled`: the pixel-wise t-test on Sentinel-1."""

from __future__ import annotations

from collections import deque
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import convolve

from monitor.alarm import ScoreRows, Scores, seconds
from monitor.looks import Look
from monitor.rivals.ground import Array, Ground
from monitor.rivals.rule import QuietRule, Scored

BEFORE = np.timedelta64(timedelta(days=365))
AFTER = np.timedelta64(timedelta(days=30))
LEAST_BEFORE, LEAST_AFTER = 3, 2
RADII_M = (50.0, 100.0, 150.0)


class Pwtt(QuietRule):
    """Absolute t of ln backscatter, 12 months before against the last 30 days.

    `pwtt` takes the t of Welch, `pwtt-pooled` that of a pooled variance, as the first
    published code does: with two looks after, Welch's has hardly any freedom.

    Stouffer over orbits with weights sqrt(df), the larger of VV and VH, then the equal
    mean of itself and its means over circles of 50, 100 and 150 m; score: mean over the
    settlement, natively above 3.3. The settlement stands for its built-up layer. Published
    on 10 m pixels after a Lee filter; looks hold 40 m blocks, already means over sixteen
    pixels, so that neither the filter nor the 10 m median is repeated.

    References
    ----------
    .. [1] Ballinger, O. (2025). Open access battle damage detection via pixel-wise t-test
       on Sentinel-1 imagery. Remote Sensing of Environment 331, 115025.
    """

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._archive: dict[str, deque[tuple[np.datetime64, Array]]] = {}
        self._latest: dict[str, dict[str, tuple[Array, Array]]] = {"pwtt": {}, "pwtt-pooled": {}}
        self._kernels = [_circle(radius / ground.blocks.resolution_m) for radius in RADII_M]
        self._rows: dict[str, list[ScoreRows]] = {rule: [] for rule in self._latest}

    def see_radar(self, look: Look) -> None:
        """Test the last 30 days against the year before them."""
        now = seconds(look.acquired_at)
        archive = self._archive.setdefault(look.track, deque())
        decibel = np.stack([look.bands["vv"], look.bands["vh"]])
        archive.append((now, (decibel * np.log(10.0) / 10.0).astype(np.float32)))
        while archive[0][0] <= now - AFTER - BEFORE:
            archive.popleft()
        before = [values for when, values in archive if when <= now - AFTER]
        after = [values for when, values in archive if when > now - AFTER]
        if len(before) < LEAST_BEFORE or len(after) < LEAST_AFTER:
            return
        for rule, orbits in self._latest.items():
            pooled = rule == "pwtt-pooled"
            orbits[look.track] = absolute_t(np.stack(before), np.stack(after), pooled=pooled)
            smooth = self._smoothed(np.fmax(*stouffer(list(orbits.values()))))
            own = self._ground.own_values(smooth.astype(np.float32))
            count = np.isfinite(own).sum(axis=1)
            mean = np.where(count > 0, np.nansum(own, axis=1) / np.maximum(count, 1), np.nan)
            self._rows[rule].append(ScoreRows.at_look(mean, look.acquired_at))

    def scored(self) -> list[Scored]:
        """Return both variants."""
        ids = self._ground.settlement_ids
        return [Scored(rule, Scores.of(ids, rows), 3.3) for rule, rows in self._rows.items()]

    def _smoothed(self, t: NDArray[np.float64]) -> NDArray[np.float64]:
        known = np.isfinite(t)
        filled = np.where(known, t, 0.0)
        layers = [t]
        for kernel in self._kernels:
            weight = convolve(known.astype(np.float64), kernel, mode="constant")
            total = convolve(filled, kernel, mode="constant")
            layers.append(np.where(weight > 0, total / np.maximum(weight, 1e-9), np.nan))
        return np.asarray(np.mean(layers, axis=0))


def absolute_t(before: Array, after: Array, *, pooled: bool) -> tuple[Array, Array]:
    """Return abs(t) and the degrees of freedom of each block, as PWTT counts them.

    Parameters
    ----------
    before, after : array
        Natural log of backscatter, shape (time, polarisation, height, width).
    pooled : bool
        True: one variance for both periods. False: one for each (Welch).
    """
    n, m = len(before), len(after)
    of_before, of_after = before.var(axis=0, ddof=1), after.var(axis=0, ddof=1)
    if pooled:
        shared = ((n - 1) * of_before + (m - 1) * of_after) / (n + m - 2)
        variance = shared * (1 / n + 1 / m)
    else:
        variance = of_before / n + of_after / m
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.abs(after.mean(axis=0) - before.mean(axis=0)) / np.sqrt(variance)
    t = np.where(np.isfinite(t), t, np.nan)
    return t.astype(np.float32), np.full(t.shape, n + m - 2, dtype=np.float32)


def stouffer(orbits: list[tuple[Array, Array]]) -> Array:
    """Return the weighted combination over orbits; an orbit without a value is left out."""
    t, freedom = (np.stack(part) for part in zip(*orbits, strict=True))
    known = np.isfinite(t)
    above = np.where(known, np.sqrt(freedom) * t, 0.0).sum(axis=0)
    below = np.where(known, freedom, 0.0).sum(axis=0)
    combined = above / np.sqrt(np.maximum(below, 1e-9))
    return np.where(below > 0, combined, np.nan).astype(np.float32)


def _circle(radius_blocks: float) -> NDArray[np.float64]:
    reach = int(np.ceil(radius_blocks))
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    inside: NDArray[np.float64] = (rows**2 + columns**2 <= radius_blocks**2).astype(np.float64)
    return inside
