"""Looks and chips on disk: GeoTIFFs that any GIS opens, written whole or not at all.

The layers of a look are those of DETECTION 4.0. What is read back equals what was
written, bit for bit.
"""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import RasterioError
from rasterio.io import MemoryFile
from rasterio.warp import transform_bounds
from rasterio.windows import Window
from shapely.geometry.base import BaseGeometry

from aoi.grid import Grid
from monitor.errors import ArchiveError
from monitor.looks import OPTICAL_BANDS, SCALE, Look
from monitor.observation import Observation
from monitor.reduction import DB_SCALE, FRACTION_SCALE
from monitor.scene import Sensor

NODATA = -32_768
RADAR_BANDS = ("vv", "vh")
TEXTURE = "sigma10"
CLEAR = "clear_fraction"
FLAGS = "flags"
NAMESPACE = "EMBERWATCH"


@dataclass(frozen=True, slots=True, eq=False)
class _Layer:
    """One band of a file."""

    name: str
    numbers: NDArray[Any]
    scale: float = 1.0


def save_look(look: Look, path: Path) -> str:
    """Write a look; return the SHA-256 of the file. An existing file is replaced whole.

    Raises
    ------
    ArchiveError
        If the disk is full or the folder cannot be written; nothing is left then.
    """
    radar = look.sensor is Sensor.SENTINEL_1
    order, step = (RADAR_BANDS, DB_SCALE) if radar else (OPTICAL_BANDS, SCALE)
    nothing = np.full(look.blocks.shape, np.nan, dtype=np.float32)
    layers = [_Layer(b, _steps(look.bands.get(b, nothing), step), step) for b in order]
    layers.append(_Layer(TEXTURE, _steps(look.texture, SCALE), SCALE))
    layers.append(_Layer(CLEAR, _steps(look.clear_fraction, FRACTION_SCALE), FRACTION_SCALE))
    layers.append(_Layer(FLAGS, look.flags.astype(np.int16)))
    tags = {
        "KIND": "look",
        "LOOK_ID": look.look_id,
        "AOI_ID": look.aoi_id,
        "SENSOR": look.sensor.value,
        "PLATFORM": look.platform,
        "TRACK": look.track,
        "ACQUIRED_AT": look.acquired_at.isoformat(),
        "AVAILABLE_AT": look.available_at.isoformat(),
        "SCENE_IDS": json.dumps(look.scene_ids),
        "BANDS": json.dumps([band for band in order if band in look.bands]),
        # As one text: GDAL drops tags that are empty.
        "DETAILS": json.dumps(dict(look.tags), ensure_ascii=False, sort_keys=True),
    }
    return _write(path, look.blocks, layers, tags, nodata=NODATA)


def load_look(path: Path) -> Look:
    """Read a look that `save_look` wrote.

    Raises
    ------
    ArchiveError
        If the file is missing, damaged or not a look.
    """
    with _opened(path, "look") as (file, tags):
        sensor = Sensor(tags["SENSOR"])
        step = DB_SCALE if sensor is Sensor.SENTINEL_1 else SCALE
        layers = dict(zip(file.descriptions, file.read(), strict=True))
        return Look(
            look_id=tags["LOOK_ID"],
            aoi_id=tags["AOI_ID"],
            sensor=sensor,
            platform=tags["PLATFORM"],
            track=tags["TRACK"],
            acquired_at=datetime.fromisoformat(tags["ACQUIRED_AT"]),
            available_at=datetime.fromisoformat(tags["AVAILABLE_AT"]),
            blocks=_grid(file),
            bands={band: _values(layers[band], step) for band in json.loads(tags["BANDS"])},
            texture=_values(layers[TEXTURE], SCALE),
            clear_fraction=_values(layers[CLEAR], FRACTION_SCALE),
            flags=layers[FLAGS].astype(np.uint16),
            scene_ids=tuple(json.loads(tags["SCENE_IDS"])),
            tags=json.loads(tags["DETAILS"]),
        )


@dataclass(frozen=True, slots=True, eq=False)
class LookPart:
    """A few blocks of a look, for a picture or a curve of one place."""

    blocks: Grid
    bands: Mapping[str, NDArray[np.float32]]
    """As in `Look`, each of the shape of `blocks`."""

    clear_fraction: NDArray[np.float32]


def load_look_part(path: Path, outline: BaseGeometry, margin_m: float) -> LookPart:
    """Read the blocks of a look around an outline, and no more of the file than that.

    Parameters
    ----------
    path : Path
    outline : BaseGeometry
        EPSG:4326; what reaches beyond the look is left out.
    margin_m : float
        Blocks are read this far around it.

    Raises
    ------
    ArchiveError
        If the file is missing, damaged or not a look, or does not reach the outline.
    """
    with _opened(path, "look") as (file, tags):
        rows, columns = _span(file, _grid(file), outline, margin_m)
        window = Window.from_slices(rows, columns)
        whole = _grid(file)
        blocks = Grid(
            whole.epsg, whole.left_m + columns[0] * whole.resolution_m,
            whole.top_m - rows[0] * whole.resolution_m, whole.resolution_m,
            rows[1] - rows[0], columns[1] - columns[0],
        )  # fmt: skip
        step = DB_SCALE if Sensor(tags["SENSOR"]) is Sensor.SENTINEL_1 else SCALE
        layers = dict(zip(file.descriptions, file.read(window=window), strict=True))
        return LookPart(
            blocks=blocks,
            bands={band: _values(layers[band], step) for band in json.loads(tags["BANDS"])},
            clear_fraction=_values(layers[CLEAR], FRACTION_SCALE),
        )


