"""Sentinel-1 over a simulated world: backscatter of blocks, and of pixels of 20 m.

Customary class means (DETECTION 5.4), mixed in linear power by the shares of
cover; gamma speckle; soil moisture. Burned thatch changes little, as it does in
reality: radar is support here, not the witness.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from aoi.interval import Interval
from monitor.looks import Look
from monitor.scene import Sensor
from monitor.simulation.changes import Course
from monitor.simulation.clock import day_number, instant
from monitor.simulation.fields import Field, FieldShape, Upsampler
from monitor.simulation.land import Land
from monitor.simulation.materials import Cover
from monitor.simulation.streams import stream
from monitor.simulation.world import World

POLARISATIONS = ("vv", "vh")
ORBITS = (22, 124)
REPEAT_DAYS = 12
LAG_DAYS = 5
PASS_HOURS = (16.1, 3.6)
"""Ascending in the evening, descending in the morning, UTC."""

LOOKS_PER_M2 = 4.4 / 440.0
"""Equivalent number of looks of a multi-looked RTC product per area."""

DB_STEP = 0.01
MOISTURE_DB = 1.5
GREEN_DB = 1.0
"""What a green canopy adds to the backscatter of grass and crops at the peak."""

PLACE_DB = 0.8
"""Standard deviation between places of the same cover, which stays."""

ORBIT_DB = 0.6
DRIFT_DB = 0.08

# dB of VV and VH per kind of cover, customary.
CLASS_DB = {
    Cover.SAND: (-13.0, -20.0), Cover.CLAY: (-12.5, -19.5), Cover.GRASS_EARLY: (-12.0, -18.5),
    Cover.GRASS_LATE: (-12.0, -18.5), Cover.BUSH: (-11.0, -16.0), Cover.FIELD: (-12.0, -18.5),
    Cover.WOODLAND: (-9.0, -14.0), Cover.THATCH: (-10.0, -16.0), Cover.STRAW: (-12.0, -18.0),
    Cover.MUD_BRICK: (-9.0, -15.5), Cover.TIMBER: (-8.5, -14.5), Cover.METAL: (-5.0, -12.0),
    Cover.TARPAULIN: (-8.0, -15.0), Cover.WATER: (-20.0, -26.0),
}  # fmt: skip
GROWING = (Cover.GRASS_EARLY, Cover.GRASS_LATE, Cover.FIELD, Cover.BUSH)

# What of its power each kind of cover loses in a fire: walls and posts stay.
LOST_IN_FIRE = {Cover.THATCH: 0.10, Cover.STRAW: 0.10, Cover.TIMBER: 0.30, Cover.METAL: 0.35,
                Cover.TARPAULIN: 0.35}  # fmt: skip
LOST_OTHERWISE = 0.05
MATERIAL_DB = {"tarpaulin": (-8.0, -15.0), "metal": (-5.0, -12.0), "water": (-20.0, -26.0)}
OPEN_DB = (-13.0, -20.0)

Power = NDArray[np.float32]
"""Linear gamma nought."""


@dataclass(frozen=True, slots=True)
class RadarPass:
    """One pass of Sentinel-1."""

    acquired_at: datetime
    available_at: datetime
    relative_orbit: int
    number: int
    """Day number, whole."""

    @property
    def platform(self) -> str:
        """Satellite."""
        return "sentinel-1a"

    @property
    def day(self) -> float:
        """Day number of the pass."""
        return day_number(self.acquired_at)

    @property
    def scene_id(self) -> str:
        """Identifier of the scene."""
        return f"SIM-S1A_R{self.relative_orbit:03d}_{self.acquired_at:%Y%m%dT%H%M%S}_RTC"


def radar_passes(seed: int, interval: Interval) -> Iterator[RadarPass]:
    """Yield the passes of an interval, oldest first."""
    first = math.floor(day_number(interval.start)) - 1
    for day in range(first, math.ceil(day_number(interval.end)) + 1):
        for index, orbit in enumerate(ORBITS):
            if (day - LAG_DAYS * index) % REPEAT_DAYS:
                continue
            draws = stream(seed, "radar-pass", day, index)
            acquired_at = instant(day + PASS_HOURS[index] / 24.0)
            delay = timedelta(minutes=int(draws.integers(300, 1_440)))
            if interval.contains(acquired_at):
                yield RadarPass(acquired_at, acquired_at + delay, orbit, day)


def radar_looks(world: World, interval: Interval) -> Iterator[Look]:
    """Yield the radar looks of an interval, oldest first; bands ``vv vh`` in dB."""
    shape = world.blocks.shape
    scatterer = Scatterer.of(world.land, shape)
    nothing = np.full(shape, np.nan, dtype=np.float32)
    for passing in radar_passes(world.seed, interval):
        power = mixed(world.land, passing.day, world.block_shares)
        for event in world.standing(passing.day):
            for change in event.changes:
                added = power_gained(change.course, change.covers, passing.day)
                power[:, change.blocks] += added @ change.shares
        power = scatterer.received(power, passing, looks=LOOKS_PER_M2 * world.blocks.pixel_area_m2)
        decibels = np.rint(10.0 * np.log10(power) / DB_STEP) * DB_STEP
        bands = decibels.astype(np.float32).reshape(2, *shape)
        yield Look(
            look_id=hashlib.sha256(f"{world.aoi.aoi_id}|{passing.scene_id}".encode()).hexdigest()[
                :20
            ],
            aoi_id=world.aoi.aoi_id,
            sensor=Sensor.SENTINEL_1,
            platform=passing.platform,
            track=f"{Sensor.SENTINEL_1.value}-{passing.relative_orbit:03d}",
            acquired_at=passing.acquired_at,
            available_at=passing.available_at,
            blocks=world.blocks,
            bands=dict(zip(POLARISATIONS, bands, strict=True)),
            texture=nothing,
            clear_fraction=np.ones(shape, dtype=np.float32),
            flags=np.zeros(shape, dtype=np.uint16),
            scene_ids=(passing.scene_id,),
            tags={"provider": "simulator", "preset": world.settings.name, "seed": str(world.seed)},
        )


def mixed(land: Land, day: float, shares: NDArray[np.float32]) -> Power:
    """Return the power of cover without changes: shape (2, cells)."""
    classes = _class_power()
    green = np.float32(10.0 ** (0.1 * GREEN_DB * min(max(land.seasons.green(day), 0.0), 1.0)))
    classes[:, list(GROWING)] *= green
    return np.asarray(classes @ shares.reshape(len(Cover), -1), dtype=np.float32)


def power_gained(course: Course, covers: list[Cover], day: float) -> Power:
    """Return what one unit of each cover gains by a change, shape (2, covers)."""
    before = _class_power()[:, covers]
    if course.char > 0:
        lost = [LOST_IN_FIRE.get(cover, LOST_OTHERWISE) for cover in covers]
        gained = -before * np.array(lost, dtype=np.float32)
    else:
        left = sum(course.left.values())
        after = np.float32(1.0 - left) * _linear(OPEN_DB)
        for material, share in course.left.items():
            after += np.float32(share) * _linear(MATERIAL_DB.get(material, OPEN_DB))
        gained = after[:, np.newaxis] - before
    return np.asarray(course.amount(day) * gained, dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Scatterer:
    """What stays at each place, and what each pass adds."""

    land: Land
    place: Field
    """Power of each place relative to its cover."""

    drift: FieldShape
    upsample: Upsampler
    """From cells of the weather to cells of the picture."""

    @classmethod
    def of(cls, land: Land, shape: tuple[int, int]) -> Scatterer:
        """Return the scatterer of a picture of a land."""
        coarse = land.weather.clouds.shape
        upsample = Upsampler.between(coarse, shape)
        kind = FieldShape.of_scale(coarse, (0.7, 0.5), (4.0, 0.5))
        place = upsample(PLACE_DB * kind.draw(stream(land.seed, "radar-place")))
        return cls(
            land=land,
            place=np.asarray(10.0 ** (0.1 * place), dtype=np.float32),
            drift=FieldShape.of_scale(coarse, (3.0, 1.0)),
            upsample=upsample,
        )

    def received(self, power: Power, passing: RadarPass, *, looks: float) -> Power:
        """Return power with moisture, orbit and speckle, in place.

        Parameters
        ----------
        looks : float
            Equivalent number of looks of one cell.
        """
        seed = self.land.seed
        orbit = stream(seed, "radar-orbit", passing.relative_orbit).normal(0.0, ORBIT_DB, 2)
        power *= self.place.ravel()
        power *= np.asarray(10.0 ** (0.1 * orbit), dtype=np.float32)[:, np.newaxis]
        draws = stream(seed, "radar", passing.number, passing.relative_orbit)
        decibels = self.upsample(DRIFT_DB * self.drift.draw(draws)).ravel()
        wet = self.land.weather.wetness(passing.day)
        if wet is not None:
            decibels += MOISTURE_DB * self.upsample(wet).ravel()
        power *= 10.0 ** (0.1 * decibels)
        speckle = draws.standard_gamma(looks, power.shape, dtype=np.float32)
        power *= speckle / np.float32(looks)
        return np.maximum(power, np.float32(1e-5))


def _class_power() -> Power:
    """Return power per polarisation and kind of cover, shape (2, covers)."""
    decibels = np.array([CLASS_DB[cover] for cover in Cover], dtype=np.float32).T
    return np.asarray(10.0 ** (0.1 * decibels), dtype=np.float32)


def _linear(decibels: tuple[float, float]) -> NDArray[np.float32]:
    return np.asarray(10.0 ** (0.1 * np.array(decibels)), dtype=np.float32)
