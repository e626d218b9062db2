"""The pixels of one scene on one grid: what every source of files returns from `read`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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


Gather = Callable[[Sequence[Callable[[], Layer]]], list[Layer]]
"""Calls each, in whatever way, and returns what they return in their order."""


def in_turn(calls: Sequence[Callable[[], Layer]]) -> list[Layer]:
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
    layers = gather([partial(_layer, scene, name, grid, remote) for name in files])
    return observation_of(scene, grid, dict(zip(files, layers, strict=True)))


def observation_of(scene: Scene, grid: Grid, layers: Mapping[str, Layer]) -> Observation:
    """Return the observation that bands as stored, and a classification if there is one, make.

    Parameters
    ----------
    layers : mapping
        Bands of `Scene.assets` on `grid`; a classification may be finer, see `read_layer`.
    """
    classification = next((name for name in CLASSIFICATIONS if name in layers), None)
    bands = {name: layer for name, layer in layers.items() if name not in CLASSIFICATIONS}
    values = {band: _physical(scene, band, layer) for band, layer in bands.items()}
    if classification is None:
        flags = _unclassified(scene, grid)
    else:
        flags = _class_flags(layers[classification], classification, grid)
    if any(layer.resampled for layer in bands.values()):
        flags |= np.uint16(Flag.RESAMPLED)
    for band_values in values.values():
        flags[~np.isfinite(band_values)] |= np.uint16(Flag.NODATA)
        if scene.sensor is not Sensor.SENTINEL_1:
            flags[band_values >= SATURATED_FROM] |= np.uint16(Flag.SATURATED)
    return Observation(grid, values, flags, scene.acquired_at, (scene.scene_id,))


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
    # In double precision, so that 2317 becomes the float nearest to 0.2317.
    physical = layer.numbers.astype(np.float64) * calibration.scale + calibration.offset
    return physical.astype(np.float32)


def _unclassified(scene: Scene, grid: Grid) -> NDArray[np.uint16]:
    # Radar sees through clouds: nothing to classify.
    unknown = 0 if scene.sensor is Sensor.SENTINEL_1 else Flag.UNCLASSIFIED
    return np.full(grid.shape, unknown, dtype=np.uint16)


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
