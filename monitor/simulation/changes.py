"""How ground changes: which share of which cover turns into what, and for how long.

A change moves shares between materials, pixel by pixel, so that means over
blocks of the changed pixels are the changed means: looks made directly and looks
reduced from scenes see the same ground.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from monitor.simulation.fields import Field, block_means
from monitor.simulation.materials import BANDS, VISIBLE, Cover
from monitor.simulation.seasons import Seasons, Spectra
from monitor.simulation.terrain import Shares

PIXELS_PER_BLOCK = 4
REGROWTH = 0.35
"""Share of cleared ground that weeds take in a season of growth."""


@dataclass(frozen=True, slots=True)
class Course:
    """What a change leaves behind, day by day."""

    start: float
    """Day number at which it begins."""

    taking_days: float
    """Time until it is complete."""

    char: float = 0.0
    """Share of the changed ground that is char when it is complete, 0 to 1."""

    ash: float = 0.0
    char_days: float = 20.0
    """Time in which char falls to 1/e, without rain."""

    ash_days: float = 4.0
    washed_at: float = math.inf
    """Day number of the storm that removes ash and halves `char_days`."""

    left: Mapping[str, float] = field(default_factory=dict)
    """Materials other than char, ash and soil that it leaves, with their shares."""

    recovers_at: float = math.inf
    """Day number at which the ground begins to become again what it was."""

    recovering_days: float = 30.0
    gradual: bool = False
    """True if it fills in slow, fast, slow, and not in a straight line."""

    def amount(self, day: float) -> float:
        """Return the share of the change that stands on a day, 0 to 1."""
        if day < self.start:
            return 0.0
        done = min((day - self.start) / max(self.taking_days, 1e-6), 1.0)
        if self.gradual:
            done = done * done * (3.0 - 2.0 * done)
        undone = (day - self.recovers_at) / self.recovering_days
        return done * (1.0 - min(max(undone, 0.0), 1.0))

    def char_left(self, day: float) -> float:
        """Return char as a share of the changed ground."""
        age = max(day - self.start, 0.0) + max(day - max(self.washed_at, self.start), 0.0)
        return self.char * math.exp(-age / self.char_days)

    def ash_left(self, day: float) -> float:
        """Return ash as a share of the changed ground."""
        if day > self.washed_at:
            return 0.0
        return self.ash * math.exp(-max(day - self.start, 0.0) / self.ash_days)

    def ground(self, day: float, seasons: Seasons) -> NDArray[np.float32]:
        """Return what changed ground reflects, shape (12,), halves as in `Spectra`."""
        char, ash = self.char_left(day), self.ash_left(day)
        materials = seasons.materials
        unwetted = char * materials["char"] + ash * materials["ash"]
        for material, share in self.left.items():
            unwetted = unwetted + share * materials[material]
        open_ground = max(1.0 - char - ash - sum(self.left.values()), 0.0)
        grown = open_ground * REGROWTH * min(max(seasons.green(day), 0.0), 1.0)
        if day - self.start < 15.0:
            grown = 0.0
        unwetted = unwetted + grown * materials["green"]
        return np.concatenate([(open_ground - grown) * seasons.soil, unwetted]).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """One change of the ground of a world."""

    course: Course
    rows: slice
    """Pixels of 10 m that it may touch, whole blocks."""

    columns: slice
    touched: Field
    """Share of what can change that does, per pixel of its window, 0 to 1."""

    weights: Mapping[Cover, float]
    """How much of each kind of cover changes where `touched` is 1."""

    blocks: NDArray[np.intp]
    """Flat indices of the blocks that change, shape (n,)."""

    shares: NDArray[np.float32]
    """Mean share of each block that changes, per entry of `weights`, shape (len(weights), n)."""

    scatter: NDArray[np.float32]
    """Variance inside each block of the changed share, shape (n,)."""

    scatter_with: NDArray[np.float32]
    """Covariance inside each block of the changed share and each cover, (covers, n)."""

    @property
    def covers(self) -> list[Cover]:
        """Kinds of cover that change, order of `shares`."""
        return list(self.weights)

    @property
    def changed_share(self) -> NDArray[np.float32]:
        """Share of each changed block that turns into something else, shape (n,)."""
        total: NDArray[np.float32] = self.shares.sum(axis=0)
        return total

    def difference(self, day: float, spectra: Spectra, seasons: Seasons) -> NDArray[np.float32]:
        """Return what one unit of each cover gains, shape (12, len(weights))."""
        ground = self.course.ground(day, seasons)[:, np.newaxis]
        amount = np.float32(self.course.amount(day))
        gained: NDArray[np.float32] = amount * (ground - spectra[:, self.covers])
        return gained


def changed(
    shares: Shares, rows: slice, columns: slice, touched: Field,
    weights: Mapping[Cover, float], course: Course,
) -> Change:  # fmt: skip
    """Return a change of the pixels in a window.

    Parameters
    ----------
    shares : array
        Cover of the whole world, shape (covers, height, width).
    rows, columns : slice
        The window: whole blocks.
    touched : array
        0 to 1 per pixel of the window.
    weights : mapping
        How much of each kind of cover changes where `touched` is 1.
    course : Course
        What it leaves.
    """
    window = shares[:, rows, columns]
    wanted = np.array(list(weights.values()), dtype=np.float32)[:, np.newaxis, np.newaxis]
    parts = window[list(weights)] * wanted * touched
    means = block_means(parts, PIXELS_PER_BLOCK)
    at = means.sum(axis=0) > 1e-4
    total = parts.sum(axis=0)
    mean_total = means.sum(axis=0)
    scatter = block_means(total**2, PIXELS_PER_BLOCK) - mean_total**2
    scatter_with = block_means(window * total, PIXELS_PER_BLOCK) - mean_total * block_means(
        window, PIXELS_PER_BLOCK
    )
    block_rows, block_columns = np.nonzero(at)
    width = shares.shape[2] // PIXELS_PER_BLOCK
    first_row, first_column = rows.start // PIXELS_PER_BLOCK, columns.start // PIXELS_PER_BLOCK
    return Change(
        course=course,
        rows=rows,
        columns=columns,
        touched=touched,
        weights=weights,
        blocks=(block_rows + first_row) * width + block_columns + first_column,
        shares=np.ascontiguousarray(means[:, at]),
        scatter=np.ascontiguousarray(scatter[at]),
        scatter_with=np.ascontiguousarray(scatter_with[:, at]),
    )


def visible(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (blue + green + red) / 3 of both halves of spectra whose first axis has 12."""
    lower = values[VISIBLE].mean(axis=0)
    upper = values[len(BANDS) :][VISIBLE].mean(axis=0)
    total: NDArray[np.float32] = lower + upper
    return total
