"""From scenes of one overpass to its look, and to the pixels that evidence keeps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from aoi.area import Aoi
from aoi.grid import Grid
from monitor.backscatter import in_power
from monitor.looks import OPTICAL_BANDS, Look
from monitor.masks import MaskSettings, masked
from monitor.observation import Flag, Observation
from monitor.ports import ImagerySource
from monitor.radiometry import (
    BOA_OFFSET,
    VISIBLE,
    RadiometryCheck,
    RadiometryVerdict,
    calibration_of,
    check_values,
)
from monitor.reduction import (
    Floats,
    Grain,
    grain_of,
    look_of,
    means_of_four,
    merged,
    newest_of_each_tile,
    quantised,
)
from monitor.scene import Scene, Sensor
from monitor.sun import SunPosition, sun_position

FINE_M = 10.0
COARSE_M = 20.0
NATIVE_M = 30.0
RADAR_BANDS = ("vv", "vh")

# Corners of Landsat pixels lie on odd multiples of 15 m, since their centres are even;
# HLS shares the corners of Sentinel-2 tiles.
LATTICE_OFFSET_M = {Sensor.LANDSAT: 15.0, Sensor.HLS: 0.0}

NOT_LAND = np.uint16(Flag.WATER | Flag.HAZE | Flag.UNCLASSIFIED)
CHECKED_PIXELS = 100_000


@dataclass(frozen=True, slots=True)
class LookSettings:
    """How looks are made."""

    masks: MaskSettings = field(default_factory=MaskSettings)
    strip_px: int = 8_000_000
    """Pixels of 10 m that are read at a time: 100 MB for three bands."""


def read_look(
    source: ImagerySource,
    scenes: Sequence[Scene],
    aoi: Aoi,
    settings: LookSettings | None = None,
) -> Look:
    """Return the look that the scenes of one overpass give of an area.

    Of a tile that was processed twice the newest processing is read. One tile
    that cannot be read fails the whole look: half an overpass would look like
    an area that was half seen.

    Raises
    ------
    SourceError
        If the pixels cannot be read.
    ValueError
        If there are no scenes, or of several sensors.
    """
    if len({scene.sensor for scene in scenes}) != 1:
        raise ValueError(f"a look is of one sensor, got {[s.scene_id for s in scenes]}")
    chosen = newest_of_each_tile(scenes)
    settings = settings or LookSettings()
    looks = [_look_of_scene(source, scene, aoi, settings) for scene in chosen]
    return merged(looks, chosen)


def read_chip(
    source: ImagerySource, scene: Scene, grid: Grid, bands: Sequence[str] = OPTICAL_BANDS
) -> Observation:
    """Return the pixels of one scene on `grid` as evidence keeps them.

    Reflectance is rounded to the archive's step, so that the chip on disk is this
    chip. Flags are those of the provider alone.
    """
    chip = source.read(scene, grid, bands)
    if scene.sensor is Sensor.SENTINEL_1:
        return chip
    return replace(chip, bands={name: quantised(values) for name, values in chip.bands.items()})


def reading_grid(scene: Scene, blocks: Grid) -> Grid:
    """Return the grid on which the bands of a scene are read for a look over `blocks`.

    Sentinel-2 at 20 m; radar at 10 m, which nests with pixels of 10, 20 and 30 m; Landsat
    and HLS on their own 30 m lattice, so that masks work on pixels as they were measured.
    """
    if scene.sensor is Sensor.SENTINEL_1:
        return blocks.at(FINE_M)
    if scene.sensor is Sensor.SENTINEL_2:
        return blocks.at(COARSE_M)
    offset = LATTICE_OFFSET_M[scene.sensor]
    left, bottom, right, top = blocks.bounds_m
    first_column, last_column = _lattice(left, right, offset)
    first_row, last_row = _lattice(bottom, top, offset)
    return Grid(
        epsg=blocks.epsg,
        left_m=first_column * NATIVE_M + offset,
        top_m=last_row * NATIVE_M + offset,
        resolution_m=NATIVE_M,
        height=last_row - first_row,
        width=last_column - first_column,
    )


def _lattice(low: float, high: float, offset: float) -> tuple[int, int]:
    first = int(np.floor((low - offset) / NATIVE_M))
    return first, int(np.ceil((high - offset) / NATIVE_M))


def _look_of_scene(source: ImagerySource, scene: Scene, aoi: Aoi, settings: LookSettings) -> Look:
    blocks = aoi.blocks
    grid = reading_grid(scene, blocks)
    if scene.sensor is Sensor.SENTINEL_1:
        declared = any(asset.scale is not None for asset in scene.assets.values())
        stored = source.read(scene, grid, RADAR_BANDS)
        power, told = in_power(stored, scene.scene_id, scale_declared=declared)
        return look_of(aoi.aoi_id, blocks, power, None, scene, {**_tags(power), **told})
    grain = None
    if scene.sensor is Sensor.SENTINEL_2:
        coarse, grain = _read_fine_and_coarse(source, scene, blocks, settings.strip_px)
    else:
        coarse = source.read(scene, grid, OPTICAL_BANDS)
    clean = masked(coarse, _sun(scene, aoi), settings.masks)
    check = _radiometry(scene, clean)
    tags = {**_tags(clean), **_radiometry_tags(check), "calibration": _calibration(scene)}
    return look_of(aoi.aoi_id, blocks, clean, grain, scene, tags)


def _read_fine_and_coarse(
    source: ImagerySource, scene: Scene, blocks: Grid, strip_px: int
) -> tuple[Observation, Grain | None]:
    """Return all bands at 20 m, and the grain of the visible ones at 10 m.

    The visible bands are read once, at 10 m, in strips: over a large area they would
    not fit into memory.
    """
    others = [band for band in OPTICAL_BANDS if band not in VISIBLE]
    coarse = source.read(scene, blocks.at(COARSE_M), others)
    bands = dict(coarse.bands)
    flags = coarse.flags.copy()
    grains: list[Grain] = []
    parts: dict[str, list[Floats]] = {}
    for strip in strips(blocks, strip_px):
        fine = source.read(scene, strip.at(FINE_M), VISIBLE)
        for band, values in fine.bands.items():
            parts.setdefault(band, []).append(means_of_four(values))
        first = round((blocks.top_m - strip.top_m) / COARSE_M)
        flags[first : first + strip.at(COARSE_M).height] |= _carried_over(fine.flags)
        grain = grain_of(fine)
        if grain is not None:
            grains.append(grain)
    bands.update({band: np.concatenate(each) for band, each in parts.items()})
    ordered = {band: bands[band] for band in OPTICAL_BANDS if band in bands}
    return replace(coarse, bands=ordered, flags=flags), _joined(grains)


def strips(blocks: Grid, strip_px: int) -> Iterator[Grid]:
    """Yield the grid of blocks in strips of whole rows, few enough to be read at 10 m."""
    per_block = round(blocks.resolution_m / FINE_M) ** 2
    rows = max(1, strip_px // (per_block * blocks.width))
    for first in range(0, blocks.height, rows):
        yield replace(
            blocks,
            top_m=blocks.top_m - first * blocks.resolution_m,
            height=min(rows, blocks.height - first),
        )


def _carried_over(fine: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Return the flags at 20 m that only the pixels at 10 m can know."""
    any_of_four = fine[::2, ::2] | fine[1::2, ::2] | fine[::2, 1::2] | fine[1::2, 1::2]
    return any_of_four & np.uint16(Flag.SATURATED | Flag.NODATA)


