"""Hotspots on the block grid, and the settlements that each touches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer

from aoi.grid import WGS84
from monitor.alarm import seconds
from monitor.rivals.ground import Ground
from monitor.scene import Hotspot

TRUSTED = frozenset({"nominal", "high"})


@dataclass(frozen=True, slots=True, eq=False)
class FirePoints:
    """Detections of VIIRS, oldest first."""

    at: NDArray[np.datetime64]
    row: NDArray[np.float64]
    """Position on the block grid: 0.5 is the middle of the first row."""

    column: NDArray[np.float64]
    half_width: NDArray[np.float64]
    """Half the across-track size in blocks."""

    half_height: NDArray[np.float64]
    trusted: NDArray[np.bool_]
    """True for nominal and high confidence."""


def fire_points(hotspots: Sequence[Hotspot], ground: Ground) -> FirePoints:
    """Place the VIIRS detections among `hotspots` on the block grid."""
    chosen = sorted((h for h in hotspots if h.instrument == "VIIRS"), key=lambda h: h.acquired_at)
    to_grid = Transformer.from_crs(WGS84, f"EPSG:{ground.blocks.epsg}", always_xy=True)
    east, north = to_grid.transform(
        np.array([h.longitude for h in chosen], dtype=np.float64),
        np.array([h.latitude for h in chosen], dtype=np.float64),
    )
    side = ground.blocks.resolution_m
    return FirePoints(
        at=np.array([seconds(h.acquired_at) for h in chosen], dtype="datetime64[s]"),
        row=(ground.blocks.top_m - north) / side,
        column=(east - ground.blocks.left_m) / side,
        half_width=np.array([h.scan_km for h in chosen]) * 500.0 / side,
        half_height=np.array([h.track_km for h in chosen]) * 500.0 / side,
        trusted=np.array([h.confidence in TRUSTED for h in chosen], dtype=np.bool_),
    )


def points_in(points: FirePoints, ground: Ground, *, whole_footprint: bool) -> list[list[int]]:
    """Return for each settlement the detections on it, as indices into `points`.

    Parameters
    ----------
    points : FirePoints
    ground : Ground
    whole_footprint : bool
        True: the ellipse of the pixel (scan x track, scan taken as east-west) reaches
        the centre of an own block. False: the centre of the pixel lies in an own block.
    """
    found = []
    width = ground.blocks.width
    for own, filled in zip(ground.own, ground.in_own, strict=True):
        rows, columns = own[filled] // width + 0.5, own[filled] % width + 0.5
        east = np.abs(points.column[:, None] - columns)
        south = np.abs(points.row[:, None] - rows)
        if whole_footprint:
            across = east / np.maximum(points.half_width[:, None], 0.5)
            along = south / np.maximum(points.half_height[:, None], 0.5)
            touched = across**2 + along**2 <= 1.0
        else:
            touched = (east <= 0.5) & (south <= 0.5)
        found.append(np.flatnonzero(touched.any(axis=1)).tolist())
    return found