def _span(
    file: Any, grid: Grid, outline: BaseGeometry, margin_m: float
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return first and last-but-one row, and column, of the blocks around an outline."""
    west, south, east, north = transform_bounds("EPSG:4326", f"EPSG:{grid.epsg}", *outline.bounds)
    size = grid.resolution_m
    first_row = max(math.floor((grid.top_m - north - margin_m) / size), 0)
    last_row = min(math.ceil((grid.top_m - south + margin_m) / size), grid.height)
    first_column = max(math.floor((west - margin_m - grid.left_m) / size), 0)
    last_column = min(math.ceil((east + margin_m - grid.left_m) / size), grid.width)
    if first_row >= last_row or first_column >= last_column:
        raise ArchiveError(f"the look {file.name} does not reach the place")
    return (first_row, last_row), (first_column, last_column)


def save_chip(chip: Observation, path: Path) -> str:
    """Write the pixels of one scene; return the SHA-256 of the file.

    Raises
    ------
    ArchiveError
        As `save_look`.
    """
    layers = [_Layer(band, values) for band, values in chip.bands.items()]
    layers.append(_Layer(FLAGS, chip.flags.astype(np.float32)))
    tags = {
        "KIND": "chip",
        "ACQUIRED_AT": chip.acquired_at.isoformat(),
        "SCENE_IDS": json.dumps(chip.scene_ids),
    }
    return _write(path, chip.grid, layers, tags, nodata=float("nan"))


def load_chip(path: Path) -> Observation:
    """Read a chip that `save_chip` wrote.

    Raises
    ------
    ArchiveError
        As `load_look`.
    """
    with _opened(path, "chip") as (file, tags):
        layers = dict(zip(file.descriptions, file.read(), strict=True))
        return Observation(
            grid=_grid(file),
            bands={name: layer for name, layer in layers.items() if name != FLAGS},
            flags=layers[FLAGS].astype(np.uint16),
            acquired_at=datetime.fromisoformat(tags["ACQUIRED_AT"]),
            scene_ids=tuple(json.loads(tags["SCENE_IDS"])),
        )


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file.

    Raises
    ------
    ArchiveError
        If it cannot be read.
    """
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ArchiveError(f"cannot read {path}: {error.strerror}") from error


def _steps(values: NDArray[np.float32], scale: float) -> NDArray[np.int16]:
    steps = np.round(values.astype(np.float64) / scale)
    return np.where(np.isfinite(steps), steps, NODATA).astype(np.int16)


def _values(steps: NDArray[np.int16], scale: float) -> NDArray[np.float32]:
    values = (steps.astype(np.float64) * scale).astype(np.float32)
    values[steps == NODATA] = np.nan
    return values


def _grid(file: Any) -> Grid:
    place = file.transform
    epsg = file.crs.to_epsg()
    return Grid(epsg, place.c, place.f, place.a, file.height, file.width)


def _write(
    path: Path,
    grid: Grid,
    layers: Sequence[_Layer],
    tags: Mapping[str, str],
    *,
    nodata: float,
) -> str:
    dtype = layers[0].numbers.dtype
    with MemoryFile() as memory:
        with memory.open(
            driver="GTiff", height=grid.height, width=grid.width, count=len(layers), dtype=dtype,
            crs=f"EPSG:{grid.epsg}", transform=grid.transform, nodata=nodata,
            compress="deflate", predictor=2 if dtype.kind == "i" else 3,
            tiled=True, blockxsize=256, blockysize=256, interleave="band",
        ) as file:  # fmt: skip
            for index, layer in enumerate(layers, start=1):
                file.write(layer.numbers, index)
                file.set_band_description(index, layer.name)
            file.scales = [layer.scale for layer in layers]
            file.update_tags(ns=NAMESPACE, **tags)
        content = memory.read()
    write_whole(path, content)
    return hashlib.sha256(content).hexdigest()


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that a crash leaves either the old one or the new one.

    Raises
    ------
    ArchiveError
        If the disk is full or the folder cannot be written.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        reason = "the disk is full" if full else str(error.strerror)
        raise ArchiveError(
            f"cannot write {path}: {reason}",
            hint="free space, then run again: nothing was lost"
            if full
            else "see [service] data_folder in config.toml, and its rights",
        ) from error


@contextmanager
def _opened(path: Path, kind: str) -> Iterator[tuple[Any, Mapping[str, str]]]:
    try:
        with rasterio.open(path, driver="GTiff") as file:
            tags = file.tags(ns=NAMESPACE)
            if tags.get("KIND") != kind:
                raise ArchiveError(f"{path} is not a {kind} of this service")
            yield file, tags
    except RasterioError as error:
        raise ArchiveError(
            f"cannot read the {kind} {path}: {error.__cause__ or error}",
            hint="restore it from a backup, or let the run read its scenes again",
        ) from error
