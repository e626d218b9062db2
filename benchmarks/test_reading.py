"""How long one look takes: a Sentinel-2 scene from files, over an area of 10 x 10 km.

make bench ARGS="-k look_from_files"
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from shapely.geometry import box, mapping

from aoi.area import Aoi
from aoi.grid import Grid, to_degrees
from aoi.interval import Interval
from monitor.archive import load_look, save_look
from monitor.reading_scenes import read_look
from monitor.sources.folder import Folder

EPSG = 32635
CENTRE = (518_000.0, 1_582_000.0)
EVER = Interval(datetime(2023, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC))
GROUND = {
    "blue": 0.08, "green": 0.11, "red": 0.15, "nir08": 0.25, "swir16": 0.33, "swir22": 0.25,
}  # fmt: skip
LIMIT_S = 2.0
"""For one look; some 0.4 s on an idle core, several times that on a busy one."""


@pytest.fixture(scope="module")
def area() -> Aoi:
    """An area of 10 x 10 km; with its margin 400 x 400 blocks."""
    x, y = CENTRE
    outline: Any = to_degrees(box(x - 5_000, y - 5_000, x + 5_000, y + 5_000), EPSG)
    return Aoi("bench", "Bench", outline, EPSG)


@pytest.fixture(scope="module")
def folder(area: Aoi, tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """One scene with hills of brightness, noise, and cloud over a seventh of it."""
    path = tmp_path_factory.mktemp("imagery")
    random = np.random.default_rng(1)
    blocks = area.blocks
    hills = gaussian_filter(random.normal(size=blocks.shape), 15)
    hills *= 0.15 / hills.std()
    for band, level in GROUND.items():
        grid = blocks.at(10 if band in ("blue", "green", "red") else 20)
        repeat = grid.height // blocks.height
        smooth = np.exp(hills).repeat(repeat, axis=0).repeat(repeat, axis=1)
        values = level * smooth + random.normal(0, 0.004, grid.shape)
        _write(path / f"{band}.tif", (values * 1e4 + 1_000).astype(np.uint16), grid)
    cover = gaussian_filter(random.normal(size=blocks.at(20).shape), 20)
    classes = np.where(cover > np.percentile(cover, 85), 9, 4).astype(np.uint8)
    _write(path / "scl.tif", classes, blocks.at(20))
    item = {
        "type": "Feature", "stac_version": "1.0.0", "id": "bench",
        "geometry": mapping(blocks.outline),
        "properties": {
            "datetime": "2024-01-01T08:00:00Z", "constellation": "sentinel-2",
            "s2:processing_baseline": "05.10",
            "view:sun_azimuth": 150, "view:sun_elevation": 45,
        },
        "assets": {band: {"href": f"{band}.tif"} for band in [*GROUND, "scl"]},
    }  # fmt: skip
    (path / "item.json").write_text(json.dumps(item))
    return Folder(path)


def _write(path: Path, values: NDArray[Any], grid: Grid) -> None:
    with rasterio.open(
        path, "w", driver="GTiff", height=grid.height, width=grid.width, count=1,
        dtype=values.dtype, crs=f"EPSG:{grid.epsg}", transform=grid.transform, nodata=0,
        tiled=True, blockxsize=512, blockysize=512, compress="deflate", predictor=2,
    ) as file:  # fmt: skip
        file.write(values, 1)


def test_a_look_from_files(benchmark: Any, folder: Folder, area: Aoi) -> None:
    scenes = folder.search(area, EVER)

    look = benchmark.pedantic(read_look, args=(folder, scenes, area), rounds=5, warmup_rounds=1)

    assert look.valid.mean() > 0.5
    assert benchmark.disabled or benchmark.stats.stats.min < LIMIT_S


def test_a_look_to_the_archive_and_back(
    benchmark: Any, folder: Folder, area: Aoi, tmp_path: Path
) -> None:
    look = read_look(folder, folder.search(area, EVER), area)

    def round_trip() -> int:
        save_look(look, tmp_path / "look.tif")
        return len(load_look(tmp_path / "look.tif").bands)

    assert benchmark(round_trip) == 6
    # DETECTION 4.0 estimates 1.1 MB for 62,500 blocks; here are 160,000.
    assert (tmp_path / "look.tif").stat().st_size < 3_500_000
