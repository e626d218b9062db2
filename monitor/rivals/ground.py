"""What every rule sees: the settlements and rings of one look, as rectangles.

All rules share masks and clear looks, so that they differ in nothing but the rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from aoi.grid import Grid
from monitor.blocks import BlockSets
from monitor.looks import Look

Array = NDArray[np.float32]
Chosen = NDArray[np.bool_]

CLEAR_SETTLEMENT = 0.70
CLEAR_RING = 0.50
"""Shares of valid blocks from which a look is clear for a settlement (DETECTION 4.0)."""


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """The settlements of an area as padded rectangles of flat block indices."""

    blocks: Grid
    settlement_ids: tuple[str, ...]
    own: NDArray[np.intp]
    """Flat indices into an array on `blocks`, shape (settlements, most blocks), padded."""

    in_own: Chosen
    """True where `own` is not padding."""

    ring: NDArray[np.intp]
    in_ring: Chosen

    @property
    def count(self) -> int:
        """Number of settlements."""
        return len(self.settlement_ids)

    def own_values(self, values: Array) -> Array:
        """Return values (height, width) at the own blocks; NaN at padding."""
        return np.where(self.in_own, values.ravel()[self.own], np.nan)

    def ring_values(self, values: Array) -> Array:
        """Return values (height, width) at the ring blocks; NaN at padding."""
        return np.where(self.in_ring, values.ravel()[self.ring], np.nan)


@dataclass(frozen=True, slots=True, eq=False)
class SeenLook:
    """One optical look as the rules see it: unclear blocks are NaN."""

    look: Look
    ground: Ground
    nir: Array
    """B8A, shape (height, width)."""

    nbr: Array | None
    """(B8A - B12) / (B8A + B12), shape (height, width); None without B12."""

    clear: Chosen
    """True for settlements that this look is clear for, shape (settlements,)."""

    @property
    def at(self) -> datetime:
        """Time of acquisition, UTC."""
        return self.look.acquired_at


def ground_of(sets: BlockSets) -> Ground:
    """Return the settlements of an area, without its placebos."""
    own, in_own = _padded([sets.watched[s.own] for s in sets.settlements])
    ring, in_ring = _padded([sets.watched[s.ring] for s in sets.settlements])
    return Ground(
        sets.blocks, tuple(s.settlement_id for s in sets.settlements), own, in_own, ring, in_ring
    )


def seen(look: Look, ground: Ground) -> SeenLook:
    """Return a look with its unclear blocks taken out, and who it is clear for."""
    ground.blocks.require_same(look.blocks)
    valid = look.valid & np.isfinite(look.bands["nir08"])
    nir = np.where(valid, look.bands["nir08"], np.nan)
    nbr = None
    if "swir22" in look.bands:
        swir = look.bands["swir22"]
        with np.errstate(divide="ignore", invalid="ignore"):
            nbr = ((nir - swir) / (nir + swir)).astype(np.float32)
    own_share = _share(valid, ground.own, ground.in_own)
    ring_share = _share(valid, ground.ring, ground.in_ring)
    return SeenLook(
        look=look,
        ground=ground,
        nir=nir.astype(np.float32),
        nbr=nbr,
        clear=(own_share >= CLEAR_SETTLEMENT) & (ring_share >= CLEAR_RING),
    )


def medians(values: Array) -> Array:
    """Return the median of each row over its finite values; NaN where there is none."""
    ordered = np.sort(values, axis=1)
    count = np.isfinite(values).sum(axis=1)
    low = np.take_along_axis(ordered, np.maximum((count - 1) // 2, 0)[:, None], axis=1)[:, 0]
    high = np.take_along_axis(ordered, (count // 2).clip(max=values.shape[1] - 1)[:, None], 1)[:, 0]
    return np.where(count > 0, (low + high) / 2, np.nan).astype(np.float32)


def largest(values: Array, rank: int | NDArray[np.int64]) -> Array:
    """Return the `rank`-th largest finite value of each row; NaN where there are fewer.

    Parameters
    ----------
    values : array
        Shape (rows, columns).
    rank : int or array
        1 for the largest; one for all rows, or one each.
    """
    ordered = -np.sort(-values, axis=1)
    wanted = np.broadcast_to(np.asarray(rank), (len(values),))
    position = (wanted - 1).clip(0, max(values.shape[1] - 1, 0))
    found = np.take_along_axis(ordered, position[:, None], axis=1)[:, 0]
    return np.where(np.isfinite(values).sum(axis=1) >= wanted, found, np.nan).astype(np.float32)


def _padded(indices: Sequence[NDArray[np.int32]]) -> tuple[NDArray[np.intp], Chosen]:
    longest = max((len(part) for part in indices), default=0)
    # A column of padding at least, so that reductions over nothing have an axis.
    padded = np.zeros((len(indices), max(longest, 1)), dtype=np.intp)
    filled = np.zeros(padded.shape, dtype=np.bool_)
    for row, part in enumerate(indices):
        padded[row, : len(part)] = part
        filled[row, : len(part)] = True
    return padded, filled


def _share(valid: Chosen, indices: NDArray[np.intp], filled: Chosen) -> NDArray[np.float64]:
    total = filled.sum(axis=1)
    share: NDArray[np.float64] = (valid.ravel()[indices] & filled).sum(axis=1) / np.maximum(
        total, 1
    )
    return share
