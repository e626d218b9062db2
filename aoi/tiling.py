"""Areas too big for one grid, cut into tiles on the way in."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np
import shapely
from pyproj import Geod
from shapely.geometry import MultiPolygon, Polygon, box
from shapely.geometry.base import BaseGeometry

from aoi.area import Aoi
from aoi.grid import utm_epsg

MAX_SIDE_KM = 50.0
"""Side of an area, about (DESIGN section 2)."""

LENIENCE = 0.05
"""An area is cut only if it is longer by more than this share of a side."""

ELLIPSOID = Geod(ellps="WGS84")


def tiled(aoi: Aoi) -> tuple[Aoi, ...]:
    """Return `aoi` itself, or the tiles of about 50 x 50 km at most that make it up.

    Tiles are named ``<id>-r<row>c<column>``, rows from the north, columns from
    the west, and bear the identifier of the whole in `Aoi.group_id`. Together
    they cover exactly the area; each has the UTM zone of its own centre, and
    none lies on both sides of the antimeridian.
    """
    columns = [edges for side in sides(aoi.geometry) for edges in _columns(side)]
    _, south, _, north = aoi.geometry.bounds
    rows = list(pairwise(_edges(north, south, _pieces(size_km(aoi.geometry)[1]))))
    if len(columns) == len(rows) == 1:
        return (aoi,)
    return tuple(_cut(aoi, columns, rows))


def sides(outline: Polygon | MultiPolygon) -> tuple[Polygon | MultiPolygon, ...]:
    """Return the parts east and west of the antimeridian, or the outline if it is not cut."""
    west, _, east, _ = outline.bounds
    if east - west <= 180:
        return (outline,)
    parts = shapely.get_parts(outline)
    eastern = [part for part in parts if part.centroid.x > 0]
    western = [part for part in parts if part.centroid.x <= 0]
    return tuple(surface(MultiPolygon(side)) for side in (eastern, western) if side)


def size_km(outline: BaseGeometry) -> tuple[float, float]:
    """Return the greatest width and height of `outline` (EPSG:4326) in kilometres."""
    west, south, east, north = outline.bounds
    # A degree of longitude is longest on the parallel nearest to the equator.
    widest = min(max(south, 0.0), north) if north > 0 else north
    width_m = ELLIPSOID.line_length([west, (west + east) / 2, east], [widest] * 3)
    height_m = ELLIPSOID.line_length([west, west], [south, north])
    return width_m / 1000, height_m / 1000


def area_km2(outline: BaseGeometry) -> float:
    """Return the area of `outline` (EPSG:4326) on the ellipsoid, in square kilometres."""
    square_metres, _ = ELLIPSOID.geometry_area_perimeter(shapely.orient_polygons(outline))
    return abs(float(square_metres)) / 1e6


def _pieces(side_km: float) -> int:
    return max(1, math.ceil(side_km / MAX_SIDE_KM - LENIENCE))


def _columns(side: BaseGeometry) -> Iterator[tuple[float, float]]:
    west, _, east, _ = side.bounds
    yield from pairwise(_edges(west, east, _pieces(size_km(side)[0])))


def _edges(first: float, last: float, pieces: int) -> list[float]:
    edges: list[float] = np.linspace(first, last, pieces + 1).tolist()
    return edges


def _cut(
    aoi: Aoi, columns: list[tuple[float, float]], rows: list[tuple[float, float]]
) -> Iterator[Aoi]:
    shapely.prepare(aoi.geometry)
    for row, (north, south) in enumerate(rows):
        for column, (west, east) in enumerate(columns):
            part = surface(aoi.geometry.intersection(box(west, south, east, north)))
            if part.is_empty:
                continue
            yield replace(
                aoi,
                aoi_id=f"{aoi.aoi_id}-r{row}c{column}",
                name=f"{aoi.name} (r{row}c{column})",
                geometry=part,
                epsg=utm_epsg(part.centroid.x, part.centroid.y),
                group_id=aoi.aoi_id,
            )


def surface(geometry: BaseGeometry) -> Polygon | MultiPolygon:
    """Return the polygons of `geometry`; points and lines, as cutting leaves them, go."""
    parts = [part for part in shapely.get_parts(geometry) if isinstance(part, Polygon)]
    parts = [part for part in parts if not part.is_empty]
    return parts[0] if len(parts) == 1 else MultiPolygon(parts)
