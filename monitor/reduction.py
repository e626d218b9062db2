"""Reducing the pixels of one acquisition to a look: 40 m blocks. Pure.

Every number here is a mean over clear pixels, weighted by the area that a pixel has in
a block, and rounded to the step of the archive: the look in memory is the look on disk.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from aoi.errors import GridMismatch
from aoi.grid import Grid
from monitor.looks import SCALE, Look
from monitor.observation import Flag, Observation
from monitor.radiometry import VISIBLE, RadiometryVerdict, baseline_order
from monitor.scene import Scene, Sensor

VERSION = "look/1"
"""Part of every look's identifier and tags."""

DB_SCALE = 0.01
"""Step of archived radar backscatter, decibel."""

FRACTION_SCALE = 0.01
"""Step of archived clear fractions."""

LARGEST = 32_767
"""Largest step of the archive's integers; what is beyond is cut there."""

FLAG_SHARE = 0.25
"""Share of a block's area from which a flag of its pixels becomes one of the block."""

TEXTURE_SHARE = 0.75
"""Least share of clear 10 m pixels for the texture of a block."""

CLOUD_COVER = "cloud_cover_percent"
"""Tag with what the item says of the whole scene."""

BlockSum = Callable[[NDArray[np.float32]], NDArray[np.float32]]
Floats = NDArray[np.float32]
Number = TypeVar("Number", bound=np.generic)


@dataclass(frozen=True, slots=True, eq=False)
class Grain:
    """What the 10 m pixels of the visible bands say of each 20 m pixel."""

    brightness: Floats
    """Mean of (blue + green + red) / 3 over four 10 m pixels, shape (height, width)."""

    variance: Floats
    """Variance of the same four."""

    native: bool
    """False if the four are equal everywhere: 20 m pixels that were read at 10 m."""


def grain_of(fine: Observation) -> Grain | None:
    """Return the grain of an observation at 10 m, None without all visible bands."""
    if any(band not in fine.bands for band in VISIBLE):
        return None
    blue, green, red = (fine.bands[band] for band in VISIBLE)
    brightness = (blue + green + red) / np.float32(3)
    mean = means_of_four(brightness)
    offset = brightness - mean.repeat(2, axis=0).repeat(2, axis=1)
    return Grain(mean, means_of_four(offset**2), native=not _is_repeated(brightness))


def _is_repeated(values: Floats) -> bool:
    first = values[::2, ::2]
    others = (values[::2, 1::2], values[1::2, ::2], values[1::2, 1::2])
    return all(np.array_equal(first, other, equal_nan=True) for other in others)


def means_of_four(values: Floats) -> Floats:
    """Return means over 2 x 2 pixels; NaN of one makes NaN, as on the edge of a scene."""
    total = values[::2, ::2] + values[1::2, ::2]
    total += values[::2, 1::2]
    total += values[1::2, 1::2]
    total *= np.float32(0.25)
    return total


def look_of(
    aoi_id: str,
    blocks: Grid,
    coarse: Observation,
    grain: Grain | None,
    scene: Scene,
    tags: Mapping[str, str] | None = None,
) -> Look:
    """Return the look that one scene gives.

    Parameters
    ----------
    blocks : Grid
        Grid of 40 m blocks of the area.
    coarse : Observation
        All bands at 20 m (Sentinel-2) or on the native grid (Landsat), masked. Its grid
        needs the same system as `blocks`, and no more: pixels are weighted by area.
    grain : Grain, optional
        Of the visible bands at 10 m, on the grid of `coarse`, for the texture.
    tags : mapping, optional
        What the reader of the pixels knows; kept in the look.

    Raises
    ------
    GridMismatch
        If the pixels are not in the reference system of the blocks.
    """
    block_sum = block_sum_of(coarse.grid, blocks)
    clear = coarse.clear.astype(np.float32)
    seen = block_sum(clear)
    radar = scene.sensor is Sensor.SENTINEL_1
    means = {band: _mean(block_sum, values, clear, seen) for band, values in coarse.bands.items()}
    area = np.float32(_pixels_per_block(coarse.grid, blocks))
    return Look(
        look_id=look_id_of(aoi_id, [scene], blocks),
        aoi_id=aoi_id,
        sensor=scene.sensor,
        platform=scene.platform,
        track=scene.track,
        acquired_at=scene.acquired_at,
        available_at=scene.available_at,
        blocks=blocks,
        bands={band: _decibel(m) if radar else quantised(m) for band, m in means.items()},
        texture=_texture(block_sum, grain, coarse, clear, seen, area),
        # Down, so that rounding never makes a block valid.
        clear_fraction=_stepped(np.floor(seen / area / FRACTION_SCALE + 1e-3), FRACTION_SCALE),
        flags=_block_flags(block_sum, coarse.flags, area),
        scene_ids=(scene.scene_id,),
        tags={**_scene_tags(scene), **(tags or {})},
    )


