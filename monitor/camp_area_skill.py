"""How well the 30-day changes of known camps were measured, look after look.

Pure: what goes in are the tables that `monitor.camp_study` wrote.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from monitor.camps.reading import CampReading
from monitor.camps.rules import growth_now
from monitor.camps.settings import CampSettings
from monitor.skill import Estimate, share

Record = Mapping[str, Any]

SETTINGS = CampSettings()
CHANGED = 0.10
LEAST_HA = 0.1
"""A camp of which less was left 30 days before has no share to change by."""


@dataclass(frozen=True, slots=True)
class AreaSkill:
    """How well 30-day changes of known camps were measured."""

    windows: int
    error: float
    """Mean absolute error of the change, as a share of the camp's area."""

    changed_windows: int
    """Of them, those in which the camp truly changed by 10 % or more."""

    changed_error: float
    sign_right: Estimate
    sign_sure: Estimate
    """Share of these whose interval lies wholly on the right side of no change."""

    covered: Estimate
    """Share of all windows whose 90 % interval holds the truth."""

    changed_covered: Estimate
    """The same of the windows with a change."""


def area_skill(records: Iterable[Record], later_days: float = 0.0) -> AreaSkill:
    """Return how well the 30-day changes of known, unburned camps were measured.

    With `later_days` the truth is that of so many days before each look: a change shows
    when three looks have seen it.
    """
    rows = [row for record in records for row in _windows(record, later_days)]
    if not rows:
        nothing = share(0, 0)
        return AreaSkill(0, math.nan, 0, math.nan, nothing, nothing, nothing, nothing)
    said, true, low, high = np.array(rows).T
    error = np.abs(said - true)
    changed = np.abs(true) >= CHANGED
    right = changed & (np.sign(said) == np.sign(true))
    sure = changed & np.where(true > 0, low > 0, high < 0)
    holds = (low <= true) & (true <= high)
    count = int(changed.sum())
    return AreaSkill(
        windows=len(rows),
        error=float(error.mean()),
        changed_windows=count,
        changed_error=float(error[changed].mean()) if count else math.nan,
        sign_right=share(int(right.sum()), count),
        sign_sure=share(int(sure.sum()), count),
        covered=share(int(holds.sum()), len(rows)),
        changed_covered=share(int((holds & changed).sum()), count),
    )


def series_of(rows: Iterable[Record]) -> dict[str, list[CampReading]]:
    """Return the readings of each camp, oldest first."""
    found: dict[str, list[CampReading]] = defaultdict(list)
    for row in rows:
        reading = {**row["reading"], "at": datetime.fromisoformat(row["reading"]["at"])}
        found[row["camp_id"]].append(CampReading(**reading))
    return dict(found)


def _windows(record: Record, later_days: float) -> Iterator[tuple[float, float, float, float]]:
    """Yield said and true 30-day change, and the interval, at each look of each camp."""
    true = {
        (row["camp_id"], row["reading"]["at"]): row
        for row in record["camps"]
        if not row["disturbed"]
    }
    for camp_id, series in series_of(record["camps"]).items():
        for end in range(1, len(series) + 1):
            then = series[end - 1].at - timedelta(days=later_days)
            near = min(series[:end], key=lambda r: abs(r.at - then))
            if abs(near.at - then) > timedelta(days=4):
                continue
            row = true.get((camp_id, near.at.isoformat()))
            if row is None or math.isnan(series[end - 1].fall):
                continue
            growth = growth_now(series[:end], SETTINGS)
            if growth is None or row["true_before_ha"] <= LEAST_HA:
                continue
            change = row["true_ha"] / row["true_before_ha"] - 1.0
            yield growth.change, change, growth.change_low, growth.change_high