def _joined(grains: Sequence[Grain]) -> Grain | None:
    if not grains:
        return None
    return Grain(
        np.concatenate([grain.brightness for grain in grains]),
        np.concatenate([grain.variance for grain in grains]),
        native=any(grain.native for grain in grains),
    )


def _sun(scene: Scene, aoi: Aoi) -> SunPosition:
    if scene.sun_azimuth_deg is not None and scene.sun_elevation_deg is not None:
        return SunPosition(scene.sun_azimuth_deg, scene.sun_elevation_deg)
    middle = aoi.geometry.centroid
    return sun_position(scene.acquired_at, middle.x, middle.y)


def _radiometry(scene: Scene, observation: Observation) -> RadiometryCheck:
    if scene.sensor is not Sensor.SENTINEL_2:
        return check_values({}, offset_subtracted=False)
    land = observation.clear & ((observation.flags & NOT_LAND) == 0)
    places = np.flatnonzero(land)[:: max(1, int(land.sum()) // CHECKED_PIXELS)]
    stored = {}
    subtracted = False
    for band in VISIBLE:
        if band in observation.bands:
            offset = calibration_of(scene, band, integers=True).offset
            subtracted = subtracted or offset == BOA_OFFSET
            stored[band] = observation.bands[band].ravel()[places] - np.float32(offset)
    return check_values(stored, offset_subtracted=subtracted)


def _radiometry_tags(check: RadiometryCheck) -> dict[str, str]:
    tags = {"radiometry": check.verdict.value, "radiometry_reason": check.reason}
    if check.verdict is RadiometryVerdict.SUSPECT:
        # Read by the detectors: a look that has it is held.
        tags["suspect_radiometry"] = check.reason
    return tags


def _calibration(scene: Scene) -> str:
    """Return how numbers became reflectance, for the tags of the look."""
    band = next((band for band in OPTICAL_BANDS if band in scene.assets), None)
    if band is None:
        return ""
    calibration = calibration_of(scene, band, integers=True)
    return f"x {calibration.scale:g} {calibration.offset:+g} ({calibration.known_from})"


def _tags(observation: Observation) -> Mapping[str, str]:
    flags = int(np.bitwise_or.reduce(observation.flags, axis=None))
    return {
        "classification": "none" if flags & Flag.UNCLASSIFIED else "provider",
        "resampling": "bilinear" if flags & Flag.RESAMPLED else "none",
    }