def merged(looks: Sequence[Look], scenes: Sequence[Scene]) -> Look:
    """Return one look of the tiles of one overpass.

    Each block comes from the tile that saw more of it; of equals, from the tile
    whose identifier is first. Nothing is averaged across tiles.
    """
    ordered = sorted(looks, key=lambda look: look.scene_ids)
    first = ordered[0]
    if len(ordered) == 1:
        return first
    fractions = np.stack([look.clear_fraction for look in ordered])
    # argmax takes the first of equals.
    best = np.argmax(fractions, axis=0)

    names = list(dict.fromkeys(band for look in ordered for band in look.bands))
    nothing = np.full(first.blocks.shape, np.nan, dtype=np.float32)
    bands = {
        name: _chosen(best, [look.bands.get(name, nothing) for look in ordered]) for name in names
    }
    return replace(
        first,
        look_id=look_id_of(first.aoi_id, scenes, first.blocks),
        acquired_at=min(look.acquired_at for look in ordered),
        available_at=max(look.available_at for look in ordered),
        bands=bands,
        texture=_chosen(best, [look.texture for look in ordered]),
        clear_fraction=_chosen(best, [look.clear_fraction for look in ordered]),
        flags=_chosen(best, [look.flags for look in ordered]),
        scene_ids=tuple(sorted(i for look in ordered for i in look.scene_ids)),
        tags=_merged_tags(ordered),
    )


def _chosen(best: NDArray[np.intp], layers: Sequence[NDArray[Number]]) -> NDArray[Number]:
    chosen: NDArray[Number] = np.take_along_axis(np.stack(layers), best[np.newaxis], axis=0)[0]
    return chosen


def look_id_of(aoi_id: str, scenes: Sequence[Scene], blocks: Grid | None = None) -> str:
    """Return the identifier of the look that these scenes give: a digest of what is read.

    A scene that is processed again, or whose files have other checksums, gives another,
    and so does an area that is drawn anew: its blocks are others.
    """
    parts = [
        "|".join((s.scene_id, s.processing_baseline, s.provider, *_checksums(s)))
        for s in sorted(scenes, key=lambda scene: scene.scene_id)
    ]
    text = "\n".join([VERSION, aoi_id, str(blocks), *parts])
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def newest_of_each_tile(scenes: Sequence[Scene]) -> list[Scene]:
    """Return the scenes without those that a later processing of the same tile replaces."""
    newest: dict[str, Scene] = {}
    for scene in sorted(scenes, key=_processing_order):
        newest[tile_of(scene)] = scene
    return sorted(newest.values(), key=lambda scene: scene.scene_id)


def tile_of(scene: Scene) -> str:
    """Return the tile that a scene shows, its outline if the item names none."""
    for key in ("grid:code", "s2:mgrs_tile"):
        if key in scene.properties:
            return scene.properties[key].removeprefix("MGRS-")
    west, south, east, north = scene.footprint.bounds
    return f"{west:.4f} {south:.4f} {east:.4f} {north:.4f}"


def quantised(values: NDArray[np.floating]) -> Floats:
    """Return reflectance rounded to the step of the archive; NaN stays."""
    return _stepped(np.clip(np.round(values / SCALE), -LARGEST, LARGEST), SCALE)


def block_sum_of(pixels: Grid, blocks: Grid) -> BlockSum:
    """Return a function that sums an array on `pixels` over each block, by area.

    Raises
    ------
    GridMismatch
        If the two grids are not in one reference system.
    """
    if pixels.epsg != blocks.epsg:
        raise GridMismatch(
            f"pixels in {pixels} cannot be summed over blocks in {blocks}",
            hint="read the scene on a grid in the reference system of the area",
        )
    step = blocks.resolution_m / pixels.resolution_m
    if step == int(step) and pixels == blocks.at(pixels.resolution_m):
        return _whole_pixel_sum(int(step))
    rows = _overlap(pixels.top_m, pixels, pixels.height, blocks.top_m, blocks, blocks.height, -1)
    columns = _overlap(pixels.left_m, pixels, pixels.width, blocks.left_m, blocks, blocks.width, 1)
    return lambda values: (columns @ (rows @ values).T).T.astype(np.float32)


def _whole_pixel_sum(step: int) -> BlockSum:
    def block_sum(values: Floats) -> Floats:
        total = values[::step, ::step].copy()
        for row in range(step):
            for column in range(step):
                if row or column:
                    total += values[row::step, column::step]
        return total

    return block_sum


