"""A small imagery folder of real GeoTIFFs and STAC Items over the test area."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from aoi.area import Aoi
from aoi.grid import Grid
from tests.builders import CHAR, GROUND, an_aoi

VEGETATION, CLOUD = 4, 9
"""Codes of the Sentinel-2 scene classification."""

NOISE = 0.004
"""Of one pixel, reflectance: little enough that a test is about one thing."""


def write_overpass(
    folder: Path,
    acquired_at: datetime,
    *,
    aoi: Aoi | None = None,
    burnt: BaseGeometry | None = None,
    cloudy: BaseGeometry | None = None,
    available_after: timedelta = timedelta(hours=6),
    scene_id: str = "",
    properties: Mapping[str, Any] | None = None,
) -> Path:
    """Write one Sentinel-2 scene of dry ground over an area; return its item.

    Ground inside `burnt` is char; ground inside `cloudy` is white and classified so.
    """
    aoi = aoi or an_aoi()
    scene_id = scene_id or f"S2B_TEST_{acquired_at:%Y%m%dT%H%M%S}"
    grid = aoi.blocks.at(20)
    bands = _pixels(grid, seed=int(acquired_at.timestamp()), burnt=burnt, cloudy=cloudy)
    place = folder / scene_id
    place.mkdir(parents=True, exist_ok=True)
    assets = {name: _write(place / f"{name}.tif", grid, band) for name, band in bands.items()}
    item = {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": scene_id,
        "collection": "sentinel-2-l2a",
        "geometry": mapping(grid.outline),
        "bbox": list(grid.outline.bounds),
        "properties": {
            "datetime": acquired_at.isoformat().replace("+00:00", "Z"),
            "created": (acquired_at + available_after).isoformat().replace("+00:00", "Z"),
            "platform": "sentinel-2b",
            "constellation": "sentinel-2",
            "sat:relative_orbit": 93,
            "s2:processing_baseline": "03.01",
            "view:sun_azimuth": 140.0,
            "view:sun_elevation": 60.0,
            **(properties or {}),
        },
        "assets": assets,
        "links": [],
    }
    path = place / f"{scene_id}.json"
    path.write_text(json.dumps(item), encoding="utf-8")
    return path


def _pixels(
    grid: Grid, *, seed: int, burnt: BaseGeometry | None, cloudy: BaseGeometry | None
) -> dict[str, NDArray[Any]]:
    random = np.random.default_rng(seed)
    # The land keeps its texture; only the noise is new with every overpass.
    land = np.random.default_rng(7).normal(1.0, 0.05, grid.shape)
    burned = np.zeros(grid.shape, bool) if burnt is None else grid.inside(burnt)
    white = np.zeros(grid.shape, bool) if cloudy is None else grid.inside(cloudy)
    bands: dict[str, NDArray[Any]] = {}
    for name, ground in GROUND.items():
        values = np.where(burned, CHAR[name], ground * land)
        values = values + random.normal(0.0, NOISE, grid.shape)
        values = np.where(white, 0.7, values)
        bands[name] = np.clip(np.round(values * 10_000), 1, 65_535).astype(np.uint16)
    bands["scl"] = np.where(white, CLOUD, VEGETATION).astype(np.uint8)
    return bands


def _write(path: Path, grid: Grid, values: NDArray[Any]) -> dict[str, Any]:
    with rasterio.open(
        path, "w", driver="GTiff", height=grid.height, width=grid.width, count=1,
        dtype=values.dtype, crs=f"EPSG:{grid.epsg}", transform=grid.transform, nodata=0,
        compress="deflate", tiled=True, blockxsize=256, blockysize=256,
    ) as file:  # fmt: skip
        file.write(values, 1)
    return {"href": f"./{path.name}", "type": "image/tiff; application=geotiff"}
