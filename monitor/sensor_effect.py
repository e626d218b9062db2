"""False alarms at equal recall, with all sensors and with some left out. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.alarm import Scores, alarms_at
from monitor.sensors_left_out import ALL, OPTICAL, VARIANTS
from monitor.skill import TrueEvent, matched
from monitor.world_scores import WorldScores

RECALLS = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9)

LEAST_ODDS = -1.6
"""Lowest threshold that is tried, as decimal logarithm of odds: what optical looks raise once
a year where nothing burns is of no use to anybody."""

DRAWS = 1000
SEED = 20_240_101

Floats = NDArray[np.float64]


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

    ratio_low: float = math.nan
    ratio_high: float = math.nan
    """95 % interval by bootstrap over worlds; infinite where all sensors raise none."""


@dataclass(frozen=True, slots=True, eq=False)
class _Steps:
    """False alarms and burns found by each world at each threshold, falling thresholds."""

    false: Floats
    """Shape (worlds, thresholds)."""

    found: Floats


def sensor_effects(
    worlds: Sequence[WorldScores], counted: Callable[[TrueEvent], bool]
) -> tuple[SensorEffect, ...]:
    """Return a row for each recall that any variant reaches; empty if none was run.

    Parameters
    ----------
    worlds : sequence of WorldScores
        Thresholds move along the curve of these very worlds, so that variants are
        compared and none is praised.
    counted : callable
        True for the burns whose recall counts; the others only excuse their alarms.

    Notes
    -----
    Every score that occurs is tried as threshold. Interval: whole worlds are drawn with
    replacement, and each draw finds its own thresholds; draws in which neither variant
    raises a false alarm, or one of them never gets there, say nothing of the ratio.
    """
    run = {scored.rule for world in worlds for scored in world.scored if len(scored.scores)}
    names = [name for name in VARIANTS if name in run]
    burns = np.array([sum(map(counted, world.events)) for world in worlds], dtype=np.float64)
    years = np.array([world.years for world in worlds])
    if not names or not burns.sum():
        return ()
    steps = {name: _steps(worlds, name, counted) for name in names}
    everybody = np.ones((1, len(worlds)))
    drawn = _drawn(len(worlds))
    effects = []
    for recall in RECALLS:
        rates = {n: float(_least(s, everybody, burns, years, recall)[0]) for n, s in steps.items()}
        if not any(math.isfinite(rate) for rate in rates.values()):
            continue
        low = high = math.nan
        ratio = _ratio(rates)
        if not math.isnan(ratio):
            pair = (_least(steps[n], drawn, burns, years, recall) for n in (OPTICAL, ALL))
            low, high = _interval(*pair)
        effects.append(SensorEffect(recall, tuple(rates.items()), ratio, low, high))
    return tuple(effects)


def _drawn(worlds: int) -> Floats:
    """Return how often each draw holds each world, shape (draws, worlds)."""
    rng = np.random.default_rng(SEED)
    chosen = rng.integers(0, worlds, size=(DRAWS, worlds))
    return np.stack([np.bincount(row, minlength=worlds) for row in chosen]).astype(np.float64)


def _steps(
    worlds: Sequence[WorldScores], name: str, counted: Callable[[TrueEvent], bool]
) -> _Steps:
    scores = [world.of_rule(name).scores for world in worlds]
    thresholds = _thresholds(scores)
    counts = [_counts(s, w.events, counted, thresholds)
              for s, w in zip(scores, worlds, strict=True)]  # fmt: skip
    false, found = (np.stack([c[part] for c in counts]) for part in (0, 1))
    # Most thresholds pass a look of an alarm that is raised already.
    changed = (np.diff(false, axis=1) != 0).any(axis=0) | (np.diff(found, axis=1) != 0).any(axis=0)
    kept = np.append(True, changed)
    return _Steps(false[:, kept], found[:, kept])


def _thresholds(scores: Sequence[Scores]) -> Floats:
    """Return every score worth trying, falling: an alarm is raised above its threshold."""
    above = np.unique(np.concatenate([s.score[s.score > LEAST_ODDS] for s in scores]))
    return np.concatenate([above[::-1], [LEAST_ODDS]])


def _counts(
    scores: Scores,
    events: Sequence[TrueEvent],
    counted: Callable[[TrueEvent], bool],
    thresholds: Floats,
) -> tuple[Floats, Floats]:
    """Return false alarms and burns found by one world at each of falling thresholds.

    What a world says changes only where one of its own scores is passed.
    """
    own = np.unique(scores.score[scores.score > LEAST_ODDS])[::-1]
    passed = np.searchsorted(-own, -thresholds, side="left")
    false, found = np.zeros(len(own) + 1), np.zeros(len(own) + 1)
    for count, threshold in enumerate(np.append(own[1:], LEAST_ODDS), start=1):
        result = matched(alarms_at(scores, float(threshold)), events)
        false[count] = len(result.false)
        found[count] = sum(
            hit is not None and counted(event)
            for event, hit in zip(result.events, result.hits, strict=True)
        )
    return false[passed], found[passed]


def _least(steps: _Steps, drawn: Floats, burns: Floats, years: Floats, recall: float) -> Floats:
    """Return the least false alarms per year at which each draw reaches a recall, NaN if never."""
    with np.errstate(invalid="ignore", divide="ignore"):
        reached = (drawn @ steps.found) / (drawn @ burns)[:, None]
    rates = (drawn @ steps.false) / (drawn @ years)[:, None]
    least = np.where(reached >= recall - 1e-12, rates, np.inf).min(axis=1)
    return np.where(np.isfinite(least), least, np.nan)


def _interval(alone: Floats, everything: Floats) -> tuple[float, float]:
    """Return the 95 % interval of a ratio over draws; draws that reach neither say nothing."""
    known = np.isfinite(alone) & np.isfinite(everything) & (alone + everything > 0)
    if not known.any():
        return math.nan, math.nan
    with np.errstate(divide="ignore"):
        ratios = np.sort(alone[known] / everything[known])
    # Nearest ranks: between a number and infinity nothing can be interpolated.
    ends = np.rint(np.array([0.025, 0.975]) * (len(ratios) - 1)).astype(int)
    return float(ratios[ends[0]]), float(ratios[ends[1]])


def _ratio(rates: dict[str, float]) -> float:
    everything, alone = rates.get(ALL, math.nan), rates.get(OPTICAL, math.nan)
    if math.isnan(everything) or math.isnan(alone):
        return math.nan
    return alone / everything if everything > 0 else math.inf if alone > 0 else math.nan
