"""How good the camp detector is: recall, false alarms, lag and area against truth.

Pure functions of alarms and of what truly happened. New camps are matched by place and
time, growth and emptying by settlement (DETECTION 4g and 7).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from monitor.skill import Estimate, poisson_rate, share

NEW, GROWTH, EMPTYING = "camp_new", "camp_growth", "camp_emptied"
KINDS = (NEW, GROWTH, EMPTYING)

REACH_M = 500.0
"""An alarm this near to the middle of a new camp is about it; of large ones, an alarm whose
ground, taken as a circle, meets that of the camp."""

EARLY = timedelta(days=1)
LATE = timedelta(days=180)
"""An alarm of growth or emptying is about an event until so long after its end. A new camp stands:
an alarm of it is late, and never false."""

ONE_PLACE = timedelta(days=90)
"""False alarms of one place within this time count once."""

WITHIN_DAYS = {NEW: 30.0, GROWTH: 45.0, EMPTYING: 45.0}
"""Time after its beginning in which an event should be found (DETECTION 7)."""


@dataclass(frozen=True, slots=True)
class CampEvent:
    """One thing that truly happened to a camp."""

    kind: str
    settlement_id: str
    """Empty for a new camp."""

    started_at: datetime
    ended_at: datetime
    fraction: float
    """Growth or emptying: share of the camp's area; may exceed 1. NaN if unknown."""

    x_m: float = math.nan
    y_m: float = math.nan
    """Middle of a new camp in the area's projected system."""

    area_ha: float = math.nan
    pattern: str = ""
    """Such as ``"dismantled"``, ``"deserted"``."""

    one_ha_at: datetime | None = None
    """When a new camp measured a hectare; None if it never did."""


@dataclass(frozen=True, slots=True)
class CampAlarm:
    """One statement about a camp."""

    kind: str
    settlement_id: str
    """Empty for a new camp."""

    at: datetime
    """Acquisition of the look that completed it."""

    x_m: float
    y_m: float
    area_ha: float
    change: float = math.nan
    """Share of its area gained or lost; positive for both."""


@dataclass(frozen=True, slots=True)
class CampResult:
    """One kind of event."""

    kind: str
    events: int
    found: Estimate
    """At any time."""

    found_in_time: Estimate
    """Within 30 days (new) or 45 days of its beginning."""

    found_in_time_of_size: Estimate
    """The same from the day on which it measured a hectare; new camps begin with a shelter.
    From the end of its filling if it never measured one."""

    median_lag_days: float
    false_alarms: int
    false_rate: Estimate
    """Per 1,000 km2 and year (new), per camp and year (growth, emptying)."""

    area_error: float
    """New camps: median relative error of the area. Else mean error of the changed share."""

    sign_right: Estimate
    """Of events of 10 % and more with any statement: share whose sign was right."""


def camp_results(
    alarms: Iterable[CampAlarm],
    events: Sequence[CampEvent],
    km2_years: float,
    camp_years: float,
) -> tuple[CampResult, ...]:
    """Return the result of each kind.

    Parameters
    ----------
    alarms : iterable of CampAlarm
    events : sequence of CampEvent
    km2_years, camp_years : float
        Ground and camps, times the time that was watched.
    """
    ordered = sorted(alarms, key=lambda alarm: (alarm.at, alarm.settlement_id))
    return tuple(_result(kind, ordered, events, km2_years, camp_years) for kind in KINDS)


