"""Static heat: kilns, flares, bakeries and the like, learned from where heat comes back. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

CELL_M = 250.0
"""Sightings are kept by cells of this side; a source is judged over three by three of them,
since the position of a detection errs by some 150 m."""

KEPT_MONTHS = 36

Cell = tuple[int, int]
Months = dict[int, int]
"""Month number (12 x year + month - 1) to detections, one an overpass."""


@dataclass(frozen=True, slots=True)
class HeatSource:
    """A place that is hot through the year, whatever the season."""

    easting_m: float
    northing_m: float
    detections: int
    """In the twelve months in which it was seen most."""

    months: int
    """How many of these months saw it."""

    first_month: int
    last_month: int
    """Month numbers of its first and latest detection, 12 x year + month - 1."""


@dataclass(frozen=True, slots=True)
class HeatSettings:
    """When heat counts as static (DETECTION 4c)."""

    above_detections: int = 5
    """A source has more detections than this in twelve months ..."""

    above_months: int = 3
    """... in more different months than this."""

    reach_m: float = 400.0
    """Detections this near to a source are its own: one pixel."""


def month_of(instant: datetime) -> int:
    """Return the number of a month, 12 x year + month - 1."""
    return 12 * instant.year + instant.month - 1


def sighted(
    cells: Mapping[Cell, Months], seen: Iterable[tuple[float, float, datetime]]
) -> dict[Cell, Months]:
    """Return the sightings with more of them; those of long ago are forgotten.

    Parameters
    ----------
    cells : mapping
        What is known; left as it is.
    seen : iterable
        Easting, northing and time of detections, one an overpass and place.
    """
    known = {cell: dict(months) for cell, months in cells.items()}
    latest = 0
    for easting, northing, instant in seen:
        months = known.setdefault(cell_of(easting, northing), {})
        month = month_of(instant)
        months[month] = months.get(month, 0) + 1
        latest = max(latest, month)
    kept = (
        (cell, {m: n for m, n in months.items() if m > latest - KEPT_MONTHS})
        for cell, months in known.items()
    )
    return {cell: months for cell, months in kept if months}


def cell_of(easting: float, northing: float) -> Cell:
    """Return the cell that holds a position in metres."""
    return int(easting // CELL_M), int(northing // CELL_M)


def heat_sources(
    cells: Mapping[Cell, Months], settings: HeatSettings | None = None
) -> tuple[HeatSource, ...]:
    """Return the static sources among the sightings, the hottest first.

    A place is one if some twelve months saw more than 5 detections there, in more than 3
    different months. A fire season is shorter, and a burned village burns in one of them.
    """
    chosen = settings or HeatSettings()
    found: dict[Cell, HeatSource] = {}
    for cell in cells:
        months = _around(cells, cell)
        best = max(_years(months), default=(0, 0))
        if best[0] > chosen.above_detections and best[1] > chosen.above_months:
            found[cell] = _source(cells, cell, months, best)
    return tuple(_peaks(found))


def is_static(
    eastings: NDArray[np.float64],
    northings: NDArray[np.float64],
    sources: Iterable[HeatSource],
    reach_m: float,
) -> NDArray[np.bool_]:
    """Return True for positions in metres that a static source accounts for."""
    static = np.zeros(eastings.shape, dtype=np.bool_)
    for source in sources:
        static |= np.hypot(eastings - source.easting_m, northings - source.northing_m) <= reach_m
    return static


def _near(cell: Cell) -> Iterator[Cell]:
    return ((cell[0] + i, cell[1] + j) for i in (-1, 0, 1) for j in (-1, 0, 1))


def _around(cells: Mapping[Cell, Months], cell: Cell) -> Months:
    total: Months = {}
    for near in _near(cell):
        for month, count in cells.get(near, {}).items():
            total[month] = total.get(month, 0) + count
    return total


def _years(months: Months) -> Iterator[tuple[int, int]]:
    """Yield detections and distinct months of every twelve months that begin with one."""
    for first in months:
        counts = [n for m, n in months.items() if first <= m < first + 12]
        yield sum(counts), len(counts)


def _source(
    cells: Mapping[Cell, Months], cell: Cell, months: Months, best: tuple[int, int]
) -> HeatSource:
    weights = {near: sum(cells[near].values()) for near in _near(cell) if near in cells}
    total = sum(weights.values())
    return HeatSource(
        easting_m=sum((c[0] + 0.5) * CELL_M * n for c, n in weights.items()) / total,
        northing_m=sum((c[1] + 0.5) * CELL_M * n for c, n in weights.items()) / total,
        detections=best[0],
        months=best[1],
        first_month=min(months),
        last_month=max(months),
    )


def _peaks(found: Mapping[Cell, HeatSource]) -> Iterator[HeatSource]:
    """Yield the strongest source of each neighbourhood, the hottest first."""
    taken: set[Cell] = set()
    for cell, source in sorted(found.items(), key=lambda one: (-one[1].detections, one[0])):
        if cell not in taken:
            yield source
            taken.update((cell[0] + i, cell[1] + j) for i in range(-2, 3) for j in range(-2, 3))


def month_text(month: int) -> str:
    """Return a month number as people write it, ``"2024-03"``."""
    return f"{month // 12:04d}-{month % 12 + 1:02d}"
