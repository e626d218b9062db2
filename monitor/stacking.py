"""Weights of the fusion from what people decided: ridge-logistic stacking. Pure.

The optical part is an offset, since its rates are counted; what is fitted is how far its
odds are off, and how much the other sensors carry. The fit is drawn towards the weights
that are in force: few labels move them little (DETECTION 4e).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from monitor.audit import e_value
from monitor.fusion import FusionSettings

LEAST_LABELS = 150
LEAST_EACH = 20
"""Labels of either kind that a fit needs."""

RIDGE = 4.0
"""Strength of the pull towards the weights in force, in labels; a choice."""

HEAVIEST = 1.5
FOLDS = 5
STEPS = 50

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Case:
    """One alert that people decided on."""

    burned: bool
    rate: float
    """False alarms per village-year of the optical rules at its score."""

    hotspots_p: float | None = None
    """None where that sensor says nothing, or is in the rate already."""

    radar_p: float | None = None
    hotspots_share: float | None = None
    """Part of the fire pixels around that touches the settlement; None if it is not known."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What a fit changes in `FusionSettings`."""

    local_odds: float
    hotspot_weight: float
    radar_weight: float
    labels: int
    """Decisions that it was made from."""

    front_weight: float = 1.0
    """As `FusionSettings.front_weight`, which it was before it could be fitted."""

    def applied(self, settings: FusionSettings) -> FusionSettings:
        """Return settings with these weights."""
        return replace(
            settings,
            local_odds=self.local_odds,
            hotspot_weight=self.hotspot_weight,
            radar_weight=self.radar_weight,
            front_weight=self.front_weight,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Refit:
    """A fit, and what was and would be stated of each case."""

    weights: Weights
    burned: NDArray[np.bool_]
    before: Floats
    """Probability of each case with the weights in force."""

    after: Floats
    """With weights fitted to the other cases (five folds)."""


def enough(cases: Sequence[Case]) -> str:
    """Return what is missing for a fit, empty if nothing is."""
    burned = sum(case.burned for case in cases)
    other = len(cases) - burned
    if len(cases) < LEAST_LABELS:
        return f"{len(cases)} decided alerts, {LEAST_LABELS} needed"
    if min(burned, other) < LEAST_EACH:
        return f"{burned} burned and {other} not, {LEAST_EACH} of each needed"
    return ""


def refitted(cases: Sequence[Case], settings: FusionSettings, ridge: float = RIDGE) -> Refit:
    """Return weights fitted to decisions, judged on cases that they were not fitted to.

    Parameters
    ----------
    cases : sequence of Case
        In a fixed order: the folds are every fifth of them.
    settings : FusionSettings
        In force; the fit is drawn towards them.
    ridge : float

    Raises
    ------
    ValueError
        If there are too few: ask `enough` first.
    """
    missing = enough(cases)
    if missing:
        raise ValueError(missing)
    offset, features = _design(cases, settings)
    burned = np.array([case.burned for case in cases], dtype=np.bool_)
    start = np.array([0.0, settings.hotspot_weight, settings.radar_weight, settings.front_weight])
    after = np.empty(len(cases))
    for fold in range(FOLDS):
        out = np.arange(len(cases)) % FOLDS == fold
        fitted = _fitted(offset[~out], features[~out], burned[~out], start, ridge)
        after[out] = _stated(offset[out], features[out], fitted, settings)
    shift, hotspots, radar, front = _fitted(offset, features, burned, start, ridge)
    return Refit(
        weights=Weights(
            local_odds=float(settings.local_odds * np.exp(-shift)),
            hotspot_weight=float(hotspots),
            radar_weight=float(radar),
            labels=len(cases),
            front_weight=float(front),
        ),
        burned=burned,
        before=_stated(offset, features, start, settings),
        after=after,
    )


def _design(cases: Sequence[Case], settings: FusionSettings) -> tuple[Floats, Floats]:
    """Return the optical log odds, and shift and log likelihood ratios of each case."""
    odds = [
        settings.burns_per_village_year / (settings.local_odds * max(case.rate, 1e-9))
        for case in cases
    ]
    ratios = [
        [1.0, _log_ratio(case.hotspots_p), _log_ratio(case.radar_p), _log_share(case)]
        for case in cases
    ]
    return np.log(np.array(odds)), np.array(ratios)


def _log_ratio(p: float | None) -> float:
    return 0.0 if p is None else float(np.log(e_value(p)))


def _log_share(case: Case) -> float:
    share = case.hotspots_share
    known = share is not None and case.hotspots_p is not None and 0.0 < share < 1.0
    return float(np.log(share)) if known and share is not None else 0.0


def _stated(offset: Floats, features: Floats, weights: Floats, settings: FusionSettings) -> Floats:
    """Return the probability of each case: what fires say never counts for less than it may."""
    fires = features[:, [1, 3]] @ weights[[1, 3]]
    least = float(np.log(settings.least_ratio))
    fires = np.where(features[:, [1, 3]].any(axis=1), np.maximum(fires, least), 0.0)
    odds = offset + features[:, [0, 2]] @ weights[[0, 2]] + fires
    return np.asarray(np.minimum(expit(odds), settings.highest))


def _fitted(
    offset: Floats, features: Floats, burned: NDArray[np.bool_], start: Floats, ridge: float
) -> Floats:
    """Return the weights of largest penalised likelihood, by Newton's method, in their bounds."""
    weights = start.copy()
    penalty = ridge * np.eye(len(start))
    # How far all odds are off is what labels tell best: hardly held back.
    penalty[0, 0] = 0.1 * ridge
    for _ in range(STEPS):
        p = expit(offset + features @ weights)
        slope = features.T @ (burned - p) - penalty @ (weights - start)
        curvature = (features * (p * (1.0 - p))[:, None]).T @ features + penalty
        step = np.linalg.solve(curvature, slope)
        weights = weights + step
        # No sensor counts against what it sees, or more than its p can carry.
        weights[1:] = np.clip(weights[1:], 0.0, HEAVIEST)
        if float(np.max(np.abs(step))) < 1e-8:
            break
    return weights


def log_loss(stated: Floats, burned: NDArray[np.bool_]) -> float:
    """Return the mean surprise of decisions, in nats."""
    safe = np.clip(stated, 1e-6, 1.0 - 1e-6)
    return float(-np.mean(np.where(burned, np.log(safe), np.log1p(-safe))))
