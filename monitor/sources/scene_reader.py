"""The pixels of one scene on one grid: what every source of files returns from `read`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aoi.grid import Grid
from monitor.errors import SourceError
from monitor.observation import Flag, Observation
from monitor.radiometry import calibration_of
from monitor.scene import Scene, Sensor
from monitor.sources.classification import CLASSIFICATIONS, NOTHING_MEASURED
from monitor.sources.raster import Layer, read_layer

# Reflectance above it is glint, fire or a detector at its end.
SATURATED_FROM = 1.6


def read_scene(scene: Scene, grid: Grid, bands: Sequence[str]) -> Observation:
    """Return the pixels of `scene` on `grid`; `ImagerySource.read` for scenes made of files.

    Raises
    ------
    SourceError
        If a file is missing, damaged or elsewhere; the message names scene and band.
    """
    wanted = [band for band in bands if band in scene.assets and band not in CLASSIFICATIONS]
    layers = {band: _layer(scene, band, grid) for band in wanted}
    values = {band: _physical(scene, band, layer) for band, layer in layers.items()}
    flags = _class_flags(scene, grid)
    if any(layer.resampled for layer in layers.values()):
        flags |= np.uint16(Flag.RESAMPLED)
    for band_values in values.values():
        flags[~np.isfinite(band_values)] |= np.uint16(Flag.NODATA)
        if scene.sensor is not Sensor.SENTINEL_1:
            flags[band_values >= SATURATED_FROM] |= np.uint16(Flag.SATURATED)
    return Observation(grid, values, flags, scene.acquired_at, (scene.scene_id,))


def _layer(scene: Scene, band: str, grid: Grid, *, classes: bool = False) -> Layer:
    asset = scene.assets[band]
    try:
        return read_layer(
            asset.href, grid, footprint=scene.footprint, nodata=asset.nodata, classes=classes
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


def _class_flags(scene: Scene, grid: Grid) -> NDArray[np.uint16]:
    name = next((name for name in CLASSIFICATIONS if name in scene.assets), None)
    if name is None:
        # Radar sees through clouds: nothing to classify.
        unknown = 0 if scene.sensor is Sensor.SENTINEL_1 else Flag.UNCLASSIFIED
        return np.full(grid.shape, unknown, dtype=np.uint16)
    layer = _layer(scene, name, grid, classes=True)
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
