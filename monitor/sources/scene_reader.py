"""The pixels of one scene on one grid: what every source of files returns from `read`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from aoi.grid import Grid
from monitor.errors import SourceError
from monitor.observation import Flag, Observation
from monitor.radiometry import calibration_of
from monitor.scene import Scene, Sensor
from monitor.sources.classification import CLASSIFICATIONS, NOTHING_MEASURED
from monitor.sources.raster import Layer, Remote, read_layer

# Reflectance above it is glint, fire or a detector at its end.
SATURATED_FROM = 1.6

ROWS_AT_ONCE = 64
"""Rows that are scaled at a time: what lies in between stays in the processor's cache."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """What one file of a scene adds to its observation."""

    name: str
    """Band, or classification."""

    values: NDArray[np.float32] | None
    """Physical values of a band; None of a classification."""

    flags: NDArray[np.uint16]
    """Bits of `Flag`: of each pixel, or one for all of them."""


Gather = Callable[[Sequence[Callable[[], Part]]], list[Part]]
"""Calls each, in whatever way, and returns what they return in their order."""


def in_turn(calls: Sequence[Callable[[], Part]]) -> list[Part]:
    """Call one after the other: files on a disk gain nothing from threads."""
    return [call() for call in calls]


def read_scene(
    scene: Scene,
    grid: Grid,
    bands: Sequence[str],
    *,
    gather: Gather = in_turn,
    remote: Remote | None = None,
) -> Observation:
    """Return the pixels of `scene` on `grid`; `ImagerySource.read` for scenes made of files.

    Parameters
    ----------
    scene, grid, bands
        As `monitor.ports.ImagerySource.read` takes them.
    gather : callable
        How the files are read: one after the other, or several at once.
    remote : callable, optional
        How web addresses are fetched.

    Raises
    ------
    SourceError
        If a file is missing, damaged or elsewhere; the message names scene and band.
    """
    wanted = [band for band in bands if band in scene.assets and band not in CLASSIFICATIONS]
    classification = next((name for name in CLASSIFICATIONS if name in scene.assets), None)
    files = [*wanted, *([classification] if classification else [])]
    parts = gather([partial(_read, scene, name, grid, remote) for name in files])
    return _together(scene, grid, parts)


def observation_of(scene: Scene, grid: Grid, layers: Mapping[str, Layer]) -> Observation:
    """Return the observation that bands as stored, and a classification if there is one, make.

    Parameters
    ----------
    layers : mapping
        Bands of `Scene.assets` on `grid`; a classification may be finer, see `read_layer`.
    """
    return _together(
        scene, grid, [_part(scene, name, layer, grid) for name, layer in layers.items()]
    )


def _together(scene: Scene, grid: Grid, parts: Iterable[Part]) -> Observation:
    flags = np.zeros(grid.shape, dtype=np.uint16)
    values: dict[str, NDArray[np.float32]] = {}
    unclassified = scene.sensor is not Sensor.SENTINEL_1
    for part in parts:
        flags |= part.flags
        if part.values is None:
            unclassified = False
        else:
            values[part.name] = part.values
    if unclassified:
        flags |= np.uint16(Flag.UNCLASSIFIED)
    return Observation(grid, values, flags, scene.acquired_at, (scene.scene_id,))


def _read(scene: Scene, name: str, grid: Grid, remote: Remote | None) -> Part:
    return _part(scene, name, _layer(scene, name, grid, remote), grid)


def _part(scene: Scene, name: str, layer: Layer, grid: Grid) -> Part:
    if name in CLASSIFICATIONS:
        return Part(name, None, _class_flags(layer, name, grid))
    values = _physical(scene, name, layer)
    flags = np.array(Flag.RESAMPLED if layer.resampled else 0, dtype=np.uint16)
    marked = {Flag.NODATA: ~np.isfinite(values)}
    if scene.sensor is not Sensor.SENTINEL_1:
        marked[Flag.SATURATED] = values >= SATURATED_FROM
    for flag, where in marked.items():
        if where.any():
            flags = flags | where * np.uint16(flag)
    return Part(name, values, flags)


def _layer(scene: Scene, band: str, grid: Grid, remote: Remote | None) -> Layer:
    asset = scene.assets[band]
    try:
        return read_layer(
            asset.href,
            grid,
            footprint=scene.footprint,
            nodata=asset.nodata,
            classes=band in CLASSIFICATIONS,
            remote=remote,
        )
    except SourceError as error:
        message = f"scene {scene.scene_id}, band {band}: {error.message}"
        raise type(error)(message, error.hint) from error


def _physical(scene: Scene, band: str, layer: Layer) -> NDArray[np.float32]:
    calibration = calibration_of(scene, band, integers=layer.integers)
    if calibration.scale == 1.0 and calibration.offset == 0.0:
        return layer.numbers
    physical = np.empty_like(layer.numbers)
    rows, columns = physical.shape
    exact = np.empty((min(rows, ROWS_AT_ONCE), columns))
    for row in range(0, rows, ROWS_AT_ONCE):
        numbers = layer.numbers[row : row + ROWS_AT_ONCE]
        # In double precision, so that 2317 becomes the float nearest to 0.2317.
        part = np.multiply(numbers, calibration.scale, out=exact[: len(numbers)], dtype=np.float64)
        part += calibration.offset
        physical[row : row + ROWS_AT_ONCE] = part
    return physical


def _class_flags(layer: Layer, name: str, grid: Grid) -> NDArray[np.uint16]:
    codes = np.nan_to_num(layer.numbers, nan=NOTHING_MEASURED[name]).astype(np.uint16)
    flags = CLASSIFICATIONS[name](codes)
    return _gathered(flags, flags.shape[0] // grid.height)


def _gathered(flags: NDArray[np.uint16], step: int) -> NDArray[np.uint16]:
    """Return, for each `step` x `step` pixels, every flag that one of them carries."""
    gathered = np.zeros((flags.shape[0] // step, flags.shape[1] // step), dtype=np.uint16)
    for row in range(step):
        for column in range(step):
            gathered |= flags[row::step, column::step]
    return gathered
