"""Tiny real rasters, and the items that name them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from aoi.grid import Grid

EPSG = 32635
GRID = Grid(EPSG, left_m=540_000, top_m=1_510_000, resolution_m=20, height=4, width=4)
"""4 x 4 pixels of 20 m."""


def write_band(
    path: Path, values: NDArray[Any] | list[Any], grid: Grid = GRID, **profile: Any
) -> Path:
    """Write one band; the extent is that of `grid`, the pixel size follows from `values`."""
    array = np.asarray(values, dtype=profile.pop("dtype", None))
    height, width = array.shape
    resolution_m = grid.width * grid.resolution_m / width
    settings = {
        "driver": "GTiff",
        "crs": f"EPSG:{grid.epsg}",
        "transform": rasterio.transform.from_origin(
            grid.left_m, grid.top_m, resolution_m, resolution_m
        ),
        **profile,
    }
    with rasterio.open(
        path, "w", height=height, width=width, count=1, dtype=array.dtype, **settings
    ) as file:
        file.write(array, 1)
    return path


def an_item(**changes: Any) -> dict[str, Any]:
    """Return a Sentinel-2 item over GRID with one asset."""
    item: dict[str, Any] = {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": "S2B_35PPN_20240501_0_L2A",
        "collection": "sentinel-2-l2a",
        "geometry": mapping(GRID.outline),
        "properties": {
            "datetime": "2024-05-01T08:30:00Z",
            "platform": "sentinel-2b",
            "constellation": "sentinel-2",
            "sat:relative_orbit": 93,
        },
        "assets": {"red": {"href": "./red.tif"}},
    }
    return {**item, **changes}


def with_properties(**properties: Any) -> dict[str, Any]:
    """Return the item with other properties; None removes one."""
    kept = {**an_item()["properties"], **properties}
    return an_item(properties={key: value for key, value in kept.items() if value is not None})


def write_item(path: Path, item: dict[str, Any] | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(item or an_item()), encoding="utf-8")
    return path


def outline(geometry: BaseGeometry) -> dict[str, Any]:
    result: dict[str, Any] = mapping(geometry)
    return result
