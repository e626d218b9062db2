"""Pictures to draw: made ground with a village that burned, and the Cold Springs fire."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from shapely.geometry import Point, box

from alerts.ports import AlertPicture, Outline, OverviewArea
from aoi.grid import Grid, to_degrees, to_metres
from monitor.observation import Flag, Observation

SHARED = Path(__file__).parents[3] / "shared"
COLD_SPRINGS = SHARED / "data" / "l8-cold-springs-fire-2016"

BEFORE_AT = datetime(2024, 1, 7, 8, 31, tzinfo=UTC)
AFTER_AT = datetime(2024, 1, 23, 8, 31, tzinfo=UTC)

GRID = Grid(32635, left_m=537_000, top_m=1_513_000, resolution_m=20, height=300, width=300)
"""6 x 6 km of North Darfur around (540000, 1510000)."""

CENTRE_M = (540_000.0, 1_510_000.0)
BANDS = ("blue", "green", "red", "nir08", "swir16", "swir22")

# Reflectance of dry grass, of a village of mud and thatch, and of char.
GROUND = (0.09, 0.12, 0.16, 0.27, 0.33, 0.26)
VILLAGE = (0.13, 0.17, 0.23, 0.30, 0.37, 0.34)
CHAR = (0.05, 0.06, 0.07, 0.09, 0.19, 0.22)
WADI = (0.05, 0.08, 0.07, 0.38, 0.20, 0.11)


def a_patch(radius_m: float, *, east_m: float = 0.0, north_m: float = 0.0) -> Any:
    """Return a rough disc in degrees, its middle so far from the middle of the village."""
    disc = Point(CENTRE_M[0] + east_m, CENTRE_M[1] + north_m).buffer(radius_m, quad_segs=12)
    return to_degrees(disc, GRID.epsg)


@cache
def made_ground(acquired_at: datetime, *, burned: bool, grid: Grid = GRID) -> Observation:
    """Return savanna with a wadi and a village, its eastern half char if `burned`."""
    generator = np.random.default_rng(7 if burned else 6)
    rows, columns = np.indices(grid.shape)
    values = np.empty((len(BANDS), *grid.shape))
    values[:] = np.reshape(GROUND, (-1, 1, 1))
    wadi = np.abs(rows - 60 - 18 * np.sin(columns / 30)) < 5
    values[:, wadi] = np.reshape(WADI, (-1, 1))
    village = grid.inside(a_patch(330))
    values[:, village] = np.reshape(VILLAGE, (-1, 1))
    if burned:
        values[:, grid.inside(a_patch(300, east_m=70))] = np.reshape(CHAR, (-1, 1))
    fields = 1 + 0.10 * np.sin(rows // 9 * 2.1) * np.cos(columns // 13 * 1.7)
    values *= fields * generator.normal(1.0, 0.05, grid.shape)
    values[:, :4, :] = np.nan
    flags = np.zeros(grid.shape, dtype=np.uint16)
    flags[:4, :] = Flag.NODATA
    bands = {name: layer.astype(np.float32) for name, layer in zip(BANDS, values, strict=True)}
    return Observation(grid, bands, flags, acquired_at, ("made",))


def a_picture(**changes: Any) -> AlertPicture:
    """Return the picture of a burned village, with one of everything."""
    picture = AlertPicture(
        title="Possible burned settlement, K7QF",
        status_line="PRELIMINARY, not yet seen by an analyst",
        kind="burn",
        severity="severe",
        outlines=[
            Outline("settlement", "Shagra", a_patch(330)),
            Outline("ring", "500 m to 1500 m around it", a_patch(1500).difference(a_patch(500))),
            Outline("burned", "Burn-like blocks, 28.1 ha", a_patch(300, east_m=70)),
            Outline("other_settlement", "Umm Baru", a_patch(200, east_m=-1300, north_m=-900)),
        ],
        before=made_ground(BEFORE_AT, burned=False),
        after=made_ground(AFTER_AT, burned=True),
        facts=[
            ("What was seen", "Burn signature over 62 % of the mapped settlement"),
            ("When", "between 7 Jan 2024 and 23 Jan 2024"),
            ("How sure", "Confidence B: two looks agree, one sensor"),
            ("What else it could be", "Field clearing by fire next to houses"),
            ("Area changed", "28.1 ha"),
            ("Not known", "Cause and responsibility; not verified on the ground"),
        ],
        attribution="Contains modified Copernicus Sentinel data 2024",
        coverage_line="Seen 6 times in 30 days; last clear look 23 Jan 2024",
        hotspots=[(*_degrees(150, 60), "VIIRS, 20 Jan 2024 11:12 UTC, nominal")],
        tlp="TLP:AMBER",
    )
    return replace(picture, **changes)


def an_area(**changes: Any) -> OverviewArea:
    """Return an area with one alert."""
    area = OverviewArea(
        aoi_id="sd-test",
        name="South of El Fasher",
        geometry=to_degrees(box(530_000, 1_500_000, 550_000, 1_520_000), GRID.epsg),
        last_seen=AFTER_AT,
        state_line="seen 3 times in 14 days",
        open_alerts=[("K7QF", "Possible burned settlement", a_patch(330))],
    )
    return replace(area, **changes)


@cache
def cold_springs() -> AlertPicture:
    """Return the Cold Springs fire of July 2016 as an alert; skip the test where it is absent."""
    if not COLD_SPRINGS.is_dir():
        pytest.skip(f"the Cold Springs scenes are not at {COLD_SPRINGS}")
    before = _landsat(
        "LC080340322016070701T1-SC20180214145604", datetime(2016, 7, 7, 17, 38, tzinfo=UTC)
    )
    after = _landsat(
        "LC080340322016072301T1-SC20180214145802", datetime(2016, 7, 23, 17, 38, tzinfo=UTC)
    )
    settlement = _disc(-105.488, 39.982, 350)
    return a_picture(
        title="Possible burned settlement, Cold Springs",
        outlines=[
            Outline("settlement", "Cold Springs", settlement),
            Outline("ring", "500 m to 1500 m", _ring(settlement)),
            Outline("burned", "Burn-like pixels", _burned(before, after)),
            Outline("other_settlement", "Nederland", _disc(-105.508, 39.963, 500)),
        ],
        before=before,
        after=after,
        facts=[("When", "between 7 Jul 2016 and 23 Jul 2016"), ("How sure", "Confidence C")],
        attribution="Landsat 8 courtesy of the U.S. Geological Survey",
        coverage_line="Seen twice in 30 days; last clear look 23 Jul 2016",
        hotspots=[],
    )


def _degrees(east_m: float, north_m: float) -> tuple[float, float]:
    point = to_degrees(Point(CENTRE_M[0] + east_m, CENTRE_M[1] + north_m), GRID.epsg)
    return point.centroid.x, point.centroid.y


def _ring(settlement: Any) -> Any:
    metres = to_metres(settlement, 32613)
    return to_degrees(metres.buffer(1500).difference(metres.buffer(500)), 32613)


def _landsat(scene: str, acquired_at: datetime) -> Observation:
    names = dict(zip(BANDS, (2, 3, 4, 5, 6, 7), strict=True))
    bands: dict[str, NDArray[np.float32]] = {}
    for name, number in names.items():
        (path,) = (COLD_SPRINGS / "landsat" / scene).glob(f"*sr_band{number}_crop.tif")
        with rasterio.open(path) as band:
            stored = band.read(1).astype(np.float32)
            affine, epsg = band.transform, band.crs.to_epsg()
        bands[name] = np.where(stored > -2000, stored * np.float32(1e-4), np.float32(np.nan))
    height, width = stored.shape
    grid = Grid(epsg, affine.c, affine.f, affine.a, height, width)
    flags = np.zeros(grid.shape, dtype=np.uint16)
    return Observation(grid, bands, flags, acquired_at, (scene,))


def _disc(longitude: float, latitude: float, radius_m: float) -> Any:
    centre = to_metres(Point(longitude, latitude), 32613)
    return to_degrees(centre.buffer(radius_m, quad_segs=8), 32613)


def _burned(before: Observation, after: Observation) -> Any:
    """Return where the normalised burn ratio fell by 0.27 or more inside the fire's outline."""
    nbr = [
        (seen.bands["nir08"] - seen.bands["swir22"]) / (seen.bands["nir08"] + seen.bands["swir22"])
        for seen in (before, after)
    ]
    inside = before.grid.inside(box(-105.503, 39.97, -105.475, 39.99))
    return before.grid.polygons((nbr[0] - nbr[1] >= 0.27) & inside)
