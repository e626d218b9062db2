"""The one long real series among the development files: forest hills in Romania, 2015-21.

Sentinel-2 with its own classification, no settlement, and without B2 at 20 m and B12: a
background for implants with the reduced feature set, and a measure of quiet noise.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning, RasterioIOError
from scipy.ndimage import binary_dilation

from aoi.grid import Grid
from monitor.errors import ArchiveError
from monitor.looks import SCALE, Look
from monitor.scene import Sensor

Array = NDArray[np.float32]

FILE = Path("s2-romania-timeseries") / "sentinel2_cube_subset_romania_20m.nc"

# Names of the layers, and ours (CONTRACT section 4).
LAYERS = {"B3": "green", "B4": "red", "B8A": "nir08", "B11": "swir16"}

# Scene classification: vegetation, bare soil, water, unclassified, dark ground.
CLEAR_CLASSES = (2, 4, 5, 6, 7)
DILATION_PX = 4
"""80 m around cloud, shadow and snow (DETECTION 4.0: 60 to 100 m)."""

TRACK = "sentinel-2-000"
"""All dates are multiples of five days from the first: one orbit; its number is not given."""

BLOCKS = Grid(epsg=3035, left_m=5_426_080, top_m=2_512_960, resolution_m=40, height=25, width=25)
"""The files hold no position but in coordinate variables; the place is that of the README."""


@dataclass(frozen=True, slots=True, eq=False)
class RealSeries:
    """A stack of acquisitions over one place, pixels of 20 m."""

    name: str
    acquired_at: tuple[datetime, ...]
    bands: Mapping[str, Array]
    """Band to reflectance, shape (time, height, width)."""

    clear: NDArray[np.bool_]
    """True where the ground was seen, shape (time, height, width)."""


def romania(folder: Path) -> RealSeries:
    """Return the 140 acquisitions of the Romanian cube.

    Raises
    ------
    ArchiveError
        If the file is missing or damaged.
    """
    path = folder / FILE
    stored = {name: _layer(path, layer) for layer, name in LAYERS.items()}
    classes, days = _layer(path, "SCL")[0], stored["nir08"][1]
    reflectance = {
        name: (values * SCALE).astype(np.float32) for name, (values, _) in stored.items()
    }
    measured = np.all([values > 0 for values in reflectance.values()], axis=0)
    unclear = ~np.isin(classes, CLEAR_CLASSES)
    margin = np.ones((1, 2 * DILATION_PX + 1, 2 * DILATION_PX + 1), dtype=np.bool_)
    # Overpasses are about 9:30 UTC there; the file keeps the day alone.
    start = datetime(2015, 8, 1, 9, 30, tzinfo=UTC)
    return RealSeries(
        name="romania",
        acquired_at=tuple(start + timedelta(days=int(day)) for day in days),
        bands=reflectance,
        clear=measured & ~binary_dilation(unclear, structure=margin),
    )


def looks_of(series: RealSeries, bands: Mapping[str, Array]) -> list[Look]:
    """Return the series as looks of 40 m blocks, with other reflectance if wanted.

    Parameters
    ----------
    series : RealSeries
        Gives times and clear pixels.
    bands : mapping
        Reflectance, shape (time, height, width): that of the series, or with implants.
    """
    clear_fraction = _in_blocks(series.clear).mean(axis=(-3, -1)).astype(np.float32)
    means = {name: _clear_means(values, series.clear) for name, values in bands.items()}
    texture = np.full(BLOCKS.shape, np.nan, dtype=np.float32)
    return [
        Look(
            look_id=f"{series.name}-{at:%Y%m%d}",
            aoi_id=series.name,
            sensor=Sensor.SENTINEL_2,
            platform="sentinel-2",
            track=TRACK,
            acquired_at=at,
            available_at=at + timedelta(hours=6),
            blocks=BLOCKS,
            bands={name: values[number] for name, values in means.items()},
            texture=texture,
            clear_fraction=clear_fraction[number],
            flags=np.zeros(BLOCKS.shape, dtype=np.uint16),
            scene_ids=(f"{series.name}-{at:%Y%m%d}",),
        )
        for number, at in enumerate(series.acquired_at)
    ]


def _clear_means(values: Array, clear: NDArray[np.bool_]) -> Array:
    count = _in_blocks(clear).sum(axis=(-3, -1))
    total = _in_blocks(np.where(clear, values, 0.0)).sum(axis=(-3, -1))
    means = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return (np.rint(means / SCALE) * SCALE).astype(np.float32)


def _in_blocks(values: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return (time, height, width) as (time, rows, 2, columns, 2)."""
    time, height, width = values.shape
    return values.reshape(time, height // 2, 2, width // 2, 2)


def _layer(path: Path, layer: str) -> tuple[Array, list[float]]:
    try:
        with warnings.catch_warnings():
            # The cube's position lies in coordinate variables that GDAL does not read.
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(f"netcdf:{path}:{layer}") as file:
                days = file.tags()["NETCDF_DIM_time_VALUES"].strip("{}").split(",")
                return file.read().astype(np.float32), [float(day) for day in days]
    except RasterioIOError as error:
        raise ArchiveError(
            f"cannot read {path.name}: {error}",
            hint="point --real at the folder that holds the development data",
        ) from error
