"""How good a rule is: recall, false alarms and lag against truth.

Pure functions of alarms and of what truly happened (DETECTION 4g). Counts come with
intervals: exact ones for single counts, bootstrap over worlds or scenes for what is
quoted, because villages under one cloud are not independent.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
from scipy.special import betaincinv, gammaincinv

from aoi.interval import Interval
from monitor.alarm import Alarm, Scores, alarms_at

EARLY = timedelta(days=1)
LATE = timedelta(days=60)
"""An alarm is a hit if its interval meets [start - EARLY, end + LATE] (DETECTION 4g)."""

DAYS_PER_YEAR = 365.25


@dataclass(frozen=True, slots=True)
class TrueEvent:
    """One thing that truly happened at one settlement."""

    settlement_id: str
    kind: str
    """As in truth.csv: ``"burned"`` for the events to be found; of confounders their own."""

    started_at: datetime
    ended_at: datetime
    fraction: float = math.nan
    """Share of the settlement that was touched, 0 to 1."""

    strata: Mapping[str, str] = field(default_factory=dict)
    """Name of a stratum to the class of this event, such as ``season: dry``."""

    def explains(self, alarm: Alarm) -> bool:
        """Return True if the alarm's interval meets the event's, with its margins."""
        return (
            alarm.settlement_id == self.settlement_id
            and alarm.observed_before >= self.started_at - EARLY
            and alarm.observed_after <= self.ended_at + LATE
        )


@dataclass(frozen=True, slots=True)
class Matching:
    """Which alarms belong to which events."""

    events: tuple[TrueEvent, ...]
    hits: tuple[Alarm | None, ...]
    """Earliest alarm of each event, None where it was missed; as long as `events`."""

    repeats: tuple[Alarm, ...]
    """Later alarms of events that were already found: neither hits nor false."""

    false: tuple[Alarm, ...]

    @property
    def found(self) -> int:
        """Number of events that have an alarm."""
        return sum(hit is not None for hit in self.hits)

    @property
    def lags_days(self) -> list[float]:
        """Days from the start of each event that was found to its alarm."""
        return [
            (hit.at - event.started_at) / timedelta(days=1)
            for event, hit in zip(self.events, self.hits, strict=True)
            if hit is not None
        ]

    def found_within(self, days: float) -> int:
        """Return the number of events with an alarm at most `days` after their start."""
        return sum(lag <= days for lag in self.lags_days)


def matched(alarms: Iterable[Alarm], events: Sequence[TrueEvent]) -> Matching:
    """Match alarms to events, each alarm to the earliest event that explains it."""
    places: dict[str, list[int]] = {}
    for number, event in sorted(enumerate(events), key=lambda pair: pair[1].started_at):
        places.setdefault(event.settlement_id, []).append(number)
    hits: list[Alarm | None] = [None] * len(events)
    repeats, false = [], []
    for alarm in sorted(alarms, key=lambda a: (a.at, a.settlement_id)):
        explained = [n for n in places.get(alarm.settlement_id, ()) if events[n].explains(alarm)]
        open_ones = [n for n in explained if hits[n] is None]
        if open_ones:
            hits[open_ones[0]] = alarm
        elif explained:
            repeats.append(alarm)
        else:
            false.append(alarm)
    return Matching(tuple(events), tuple(hits), tuple(repeats), tuple(false))


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95 % interval, and what it was counted from."""

    value: float
    low: float
    high: float
    count: int
    exposure: float
    """Events, or settlement-years, that the count is a share of."""


def share(count: int, total: int) -> Estimate:
    """Return a share with its exact (Clopper-Pearson) 95 % interval; NaN of nothing."""
    if total == 0:
        return Estimate(math.nan, math.nan, math.nan, 0, 0)
    low = float(betaincinv(count, total - count + 1, 0.025)) if count else 0.0
    high = float(betaincinv(count + 1, total - count, 0.975)) if count < total else 1.0
    return Estimate(count / total, low, high, count, total)


def poisson_rate(count: int, years: float) -> Estimate:
    """Return a rate per year with its exact 95 % interval.

    Of no count, the upper end is the one-sided 95 % bound, 3.0 / years (rule of three).
    """
    if years <= 0:
        return Estimate(math.nan, math.nan, math.nan, count, years)
    low = float(gammaincinv(count, 0.025)) if count else 0.0
    high = float(gammaincinv(count + 1, 0.975 if count else 0.95))
    return Estimate(count / years, low / years, high / years, count, years)


def bootstrap_ratio(
    counts: Sequence[float],
    exposures: Sequence[float],
    rng: np.random.Generator,
    *,
    draws: int = 2000,
) -> tuple[float, float]:
    """Return the 95 % interval of sum(counts) / sum(exposures) over whole clusters.

    Parameters
    ----------
    counts, exposures : sequence of float
        One of each for every cluster (a world, a scene), drawn with replacement together.
    rng : numpy.random.Generator
    draws : int, default 2000
    """
    if sum(exposures) <= 0:
        return math.nan, math.nan
    chosen = rng.integers(0, len(counts), size=(draws, len(counts)))
    above = np.asarray(counts, dtype=float)[chosen].sum(axis=1)
    below = np.asarray(exposures, dtype=float)[chosen].sum(axis=1)
    ratios = above[below > 0] / below[below > 0]
    low, high = np.quantile(ratios, [0.025, 0.975])
    return float(low), float(high)


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """What a rule does at one threshold."""

    threshold: float
    false_per_year: float
    recall: float


