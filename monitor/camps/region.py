"""The blocks in which camps are looked for: the whole area, with land around it as control."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from rasterio.features import rasterize
from scipy.ndimage import distance_transform_edt
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from aoi.grid import Grid, to_metres
from aoi.settlement import Settlement, SettlementKind

Number = TypeVar("Number", bound=np.generic)
Chosen = NDArray[np.bool_]

CONTROL_M = 1_500.0
"""Land this far beyond the area serves as control."""

NEAR_M = 300.0
"""Outlines of camps are rarely exact, and shelters are put up at a little distance."""

RING_M = (150.0, 1_500.0)
SETTLED_M = 20.0
"""Footprints are widened by it: their outlines are not exact."""


@dataclass(frozen=True, slots=True, eq=False)
class KnownCamp:
    """A camp whose outline is known: a settlement, or one that was found."""

    camp_id: str
    own: Chosen
    """Its blocks, shape (blocks,)."""

    area_m2: float
    """Area of its outline, square metres."""

    near: Chosen
    """Its blocks and those within 300 m: what appears there is growth, and no new camp."""

    ring: Chosen
    """Land from 150 to 1,500 m around it, settlements left out: its control."""

    provisional: bool = False
    """True if two looks alone have shown it: a third has to find it once more."""


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A rectangle of blocks, flattened row by row."""

    blocks: Grid
    """Grid of the whole area; looks are on it."""

    rows: slice
    columns: slice
    inside: Chosen
    """True for blocks of the area itself, shape (blocks,)."""

    settled: Chosen
    """True for blocks of known settlements, shape (blocks,)."""

    camps: tuple[KnownCamp, ...]
    version: str
    """Digest of the rectangle; a state of another one cannot be used."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the rectangle."""
        return self.rows.stop - self.rows.start, self.columns.stop - self.columns.start

    @property
    def grid(self) -> Grid:
        """Grid of the rectangle."""
        side, (height, width) = self.blocks.resolution_m, self.shape
        left = self.blocks.left_m + self.columns.start * side
        top = self.blocks.top_m - self.rows.start * side
        return Grid(self.blocks.epsg, left, top, side, height, width)

    @property
    def block_m2(self) -> float:
        """Area of a block, square metres."""
        return self.blocks.pixel_area_m2

    def crop(self, values: NDArray[Number]) -> NDArray[Number]:
        """Return the rectangle of an array on the grid of the area."""
        return values[self.rows, self.columns]

    def camp(self, camp_id: str, own: Chosen, area_m2: float) -> KnownCamp:
        """Return a camp of this region."""
        side_m = self.blocks.resolution_m
        return camp_of(camp_id, own, area_m2, self.settled, self.shape, side_m)

    def outline(self, chosen: Chosen) -> BaseGeometry:
        """Return blocks as an outline, EPSG:4326."""
        return self.grid.polygons(chosen.reshape(self.shape))


def region_of(blocks: Grid, outline: BaseGeometry, settlements: Sequence[Settlement]) -> Region:
    """Return the region of an area.

    Parameters
    ----------
    blocks : Grid
        Of its looks.
    outline : BaseGeometry
        Of the area, EPSG:4326.
    settlements : sequence of Settlement
        The known ones; none are needed.
    """
    area = blocks.inside(outline)
    reach = round(CONTROL_M / blocks.resolution_m)
    rows = _span(np.flatnonzero(area.any(axis=1)), area.shape[0], reach)
    columns = _span(np.flatnonzero(area.any(axis=0)), area.shape[1], reach)
    known = [(place, _blocks_of(place, blocks)[rows, columns].ravel()) for place in settlements]
    inside = area[rows, columns].ravel()
    settled = np.zeros(inside.shape, dtype=np.bool_)
    for _, own in known:
        settled |= own
    return Region(
        blocks=blocks,
        rows=rows,
        columns=columns,
        inside=inside,
        settled=settled,
        camps=tuple(
            camp_of(
                place.settlement_id,
                own,
                float(to_metres(place.footprint, blocks.epsg).area),
                settled,
                (rows.stop - rows.start, columns.stop - columns.start),
                blocks.resolution_m,
            )
            for place, own in known
            if place.kind is SettlementKind.CAMP and own.any()
        ),
        version=hashlib.sha256(f"{blocks}{rows}{columns}".encode()).hexdigest()[:12],
    )


def camp_of(
    camp_id: str,
    own: Chosen,
    area_m2: float,
    settled: Chosen,
    shape: tuple[int, int],
    side_m: float,
) -> KnownCamp:
    """Return a camp with the land around it.

    Parameters
    ----------
    own, settled : array
        Its blocks, and those of all settlements, shape (blocks,).
    shape : (int, int)
        Rows and columns of the region.
    side_m : float
        Of a block.
    """
    rows, columns = np.nonzero(own.reshape(shape))
    reach = int(RING_M[1] / side_m) + 1
    near, ring = np.zeros(shape, dtype=np.bool_), np.zeros(shape, dtype=np.bool_)
    if rows.size:
        part = (_span(rows, shape[0], reach), _span(columns, shape[1], reach))
        distance_m = distance_transform_edt(~own.reshape(shape)[part], sampling=side_m)
        near[part] = distance_m <= NEAR_M
        ring[part] = (distance_m > RING_M[0]) & (distance_m <= RING_M[1])
        ring &= ~settled.reshape(shape)
    return KnownCamp(camp_id, own, area_m2, near.ravel(), ring.ravel())


def _span(at: NDArray[np.intp], size: int, reach: int) -> slice:
    if at.size == 0:
        return slice(0, size)
    return slice(max(int(at.min()) - reach, 0), min(int(at.max()) + reach + 1, size))


def _blocks_of(place: Settlement, blocks: Grid) -> Chosen:
    outline = to_metres(place.footprint, blocks.epsg).buffer(SETTLED_M)
    own: Chosen = rasterize(
        [(mapping(outline), 1)], blocks.shape, transform=blocks.transform, dtype="uint8"
    ).astype(np.bool_)
    if not own.any():
        # Smaller than a block: the one that holds its middle.
        middle, side = outline.centroid, blocks.resolution_m
        row, column = (blocks.top_m - middle.y) // side, (middle.x - blocks.left_m) // side
        if 0 <= row < blocks.height and 0 <= column < blocks.width:
            own[int(row), int(column)] = True
    return own