def _overlap(
    first_edge: float, pixels: Grid, pixel_count: int,
    first_block: float, blocks: Grid, block_count: int, direction: int,
) -> sparse.csr_array:  # fmt: skip
    """Return the share of each pixel that lies in each block along one axis."""
    edges = direction * first_edge + np.arange(pixel_count + 1) * pixels.resolution_m
    starts = direction * first_block + np.arange(block_count) * blocks.resolution_m
    ends = starts + blocks.resolution_m
    inside = np.minimum(edges[1:], ends[:, None]) - np.maximum(edges[:-1], starts[:, None])
    return sparse.csr_array(np.maximum(inside, 0.0) / pixels.resolution_m)


def _pixels_per_block(pixels: Grid, blocks: Grid) -> float:
    return (blocks.resolution_m / pixels.resolution_m) ** 2


def _mean(block_sum: BlockSum, values: Floats, clear: Floats, seen: Floats) -> Floats:
    total = block_sum(np.where(clear > 0, values, np.float32(0)))
    with np.errstate(invalid="ignore", divide="ignore"):
        means: Floats = np.where(seen > 0, total / seen, np.float32(np.nan))
    return means


def _decibel(linear: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        decibels = np.where(linear > 0, 10.0 * np.log10(linear), np.nan)
    return _stepped(np.round(decibels / DB_SCALE), DB_SCALE)


def _stepped(steps: NDArray[np.floating], scale: float) -> Floats:
    # In double precision, exactly as the archive reads it back.
    return (steps.astype(np.float64) * scale).astype(np.float32)


def _block_flags(
    block_sum: BlockSum, flags: NDArray[np.uint16], area: np.float32
) -> NDArray[np.uint16]:
    present = int(np.bitwise_or.reduce(flags, axis=None))
    result: NDArray[np.uint16] | None = None
    for flag in Flag:
        if present & flag:
            carried = ((flags & np.uint16(flag)) > 0).astype(np.float32)
            often = block_sum(carried) >= FLAG_SHARE * area
            bit = np.where(often, np.uint16(flag), np.uint16(0))
            result = bit if result is None else result | bit
    shape = block_sum(np.zeros(flags.shape, dtype=np.float32)).shape
    return np.zeros(shape, dtype=np.uint16) if result is None else result


def _texture(
    block_sum: BlockSum,
    grain: Grain | None,
    coarse: Observation,
    clear: Floats,
    seen: Floats,
    area: np.float32,
) -> Floats:
    """Return the standard deviation of 10 m brightness over the clear pixels of each block."""
    unknown = np.full(seen.shape, np.nan, dtype=np.float32)
    if grain is None or not grain.native:
        return unknown
    mean = _mean(block_sum, grain.brightness, clear, seen)
    size = round(coarse.grid.shape[0] / seen.shape[0])
    # Within the 20 m pixels, and between them about the mean of the block.
    between = (grain.brightness - mean.repeat(size, axis=0).repeat(size, axis=1)) ** 2
    variance = _mean(block_sum, grain.variance + between, clear, seen)
    return quantised(np.where(seen >= TEXTURE_SHARE * area, np.sqrt(variance), np.nan))


def _scene_tags(scene: Scene) -> dict[str, str]:
    cover = scene.cloud_cover_percent
    return {
        "software": VERSION,
        "provider": scene.provider,
        "collection": scene.collection,
        "processing_baseline": scene.processing_baseline,
        "tiles": tile_of(scene),
        "product": scene.properties.get("s2:product_uri", scene.scene_id),
        **({} if cover is None else {CLOUD_COVER: f"{cover:g}"}),
        **{key: value for key, value in scene.properties.items() if key.startswith("checksum:")},
    }


def _merged_tags(looks: Sequence[Look]) -> dict[str, str]:
    names = dict.fromkeys(name for look in looks for name in look.tags)
    tags = {
        name: "; ".join(dict.fromkeys(look.tags[name] for look in looks if name in look.tags))
        for name in names
    }
    # One doubtful tile makes the look doubtful.
    verdicts = [look.tags["radiometry"] for look in looks if "radiometry" in look.tags]
    if verdicts:
        tags["radiometry"] = max(map(RadiometryVerdict, verdicts), key=_badness).value
    if any(look.tags.get("classification") == "none" for look in looks):
        tags["classification"] = "none"
    cloudiest = [float(look.tags[CLOUD_COVER]) for look in looks if CLOUD_COVER in look.tags]
    return tags | ({CLOUD_COVER: f"{max(cloudiest):g}"} if cloudiest else {})


def _badness(verdict: RadiometryVerdict) -> int:
    return list(RadiometryVerdict).index(verdict)


def _checksums(scene: Scene) -> list[str]:
    kept = sorted(scene.properties.items())
    return [value for key, value in kept if key.startswith("checksum:") or key == "updated"]


def _processing_order(scene: Scene) -> tuple[object, ...]:
    return baseline_order(scene.processing_baseline), scene.available_at, scene.scene_id
