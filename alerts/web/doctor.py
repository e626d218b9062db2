"""What an area will cost and see, said before it is watched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import fmean

import shapely
from shapely.geometry import Point

from alerts.web.expected import Expected, expected_alerts
from alerts.web.parts import Parts
from alerts.web.watched import coverage_in, tracks_of
from aoi.area import Aoi
from aoi.grid import to_degrees
from aoi.outline import Surface
from aoi.tiling import area_km2, size_km, tiled
from monitor.area_job import WatchSettings
from monitor.budget import (
    REPEAT,
    SATELLITES,
    Cost,
    overpasses_a_month,
    sentinel_hub_cost,
    stac_cost,
    tiles_expected,
)
from monitor.coverage import CoverageState
from monitor.detectors.heat_sources import HeatSettings, heat_sources
from monitor.fire_file import read_seasons

HISTORY = WatchSettings().history
ASKED = {"stac": stac_cost, "sentinel_hub": sentinel_hub_cost}
MONTH = timedelta(days=30)
A_YEAR = timedelta(days=365)
LOOKED_AT = (CoverageState.SEEN, CoverageState.CLOUDY, CoverageState.HELD)
ENOUGH_DAYS = 10
"""Fewer acquisitions than this say nothing of the weather of a place."""


@dataclass(frozen=True, slots=True)
class Checkup:
    """What is known of an area before it is saved."""

    area: Aoi
    width_km: float
    height_km: float
    area_km2: float
    tiles: tuple[Aoi, ...]
    corners: int
    looks_a_month: float
    """Overpasses of Sentinel-2 expected, whatever the weather."""

    orbits: float
    """Relative orbits of Sentinel-2 that pass over it, on average for its place and width."""

    granules: float
    """Tiles of Sentinel-2 that it meets, on average for its size."""

    tracks: tuple[str, ...]
    """Sensor and orbit of looks at areas watched here already."""

    expected: Expected

    clear_fraction: float | None
    """Share that was clear on average, from areas watched here already; None if none is."""

    costs: tuple[Cost, ...]
    """One for each provider on the network; none where imagery lies in a folder."""

    heat: tuple[Point, ...] | None
    """Known places that are hot all year; None where no archive of fires reaches yet."""

    neighbours: tuple[Aoi, ...]
    """Areas watched already that it overlaps, as far as the reader may see them."""


def checkup(parts: Parts, area: Aoi, known: Sequence[Aoi], today: date) -> Checkup:
    """Look an area over.

    Parameters
    ----------
    known : sequence of Aoi
        Watched areas that the reader may see; of any other nothing may be said.
    """
    tiles = tiled(area)
    width_km, height_km = size_km(area.geometry)
    neighbours = tuple(one for one in known if one.geometry.intersects(area.geometry))
    looks = overpasses_a_month(float(area.geometry.centroid.y), width_km)
    return Checkup(
        area=area,
        width_km=width_km,
        height_km=height_km,
        area_km2=area_km2(area.geometry),
        tiles=tiles,
        corners=int(shapely.get_num_coordinates(area.geometry)),
        looks_a_month=looks,
        orbits=looks / (SATELLITES * (MONTH / REPEAT)),
        granules=tiles_expected(width_km, height_km),
        tracks=tracks_of(parts.database, [one.aoi_id for one in neighbours]),
        expected=expected_alerts(parts.settings.rates, _villages(parts, neighbours, area.geometry)),
        clear_fraction=_clear_fraction(parts, neighbours, today),
        costs=costs(parts, tiles),
        heat=_heat(parts, neighbours, area.geometry),
        neighbours=neighbours,
    )


def costs(parts: Parts, areas: Sequence[Aoi]) -> tuple[Cost, ...]:
    """Return what each provider on the network will be asked for on behalf of these areas."""
    settings = parts.settings
    runs = MONTH / settings.run_every
    found = []
    for name in settings.providers:
        if name in ASKED:
            each = [ASKED[name](one, runs_a_month=runs, history=HISTORY) for one in areas]
            found.append(_total(each))
    return tuple(found)


def _total(each: Sequence[Cost]) -> Cost:
    return Cost(
        provider=each[0].provider,
        scenes_a_month=sum(cost.scenes_a_month for cost in each),
        requests_a_month=sum(cost.requests_a_month for cost in each),
        bytes_a_month=sum(cost.bytes_a_month for cost in each),
        units_a_month=sum(cost.units_a_month for cost in each),
        history_scenes=sum(cost.history_scenes for cost in each),
        history_bytes=sum(cost.history_bytes for cost in each),
        history_units=sum(cost.history_units for cost in each),
    )


def _villages(parts: Parts, neighbours: Sequence[Aoi], outline: Surface) -> int:
    """Return how many settlements are known in an outline, from areas watched here already."""
    found = {
        one.footprint.wkb
        for area in neighbours
        for one in parts.registry.settlements(area.aoi_id)
        if outline.covers(one.footprint.centroid)
    }
    return len(found)


def _clear_fraction(parts: Parts, neighbours: Sequence[Aoi], today: date) -> float | None:
    ids = [one.aoi_id for one in neighbours]
    days = coverage_in(parts.database, ids, today - A_YEAR, today)
    seen = [day.clear_fraction for day in days if day.state in LOOKED_AT]
    return fmean(seen) if len(seen) >= ENOUGH_DAYS else None


def _heat(parts: Parts, neighbours: Sequence[Aoi], outline: Surface) -> tuple[Point, ...] | None:
    settings = HeatSettings(above_detections=parts.settings.static_detections_per_year)
    found: list[Point] = []
    known = False
    for area in neighbours:
        seasons = read_seasons(parts.settings.data_folder, area.aoi_id)
        if seasons is None:
            continue
        known = True
        for source in heat_sources(seasons.cells, settings):
            place = to_degrees(Point(source.easting_m, source.northing_m), area.epsg).centroid
            if outline.covers(place):
                found.append(place)
    return tuple(found) if known else None
