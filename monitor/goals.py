"""The goals of DETECTION section 7 and issue 3, beside what was measured."""

from __future__ import annotations

import math
from dataclasses import dataclass

from monitor.comparison import Comparison, Operating, RuleResult
from monitor.detector_scores import FULL
from monitor.rivals.catalogue import FAMILIES
from monitor.skill import Estimate


@dataclass(frozen=True, slots=True)
class Goal:
    """One goal, and whether it is met."""

    text: str
    wanted: str
    measured: str
    verdict: str
    """``"met"``, ``"not met"`` or ``"not measured"``; by the measured value, not its interval."""


def goals_of(comparison: Comparison) -> list[Goal]:
    """Return every goal that this comparison can speak to."""
    detector = comparison.of_rule(FULL)
    native = detector.native
    found = [
        _at_least("recall, dry season, half burned and 1 ha or more", 0.80, native.recall_dry),
        _at_least("recall, wet season, the same", 0.55, native.recall_wet),
        _at_least("recall at a quarter to half burned, 2 ha or more", 0.50, native.recall_part),
        _at_most("false alarms per settlement-year", 0.01, native.false_per_year),
        _number("median lag, dry season", 9.0, native.lag_dry_days, "days"),
        _number("median lag, wet season", 15.0, native.lag_wet_days, "days"),
        _at_most("share of alarms that are bush or field fires", 0.05, native.fire_share),
    ]
    if comparison.calibration is not None:
        error = comparison.calibration.error
        found.append(_number("expected calibration error", 0.05, error, ""))
    if detector.tuned:
        found += [_ahead(comparison, index) for index in range(len(detector.tuned))]
        strict = detector.tuned[-1]
        found.append(_at_least("recall, dry, tuned to 0.002", 0.70, strict.recall_dry))
        found.append(_at_least("recall, wet, tuned to 0.002", 0.45, strict.recall_wet))
    return found


def best_rival(comparison: Comparison, index: int) -> RuleResult | None:
    """Return the rival with the highest recall of promised burns at one tuned rate."""
    names = {name for variants in FAMILIES.values() for name in variants}
    rivals = [rule for rule in comparison.rules if rule.rule in names and rule.tuned]
    return max(rivals, key=lambda rule: overall_recall(rule.tuned[index]), default=None)


def overall_recall(operating: Operating) -> float:
    """Return recall of promised burns of both seasons together, 0 of none."""
    found = operating.recall_dry.count + operating.recall_wet.count
    total = operating.recall_dry.exposure + operating.recall_wet.exposure
    return found / total if total else 0.0


def _ahead(comparison: Comparison, index: int) -> Goal:
    ours = comparison.of_rule(FULL).tuned[index]
    rival = best_rival(comparison, index)
    text = f"recall of both seasons ahead of every rival, tuned to {ours.tuned_to:g}"
    if rival is None:
        return Goal(text, "ahead of all six", "no rival was run", "not measured")
    theirs = overall_recall(rival.tuned[index])
    return Goal(
        text,
        f"> {theirs:.2f} ({rival.rule})",
        f"{overall_recall(ours):.2f}",
        "met" if overall_recall(ours) > theirs else "not met",
    )


def _at_least(text: str, limit: float, measured: Estimate) -> Goal:
    return _goal(text, f"at least {limit:g}", measured, measured.value >= limit)


def _at_most(text: str, limit: float, measured: Estimate) -> Goal:
    return _goal(text, f"at most {limit:g}", measured, measured.value <= limit)


def _goal(text: str, wanted: str, measured: Estimate, met: bool) -> Goal:
    if math.isnan(measured.value):
        return Goal(text, wanted, "nothing to measure it on", "not measured")
    return Goal(text, wanted, written(measured), "met" if met else "not met")


def _number(text: str, limit: float, value: float, unit: str) -> Goal:
    wanted = f"at most {limit:g} {unit}".rstrip()
    if math.isnan(value):
        return Goal(text, wanted, "nothing to measure it on", "not measured")
    return Goal(
        text, wanted, f"{value:.3g} {unit}".rstrip(), "met" if value <= limit else "not met"
    )


def written(estimate: Estimate) -> str:
    """Return an estimate with its interval and what it was counted from."""
    if math.isnan(estimate.value):
        return "–"
    digits = 4 if estimate.high < 0.1 else 2
    low, high = f"{estimate.low:.{digits}f}", f"{estimate.high:.{digits}f}"
    return (
        f"{estimate.value:.{digits}f} ({low}–{high}; {estimate.count} of {estimate.exposure:,.0f})"
    )
