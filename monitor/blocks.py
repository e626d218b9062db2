"""Block sets: which blocks are a settlement, its ring, and its placebos.

Everything the burn test needs of an area is a list of watched blocks and, for each
settlement, indices into it. Rings are sampled, so that an area of thousands of
settlements costs its settlements and not its land.
"""

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

from aoi.area import Aoi
from aoi.grid import Grid, to_degrees, to_metres, utm_epsg
from aoi.settlement import Settlement, SettlementKind

Indices = NDArray[np.int32]
Number = TypeVar("Number", bound=np.generic)


@dataclass(frozen=True, slots=True)
class BlockSettings:
    """Geometry of settlements and rings (DETECTION 4a and 4h)."""

    dilation_m: float = 20.0
    """Footprints are widened by it before blocks are chosen."""

    neighbour_dilation_m: float = 100.0
    """Blocks within this of another settlement belong to no ring."""

    ring_inner_m: float = 150.0
    ring_outer_m: float = 1_500.0
    ring_wide_m: float = 3_000.0
    """Outer edge where the usual ring holds too few blocks."""

    ring_least: int = 200
    """Blocks below which a ring is widened."""

    ring_most: int = 400
    """Blocks that a ring keeps, spread evenly over what it could have."""

    placebos: int = 1
    """Quiet copies of each settlement's shape, laid on its ring land."""


@dataclass(frozen=True, slots=True, eq=False)
class SettlementBlocks:
    """One settlement (or placebo) as indices into `BlockSets.watched`."""

    settlement_id: str
    own: Indices
    rows: Indices
    """Row of each own block in the settlement's bounding box, counted from its top."""

    columns: Indices
    ring: Indices
    is_placebo: bool = False
    is_camp: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class BlockSets:
    """The watched blocks of an area."""

    blocks: Grid
    watched: Indices
    """Flat indices into an array on `blocks`, ascending, shape (n,)."""

    settlements: tuple[SettlementBlocks, ...]
    placebos: tuple[SettlementBlocks, ...]
    version: str
    """Digest of the sets; results and states name it."""

    @property
    def everything(self) -> tuple[SettlementBlocks, ...]:
        """Settlements, then placebos."""
        return self.settlements + self.placebos

    def take(self, values: NDArray[Number]) -> NDArray[Number]:
        """Return the watched blocks of an array (..., height, width) as (..., n)."""
        flat = values.reshape(*values.shape[:-2], -1)
        return flat[..., self.watched]


def block_sets(
    aoi: Aoi, settlements: Sequence[Settlement], settings: BlockSettings | None = None
) -> BlockSets:
    """Return the block sets of an area.

    Parameters
    ----------
    aoi : Aoi
    settlements : sequence of Settlement
        Those of the area; their footprints in EPSG:4326.
    settings : BlockSettings, optional

    Returns
    -------
    BlockSets
        A settlement smaller than a block is the block that holds its centroid. A ring
        may be empty where other settlements or the edge of the window leave no land.
    """
    chosen = settings or BlockSettings()
    blocks = aoi.blocks
    footprints = [to_metres(s.footprint, blocks.epsg) for s in settlements]
    inhabited = _labels(footprints, blocks, chosen.neighbour_dilation_m)
    flat: list[_Flat] = []
    for number, (settlement, footprint) in enumerate(
        zip(settlements, footprints, strict=True), start=1
    ):
        flat.extend(
            _flat_sets(settlement.settlement_id, number, footprint, inhabited, blocks, chosen)
        )
    watched = np.unique(np.concatenate([*(f.own for f in flat), *(f.ring for f in flat), _EMPTY]))
    camps = {s.settlement_id for s in settlements if s.kind is SettlementKind.CAMP}
    sets = [_indexed(f, watched, blocks.width, camps) for f in flat]
    digest = hashlib.sha256(f"{blocks}{chosen}".encode() + watched.tobytes())
    for found in sets:
        digest.update(found.settlement_id.encode() + found.own.tobytes() + found.ring.tobytes())
    return BlockSets(
        blocks=blocks,
        watched=watched.astype(np.int32),
        settlements=tuple(s for s in sets if not s.is_placebo),
        placebos=tuple(s for s in sets if s.is_placebo),
        version=digest.hexdigest()[:12],
    )


def ring_of(footprint: BaseGeometry, settings: BlockSettings | None = None) -> BaseGeometry:
    """Return the land around a settlement that serves as its control, EPSG:4326.

    For pictures: blocks of other settlements are not taken out, and a ring that had to
    be widened is drawn at its usual width.
    """
    chosen = settings or BlockSettings()
    centre = footprint.centroid
    epsg = utm_epsg(centre.x, centre.y)
    outline = to_metres(footprint, epsg)
    ring = outline.buffer(chosen.ring_outer_m).difference(outline.buffer(chosen.ring_inner_m))
    return to_degrees(ring, epsg)


_EMPTY = np.empty(0, dtype=np.int32)


@dataclass(frozen=True, slots=True, eq=False)
class _Flat:
    """Sets as flat indices into the grid, before the watched blocks are known."""

    settlement_id: str
    own: Indices
    ring: Indices
    is_placebo: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Window:
    """The part of the grid around a settlement that its ring may reach."""

    top: int
    left: int
    height: int
    width: int

    def crop(self, values: NDArray[Number]) -> NDArray[Number]:
        return values[self.top : self.top + self.height, self.left : self.left + self.width]

    def flat(self, selected: NDArray[np.bool_], grid_width: int) -> Indices:
        rows, columns = np.nonzero(selected)
        return ((rows + self.top) * grid_width + columns + self.left).astype(np.int32)