def _result(
    kind: str,
    alarms: Sequence[CampAlarm],
    events: Sequence[CampEvent],
    km2_years: float,
    camp_years: float,
) -> CampResult:
    wanted = [event for event in events if event.kind == kind]
    own = [alarm for alarm in alarms if alarm.kind == kind]
    alike = own if kind == EMPTYING else [a for a in alarms if a.kind != EMPTYING]
    hits = [next((a for a in alike if explains(event, a)), None) for event in wanted]
    pairs = [(e, hit) for e, hit in zip(wanted, hits, strict=True) if hit is not None]
    lags = [(hit.at - event.started_at) / timedelta(days=1) for event, hit in pairs]
    false = false_alarms([a for a in own if not any(explains(e, a) for e in events)])
    exposure = km2_years / 1e3 if kind == NEW else camp_years
    return CampResult(
        kind=kind,
        events=len(wanted),
        found=share(len(pairs), len(wanted)),
        found_in_time=share(sum(lag <= WITHIN_DAYS[kind] for lag in lags), len(wanted)),
        found_in_time_of_size=share(
            sum(
                hit.at - _of_size_at(event) <= timedelta(days=WITHIN_DAYS[kind])
                for event, hit in pairs
            ),
            len(wanted),
        ),
        median_lag_days=float(np.median(lags)) if lags else math.nan,
        false_alarms=len(false),
        false_rate=poisson_rate(len(false), exposure),
        area_error=_area_error(kind, wanted, own),
        sign_right=_sign_right(kind, wanted, alarms),
    )


def _of_size_at(event: CampEvent) -> datetime:
    """Return when an event was of the size that is promised."""
    if event.kind != NEW:
        return event.started_at
    return event.one_ha_at or event.ended_at


def explains(event: CampEvent, alarm: CampAlarm) -> bool:
    """Return True if an alarm is about an event."""
    if alarm.at < event.started_at - EARLY:
        return False
    if event.kind != NEW and alarm.at > event.ended_at + LATE:
        return False
    if event.settlement_id and event.settlement_id == alarm.settlement_id:
        return True
    if event.kind == EMPTYING or alarm.kind == EMPTYING:
        return False
    # Shelters beside a known camp are its growth to one and a new camp to another.
    reach_m = max(REACH_M, _radius_m(event.area_ha) + _radius_m(alarm.area_ha))
    return math.hypot(event.x_m - alarm.x_m, event.y_m - alarm.y_m) <= reach_m


def _radius_m(area_ha: float) -> float:
    """Return the radius of a circle of an area; 0 if that is not known."""
    return 0.0 if math.isnan(area_ha) else math.sqrt(1e4 * area_ha / math.pi)


def false_alarms(alarms: Sequence[CampAlarm]) -> list[CampAlarm]:
    """Return the first alarm of each place in any 90 days."""
    kept: list[CampAlarm] = []
    for alarm in alarms:
        repeats = any(
            alarm.at - one.at <= ONE_PLACE
            and one.settlement_id == alarm.settlement_id
            and (
                bool(alarm.settlement_id)
                or math.hypot(one.x_m - alarm.x_m, one.y_m - alarm.y_m) <= REACH_M
            )
            for one in kept
        )
        if not repeats:
            kept.append(alarm)
    return kept


def _area_error(kind: str, events: Sequence[CampEvent], alarms: Sequence[CampAlarm]) -> float:
    """Return how far the last statement about each event lies from the truth."""
    errors = []
    for event in events:
        about = [alarm for alarm in alarms if explains(event, alarm)]
        if not about:
            continue
        if kind == NEW:
            largest = max(alarm.area_ha for alarm in about)
            errors.append(abs(largest - event.area_ha) / max(event.area_ha, 1e-6))
        else:
            errors.append(abs(max(a.change for a in about) - event.fraction))
    known = [error for error in errors if math.isfinite(error)]
    if not known:
        return math.nan
    return float(np.median(known) if kind == NEW else np.mean(known))


def _sign_right(kind: str, events: Sequence[CampEvent], alarms: Sequence[CampAlarm]) -> Estimate:
    """Return the share of larger changes whose first statement has the right sign."""
    if kind == NEW:
        return share(0, 0)
    other = EMPTYING if kind == GROWTH else GROWTH
    right = total = 0
    for event in events:
        if not event.fraction >= 0.10:
            continue
        said = [a.kind for a in alarms if a.kind in (kind, other) and explains(event, a)]
        if said:
            total += 1
            right += said[0] == kind
    return share(right, total)
