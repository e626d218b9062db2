"""`ewma`: EWMA change detection of each block, as in EWMACD and nrt."""

from __future__ import annotations

from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from monitor.alarm import ScoreRows, Scores
from monitor.rivals.ground import Array, Ground, SeenLook, largest
from monitor.rivals.rule import QuietRule, Scored
from monitor.rivals.seasonal import YEAR_DAYS, days_of, harmonics

LAMBDA = 0.3
SENSITIVITY = 2.0
SHEWHART = 5.0
OUTLIER = 10.0
BREAK_SHARE = 0.25
"""Share of the clear blocks in break from which the settlement is in alarm."""

LEAST_LOOKS = 12
"""Clear looks of a block that six coefficients are fitted to."""

Values = NDArray[np.float64]


class Ewma(QuietRule):
    """Chart of one index over the own blocks, all orbits together, as nrt runs it.

    OLS with trend and two harmonics over the training looks after Shewhart screening
    (L = 5); z = 0.7 z + 0.3 r from the training residuals on; residuals beyond ten sigma
    are skipped; a block breaks once, where abs(z) reaches two control limits of EWMA.
    Score: what a quarter of the clear blocks have reached, in those limits, natively 1.
    Published on pixels; here on 40 m blocks, whose noise is smaller.

    References
    ----------
    .. [1] Brooks, E. B. et al. (2014). On-the-fly massively multitemporal change
       detection using statistical quality control charts and Landsat data. IEEE TGRS 52.
    """

    def __init__(self, ground: Ground, train_until: datetime, index: str) -> None:
        self._ground = ground
        self._until = train_until
        self._index = index
        self._training: list[tuple[float, Array]] = []
        self._chart: Chart | None = None
        self._rows: list[ScoreRows] = []

    def see(self, look: SeenLook) -> None:
        """Learn from a training look, chart any other."""
        layer = look.nbr if self._index == "nbr" else look.nir
        if layer is None:
            return
        values = self._ground.own_values(layer)
        if look.at < self._until:
            # Single precision: the training cube is the one thing here that grows.
            self._training.append((days_of(look.at), values.astype(np.float32)))
            return
        if self._chart is None:
            self._chart = Chart(self._training, values.shape)
            self._training = []
        broken = self._chart.after(values, days_of(look.at))
        clear = np.where(look.clear[:, None] & np.isfinite(values), broken, np.nan)
        needed = np.ceil(BREAK_SHARE * np.isfinite(clear).sum(axis=1)).astype(np.int64)
        self._rows.append(ScoreRows.at_look(largest(clear, np.maximum(needed, 1)), look.at))

    def scored(self) -> list[Scored]:
        """Return the chart of this index."""
        scores = Scores.of(self._ground.settlement_ids, self._rows, latched=True)
        return [Scored(f"ewma-{self._index}", scores, 1.0 - 1e-9)]


class Chart:
    """Fit, limits and running z of every block."""

    def __init__(self, training: list[tuple[float, Array]], shape: tuple[int, ...]) -> None:
        days = np.array([day for day, _ in training], dtype=np.float64)
        cube = np.array([values for _, values in training], dtype=np.float64)
        cube = cube.reshape(len(days), *shape)
        self._origin = float(days[0]) if len(days) else 0.0
        design = self._design(days)
        theta = _ols(design, cube)
        left = cube - _dot(design, theta)
        screened = np.where(np.abs(left) > SHEWHART * _sd(left), np.nan, cube)
        self._theta = _ols(design, screened)
        left = screened - _dot(design, self._theta)
        self._sigma = _sd(left)
        self._limit = SENSITIVITY * self._sigma * np.sqrt(LAMBDA / (2.0 - LAMBDA))
        self._z = np.zeros(shape)
        for row in left:
            self._step(row)
        self._reached = np.zeros(shape)

    def after(self, values: Array, day: float) -> Values:
        """Take in one look; return the highest abs(z) so far of each block, in limits."""
        expected = _dot(self._design(np.array([day])), self._theta)[0]
        left = values - expected
        with np.errstate(invalid="ignore"):
            self._step(np.where(np.abs(left) > OUTLIER * self._sigma, np.nan, left))
            height = np.abs(self._z) / self._limit
        self._reached = np.fmax(self._reached, height)
        return np.where(np.isfinite(self._limit) & (self._limit > 0), self._reached, np.nan)

    def _step(self, left: Values) -> None:
        self._z = np.where(np.isfinite(left), (1 - LAMBDA) * self._z + LAMBDA * left, self._z)

    def _design(self, days: Values) -> Values:
        trend = (days - self._origin) / YEAR_DAYS
        return np.concatenate([harmonics(days), trend[:, None]], axis=1)


def _ols(design: Values, cube: Values) -> Values:
    """Return coefficients of each block, (*shape, k); NaN where looks are few."""
    known = np.isfinite(cube)
    blocks, k = int(np.prod(cube.shape[1:])), design.shape[1]
    flat = known.reshape(len(cube), blocks).astype(np.float64)
    products = (design[:, :, None] * design[:, None, :]).reshape(len(design), k * k)
    normal = (flat.T @ products).reshape(blocks, k, k)
    right = np.where(known, cube, 0.0).reshape(len(cube), blocks).T @ design
    theta = np.full((blocks, k), np.nan)
    enough = flat.sum(axis=0) >= max(LEAST_LOOKS, k)
    # A trace of ridge: blocks seen in one season only would be singular.
    normal[enough] += 1e-8 * np.eye(k)
    theta[enough] = np.linalg.solve(normal[enough], right[enough][..., None])[..., 0]
    return theta.reshape(*cube.shape[1:], k)


def _dot(design: Values, theta: Values) -> Values:
    return np.moveaxis(np.tensordot(theta, design, axes=(-1, 1)), -1, 0)


def _sd(left: Values) -> Values:
    known = np.isfinite(left)
    count = known.sum(axis=0)
    filled = np.where(known, left, 0.0)
    mean = filled.sum(axis=0) / np.maximum(count, 1)
    square = (filled**2).sum(axis=0) / np.maximum(count, 1) - mean**2
    return np.where(count > 1, np.sqrt(np.maximum(square, 0.0)), np.nan)
