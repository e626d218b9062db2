"""Active-fire detections as VIIRS on three platforms would give them.

Every fire of a world, static heat, and fires in fields that nobody scripted.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from pyproj import Transformer

from aoi.grid import BLOCK_M, WGS84
from aoi.interval import Interval
from monitor.scene import Hotspot
from monitor.simulation.clock import day_number, instant
from monitor.simulation.events import Event, EventKind
from monitor.simulation.streams import stream
from monitor.simulation.world import World

SATELLITES = ("N", "N20", "N21")
PASS_HOURS_UTC = (11.9, 23.9)
"""13:30 and 01:30 local solar time at 25 degrees east."""

PASS_SPREAD_HOURS = 50.0 / 60.0
POSITION_ERROR_M = 150.0
SMOULDERING_DAYS = 0.25
FRONT_M2 = 40_000.0
"""Ground that one detection of a bush fire stands for while it burns."""

FRP_PER_HA_MW = 4.0
HALF_DETECTED_M2 = 2_500.0
"""Burning area that is found at half of the cloud-free passes."""

FIELD_FIRES_PER_KM2_YEAR = 0.15
GLINT_PER_YEAR = 2.0
AVAILABLE_AFTER_HOURS = (1.5, 3.0)

FIRES = (EventKind.BURNED, EventKind.COMPOUND_FIRE, EventKind.BUSH_FIRE, EventKind.KILN)


@dataclass(frozen=True, slots=True)
class _Pass:
    """One satellite over the world."""

    day: float
    satellite: str
    number: int
    """Counts passes since 2000, satellites and halves of days apart."""

    is_night: bool
    scan_km: float
    track_km: float


def hotspots(world: World, interval: Interval) -> list[Hotspot]:
    """Return the detections of an interval, oldest first.

    Any interval gives the same detections, whatever was asked for before.
    """
    locate = _Locator(world)
    found: list[Hotspot] = []
    for passing in _passes(world, interval):
        draws = stream(world.seed, "hotspots", passing.number)
        if draws.uniform() < _cover(world, passing.day):
            continue
        for event in world.truth:
            if event.kind in FIRES:
                found += _seen(world, event, passing, locate)
        found += _others(world, passing, draws, locate)
    return sorted(found, key=lambda spot: (spot.acquired_at, spot.satellite, spot.latitude))


def firms_csv(spots: Iterable[Hotspot], *, archive: bool = False) -> str:
    """Return detections as FIRMS text, in the column names of its two variants.

    Parameters
    ----------
    archive : bool
        True for the names of the archive, ``bright_ti4`` and ``bright_ti5``; False for
        ``brightness`` and ``bright_t31``, which near-real-time files also carry.
    """
    fire, background = ("bright_ti4", "bright_ti5") if archive else ("brightness", "bright_t31")
    lines = [
        f"latitude,longitude,{fire},scan,track,acq_date,acq_time,satellite,instrument,"
        f"confidence,version,{background},frp,daynight"
    ]
    for spot in spots:
        lines.append(
            f"{spot.latitude:.5f},{spot.longitude:.5f},{spot.brightness_k:.2f},"
            f"{spot.scan_km:.2f},{spot.track_km:.2f},{spot.acquired_at:%Y-%m-%d,%H%M},"
            f"{spot.satellite},{spot.instrument},{spot.confidence[0]},{spot.version},"
            f"{spot.brightness_k - 35.0:.2f},{spot.frp_mw:.2f},{'N' if spot.is_night else 'D'}"
        )
    return "\n".join(lines) + "\n"


class _Locator:
    """Turns block numbers into positions in degrees."""

    def __init__(self, world: World) -> None:
        self.blocks = world.blocks
        self._to_degrees = Transformer.from_crs(f"EPSG:{world.blocks.epsg}", WGS84, always_xy=True)

    def degrees(self, block: int, draws: np.random.Generator) -> tuple[float, float]:
        """Return longitude and latitude of a block, with the error of the sensor."""
        row, column = divmod(block, self.blocks.width)
        east, north = draws.normal(0.0, POSITION_ERROR_M, 2)
        longitude, latitude = self._to_degrees.transform(
            self.blocks.left_m + (column + 0.5) * BLOCK_M + east,
            self.blocks.top_m - (row + 0.5) * BLOCK_M + north,
        )
        return float(longitude), float(latitude)


def _passes(world: World, interval: Interval) -> Iterator[_Pass]:
    first, last = math.floor(day_number(interval.start)), math.ceil(day_number(interval.end))
    for day in range(first - 1, last + 1):
        for half, hour in enumerate(PASS_HOURS_UTC):
            for index, satellite in enumerate(SATELLITES):
                number = (day * 2 + half) * len(SATELLITES) + index
                draws = stream(world.seed, "overpass", number)
                spread = PASS_SPREAD_HOURS * draws.uniform(-1.0, 1.0)
                edge = draws.uniform() ** 2
                passing = _Pass(
                    day=day + (hour + spread) / 24.0,
                    satellite=satellite,
                    number=number,
                    is_night=half == 1,
                    scan_km=round(0.38 + 0.42 * edge, 2),
                    track_km=round(0.37 + 0.41 * edge, 2),
                )
                if interval.contains(_minute(passing)):
                    yield passing


def _minute(passing: _Pass) -> datetime:
    """Return the time of a pass as FIRMS gives it, to the minute."""
    return instant(passing.day).replace(second=0)


def _cover(world: World, day: float) -> float:
    """Return the chance that clouds hide a place at a pass."""
    climate = world.settings.climate
    return climate.covered_wet if world.land.weather.is_wet_season(day) else climate.covered_dry


def _seen(world: World, event: Event, passing: _Pass, locate: _Locator) -> Iterator[Hotspot]:
    """Yield the detections of one fire in one pass."""
    area_m2 = _burning_m2(event, passing.day)
    if area_m2 <= 0:
        return
    draws = stream(world.seed, "hotspots-" + event.event_id, passing.number)
    places = event.blocks(0.05)
    if not len(places):
        return
    for part in range(max(math.ceil(area_m2 / FRONT_M2), 1)):
        share = min(area_m2 - part * FRONT_M2, FRONT_M2)
        chance = 1.0 / (1.0 + (HALF_DETECTED_M2 / max(share, 1.0)) ** 1.5)
        if draws.uniform() < chance:
            block = int(places[draws.integers(len(places))])
            yield _hotspot(passing, locate.degrees(block, draws), share, draws)


def _burning_m2(event: Event, day: float) -> float:
    """Return the ground that is in flames or smoulders at a time, in square metres."""
    start, end = event.start, day_number(event.interval.end)
    if event.kind is EventKind.KILN:
        # A kiln burns every few days, for a day.
        return 600.0 if start <= day < end and math.floor(day) % 4 == 0 else 0.0
    if not start <= day < end + SMOULDERING_DAYS:
        return 0.0
    flames = event.area_m2 / max((end - start) * 24.0, 1.0)
    fading = math.exp(-max(day - end, 0.0) * 24.0)
    return flames * fading


def _others(
    world: World, passing: _Pass, draws: np.random.Generator, locate: _Locator
) -> Iterator[Hotspot]:
    """Yield fires in fields in the months of fire, and sun glint."""
    climate = world.settings.climate
    opening = climate.fire_from_day
    days = (passing.day - world.land.seasons.years[0].onset + 170.0 - opening) % 365.25
    height, width = world.blocks.shape
    area_km2 = height * width * BLOCK_M**2 / 1e6
    per_pass = 1.0 / (climate.fire_length_days * len(PASS_HOURS_UTC) * len(SATELLITES))
    count = 0
    if days < climate.fire_length_days:
        count = int(draws.poisson(FIELD_FIRES_PER_KM2_YEAR * area_km2 * per_pass))
    for _ in range(count):
        place = locate.degrees(int(draws.integers(height * width)), draws)
        yield _hotspot(passing, place, draws.uniform(1_000.0, 10_000.0), draws)
    glint = GLINT_PER_YEAR / (365.0 * len(SATELLITES))
    if not passing.is_night and draws.uniform() < glint:
        place = locate.degrees(int(draws.integers(height * width)), draws)
        yield _hotspot(passing, place, 0.0, draws)


def _hotspot(
    passing: _Pass, place: tuple[float, float], burning_m2: float, draws: np.random.Generator
) -> Hotspot:
    frp = FRP_PER_HA_MW * burning_m2 / 10_000.0 * math.exp(0.5 * draws.standard_normal()) + 0.5
    acquired_at = _minute(passing)
    confidence = "nominal"
    if burning_m2 <= 0:
        confidence = "low"
    elif frp > 12.0 and draws.uniform() < 0.5:
        confidence = "high"
    return Hotspot(
        longitude=round(place[0], 5),
        latitude=round(place[1], 5),
        acquired_at=acquired_at,
        satellite=passing.satellite,
        instrument="VIIRS",
        confidence=confidence,
        frp_mw=round(frp, 2),
        brightness_k=round(min(300.0 + 25.0 * math.log1p(frp), 367.0), 2),
        scan_km=passing.scan_km,
        track_km=passing.track_km,
        is_night=passing.is_night,
        available_at=acquired_at + timedelta(hours=draws.uniform(*AVAILABLE_AFTER_HOURS)),
        version="2.0NRT",
    )
