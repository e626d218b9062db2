"""False alarms at equal recall, with all sensors and with some left out. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from monitor.comparison import RuleResult
from monitor.sensors_left_out import ALL, OPTICAL, VARIANTS
from monitor.skill import CurvePoint

RECALLS = (0.4, 0.5, 0.6, 0.7, 0.8)


@dataclass(frozen=True, slots=True)
class SensorEffect:
    """What one recall costs in false alarms."""

    recall: float
    """Share of the promised burns, both seasons."""

    false_per_year: tuple[tuple[str, float], ...]
    """Variant, and its false alarms per settlement-year; NaN where it never gets there."""

    ratio: float
    """Of the optical sensor alone to all of them: above 1 the others help; NaN where either
    is not known, infinite where all sensors raise none."""


def sensor_effects(rules: Sequence[RuleResult]) -> tuple[SensorEffect, ...]:
    """Return a row for each recall that any variant reaches; empty if none was run.

    Parameters
    ----------
    rules : sequence of RuleResult
        Of one comparison; thresholds move along the curve of the test worlds, so that
        variants are compared and none is praised.
    """
    curves = {rule.rule: rule.curve for rule in rules if rule.rule in VARIANTS}
    found = []
    for recall in RECALLS:
        rates = {name: _least_false(curve, recall) for name, curve in curves.items()}
        if any(math.isfinite(rate) for rate in rates.values()):
            found.append(SensorEffect(recall, tuple(rates.items()), _ratio(rates)))
    return tuple(found)


def _least_false(curve: Sequence[CurvePoint], recall: float) -> float:
    return min((p.false_per_year for p in curve if p.recall >= recall), default=math.nan)


def _ratio(rates: dict[str, float]) -> float:
    everything, alone = rates.get(ALL, math.nan), rates.get(OPTICAL, math.nan)
    if math.isnan(everything) or math.isnan(alone):
        return math.nan
    return alone / everything if everything > 0 else math.inf if alone > 0 else math.nan
