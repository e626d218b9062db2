"""When satellites pass, and what two orbits and three platforms see differently."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from aoi.interval import Interval
from monitor.simulation.clock import day_number, day_of_year, instant
from monitor.simulation.materials import BANDS, NIR, Cover
from monitor.simulation.presets import WorldSettings
from monitor.simulation.streams import stream

ORBITS = (93, 136)
"""Relative orbits; the second sees only part of the window."""

SECOND_ORBIT_LAG_DAYS = 2
SECOND_ORBIT_SHARE = 0.6
PLATFORMS = ("sentinel-2a", "sentinel-2b", "sentinel-2c")

ORBIT_GAIN = 0.03
ORBIT_NIR_OFFSET = 0.02
"""Largest offset of either orbit, so that two orbits differ by 0.04 at most."""

PLATFORM_GAIN = 0.01
SUN_AMPLITUDE = 0.03
"""Half of the 6 % that the height of the sun makes over the year."""

SHIFT_PX = 0.15
BAD_SHIFT_PX = 0.8
BAD_SHIFT_SHARE = 0.01
"""Misregistration in pixels of 10 m: its standard deviation, and that of a few bad looks."""

# First day of a processing baseline, and its name. 04.00 brought the offset.
BASELINES = (
    (datetime(2024, 7, 23, tzinfo=UTC), "05.11"),
    (datetime(2022, 12, 6, tzinfo=UTC), "05.09"),
    (datetime(2022, 1, 25, tzinfo=UTC), "04.00"),
    (datetime(2015, 6, 23, tzinfo=UTC), "03.01"),
)


@dataclass(frozen=True, slots=True)
class Acquisition:
    """One pass over the window."""

    acquired_at: datetime
    available_at: datetime
    relative_orbit: int
    platform: str
    baseline: str
    """Processing baseline, such as ``"05.09"``."""

    duplicate: bool = False
    """True if the same acquisition was delivered before, under an older baseline."""

    @property
    def day(self) -> float:
        """Day number of the acquisition."""
        return day_number(self.acquired_at)

    @property
    def scene_id(self) -> str:
        """Identifier of the scene, the same in the archive and in the catalogue.

        It says that nobody took the picture: credit lines are made from it.
        """
        letter = self.platform[-1].upper()
        edition = "1" if self.duplicate else "0"
        moment = f"{self.acquired_at:%Y%m%dT%H%M%S}"
        return f"SIM-S2{letter}_R{self.relative_orbit:03d}_{moment}_{edition}_L2A"

    @property
    def counters(self) -> tuple[int, int, int]:
        """Numbers that select its random streams."""
        return math.floor(self.day), self.relative_orbit, int(self.duplicate)

    def misregistration(self, seed: int) -> tuple[float, float]:
        """Return how far its picture lies off, southward and eastward, in pixels of 10 m."""
        draws = stream(seed, "registration", *self.counters)
        down, right = draws.normal(0.0, SHIFT_PX, 2)
        if draws.uniform() < BAD_SHIFT_SHARE:
            angle = draws.uniform(0.0, 2.0 * math.pi)
            down, right = BAD_SHIFT_PX * math.sin(angle), BAD_SHIFT_PX * math.cos(angle)
        return float(down), float(right)

    @property
    def sun_elevation_deg(self) -> float:
        """Height of the sun, for the mid latitudes of the tropics."""
        return 55.0 + 10.0 * math.cos(_yearly(self.day))

    @property
    def sun_azimuth_deg(self) -> float:
        """Direction of the sun, clockwise from north: the morning, south-east in winter."""
        return 115.0 - 35.0 * math.cos(_yearly(self.day))


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What multiplies and shifts the reflectance in one acquisition."""

    gain: NDArray[np.float32]
    """Per band, shape (6,)."""

    nir_offset: NDArray[np.float32]
    """Per kind of cover, shape (covers,)."""


def _yearly(day: float) -> float:
    """Phase of the year in radians, 0 on the longest day of the north."""
    return 2.0 * math.pi * (day_of_year(day) - 172.0) / 365.0


def acquisitions(settings: WorldSettings, seed: int, interval: Interval) -> Iterator[Acquisition]:
    """Yield the passes of an interval, oldest first."""
    first = math.floor(day_number(interval.start)) - 1
    last = math.ceil(day_number(interval.end)) + 1
    for day in range(first, last):
        for index, orbit in enumerate(ORBITS[: settings.orbits]):
            if (day - SECOND_ORBIT_LAG_DAYS * index) % settings.revisit_days:
                continue
            acquisition = _acquisition(seed, day, index, orbit, settings.revisit_days)
            if not interval.contains(acquisition.acquired_at):
                continue
            yield acquisition
            repeated = settings.faults.duplicated
            if repeated and repeated.contains(acquisition.acquired_at):
                yield _reprocessed(acquisition)


def view(seed: int, acquisition: Acquisition) -> View:
    """Return how an acquisition sees."""
    orbit = stream(seed, "orbit", acquisition.relative_orbit)
    platform = stream(seed, "platform", PLATFORMS.index(acquisition.platform))
    gain = 1.0 + ORBIT_GAIN * orbit.uniform(-1.0, 1.0, len(BANDS))
    gain *= 1.0 + PLATFORM_GAIN * platform.uniform(-1.0, 1.0, len(BANDS))
    gain *= 1.0 + SUN_AMPLITUDE * math.cos(_yearly(acquisition.day))
    offset = ORBIT_NIR_OFFSET * orbit.uniform(-1.0, 1.0, len(Cover))
    # Water is too dark for a view-angle effect of this size.
    offset[Cover.WATER] = 0.0
    return View(gain.astype(np.float32), offset.astype(np.float32))


def seen_by(relative_orbit: int, width: int) -> slice:
    """Return the columns of the window that an orbit sees."""
    if relative_orbit == ORBITS[0]:
        return slice(0, width)
    return slice(width - round(SECOND_ORBIT_SHARE * width / 4) * 4, width)


def shifted_nir(spectra: NDArray[np.float32], offset: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return cover spectra (12, covers) with the NIR offset of an orbit."""
    shifted = spectra.copy()
    wetted = spectra[NIR] > spectra[NIR + len(BANDS)]
    shifted[NIR] += np.where(wetted, offset, 0.0)
    shifted[NIR + len(BANDS)] += np.where(wetted, 0.0, offset)
    return shifted


def _acquisition(seed: int, day: int, index: int, orbit: int, revisit: int) -> Acquisition:
    draws = stream(seed, "acquisition", day, index)
    # 10:30 local solar time at 25 degrees east, the second orbit ten minutes earlier.
    seconds = 8 * 3600 + 50 * 60 - 600 * index + int(draws.integers(0, 40))
    acquired_at = instant(day) + timedelta(seconds=seconds)
    turn = (day - SECOND_ORBIT_LAG_DAYS * index) // revisit
    return Acquisition(
        acquired_at=acquired_at,
        available_at=acquired_at + timedelta(minutes=int(draws.integers(180, 900))),
        relative_orbit=orbit,
        platform=PLATFORMS[(turn + index) % 2 if day % 7 else 2],
        baseline=next(name for since, name in BASELINES if acquired_at >= since),
    )


def _reprocessed(acquisition: Acquisition) -> Acquisition:
    return Acquisition(
        acquired_at=acquisition.acquired_at,
        available_at=acquisition.available_at + timedelta(days=20),
        relative_orbit=acquisition.relative_orbit,
        platform=acquisition.platform,
        baseline="05.11",
        duplicate=True,
    )
