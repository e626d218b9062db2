"""The detector beside every rival: tuned on one set of worlds, measured on another.

Pure: from scored worlds to one value that holds every number of the report.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from monitor.alarm import REPEAT, Alarm, Scores, alarms_at, seconds
from monitor.detector_scores import FULL
from monitor.fusion import FusionSettings
from monitor.reliability import (
    ReliabilityBin,
    brier_score,
    expected_calibration_error,
    reliability,
    uniformity_gap,
)
from monitor.sensor_effect import SensorEffect, sensor_effects
from monitor.skill import (
    CurvePoint,
    Estimate,
    Matching,
    TrueEvent,
    bootstrap_ratio,
    causes_of,
    curve,
    matched,
    poisson_rate,
    share,
    threshold_for,
)
from monitor.world_scores import WorldScores, joined

TARGETS = (0.01, 0.002)
"""False alarms per settlement-year that every rule is re-tuned to (DETECTION 4g)."""

LAG_DAYS = (7, 14, 30)
PRIOR_PER_YEAR = FusionSettings().burns_per_village_year
"""Burned settlements per year that stated probabilities presume."""

BOOTSTRAP_SEED = 20_240_101

Wanted = Callable[[TrueEvent], bool]


def promised(event: TrueEvent) -> bool:
    """Return True for the burns of the first goal: half burned or more, 1 ha or more."""
    return (
        event.fraction >= 0.5
        and event.strata.get("area") != "<1 ha"
        and event.strata.get("repeat", "first") == "first"
        and event.strata.get("late", "in time") == "in time"
    )


def in_part(event: TrueEvent) -> bool:
    """Return True for the burns of the partial goal: a quarter to a half of 2 ha or more."""
    return (
        0.25 <= event.fraction < 0.5
        and event.strata.get("area") not in ("<1 ha", "1-2 ha")
        and event.strata.get("repeat", "first") == "first"
        and event.strata.get("late", "in time") == "in time"
    )


@dataclass(frozen=True, slots=True)
class StratumRow:
    """Recall of one class of burns."""

    stratum: str
    label: str
    recall: Estimate


@dataclass(frozen=True, slots=True)
class Operating:
    """One rule at one threshold, on the test worlds."""

    threshold: float
    tuned_to: float | None
    """False alarms per year it was tuned to on tuning worlds; None: the native threshold."""

    recall_dry: Estimate
    """Of promised burns, dry season; intervals by bootstrap over worlds."""

    recall_wet: Estimate
    recall_part: Estimate
    """Of burns of a quarter to a half, 2 ha and more, both seasons."""

    false_per_year: Estimate
    """By settlement-year; the wider of the exact and the bootstrap interval."""

    precision: Estimate
    lag_dry_days: float
    """Median from start to alarm over promised burns that were found; NaN of none."""

    lag_wet_days: float
    f1_within: tuple[tuple[int, float], ...]
    """Days, and F1 of promised burns where later alarms do not count."""

    lags_days: tuple[float, ...]
    strata: tuple[StratumRow, ...]
    causes: tuple[tuple[str, int], ...]
    """Confounder, and how many false alarms it explains."""

    fire_share: Estimate
    """Alarms that a bush or field fire explains, of all."""


@dataclass(frozen=True, slots=True)
class RuleResult:
    """One rule on the test worlds."""

    rule: str
    native: Operating
    tuned: tuple[Operating, ...]
    """As `TARGETS`."""

    curve: tuple[CurvePoint, ...]
    """Recall of promised burns against false alarms, on the test worlds themselves."""


@dataclass(frozen=True, slots=True)
class CalibrationResult:
    """How far the detector's probabilities can be believed."""

    diagram: tuple[ReliabilityBin, ...]
    error: float
    """Expected calibration error, at `PRIOR_PER_YEAR`."""

    brier: float
    alarms: int
    p_gap: float
    """Kolmogorov-Smirnov distance of p at quiet looks from uniform."""

    quiet_looks: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Every number of the report."""

    origin: str
    worlds: tuple[str, ...]
    tuning_worlds: tuple[str, ...]
    years: float
    events: int
    promised_events: int
    clear_looks_per_year: float
    """Clear looks per settlement and year, held looks left out."""

    held_looks: int
    rules: tuple[RuleResult, ...]
    not_run: tuple[str, ...]
    """Rules that had no input in these worlds, such as radar looks for `pwtt`."""

    calibration: CalibrationResult | None
    sensors: tuple[SensorEffect, ...] = ()
    """What sensors left out cost, on the test worlds themselves; empty if that was not run."""

    def of_rule(self, rule: str) -> RuleResult:
        """Return one rule's result; KeyError if it was not run."""
        for result in self.rules:
            if result.rule == rule:
                return result
        raise KeyError(rule)


