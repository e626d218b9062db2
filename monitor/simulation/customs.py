"""What people do every year that moves straw: sweeping, fodder, new roofs of thatch."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.ndimage import gaussian_filter

from monitor.simulation.changes import Course
from monitor.simulation.clock import new_year
from monitor.simulation.events import Event, EventKind, between
from monitor.simulation.fields import Field
from monitor.simulation.land import Land
from monitor.simulation.materials import Cover
from monitor.simulation.streams import stream
from monitor.simulation.villages import Village

STRAW_DAY = (15.0, 90.0)
"""Compounds are swept and straw is fed in the dry months."""

RENEWAL_DAY = (20.0, 130.0)
"""Roofs are renewed before the rains."""

WEEKS_SPREAD_DAYS = 5.0
SWEPT = {Cover.STRAW: 1.0, Cover.GRASS_EARLY: 0.5, Cover.GRASS_LATE: 0.5}
ROOFS = {Cover.THATCH: 1.0}


def customs(land: Land) -> Iterator[Event]:
    """Yield yearly removals of straw and renewals of thatch, each settlement in its weeks."""
    rates = land.settings.confounders
    for index, village, year, draws in land.village_years("customs"):
        habit = stream(land.seed, "customs-habit", index)
        swept_on, renewed_on = habit.uniform(*STRAW_DAY), habit.uniform(*RENEWAL_DAY)
        does_sweep, does_renew = habit.uniform(size=2)
        first, second = new_year(year) + draws.normal(0.0, WEEKS_SPREAD_DAYS, 2)
        shares = draws.uniform(0.3, 0.9, 2)
        if does_sweep < rates.straw_removed and land.is_free(index, first + swept_on):
            touched = _compounds(draws, village, float(shares[0]))
            yield _swept(land, index, first + swept_on, touched, float(shares[0]))
        if does_renew < rates.thatch_renewed and land.is_free(index, second + renewed_on):
            touched = _compounds(draws, village, float(shares[1]))
            yield _renewed(land, index, second + renewed_on, touched, float(shares[1]))


def _compounds(draws: np.random.Generator, village: Village, share: float) -> Field:
    """Return part of a settlement, compound by compound."""
    inside = village.inside()
    noise = gaussian_filter(draws.standard_normal(inside.shape), 3.0)
    taken = (noise > np.quantile(noise, 1.0 - share)) & (inside > 0.5)
    touched: Field = taken.astype(np.float32)
    return touched


def _swept(land: Land, index: int, day: float, touched: Field, share: float) -> Event:
    village = land.villages[index]
    course = Course(start=day, taking_days=14.0, recovers_at=day + 60.0, recovering_days=200.0)
    return Event(
        event_id=f"straw-{index:03d}-{round(day)}",
        kind=EventKind.STRAW_REMOVED,
        settlement_id=land.settlement_id(index),
        interval=between(day, course.taking_days),
        fraction=share,
        tau_days=float("nan"),
        pattern="compounds",
        centre=village.centre,
        changes=(land.change(village.rows, village.columns, touched, SWEPT, course),),
    )


def _renewed(land: Land, index: int, day: float, touched: Field, share: float) -> Event:
    village = land.villages[index]
    course = Course(
        start=day, taking_days=20.0, left={"straw": 1.0}, recovers_at=day + 30.0,
        recovering_days=200.0,
    )  # fmt: skip
    return Event(
        event_id=f"thatch-{index:03d}-{round(day)}",
        kind=EventKind.THATCH_RENEWED,
        settlement_id=land.settlement_id(index),
        interval=between(day, course.taking_days),
        fraction=share,
        tau_days=float("nan"),
        pattern="compounds",
        centre=village.centre,
        changes=(land.change(village.rows, village.columns, touched, ROOFS, course),),
    )
