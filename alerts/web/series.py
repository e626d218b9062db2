"""The burn ratio of one place over the years, and what is usual in the same weeks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from monitor.archive import load_look_part
from monitor.area_job import ArchivedLook
from monitor.errors import ArchiveError

HISTORY = timedelta(days=3 * 366)
MAX_LOOKS = 240
MIN_CLEAR = 0.75
YEAR = timedelta(days=365.25)

WEEKS_AROUND = timedelta(days=24)
"""Looks this near in the year count as the same season."""

MIN_IN_SEASON = 4
"""With fewer looks nothing is called usual."""


@dataclass(frozen=True, slots=True)
class Point:
    """The place in one look."""

    look_id: str
    acquired_at: datetime
    nbr: float
    """Median of the normalised burn ratio, B8A and B12, of its clear blocks; -1 to 1."""

    clear_fraction: float


@dataclass(frozen=True, slots=True)
class Band:
    """What is usual on a day: the middle four fifths of the same weeks before the event."""

    on: datetime
    low: float
    middle: float
    high: float


def points_of(looks: Sequence[ArchivedLook], folder: Path, outline: BaseGeometry) -> list[Point]:
    """Return the place in each optical look that saw most of it, oldest first.

    A look whose file is missing or damaged is left out: it is a curve, and the
    looks themselves are listed beside it.
    """
    key = shapely.to_wkb(outline, hex=True)
    found = [
        _point(look.look_id, look.acquired_at, str(folder / look.path), key)
        for look in thinned(looks, MAX_LOOKS)
        if not look.track.startswith("sentinel-1")
    ]
    return [point for point in found if point is not None]


def thinned(looks: Sequence[ArchivedLook], limit: int) -> Sequence[ArchivedLook]:
    """Return at most `limit` looks: all of the last half, and evenly fewer of those before."""
    if len(looks) <= limit:
        return looks
    recent = looks[-(limit // 2) :]
    before = looks[: -(limit // 2)]
    step = -(-len(before) // (limit - limit // 2))
    return [*before[::step], *recent]


def bands_of(
    points: Sequence[Point], happened_after: datetime, days: Sequence[datetime]
) -> list[Band]:
    """Return what is usual on each day, from looks before the change alone."""
    before = [point for point in points if point.acquired_at <= happened_after]
    found = []
    for day in days:
        same = [point.nbr for point in before if season_gap(point.acquired_at, day) <= WEEKS_AROUND]
        if len(same) >= MIN_IN_SEASON:
            low, middle, high = np.quantile(same, (0.1, 0.5, 0.9))
            found.append(Band(day, float(low), float(middle), float(high)))
    return found


def season_gap(one: datetime, other: datetime) -> timedelta:
    """Return how far apart two instants are in the year, at most half of it."""
    gap = abs(one - other) % YEAR
    return min(gap, YEAR - gap)


@lru_cache(maxsize=20_000)
def _point(look_id: str, acquired_at: datetime, path: str, outline: str) -> Point | None:
    # An archived look never changes, so what was read of it is kept.
    shape = shapely.from_wkb(outline)
    try:
        part = load_look_part(Path(path), shape, 0.0)
    except ArchiveError:
        return None
    if not {"nir08", "swir22"} <= part.bands.keys():
        return None
    inside = part.blocks.inside(shape)
    nir, swir = part.bands["nir08"][inside], part.bands["swir22"][inside]
    valid = (part.clear_fraction[inside] >= MIN_CLEAR) & np.isfinite(nir + swir) & (nir + swir > 0)
    clear = float(valid.mean()) if valid.size else 0.0
    if clear < 0.5:
        return None
    ratio = (nir[valid] - swir[valid]) / (nir[valid] + swir[valid])
    return Point(look_id, acquired_at, float(np.median(ratio)), clear)