def compared(tuning: Sequence[WorldScores], test: Sequence[WorldScores]) -> Comparison:
    """Tune every rule on `tuning` and measure it on `test`.

    Without tuning worlds (a backtest of one real area) thresholds are tuned on the test
    worlds themselves: the most that any rule could have reached, said so in the report.

    Raises
    ------
    ValueError
        If a world stands on both sides, or there is nothing to measure.
    """
    shared = {world.world for world in tuning} & {world.world for world in test}
    if shared:
        raise ValueError(f"tuned and measured on the same worlds: {sorted(shared)}")
    if not test:
        raise ValueError("there are no worlds to measure on")
    test = [with_look_counts(world) for world in test]
    events = [event for world in test for event in world.events]
    years = sum(world.years for world in test)
    run = [s for s in test[0].scored if len(joined(test, s.rule))]
    return Comparison(
        origin=test[0].origin,
        worlds=tuple(world.world for world in test),
        tuning_worlds=tuple(world.world for world in tuning),
        years=years,
        events=len(events),
        promised_events=sum(promised(event) for event in events),
        clear_looks_per_year=sum(world.clear_looks for world in test) / years,
        held_looks=sum(world.held_looks for world in test),
        rules=tuple(_rule_result(s.rule, s.native, tuning, test) for s in run),
        not_run=tuple(s.rule for s in test[0].scored if s not in run),
        calibration=_calibration(test),
        sensors=sensor_effects(test, promised),
    )


def with_look_counts(world: WorldScores) -> WorldScores:
    """Return the world with each burn classed by the clear looks of the 30 days after it.

    No rule of two looks can find what was seen once; DETECTION 4g asks for the count
    beside every score.
    """
    if FULL not in {scored.rule for scored in world.scored}:
        return world
    scores = world.of_rule(FULL).scores
    order = {place: index for index, place in enumerate(world.settlement_ids)}
    events = []
    for event in world.events:
        after = (scores.settlement == order[event.settlement_id]) & (
            scores.at >= seconds(event.started_at)
        )
        soon = scores.at < seconds(event.started_at + REPEAT)
        count = int((after & soon).sum())
        label = "0" if count == 0 else "1" if count == 1 else "2-3" if count < 4 else "4 or more"
        events.append(replace(event, strata={**event.strata, "looks": f"{label} in 30 d"}))
    return replace(world, events=tuple(events))


def _rule_result(
    rule: str, native: float, tuning: Sequence[WorldScores], test: Sequence[WorldScores]
) -> RuleResult:
    scores = joined(test, rule)
    tuned = []
    # Without tuning worlds every rule is given the threshold that suits these worlds best.
    teachers = tuning or test
    for target in TARGETS:
        learned = threshold_for(
            joined(teachers, rule),
            [event for world in teachers for event in world.events],
            sum(world.years for world in teachers),
            target,
        )
        tuned.append(operating(scores, learned, target, test))
    wanted = [event for world in test for event in world.events]
    return RuleResult(
        rule=rule,
        native=operating(scores, native, None, test),
        tuned=tuple(tuned),
        curve=tuple(curve(scores, wanted, sum(world.years for world in test), counted=promised)),
    )


def operating(
    scores: Scores, threshold: float, tuned_to: float | None, worlds: Sequence[WorldScores]
) -> Operating:
    """Return what a rule does at one threshold on `worlds`."""
    alarms = alarms_at(scores, threshold)
    parts = _by_world(alarms, worlds)
    everything = matched(alarms, [event for world in worlds for event in world.events])
    confounders = [event for world in worlds for event in world.confounders]
    causes = causes_of(everything.false, confounders)
    raised = everything.found + len(everything.repeats) + len(everything.false)
    lags = {season: _lags(everything, season) for season in ("dry", "wet")}
    return Operating(
        threshold=threshold,
        tuned_to=tuned_to,
        recall_dry=_recall(parts, lambda e: promised(e) and e.strata.get("season") != "wet"),
        recall_wet=_recall(parts, lambda e: promised(e) and e.strata.get("season") == "wet"),
        recall_part=_recall(parts, in_part),
        false_per_year=_false_rate(parts, worlds),
        precision=share(raised - len(everything.false), raised),
        lag_dry_days=_median(lags["dry"]),
        lag_wet_days=_median(lags["wet"]),
        f1_within=tuple((days, _f1(everything, days)) for days in LAG_DAYS),
        lags_days=tuple(round(lag, 2) for lag in sorted(lags["dry"] + lags["wet"])),
        strata=_strata(everything),
        causes=tuple(sorted(causes.items(), key=lambda pair: -pair[1])),
        fire_share=share(causes.get("bush_fire", 0) + causes.get("field_fire", 0), raised),
    )


