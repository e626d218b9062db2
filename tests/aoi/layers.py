"""Layers of two villages or areas in the formats of other programs, written by GDAL."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pyogrio.raw import write
from pyproj import Transformer
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry

DRIVERS = {".shp": "ESRI Shapefile", ".gpkg": "GPKG", ".fgb": "FlatGeobuf"}

AREAS = (box(25, 13, 25.1, 13.1), box(26, 13, 26.1, 13.1))


def write_layer(
    path: Path,
    geometries: Sequence[BaseGeometry | None] = AREAS,
    *,
    ids: Sequence[str] = ("sd-one", "sd-two"),
    names: Sequence[str] = ("One", "Two"),
    epsg: int | None = 4326,
    **options: Any,
) -> Path:
    """Write one layer; shapes are given in degrees, whatever the system of the file."""
    if epsg not in (None, 4326):
        to_file = Transformer.from_crs(4326, epsg, always_xy=True)
        geometries = [_projected(geometry, to_file) for geometry in geometries if geometry]
    count = len(geometries)
    first = next(geometry for geometry in geometries if geometry is not None)
    write(
        path,
        geometry=np.array(shapely.to_wkb(geometries), dtype=object),
        field_data=[np.array(ids[:count], object), np.array(names[:count], object)],
        fields=["id", "name"],
        geometry_type=("Polygon" if first.geom_type == "Polygon" else first.geom_type)
        + (" Z" if first.has_z else ""),
        crs=f"EPSG:{epsg}" if epsg else None,
        driver=DRIVERS[path.suffix],
        **options,
    )
    return path


def _projected(geometry: BaseGeometry, to_file: Transformer) -> BaseGeometry:
    def project(positions: Any) -> Any:
        return np.column_stack(to_file.transform(*positions.T))

    return shapely.transform(geometry, project)


def parts_of(shapefile: Path) -> dict[str, bytes]:
    """Return the files of a Shapefile by name, as they go into a zip."""
    return {
        part.name: part.read_bytes()
        for part in sorted(shapefile.parent.iterdir())
        if part.stem == shapefile.stem
    }
