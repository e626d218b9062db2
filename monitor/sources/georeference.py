"""Where a raster file lies, and how a grid lies in it. Pure but for a cache."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from shapely import Polygon

from aoi.grid import WGS84, Grid

ALIGNED_WITHIN_PX = 1e-3
"""Edges that are closer than this share of a pixel are the same edge."""

POINTS_PER_SIDE = 5


@dataclass(frozen=True, slots=True)
class Nesting:
    """How the pixels of a grid and of a file nest in each other."""

    top: float
    """From the file's upper edge down to the grid's, in pixels of the file."""

    left: float
    step: float
    """Pixels of the file per pixel of the grid: 2, 1, or 0.5."""


@dataclass(frozen=True, slots=True)
class Georeference:
    """Reference system, transform and size of a raster file."""

    wkt: str
    transform: Affine
    height: int
    width: int

    @property
    def outline(self) -> Polygon | None:
        """Outline of the pixels, EPSG:4326; None if it lies nowhere on the earth."""
        return self._edges_in(WGS84)

    def nesting(self, grid: Grid) -> Nesting | None:
        """Return how `grid` nests with the file, None if it does not.

        They nest if both have one reference system, and every edge of the coarser
        pixels is an edge of finer ones.
        """
        place = self.transform
        if place.b or place.d or place.a <= 0 or place.e != -place.a:
            return None
        if not _same_system(self.wkt, grid.epsg):
            return None
        top, left = (place.f - grid.top_m) / place.a, (grid.left_m - place.c) / place.a
        step = grid.resolution_m / place.a
        unit = min(step, 1.0)
        edges = (top / unit, left / unit, max(step, 1.0 / step))
        if any(abs(edge - round(edge)) > ALIGNED_WITHIN_PX for edge in edges):
            return None
        return Nesting(top, left, step)

    def touched(self, grid: Grid) -> tuple[slice, slice]:
        """Return rows and columns of `grid` that the file may reach, with two to spare."""
        outline = self._edges_in(f"EPSG:{grid.epsg}")
        if outline is None:
            return slice(0, grid.height), slice(0, grid.width)
        left, bottom, right, top = outline.bounds
        size = grid.resolution_m
        return (
            _within(grid.height, (grid.top_m - top) / size, (grid.top_m - bottom) / size),
            _within(grid.width, (left - grid.left_m) / size, (right - grid.left_m) / size),
        )

    def pixel_side_m(self, grid: Grid) -> float:
        """Return the side of the file's middle pixel in the system of `grid`, metres."""
        middle = self.transform * (self.width / 2, self.height / 2)
        right = self.transform * (self.width / 2 + 1, self.height / 2)
        to_grid = _transformer(self.wkt, f"EPSG:{grid.epsg}")
        (x, next_x), (y, next_y) = to_grid.transform((middle[0], right[0]), (middle[1], right[1]))
        return math.hypot(next_x - x, next_y - y)

    def _edges_in(self, system: str) -> Polygon | None:
        columns, rows = _frame(self.width, self.height)
        x, y = self.transform * (columns, rows)
        edges = np.column_stack(_transformer(self.wkt, system).transform(x, y))
        return Polygon(edges) if np.isfinite(edges).all() else None


def _frame(width: int, height: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return columns and rows of points along the four sides."""
    along = np.linspace(0.0, 1.0, POINTS_PER_SIDE)[:-1]
    none, full = np.zeros_like(along), np.ones_like(along)
    columns = np.concatenate([along, full, 1 - along, none]) * width
    rows = np.concatenate([none, along, full, 1 - along]) * height
    return columns, rows


def _within(count: int, first: float, last: float) -> slice:
    start = min(max(0, math.floor(first) - 2), count)
    return slice(start, max(start, min(count, math.ceil(last) + 2)))


# Setting one up takes longer than reading a small window.
@lru_cache(maxsize=128)
def _transformer(source: str, target: str) -> Transformer:
    return Transformer.from_crs(CRS.from_user_input(source), target, always_xy=True)


@lru_cache(maxsize=128)
def _same_system(wkt: str, epsg: int) -> bool:
    return CRS.from_wkt(wkt).equals(CRS.from_epsg(epsg), ignore_axis_order=True)
