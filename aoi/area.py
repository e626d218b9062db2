"""Areas of interest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from shapely.geometry import MultiPolygon, Polygon

from aoi.grid import BLOCK_M, Grid

WINDOW_MARGIN_M = 3_000.0
"""Imagery is read this far beyond the area, so that rings at its edge are whole (DETECTION 4.0)."""


class Sensitivity(StrEnum):
    """Who may see what is found here (DESIGN section 4)."""

    PUBLIC = "public"
    PARTNERS = "partners"
    RESTRICTED = "restricted"


class AoiState(StrEnum):
    """Whether an area is watched."""

    ACTIVE = "active"
    PAUSED = "paused"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True)
class Aoi:
    """An area of interest: what to watch, how often, for what, and for whom."""

    aoi_id: str
    """Identifier that never changes, a slug such as ``"sd-south-darfur"``."""

    name: str
    geometry: Polygon | MultiPolygon
    """Outline in EPSG:4326, longitude first."""

    epsg: int
    """Projected system of its grids: the UTM zone of its centroid."""

    revisit: timedelta = timedelta(days=1)
    """Least time between two runs."""

    sensitivity: Sensitivity = Sensitivity.PARTNERS
    detectors: tuple[str, ...] = ("burn",)
    """Names in `monitor.detectors.DETECTORS`."""

    state: AoiState = AoiState.ACTIVE
    group_id: str = ""
    """Identifier of the bigger area that this one is a tile of, empty if it is whole."""

    @property
    def blocks(self) -> Grid:
        """Grid of 40 m blocks over the area and its margin: the grid of its looks."""
        return Grid.covering(self.geometry, self.epsg, BLOCK_M, margin_m=WINDOW_MARGIN_M)