def _labels(
    footprints: Sequence[BaseGeometry], blocks: Grid, dilation_m: float
) -> NDArray[np.int32]:
    shapes = [
        (mapping(f.buffer(dilation_m)), number)
        for number, f in enumerate(footprints, start=1)
        if not f.is_empty
    ]
    if not shapes:
        return np.zeros(blocks.shape, dtype=np.int32)
    labels: NDArray[np.int32] = rasterize(
        shapes, blocks.shape, transform=blocks.transform, all_touched=True, dtype="int32"
    )
    return labels


def _flat_sets(
    settlement_id: str,
    number: int,
    footprint: BaseGeometry,
    inhabited: NDArray[np.int32],
    blocks: Grid,
    settings: BlockSettings,
) -> list[_Flat]:
    window = _window_around(footprint, blocks, settings)
    if window is None:
        return [_Flat(settlement_id, _EMPTY, _EMPTY, is_placebo=False)]
    own = _own_blocks(footprint, window, blocks, settings)
    foreign = window.crop(inhabited)
    distance_m = distance_transform_edt(~own, sampling=blocks.resolution_m)
    free = (foreign == 0) & (distance_m > settings.ring_inner_m)
    ring = free & (distance_m <= settings.ring_outer_m)
    if ring.sum() < settings.ring_least:
        ring = free & (distance_m <= settings.ring_wide_m)
    kept = _spread(window.flat(ring, blocks.width), settings.ring_most)
    found = [_Flat(settlement_id, window.flat(own, blocks.width), kept, is_placebo=False)]
    for copy in range(settings.placebos):
        patch = _placebo(own, ring, f"{settlement_id}/{copy}")
        if patch is not None:
            near = distance_transform_edt(~patch, sampling=blocks.resolution_m)
            its_ring = ring & (near > settings.ring_inner_m)
            found.append(
                _Flat(
                    f"placebo/{settlement_id}/{copy}",
                    window.flat(patch, blocks.width),
                    np.intersect1d(kept, window.flat(its_ring, blocks.width)),
                    is_placebo=True,
                )
            )
    return found


def _window_around(
    footprint: BaseGeometry, blocks: Grid, settings: BlockSettings
) -> _Window | None:
    left, bottom, right, top = footprint.bounds
    margin, side = settings.ring_wide_m, blocks.resolution_m
    first_row = max(int((blocks.top_m - top - margin) // side), 0)
    last_row = min(int((blocks.top_m - bottom + margin) // side) + 1, blocks.height)
    first_column = max(int((left - margin - blocks.left_m) // side), 0)
    last_column = min(int((right + margin - blocks.left_m) // side) + 1, blocks.width)
    if first_row >= last_row or first_column >= last_column:
        return None
    return _Window(first_row, first_column, last_row - first_row, last_column - first_column)


def _own_blocks(
    footprint: BaseGeometry, window: _Window, blocks: Grid, settings: BlockSettings
) -> NDArray[np.bool_]:
    side = blocks.resolution_m
    transform = blocks.transform * blocks.transform.translation(window.left, window.top)
    own: NDArray[np.bool_] = rasterize(
        [(mapping(footprint.buffer(settings.dilation_m)), 1)],
        (window.height, window.width),
        transform=transform,
        dtype="uint8",
    ).astype(np.bool_)
    if not own.any():
        centre = footprint.centroid
        row = int((blocks.top_m - centre.y) // side) - window.top
        column = int((centre.x - blocks.left_m) // side) - window.left
        if 0 <= row < window.height and 0 <= column < window.width:
            own[row, column] = True
    return own


def _spread(indices: Indices, most: int) -> Indices:
    """Return at most `most` of `indices`, spread over them in a fixed irregular order."""
    if indices.size <= most:
        return indices
    # Multiplication by an odd constant scatters neighbours: a hash that never changes.
    order = np.argsort((indices.astype(np.uint64) * np.uint64(2654435761)) % np.uint64(2**32))
    return np.sort(indices[order[:most]])


def _placebo(own: NDArray[np.bool_], land: NDArray[np.bool_], key: str) -> NDArray[np.bool_] | None:
    """Return the shape of a settlement turned and laid on ring land, None if none fits."""
    digest = np.frombuffer(hashlib.sha256(key.encode()).digest(), dtype=np.uint32)
    rows, columns = np.nonzero(own)
    if rows.size == 0:
        return None
    shape = np.rot90(
        own[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1], digest[0] % 4
    )
    candidates = np.argwhere(land)
    for step in range(min(200, len(candidates))):
        # A fixed walk through the candidates: a prime stride visits them all.
        row, column = candidates[(int(digest[1]) + step * 7919) % len(candidates)]
        part = land[row : row + shape.shape[0], column : column + shape.shape[1]]
        if part.shape == shape.shape and bool(part[shape].all()):
            patch = np.zeros_like(own)
            patch[row : row + shape.shape[0], column : column + shape.shape[1]] = shape
            return patch
    return None


def _indexed(found: _Flat, watched: Indices, width: int, camps: set[str]) -> SettlementBlocks:
    rows, columns = found.own // width, found.own % width
    return SettlementBlocks(
        settlement_id=found.settlement_id,
        own=np.searchsorted(watched, found.own).astype(np.int32),
        rows=(rows - rows.min(initial=2**30)).astype(np.int32),
        columns=(columns - columns.min(initial=2**30)).astype(np.int32),
        ring=np.searchsorted(watched, found.ring).astype(np.int32),
        is_placebo=found.is_placebo,
        is_camp=found.settlement_id in camps,
    )
