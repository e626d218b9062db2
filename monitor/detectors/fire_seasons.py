"""How often it burns at a settlement at each time of the year: the archive, as sums. Pure.

The state is counts by five days of the year, so that a look costs the state and never
the archive. What is younger than the quarantine waits: an event must not be its own norm.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from monitor.detectors.heat_sources import Cell, Months

SPAN_D = 5
SPANS = 73
"""Parts of the year, five days each."""

BANDWIDTH_D = 20.0
"""Days of the year this near count for a date, the nearer the more (DETECTION 4c)."""

QUARANTINE = timedelta(days=60)

USUAL_PER_KM2_DAY = 0.3 / 365.25
"""Detections where nothing is known, one an overpass and square kilometre: between farmed
land and the burning savannas (some 2.7 a year in the simulated fire belt). A choice."""

PRIOR_D = 30.0
"""Days that the assumption counts for, against days of the archive."""

Counts = dict[int, float]
"""Span of the year to count."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DayCount:
    """What one day saw at one settlement."""

    near: int
    """Overpasses with a detection in the settlement or within 500 m."""

    ring: int
    """Detections in the ring, one an overpass and square kilometre."""


@dataclass(frozen=True, slots=True, eq=False)
class FireSeasons:
    """The archive of detections of one area, as sums."""

    aoi_id: str
    places: str
    """Digest of the settlements it was counted for; others begin anew."""

    since: date | None = None
    """First day that counts; None before there is one."""

    through: date | None = None
    """Last day that was counted, in sums or waiting."""

    near: Mapping[str, Counts] = field(default_factory=dict)
    """Settlement to counts by span; absent where there were none."""

    ring: Mapping[str, Counts] = field(default_factory=dict)
    lost: Mapping[str, Counts] = field(default_factory=dict)
    """Settlement to days by span that were left out since it may have burned."""

    waiting: Mapping[date, Mapping[str, DayCount]] = field(default_factory=dict)
    """Days in quarantine."""

    cells: Mapping[Cell, Months] = field(default_factory=dict)
    """Sightings for the static sources, by cells of the area's projection."""

    latest: Mapping[str, datetime] = field(default_factory=dict)
    """Settlement to the last detection that touched it, UTC."""


@dataclass(frozen=True, slots=True)
class Norm:
    """What is usual at one settlement on one day of the year."""

    near_per_day: float
    """Overpasses with a detection within 500 m."""

    ring_per_day: float
    archive_days: float
    """Days of the archive that speak for this time of the year; 0 without one."""


def span_of(day: date) -> int:
    """Return the part of the year that a day lies in, 0 to 72."""
    return min((day.timetuple().tm_yday - 1) // SPAN_D, SPANS - 1)


def with_days(
    seasons: FireSeasons,
    days: Mapping[date, Mapping[str, DayCount]],
    *,
    through: date,
    frozen_ids: Collection[str] = (),
) -> FireSeasons:
    """Return the archive with further days counted.

    Parameters
    ----------
    seasons : FireSeasons
    days : mapping
        Days after `FireSeasons.through` on which anything was detected in or near the area;
        the first one ever begins the archive, since before it there may have been none.
    through : date
        Last day that was looked at.
    frozen_ids : collection of str
        Settlements that may have burned lately: what leaves the quarantine is not their norm.
    """
    since = seasons.since or min(days, default=None)
    waiting = {**seasons.waiting, **{day: counts for day, counts in days.items() if counts}}
    ripe = [day for day in waiting if day <= through - QUARANTINE]
    near, ring, lost = (_copied(part) for part in (seasons.near, seasons.ring, seasons.lost))
    for day in sorted(ripe):
        for place, count in waiting.pop(day).items():
            span = span_of(day)
            if place not in frozen_ids:
                _add(near, place, span, count.near)
            elif count.near:
                _add(lost, place, span, 1.0)
            _add(ring, place, span, count.ring)
    return replace(
        seasons, since=since, through=through, near=near, ring=ring, lost=lost, waiting=waiting
    )


def norm_of(
    seasons: FireSeasons | None,
    settlement_id: str,
    day: date,
    near_km2: float,
    ring_km2: float,
) -> Norm:
    """Return what is usual at a settlement on a day of the year.

    Both rates are drawn towards what is assumed where the archive is short: the ring's
    towards `USUAL_PER_KM2_DAY`, the settlement's towards the density of its ring.

    Parameters
    ----------
    seasons : FireSeasons, optional
        None where there is no archive.
    near_km2, ring_km2 : float
        Size of the settlement with its 500 m, and of its ring.
    """
    kernel = _kernel(day)
    days = near = ring = lost = 0.0
    if seasons is not None:
        days = float(kernel @ exposure(seasons))
        near = _weighted(kernel, seasons.near.get(settlement_id, {}))
        ring = _weighted(kernel, seasons.ring.get(settlement_id, {}))
        lost = _weighted(kernel, seasons.lost.get(settlement_id, {}))
    ring_rate = (ring + PRIOR_D * USUAL_PER_KM2_DAY * ring_km2) / (days + PRIOR_D)
    density = ring_rate / ring_km2 if ring_km2 > 0 else USUAL_PER_KM2_DAY
    near_rate = (near + PRIOR_D * density * near_km2) / (max(days - lost, 0.0) + PRIOR_D)
    return Norm(near_rate, ring_rate, days)


def exposure(seasons: FireSeasons) -> Floats:
    """Return how many days of the archive lie in each span of the year, shape (73,)."""
    if seasons.since is None or seasons.through is None:
        return np.zeros(SPANS)
    last = seasons.through - QUARANTINE
    count = (last - seasons.since).days + 1
    if count <= 0:
        return np.zeros(SPANS)
    spans = [span_of(seasons.since + timedelta(days=n)) for n in range(min(count, 366))]
    whole, rest = divmod(count, 365)
    if whole == 0:
        return np.bincount(spans, minlength=SPANS).astype(np.float64)
    year = np.bincount(spans[:365], minlength=SPANS).astype(np.float64)
    return whole * year + np.bincount(spans[:rest], minlength=SPANS)


def _kernel(day: date) -> Floats:
    """Return the weight of each span for a day, 1 at it and 0 from 20 days on."""
    middles = SPAN_D * (np.arange(SPANS) + 0.5)
    apart = np.abs(middles - (day.timetuple().tm_yday - 0.5))
    apart = np.minimum(apart, 365.0 - apart)
    return np.asarray(np.maximum(1.0 - (apart / BANDWIDTH_D) ** 2, 0.0))


def _weighted(kernel: Floats, counts: Mapping[int, float]) -> float:
    return float(sum(kernel[span] * count for span, count in counts.items()))


def _copied(part: Mapping[str, Counts]) -> dict[str, Counts]:
    return {place: dict(counts) for place, counts in part.items()}


def _add(part: dict[str, Counts], place: str, span: int, count: float) -> None:
    if count:
        counts = part.setdefault(place, {})
        counts[span] = counts.get(span, 0.0) + count
