"""The pixel grids that rasters are measured on."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from pyproj import Transformer
from rasterio.features import geometry_mask, shapes
from shapely import transform
from shapely.geometry import MultiPolygon, box, mapping, shape
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from aoi.errors import GridMismatch

WGS84 = "EPSG:4326"

BLOCK_M = 40.0
"""Side of a block, the unit of detection: 2 x 2 pixels of 20 m (DETECTION 4.0)."""


@dataclass(frozen=True, slots=True)
class Grid:
    """A north-up grid of square pixels in a projected reference system.

    Two rasters may be compared pixel by pixel if, and only if, their grids
    are equal.
    """

    epsg: int
    """EPSG code of a projected system in metres, such as 32635 (UTM 35N)."""

    left_m: float
    """Easting of the left edge."""

    top_m: float
    """Northing of the top edge."""

    resolution_m: float
    """Side of a pixel in metres."""

    height: int
    """Number of rows."""

    width: int
    """Number of columns."""

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of an array on this grid, (height, width)."""
        return self.height, self.width

    @property
    def transform(self) -> Affine:
        """Maps (column, row) of a pixel corner to (easting, northing) in metres."""
        return Affine(self.resolution_m, 0.0, self.left_m, 0.0, -self.resolution_m, self.top_m)

    @property
    def pixel_area_m2(self) -> float:
        """Area of one pixel in square metres."""
        return self.resolution_m**2

    @property
    def bounds_m(self) -> tuple[float, float, float, float]:
        """Left, bottom, right and top edge in metres."""
        right = self.left_m + self.width * self.resolution_m
        bottom = self.top_m - self.height * self.resolution_m
        return self.left_m, bottom, right, self.top_m

    @property
    def outline(self) -> BaseGeometry:
        """Outline of the grid, EPSG:4326."""
        return to_degrees(box(*self.bounds_m), self.epsg)

    @classmethod
    def covering(
        cls, area: BaseGeometry, epsg: int, resolution_m: float, *, margin_m: float = 0.0
    ) -> Grid:
        """Return the smallest aligned grid that covers `area` and a margin.

        Edges fall on multiples of the resolution, so that two areas observed
        at the same resolution share their pixels where they overlap.

        Parameters
        ----------
        area : geometry
            In EPSG:4326, longitude first.
        epsg : int
            Projected system of the grid.
        resolution_m : float
            Side of a pixel in metres.
        margin_m : float
            Added on every side before the edges are aligned, in metres.
        """
        west, south, east, north = to_metres(area, epsg).bounds
        left = math.floor((west - margin_m) / resolution_m)
        right = math.ceil((east + margin_m) / resolution_m)
        bottom = math.floor((south - margin_m) / resolution_m)
        top = math.ceil((north + margin_m) / resolution_m)
        return cls(
            epsg=epsg,
            left_m=left * resolution_m,
            top_m=top * resolution_m,
            resolution_m=resolution_m,
            height=top - bottom,
            width=right - left,
        )

    def at(self, resolution_m: float) -> Grid:
        """Return the grid of the same extent with pixels of another size.

        Raises
        ------
        ValueError
            If the extent is not a whole number of such pixels.
        """
        factor = self.resolution_m / resolution_m
        height, width = self.height * factor, self.width * factor
        if height != int(height) or width != int(width):
            raise ValueError(f"{self} does not divide into pixels of {resolution_m:g} m")
        return replace(self, resolution_m=resolution_m, height=int(height), width=int(width))

    def inside(self, area: BaseGeometry, *, all_touched: bool = False) -> NDArray[np.bool_]:
        """Return True where the centre of a pixel lies in `area` (EPSG:4326).

        With `all_touched`, also where an edge of `area` passes through a pixel.
        """
        outline = to_metres(area, self.epsg)
        if outline.is_empty:
            return np.zeros(self.shape, dtype=np.bool_)
        inside: NDArray[np.bool_] = geometry_mask(
            [mapping(outline)], self.shape, self.transform, invert=True, all_touched=all_touched
        )
        return inside

    def polygons(self, selected: NDArray[np.bool_]) -> MultiPolygon:
        """Return the outlines of the pixels that are True, EPSG:4326."""
        parts = [
            shape(outline)
            for outline, _ in shapes(
                selected.astype(np.uint8), mask=selected, connectivity=4, transform=self.transform
            )
        ]
        merged = to_degrees(unary_union(parts), self.epsg)
        polygons = getattr(merged, "geoms", [merged])
        return MultiPolygon([part for part in polygons if not part.is_empty])

    def require_same(self, other: Grid) -> None:
        """Raise `GridMismatch` unless `other` is this grid."""
        if self != other:
            raise GridMismatch(
                f"rasters do not share a grid: {self} and {other}",
                hint="read both through ImagerySource.read with the same grid",
            )

    def __str__(self) -> str:
        size = f"{self.height}x{self.width} px of {self.resolution_m:g} m"
        return f"EPSG:{self.epsg} {size} at ({self.left_m:.0f}, {self.top_m:.0f})"


def to_metres(geometry: BaseGeometry, epsg: int) -> BaseGeometry:
    """Return `geometry` (EPSG:4326) in the projected system `epsg`."""
    return _project(geometry, WGS84, f"EPSG:{epsg}")


def to_degrees(geometry: BaseGeometry, epsg: int) -> BaseGeometry:
    """Return `geometry` in the projected system `epsg` as EPSG:4326."""
    return _project(geometry, f"EPSG:{epsg}", WGS84)


def utm_epsg(longitude: float, latitude: float) -> int:
    """Return the EPSG code of the UTM zone that holds a position in degrees."""
    zone = min(int((longitude + 180.0) // 6.0) + 1, 60)
    return (32600 if latitude >= 0 else 32700) + zone


def _project(geometry: BaseGeometry, source: str, target: str) -> BaseGeometry:
    if source == target:
        return geometry
    transformer = _transformer(source, target)

    def project(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(transformer.transform(points[:, 0], points[:, 1]))

    projected: BaseGeometry = transform(geometry, project)
    return projected


# Setting one up takes milliseconds, and a run projects hundreds of outlines.
@lru_cache(maxsize=64)
def _transformer(source: str, target: str) -> Transformer:
    return Transformer.from_crs(source, target, always_xy=True)
