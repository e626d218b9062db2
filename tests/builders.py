"""Small valid values, changed where a test needs it: ``a_finding(area_m2=9e4)``."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from shapely.geometry import MultiPolygon, Polygon, box

from aoi.area import Aoi
from aoi.grid import Grid, to_degrees
from aoi.interval import Interval
from aoi.settlement import Settlement
from monitor.finding import Evidence, Finding, FindingKind, SensorFamily, Tier
from monitor.looks import Look
from monitor.observation import Flag, Observation
from monitor.scene import Sensor

NOW = datetime(2024, 5, 20, 12, tzinfo=UTC)

EPSG = 32635
"""UTM zone 35N: North Darfur."""

CENTRE_M = (540_000.0, 1_510_000.0)
"""Easting and northing of the middle of the test area and of its village."""

GRID = Grid(EPSG, left_m=539_520, top_m=1_510_480, resolution_m=20, height=48, width=48)
"""48 x 48 pixels of 20 m around the village: 960 m square, 24 x 24 blocks."""

# Dry-season savanna, and the same ground as char: reflectance 0 to 1.
GROUND = {
    "blue": 0.08, "green": 0.11, "red": 0.15, "nir08": 0.25, "swir16": 0.33, "swir22": 0.25,
}  # fmt: skip
CHAR = {
    "blue": 0.05, "green": 0.06, "red": 0.07, "nir08": 0.09, "swir16": 0.17, "swir22": 0.20,
}  # fmt: skip

Part = tuple[slice, slice]
"""Rows and columns, as written by ``numpy.s_[4:8, 4:9]``."""


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def a_square(side_m: float, *, east_m: float = 0.0, north_m: float = 0.0) -> Polygon:
    """Return a square in degrees, its middle so far from the middle of the test area."""
    x, y = CENTRE_M[0] + east_m, CENTRE_M[1] + north_m
    half = side_m / 2
    square = to_degrees(box(x - half, y - half, x + half, y + half), EPSG)
    assert isinstance(square, Polygon)
    return square


def an_aoi(**changes: Any) -> Aoi:
    """Return an area of 2 x 2 km; with its margin it has about 200 x 200 blocks."""
    return replace(Aoi("sd-test", "Test area", a_square(2_000), epsg=EPSG), **changes)


def a_settlement(**changes: Any) -> Settlement:
    """Return a village of 400 x 400 m in the middle of the test area."""
    village = Settlement("sd-test-0001", "sd-test", "Shagra", a_square(400), structures=120)
    return replace(village, **changes)


def an_observation(
    grid: Grid = GRID,
    *,
    burnt: Part | None = None,
    cloudy: Part | None = None,
    **changes: Any,
) -> Observation:
    """Return one acquisition of dry ground on `grid`, with char and cloud in some pixels."""
    observation = Observation(
        grid=grid,
        bands=_bands(grid, burnt),
        flags=_flags(grid, cloudy),
        acquired_at=days_ago(2),
        scene_ids=("scene-1",),
    )
    return replace(observation, **changes)


def a_look(
    blocks: Grid | None = None,
    *,
    burnt: Part | None = None,
    cloudy: Part | None = None,
    **changes: Any,
) -> Look:
    """Return a look of dry ground (default: 24 x 24 blocks around the village)."""
    blocks = blocks or GRID.at(40)
    clear_fraction = np.ones(blocks.shape, np.float32)
    if cloudy is not None:
        clear_fraction[cloudy] = 0
    look = Look(
        look_id="look-1",
        aoi_id="sd-test",
        sensor=Sensor.SENTINEL_2,
        platform="sentinel-2b",
        track="sentinel-2-093",
        acquired_at=days_ago(2),
        available_at=days_ago(1.75),
        blocks=blocks,
        bands=_bands(blocks, burnt),
        texture=np.full(blocks.shape, 0.02, np.float32),
        clear_fraction=clear_fraction,
        flags=_flags(blocks, cloudy),
        scene_ids=("scene-1",),
    )
    return replace(look, **changes)


def some_evidence(**changes: Any) -> Evidence:
    """Return an optical burn signature seen in one look."""
    evidence = Evidence(
        family=SensorFamily.OPTICAL,
        detector="burn/2",
        p=1e-4,
        score=4.2,
        score_unit="normal score",
        happened=Interval(days_ago(7), days_ago(2)),
        look_ids=("look-1",),
    )
    return replace(evidence, **changes)


def a_finding(**changes: Any) -> Finding:
    """Return a burn over a quarter of the village: 40,000 of 160,000 square metres."""
    finding = Finding(
        finding_id="f" * 20,
        aoi_id="sd-test",
        settlement_id="sd-test-0001",
        kind=FindingKind.BURN,
        geometry=MultiPolygon([a_square(200)]),
        area_m2=40_000.0,
        settlement_fraction=0.25,
        probability=0.9,
        tier=Tier.B,
        looks_agreeing=1,
        happened=Interval(days_ago(7), days_ago(2)),
        first_seen=days_ago(2),
        last_seen=days_ago(2),
        known_at=days_ago(1.75),
        evidence=(some_evidence(),),
        mode="series",
        detector="burn/2",
        calibration="test",
        clear_fraction=1.0,
    )
    return replace(finding, **changes)


def _bands(grid: Grid, burnt: Part | None) -> dict[str, NDArray[np.float32]]:
    bands = {name: np.full(grid.shape, value, np.float32) for name, value in GROUND.items()}
    if burnt is not None:
        for name, value in CHAR.items():
            bands[name][burnt] = value
    return bands


def _flags(grid: Grid, cloudy: Part | None) -> NDArray[np.uint16]:
    flags = np.zeros(grid.shape, np.uint16)
    if cloudy is not None:
        flags[cloudy] = Flag.CLOUD
    return flags
