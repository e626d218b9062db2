"""Active-fire pixels on the ground: where they lie, and which overpass saw them. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer
from shapely import affinity
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from aoi.grid import WGS84
from monitor.scene import Hotspot

SAME_OVERPASS = timedelta(minutes=10)
"""Granules of one overpass lie within minutes; the next orbit is a hundred of them away."""

PIXEL_KM = {"VIIRS": 0.375, "MODIS": 1.0}
"""Assumed where a file does not say scan and track."""

REACH_M = 2_500.0
"""No pixel is larger than twice this: MODIS grows to 4.8 km at the edge of its swath."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class FirePixels:
    """Detections that count, each once, with their places in metres; oldest first."""

    hotspots: tuple[Hotspot, ...]
    eastings: Floats
    northings: Floats
    overpasses: NDArray[np.int64]
    """Number of the overpass that saw each, ascending with time for a satellite."""

    epsg: int

    def among(self, chosen: NDArray[np.bool_]) -> FirePixels:
        """Return some of them."""
        kept = np.flatnonzero(chosen)
        return FirePixels(
            tuple(self.hotspots[i] for i in kept),
            self.eastings[kept],
            self.northings[kept],
            self.overpasses[kept],
            self.epsg,
        )

    def between(self, after: datetime, until: datetime) -> FirePixels:
        """Return those acquired after one instant and until another, which is held."""
        inside = [after < h.acquired_at <= until for h in self.hotspots]
        return self.among(np.array(inside, dtype=np.bool_))

    def near(self, outline: BaseGeometry, reach_m: float) -> FirePixels:
        """Return those whose centre lies in the box around `outline` (in metres)."""
        if outline.is_empty:
            return self.among(np.zeros(len(self.hotspots), dtype=np.bool_))
        left, bottom, right, top = outline.bounds
        return self.among(
            (self.eastings >= left - reach_m)
            & (self.eastings <= right + reach_m)
            & (self.northings >= bottom - reach_m)
            & (self.northings <= top + reach_m)
        )

    def shares_inside(self, outline: BaseGeometry) -> Floats:
        """Return the share of each pixel, an ellipse of scan by track, that lies in `outline`."""
        shares = [
            _pixel(h, x, y).intersection(outline).area / _pixel(h, x, y).area
            for h, x, y in zip(self.hotspots, self.eastings, self.northings, strict=True)
        ]
        return np.array(shares, dtype=np.float64)


def fire_pixels(hotspots: Sequence[Hotspot], epsg: int) -> FirePixels:
    """Return the detections that count, on the ground.

    Left out: low confidence by day (sun glint on roofs, sand and water), what an archive
    calls static, a volcano or offshore, and repetitions of the same detection.

    Parameters
    ----------
    hotspots : sequence of Hotspot
        Any order, any sensors; several sources may give the same detection.
    epsg : int
        Projected system in metres.
    """
    once: dict[tuple[str, datetime, float, float], Hotspot] = {}
    for spot in hotspots:
        key = (spot.satellite, spot.acquired_at, round(spot.longitude, 4), round(spot.latitude, 4))
        if counts(spot) and key not in once:
            once[key] = spot
    kept = sorted(once.values(), key=lambda h: (h.acquired_at, h.satellite, h.latitude))
    eastings, northings = _to_metres(epsg).transform(
        [h.longitude for h in kept], [h.latitude for h in kept]
    )
    return FirePixels(
        tuple(kept),
        np.asarray(eastings, dtype=np.float64),
        np.asarray(northings, dtype=np.float64),
        _overpasses(kept),
        epsg,
    )


# Setting one up takes milliseconds, and a study asks for every look.
@lru_cache(maxsize=16)
def _to_metres(epsg: int) -> Transformer:
    return Transformer.from_crs(WGS84, f"EPSG:{epsg}", always_xy=True)


def counts(spot: Hotspot) -> bool:
    """Return True if a detection may be a fire on land."""
    glint = spot.confidence == "low" and not spot.is_night
    return not glint and spot.static_type in (None, 0)


def pixel_m2(spot: Hotspot) -> float:
    """Return the size of a pixel on the ground, an ellipse of scan by track."""
    scan_km, track_km = _sides_km(spot)
    return math.pi / 4.0 * scan_km * track_km * 1e6


def _sides_km(spot: Hotspot) -> tuple[float, float]:
    assumed = PIXEL_KM.get(spot.instrument, PIXEL_KM["VIIRS"])
    sides = (spot.scan_km, spot.track_km)
    scan_km, track_km = (s if math.isfinite(s) and s > 0 else assumed for s in sides)
    return scan_km, track_km


def _pixel(spot: Hotspot, easting: float, northing: float) -> BaseGeometry:
    scan_km, track_km = _sides_km(spot)
    circle = Point(easting, northing).buffer(500.0, quad_segs=8)
    return affinity.scale(circle, scan_km, track_km, origin="center")


def _overpasses(kept: Sequence[Hotspot]) -> NDArray[np.int64]:
    numbers = np.zeros(len(kept), dtype=np.int64)
    last: dict[str, tuple[datetime, int]] = {}
    count = 0
    for index, spot in enumerate(kept):
        before = last.get(spot.satellite)
        if before is None or spot.acquired_at - before[0] > SAME_OVERPASS:
            count += 1
            number = count
        else:
            number = before[1]
        last[spot.satellite] = (spot.acquired_at, number)
        numbers[index] = number
    return numbers