def _by_world(alarms: Sequence[Alarm], worlds: Sequence[WorldScores]) -> list[Matching]:
    home = {place: n for n, world in enumerate(worlds) for place in world.settlement_ids}
    parts: list[list[Alarm]] = [[] for _ in worlds]
    for alarm in alarms:
        parts[home[alarm.settlement_id]].append(alarm)
    return [matched(part, world.events) for part, world in zip(parts, worlds, strict=True)]


def _recall(parts: Sequence[Matching], wanted: Wanted) -> Estimate:
    found, total = [], []
    for part in parts:
        hits = [h is not None for e, h in zip(part.events, part.hits, strict=True) if wanted(e)]
        found.append(sum(hits))
        total.append(len(hits))
    exact = share(sum(found), sum(total))
    return _wider(exact, bootstrap_ratio(found, total, np.random.default_rng(BOOTSTRAP_SEED)))


def _false_rate(parts: Sequence[Matching], worlds: Sequence[WorldScores]) -> Estimate:
    counts, years = [len(part.false) for part in parts], [world.years for world in worlds]
    exact = poisson_rate(sum(counts), sum(years))
    return _wider(exact, bootstrap_ratio(counts, years, np.random.default_rng(BOOTSTRAP_SEED)))


def _wider(exact: Estimate, clustered: tuple[float, float]) -> Estimate:
    """Return the exact estimate with the wider of the two intervals."""
    # Few worlds make the bootstrap too sure of itself; many villages under one cloud, the other.
    low, high = np.fmin(exact.low, clustered[0]), np.fmax(exact.high, clustered[1])
    return Estimate(exact.value, float(low), float(high), exact.count, exact.exposure)


def _lags(matching: Matching, season: str) -> list[float]:
    chosen = [
        (event, hit)
        for event, hit in zip(matching.events, matching.hits, strict=True)
        if promised(event) and (event.strata.get("season") == "wet") == (season == "wet")
    ]
    return Matching(tuple(e for e, _ in chosen), tuple(h for _, h in chosen), (), ()).lags_days


def _median(values: Sequence[float]) -> float:
    return float(np.median(values)) if values else math.nan


def _f1(matching: Matching, days: int) -> float:
    """Return F1 over promised burns where only alarms within `days` count as found."""
    total = sum(promised(event) for event in matching.events)
    lags = _lags(matching, "dry") + _lags(matching, "wet")
    in_time = sum(lag <= days for lag in lags)
    wrong = len(matching.false) + total - in_time
    return 2 * in_time / (2 * in_time + wrong) if total else math.nan


def _strata(matching: Matching) -> tuple[StratumRow, ...]:
    """Return recall by class; the wet and late ones apart, everything else over all burns."""
    names = ("season", "looks", "fraction", "area", "setting", "pattern", "char", "repeat")
    rows = []
    for name in names:
        classes: dict[str, list[bool]] = {}
        for event, hit in zip(matching.events, matching.hits, strict=True):
            if event.strata.get("late") != "late" and name in event.strata:
                classes.setdefault(event.strata[name], []).append(hit is not None)
        rows += [
            StratumRow(name, label, share(sum(hits), len(hits)))
            for label, hits in sorted(classes.items())
        ]
    return tuple(rows)


def _calibration(test: Sequence[WorldScores]) -> CalibrationResult | None:
    names = {scored.rule for scored in test[0].scored}
    if FULL not in names:
        return None
    native = test[0].of_rule(FULL).native
    events = [event for world in test for event in world.events]
    result = matched(alarms_at(joined(test, FULL), native), events)
    true = [hit for hit in result.hits if hit is not None]
    stated = [alarm.probability for alarm in (*true, *result.false)]
    outcomes = [True] * len(true) + [False] * len(result.false)
    # Study worlds burn far more often than villages do: burns count by the prior's share.
    years = sum(world.years for world in test)
    weight = PRIOR_PER_YEAR * years / max(len(events), 1)
    weights = [weight] * len(true) + [1.0] * len(result.false)
    diagram = reliability(stated, outcomes, weights)
    quiet_p = np.concatenate([world.quiet_p for world in test])
    return CalibrationResult(
        diagram=tuple(diagram),
        error=expected_calibration_error(diagram),
        brier=brier_score(stated, outcomes, weights),
        alarms=len(stated),
        p_gap=uniformity_gap(quiet_p.astype(np.float64)),
        quiet_looks=len(quiet_p),
    )
