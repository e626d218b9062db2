"""Real radar stacks as looks of 40 m blocks: OPERA RTC bursts, Belgium. For studies and tests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.warp import reproject

from aoi.grid import BLOCK_M, Grid
from monitor.looks import Look
from monitor.scene import Sensor

NAMED = re.compile(
    r"RTC-S1_(?P<burst>T\d{3}-\d{6}-IW\d)_(?P<at>\d{8}T\d{6})Z_.*_(?P<band>V[VH])(?P<rest>.*)\.tif$"
)


def bursts(folder: Path, ending: str = "") -> dict[str, list[Look]]:
    """Return the looks of every burst below a folder, oldest first; blocks of 40 m.

    Parameters
    ----------
    folder : Path
        Of OPERA RTC-S1 files: gamma nought in linear power, one file a polarisation.
    ending : str
        What stands between polarisation and suffix, such as ``"_cropped"``.
    """
    files: dict[tuple[str, datetime], dict[str, Path]] = {}
    for path in sorted(folder.rglob("*.tif")):
        named = NAMED.search(path.name)
        if named is not None and named["rest"] == ending:
            at = datetime.strptime(named["at"], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
            files.setdefault((named["burst"], at), {})[named["band"].lower()] = path
    found: dict[str, list[Look]] = {}
    for (burst, at), bands in sorted(files.items()):
        found.setdefault(burst, []).append(_look(burst, at, bands))
    return found


def _look(burst: str, at: datetime, files: dict[str, Path]) -> Look:
    grid: Grid | None = None
    bands, clear = {}, None
    for name, path in sorted(files.items()):
        with rasterio.open(path) as file:
            grid = grid or _blocks(file)
            power = _resampled(file, grid)
        bands[name] = np.where(power > 0, 10.0 * np.log10(np.maximum(power, 1e-6)), np.nan).astype(
            np.float32
        )
        known = np.isfinite(bands[name]).astype(np.float32)
        clear = known if clear is None else clear * known
    assert grid is not None and clear is not None
    nothing = np.full(grid.shape, np.nan, dtype=np.float32)
    return Look(
        look_id=f"{burst}-{at:%Y%m%d}",
        aoi_id=burst,
        sensor=Sensor.SENTINEL_1,
        platform="sentinel-1a",
        track=f"sentinel-1-{burst[1:4]}",
        acquired_at=at,
        available_at=at,
        blocks=grid,
        bands=bands,
        texture=nothing,
        clear_fraction=clear,
        flags=np.zeros(grid.shape, dtype=np.uint16),
        scene_ids=(f"{burst}-{at:%Y%m%d}",),
    )


def _blocks(file: rasterio.DatasetReader) -> Grid:
    """Return the whole blocks inside a file."""
    left, bottom, right, top = file.bounds
    west, north = np.ceil(left / BLOCK_M) * BLOCK_M, np.floor(top / BLOCK_M) * BLOCK_M
    return Grid(
        epsg=file.crs.to_epsg(),
        left_m=float(west),
        top_m=float(north),
        resolution_m=BLOCK_M,
        height=int((north - bottom) // BLOCK_M),
        width=int((right - west) // BLOCK_M),
    )


def _resampled(file: rasterio.DatasetReader, grid: Grid) -> NDArray[np.float32]:
    power = np.full(grid.shape, np.nan, dtype=np.float32)
    reproject(
        file.read(1),
        power,
        src_transform=file.transform,
        src_crs=file.crs,
        dst_transform=grid.transform,
        dst_crs=f"EPSG:{grid.epsg}",
        src_nodata=np.nan,
        dst_nodata=np.nan,
        resampling=Resampling.average,
    )
    return power


def placebo_sets(grid: Grid, count: int, draws: np.random.Generator) -> Iterator[NDArray[np.int32]]:
    """Yield discs of blocks at random places of a grid, as flat indices."""
    rows, columns = np.mgrid[: grid.height, : grid.width]
    for _ in range(count):
        radius = draws.uniform(1.2, 6.0)
        row = draws.uniform(radius, grid.height - 1 - radius)
        column = draws.uniform(radius, grid.width - 1 - radius)
        inside = (rows - row) ** 2 + (columns - column) ** 2 <= radius**2
        yield np.flatnonzero(inside).astype(np.int32)
