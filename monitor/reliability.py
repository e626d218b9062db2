"""How far stated probabilities can be believed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Statements of like probability, and how many came true."""

    low: float
    high: float
    stated: float
    """Mean stated probability, weighted."""

    observed: float
    """Share that came true, weighted."""

    count: int
    """Statements in the bin."""

    weight: float
    """Sum of their weights."""


def reliability(
    probabilities: Sequence[float],
    outcomes: Sequence[bool],
    weights: Sequence[float] | None = None,
    *,
    bins: int = 10,
) -> list[ReliabilityBin]:
    """Return a reliability diagram over equal bins; empty bins are left out.

    Parameters
    ----------
    probabilities : sequence of float
        Stated, 0 to 1.
    outcomes : sequence of bool
        Whether each came true.
    weights : sequence of float, optional
        Of each statement: those of burns are weighted down where a test world holds
        more burns than the prior that the probabilities were stated for.
    bins : int, default 10
    """
    stated, true, weight = _columns(probabilities, outcomes, weights)
    number = np.minimum((stated * bins).astype(int), bins - 1)
    parts = [(index, number == index) for index in np.unique(number).tolist()]
    return [
        ReliabilityBin(
            low=index / bins,
            high=(index + 1) / bins,
            stated=float(np.average(stated[here], weights=weight[here])),
            observed=float(np.average(true[here], weights=weight[here])),
            count=int(here.sum()),
            weight=float(weight[here].sum()),
        )
        for index, here in parts
    ]


def expected_calibration_error(diagram: Sequence[ReliabilityBin]) -> float:
    """Return the mean distance between stated and observed, by weight."""
    total = sum(part.weight for part in diagram)
    if total == 0:
        return math.nan
    return sum(abs(part.stated - part.observed) * part.weight for part in diagram) / total


def brier_score(
    probabilities: Sequence[float],
    outcomes: Sequence[bool],
    weights: Sequence[float] | None = None,
) -> float:
    """Return the mean squared distance between statement and outcome."""
    if not len(probabilities):
        return math.nan
    stated, true, weight = _columns(probabilities, outcomes, weights)
    return float(np.average((stated - true) ** 2, weights=weight))


def _columns(
    probabilities: Sequence[float], outcomes: Sequence[bool], weights: Sequence[float] | None
) -> tuple[Column, Column, Column]:
    stated, true = np.asarray(probabilities, dtype=float), np.asarray(outcomes, dtype=float)
    return stated, true, np.ones(len(stated)) if weights is None else np.asarray(weights, float)


def uniformity_gap(p_values: NDArray[np.float64]) -> float:
    """Return the Kolmogorov-Smirnov distance of p-values from uniform on 0 to 1."""
    ordered = np.sort(p_values)
    n = len(ordered)
    if n == 0:
        return math.nan
    steps = np.arange(1, n + 1) / n
    return float(np.max(np.maximum(steps - ordered, ordered - (steps - 1 / n))))
