"""`z1`, `z2`: a seasonal z-score of the settlement alone, without control (ablations)."""

from __future__ import annotations

from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from monitor.alarm import ScoreRows, Scores
from monitor.rivals.ground import Array, Ground, SeenLook, medians
from monitor.rivals.marx import TwoLooks
from monitor.rivals.rule import QuietRule, Scored

LEAST_LOOKS = 25
"""Clear looks of one orbit that a fit of two harmonics needs (DETECTION 4h)."""

BISQUARE = 4.685
YEAR_DAYS = 365.25
SCALE_DAYS = 45.0


class Seasonal(QuietRule):
    """z of -ln B8A of the settlement's median against its own season, by orbit.

    Two harmonics by bisquare IRLS over the training looks; sigma is 1.4826 MAD of the
    residuals within 45 days of the season, floored at half that of the whole year.
    Natively above 3; `z2` asks it of two sequential clear looks.
    """

    def __init__(self, ground: Ground, train_until: datetime) -> None:
        self._ground = ground
        self._until = train_until
        self._training: dict[str, list[tuple[float, Array]]] = {}
        self._fits: dict[str, SeasonalFit] = {}
        self._pairs = TwoLooks(ground)
        self._one_rows: list[ScoreRows] = []
        self._two_rows: list[ScoreRows] = []

    def see(self, look: SeenLook) -> None:
        """Learn from a training look, score any other."""
        own = medians(self._ground.own_values(look.nir))
        with np.errstate(divide="ignore", invalid="ignore"):
            value = np.where(look.clear, -np.log(np.maximum(own, 0.005)), np.nan)
        track, day = look.look.track, days_of(look.at)
        if look.at < self._until:
            self._training.setdefault(track, []).append((day, value.astype(np.float32)))
            return
        if track not in self._fits:
            self._fits[track] = SeasonalFit.of(self._training.pop(track, []), self._ground.count)
        z = self._fits[track].z(value, day)
        self._one_rows.append(ScoreRows.at_look(z, look.at))
        self._two_rows.append(self._pairs.rows(z, look))

    def scored(self) -> list[Scored]:
        """Return one look and two looks."""
        ids = self._ground.settlement_ids
        return [
            Scored("z1", Scores.of(ids, self._one_rows), 3.0),
            Scored("z2", Scores.of(ids, self._two_rows), 3.0),
        ]


class SeasonalFit:
    """Harmonics and seasonal scale of every settlement on one orbit."""

    def __init__(self, theta: NDArray[np.float64], days: NDArray[np.float64], left: Array) -> None:
        self._theta = theta
        self._days = days
        self._residuals = left

    @classmethod
    def of(cls, training: list[tuple[float, Array]], count: int) -> SeasonalFit:
        """Fit each settlement that has enough looks; the others get no z."""
        days = np.array([day for day, _ in training], dtype=np.float64)
        values = np.array([value for _, value in training], dtype=np.float64).reshape(-1, count)
        design = harmonics(days)
        theta = np.full((count, design.shape[1]), np.nan)
        residuals = np.full(values.shape, np.nan)
        for index in range(count):
            known = np.isfinite(values[:, index])
            if known.sum() >= LEAST_LOOKS:
                theta[index] = _bisquare(design[known], values[known, index])
                residuals[known, index] = values[known, index] - design[known] @ theta[index]
        return cls(theta, days, residuals.astype(np.float32))

    def z(self, value: NDArray[np.floating], day: float) -> Array:
        """Return the z-score of each settlement on a day; NaN without a fit."""
        expected = self._theta @ harmonics(np.array([day]))[0]
        if not len(self._days):
            return np.full(len(expected), np.nan, dtype=np.float32)
        near = np.abs((self._days - day + YEAR_DAYS / 2) % YEAR_DAYS - YEAR_DAYS / 2) <= SCALE_DAYS
        whole = 1.4826 * medians(np.abs(self._residuals).T)
        season = 1.4826 * medians(np.abs(self._residuals[near]).T) if near.any() else whole
        few = np.isfinite(self._residuals[near]).sum(axis=0) < 5
        sigma = np.maximum(np.where(few, whole, season), 0.5 * whole)
        with np.errstate(divide="ignore", invalid="ignore"):
            z = (value - expected) / sigma
        return np.where(np.isfinite(z), z, np.nan).astype(np.float32)


def days_of(at: datetime) -> float:
    """Return days since 1970, with fractions."""
    return at.timestamp() / 86_400.0


def harmonics(days: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the design of a constant and two harmonics of the year, shape (n, 5)."""
    angle = 2.0 * np.pi * days / YEAR_DAYS
    columns = [np.ones_like(angle)]
    for order in (1, 2):
        columns += [np.cos(order * angle), np.sin(order * angle)]
    return np.stack(columns, axis=1)


def _bisquare(design: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    weights = np.ones(len(values))
    for _ in range(8):
        root = np.sqrt(weights)
        theta, *_ = np.linalg.lstsq(design * root[:, None], values * root, rcond=None)
        left = np.abs(values - design @ theta)
        scale = max(1.4826 * float(np.median(left)), 1e-6)
        weights = np.maximum(1.0 - (left / (BISQUARE * scale)) ** 2, 0.0) ** 2
        weights[left >= BISQUARE * scale] = 0.0
    return np.asarray(theta)