def false_alarm_count(scores: Scores, events: Sequence[TrueEvent], threshold: float) -> int:
    """Return the number of false alarms at one threshold."""
    return len(matched(alarms_at(scores, threshold), events).false)


def threshold_for(
    scores: Scores, events: Sequence[TrueEvent], years: float, target_per_year: float
) -> float:
    """Return the lowest threshold with at most `target_per_year` false alarms.

    To be asked of training worlds only; infinite where there is nothing to learn from.

    Parameters
    ----------
    scores : Scores
    events : sequence of TrueEvent
    years : float
        Settlement-years that the scores cover.
    target_per_year : float
        False alarms allowed per settlement-year.

    Notes
    -----
    Alarms merge within 30 days, so the count is not strictly monotone in the threshold: a
    lower one may hold by chance, but the one returned does.
    """
    if not len(scores) or years <= 0:
        return math.inf
    candidates = np.unique(scores.score)
    allowed = target_per_year * years

    def holds(index: int) -> bool:
        return false_alarm_count(scores, events, float(candidates[index])) <= allowed

    # From the strict end in growing steps: lax thresholds raise thousands of alarms, and
    # counting those would take longer than all the rest.
    high, step = len(candidates) - 1, 1
    while high - step >= 0 and holds(high - step):
        high, step = high - step, 2 * step
    low = max(high - step, -1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return float(candidates[high])


def curve(
    scores: Scores,
    events: Sequence[TrueEvent],
    years: float,
    *,
    counted: Callable[[TrueEvent], bool] = lambda _: True,
    most_per_year: float = 0.3,
    points: int = 60,
) -> list[CurvePoint]:
    """Return recall against false alarms per settlement-year, from strict to lax.

    Ends where more than `most_per_year` false alarms are raised. The thresholds are
    spread evenly over the logarithm of how many scores exceed them. Recall is that of
    the events that are `counted`; the others only excuse their alarms.
    """
    total = sum(counted(event) for event in events)
    if not len(scores) or years <= 0:
        return []
    ranked = np.sort(scores.score)[::-1]
    ranks = np.unique(np.geomspace(1, len(ranked), points).astype(int)) - 1
    found: list[CurvePoint] = []
    for threshold in dict.fromkeys(float(ranked[rank]) for rank in ranks):
        result = matched(alarms_at(scores, threshold), events)
        rate = len(result.false) / years
        if rate > most_per_year:
            break
        hits = zip(result.events, result.hits, strict=True)
        right = sum(hit is not None and counted(event) for event, hit in hits)
        found.append(CurvePoint(threshold, rate, right / max(total, 1)))
    return found


def by_stratum(
    matching: Matching, name: str, wanted: Callable[[TrueEvent], bool] = lambda _: True
) -> dict[str, Matching]:
    """Return the events of each class of a stratum with their hits, without false alarms."""
    classes: dict[str, list[tuple[TrueEvent, Alarm | None]]] = {}
    for event, hit in zip(matching.events, matching.hits, strict=True):
        if wanted(event):
            classes.setdefault(event.strata.get(name, "unknown"), []).append((event, hit))
    return {
        label: Matching(tuple(e for e, _ in pairs), tuple(h for _, h in pairs), (), ())
        for label, pairs in sorted(classes.items())
    }


def causes_of(alarms: Iterable[Alarm], confounders: Sequence[TrueEvent]) -> dict[str, int]:
    """Return how many alarms each kind of confounder explains; ``"none"`` for the rest.

    An alarm that several explain goes to the one that began latest before it.
    """
    places: dict[str, list[TrueEvent]] = {}
    for confounder in sorted(confounders, key=lambda c: c.started_at):
        places.setdefault(confounder.settlement_id, []).append(confounder)
    counts: dict[str, int] = {}
    for alarm in alarms:
        near = [c for c in places.get(alarm.settlement_id, ()) if c.explains(alarm)]
        kind = near[-1].kind if near else "none"
        counts[kind] = counts.get(kind, 0) + 1
    return counts


def season_of(started_at: datetime, wet_months: Collection[int] = (6, 7, 8, 9)) -> str:
    """Return ``"wet"`` in the months of the rains, else ``"dry"``."""
    return "wet" if started_at.month in wet_months else "dry"


def fraction_class(fraction: float) -> str:
    """Return the class of a burned fraction (DETECTION 4g, with the goals' own 25-50)."""
    if not math.isfinite(fraction):
        return "unknown"
    for limit, label in ((0.25, "<25%"), (0.5, "25-50%"), (0.75, "50-75%")):
        if fraction < limit:
            return label
    return ">=75%"


def area_class(area_ha: float) -> str:
    """Return the class of a settlement's area."""
    for limit, label in ((1.0, "<1 ha"), (2.0, "1-2 ha"), (5.0, "2-5 ha")):
        if area_ha < limit:
            return label
    return ">=5 ha" if math.isfinite(area_ha) else "unknown"


def settlement_years(settlements: int, interval: Interval) -> float:
    """Return the exposure of so many settlements watched over a span."""
    return settlements * (interval.length / timedelta(days=DAYS_PER_YEAR))
