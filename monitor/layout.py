"""Block sets as rectangular arrays, so that one numpy call serves every settlement."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from monitor.blocks import BlockSets, SettlementBlocks
from monitor.scan import Windows, windows_of

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """The places of an area: settlements first, then placebos."""

    places: tuple[SettlementBlocks, ...]
    settlement_count: int
    own: NDArray[np.intp]
    """Own blocks of all places one after another, indices into the watched blocks, (m,)."""

    place_of: NDArray[np.intp]
    """Which place each own block belongs to, (m,)."""

    starts: NDArray[np.intp]
    """Where the own blocks of each place start, and the end: (places + 1,)."""

    ring: NDArray[np.intp]
    """Ring blocks, shape (places, longest ring), indices into the watched blocks; padded."""

    in_ring: NDArray[np.bool_]
    """True where `ring` holds a block and not padding."""

    is_camp: NDArray[np.bool_]
    """True for own blocks of camps, (m,)."""

    windows: tuple[Windows, ...]
    """The windows of each place that its scan looks through."""

    @property
    def count(self) -> int:
        """Number of places."""
        return len(self.places)

    def medians(self, values: Array) -> Array:
        """Return the median over the finite own blocks of each place.

        Parameters
        ----------
        values : array
            Shape (k, m) over own blocks; NaN where not valid.

        Returns
        -------
        array
            Shape (k, places); NaN where a place has no finite value.
        """
        # One sort for all places: NaN goes to the end of each.
        found = np.full((len(values), self.count), np.nan, dtype=np.float32)
        for row, line in zip(found, values, strict=True):
            ordered = line[np.lexsort((line, self.place_of))]
            seen = np.bincount(self.place_of[np.isfinite(line)], minlength=self.count)
            some = seen > 0
            first, count = self.starts[:-1][some], seen[some]
            low, high = ordered[first + (count - 1) // 2], ordered[first + count // 2]
            row[some] = 0.5 * (low + high)
        return found

    def counts(self, chosen: NDArray[np.bool_]) -> NDArray[np.intp]:
        """Return how many own blocks of each place are True in `chosen` (m,)."""
        return np.bincount(self.place_of[chosen], minlength=self.count)

    def by_place(self, values: Array) -> list[Array]:
        """Return values (..., m) of own blocks as one array for each place."""
        return [
            values[..., start:end]
            for start, end in zip(self.starts[:-1], self.starts[1:], strict=True)
        ]


@lru_cache(maxsize=4)
def layout_of(sets: BlockSets) -> Layout:
    """Return the layout of the settlements and placebos of an area.

    Kept for the last few sets: the looks of one run share theirs.
    """
    places = sets.everything
    sizes = np.array([p.own.size for p in places], dtype=np.intp)
    longest = max([p.ring.size for p in places], default=0)
    ring = np.zeros((len(places), longest), dtype=np.intp)
    in_ring = np.zeros(ring.shape, dtype=np.bool_)
    for index, place in enumerate(places):
        ring[index, : place.ring.size] = place.ring
        in_ring[index, : place.ring.size] = True
    own = [p.own.astype(np.intp) for p in places]
    return Layout(
        places=places,
        settlement_count=len(sets.settlements),
        own=np.concatenate([*own, np.empty(0, dtype=np.intp)]),
        place_of=np.repeat(np.arange(len(places), dtype=np.intp), sizes),
        starts=np.concatenate([[0], np.cumsum(sizes)]).astype(np.intp),
        ring=ring,
        in_ring=in_ring,
        is_camp=np.repeat(np.array([p.is_camp for p in places], dtype=np.bool_), sizes),
        windows=tuple(windows_of(p.rows, p.columns) for p in places),
    )
