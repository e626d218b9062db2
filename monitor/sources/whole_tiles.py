"""Ask providers for whole windows, so that they cannot tell which village is watched.

Windows lie on a fixed lattice of a quarter degree. What is asked for is the same for
every area within a window: its box in searches, and its pixels with a fixed margin in
reads (ALERTS T5). The price is a multiple of the pixels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from shapely.geometry import Polygon, box

from aoi.area import WINDOW_MARGIN_M, Aoi
from aoi.grid import Grid, to_degrees, to_metres
from aoi.interval import Interval
from monitor.observation import Observation
from monitor.ports import HotspotSource, ImagerySource, SearchProblem
from monitor.scene import Hotspot, Scene

WINDOW_DEG = 0.25

# How far the grid of an area within a window may reach beyond it, besides its margin: it
# ends on whole blocks, and its sides are turned against the meridians by up to a degree.
SLACK_M = 1_200.0


def window_of(west: float, south: float, east: float, north: float) -> Polygon:
    """Return the windows that a box in degrees touches, as one box."""
    # A side that lies on the lattice, but for rounding, belongs to one window only.
    low = [math.floor(edge / WINDOW_DEG + 1e-9) * WINDOW_DEG for edge in (west, south)]
    high = [math.ceil(edge / WINDOW_DEG - 1e-9) * WINDOW_DEG for edge in (east, north)]
    # A point on the lattice touches the window to its right and above.
    east_edge, north_edge = (
        max(edge, start + WINDOW_DEG) for start, edge in zip(low, high, strict=True)
    )
    return box(low[0], low[1], east_edge, north_edge)


def window_grid(grid: Grid) -> Grid:
    """Return the grid to ask for instead of `grid`: the same pixels, and all of its window.

    It depends on the window and the lattice of pixels alone, not on where in the
    window `grid` lies.
    """
    left, bottom, right, top = grid.bounds_m
    inset_m = WINDOW_MARGIN_M + SLACK_M
    middle = (left + right) / 2, (bottom + top) / 2
    core = box(
        min(left + inset_m, middle[0]),
        min(bottom + inset_m, middle[1]),
        max(right - inset_m, middle[0]),
        max(top - inset_m, middle[1]),
    )
    window = to_metres(window_of(*to_degrees(core, grid.epsg).bounds), grid.epsg)
    return _widened(grid, window.buffer(inset_m, join_style="mitre").bounds)


@dataclass(frozen=True, slots=True)
class WholeTiles:
    """An imagery source that is asked for windows only."""

    source: ImagerySource

    @property
    def name(self) -> str:
        """Name of the provider, kept in evidence."""
        return self.source.name

    def search(self, aoi: Aoi, interval: Interval) -> list[Scene]:
        """Return the scenes that touch `aoi`, of those that touch its window."""
        found = self.source.search(window_area(aoi), interval)
        return [scene for scene in found if scene.footprint.intersects(aoi.geometry)]

    def problems(self, aoi: Aoi, interval: Interval) -> list[SearchProblem]:
        """Return what had to be left out of the search of the window."""
        return self.source.problems(window_area(aoi), interval)

    def read(self, scene: Scene, grid: Grid, bands: Sequence[str]) -> Observation:
        """Return the pixels on `grid`, cut out of those of its window."""
        wide = window_grid(grid)
        seen = self.source.read(scene, wide, bands)
        top = round((wide.top_m - grid.top_m) / grid.resolution_m)
        left = round((grid.left_m - wide.left_m) / grid.resolution_m)
        part = slice(top, top + grid.height), slice(left, left + grid.width)
        bands_cut = {name: values[part].copy() for name, values in seen.bands.items()}
        return replace(seen, grid=grid, bands=bands_cut, flags=seen.flags[part].copy())


@dataclass(frozen=True, slots=True)
class WholeTileHotspots:
    """A hotspot source that is asked for windows only."""

    source: HotspotSource

    @property
    def name(self) -> str:
        """Name of the provider, kept in evidence."""
        return self.source.name

    def hotspots(self, aoi: Aoi, interval: Interval) -> list[Hotspot]:
        """Return the detections in and near `aoi`, of those in its window."""
        west, south, east, north = aoi.blocks.outline.bounds
        return [
            spot
            for spot in self.source.hotspots(window_area(aoi), interval)
            if west <= spot.longitude <= east and south <= spot.latitude <= north
        ]


def window_area(aoi: Aoi) -> Aoi:
    """Return the window of an area as if it were the area."""
    window = window_of(*aoi.geometry.bounds)
    # What is looked for stays: it decides whether radar is searched.
    return Aoi("window", "", window, aoi.epsg, detectors=aoi.detectors)


def _widened(grid: Grid, bounds_m: tuple[float, float, float, float]) -> Grid:
    """Return the grid of the same pixels that covers `grid` and `bounds_m`."""
    pixel_m = grid.resolution_m
    west = max(0, math.ceil((grid.left_m - bounds_m[0]) / pixel_m))
    north = max(0, math.ceil((bounds_m[3] - grid.top_m) / pixel_m))
    east = max(0, math.ceil((bounds_m[2] - grid.bounds_m[2]) / pixel_m))
    south = max(0, math.ceil((grid.bounds_m[1] - bounds_m[1]) / pixel_m))
    return replace(
        grid,
        left_m=grid.left_m - west * pixel_m,
        top_m=grid.top_m + north * pixel_m,
        height=north + grid.height + south,
        width=west + grid.width + east,
    )
