"""Block sets as rectangular arrays, so that one numpy call serves every settlement."""

from __future__ import annotations

from dataclasses import dataclass

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

    windows: tuple[Windows, ...]
    """The windows of each place that its scan looks through."""

    @property
    def count(self) -> int:
        """Number of places."""
        return len(self.places)

    def by_place(self, values: Array) -> list[Array]:
        """Return values (..., m) of own blocks as one array for each place."""
        return [
            values[..., start:end]
            for start, end in zip(self.starts[:-1], self.starts[1:], strict=True)
        ]


def layout_of(sets: BlockSets) -> Layout:
    """Return the layout of the settlements and placebos of an area."""
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
        windows=tuple(windows_of(p.rows, p.columns) for p in places),
    )
