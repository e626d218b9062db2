"""Rain, clouds, shadows and haze over a world, day by day."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter

from monitor.simulation.clock import day_number, day_of_year
from monitor.simulation.fields import Field, FieldShape
from monitor.simulation.orbits import Acquisition
from monitor.simulation.presets import Climate, WorldSettings
from monitor.simulation.streams import stream

CELL_M = 120.0
"""Side of a cell of the fields of the sky: three blocks."""

DRYING_DAYS = 3.0
WASHING_STORM_MM = 15.0
"""Rain above this washes ash away and halves the life of char."""

EDGE = 0.12
"""Height of the cloud field over which a block goes from clear to covered."""

DILATED_CELLS = 3
"""Clouds are widened by one cell (120 m) on each side by the provider's margin."""

HIDDEN_DEPTH = 0.3
"""Depth of the field of missed things where the ground is hidden anyway: about its slope."""

PATCH_LOSS = 1.1
"""Interpolation to blocks cuts a tenth off small patches, which is added before."""

REGIME = {False: 0.7, True: 1.3}
"""Concentration of the cover of a day, by wet season: low means clear or overcast."""

HAZE_MEMORY = 0.85
"""Correlation of haze from one day to the next."""


@dataclass(frozen=True, slots=True)
class Storm:
    """One storm cell."""

    day: float
    row: float
    """Centre, in cells."""

    column: float
    radius_m: float
    rain_mm: float

    def depth(self, row: float, column: float) -> float:
        """Return the rain at a place, in millimetres."""
        squared = ((self.row - row) ** 2 + (self.column - column) ** 2) * CELL_M**2
        return self.rain_mm * math.exp(-squared / (2.0 * self.radius_m**2))


@dataclass(frozen=True, slots=True, eq=False)
class Sky:
    """What stands between the satellite and the ground; fields of cells."""

    covered: Field
    """Height above the threshold: positive where a cloud, its shadow or the margin hides
    the ground."""

    cloud: Field
    """The same for the cloud alone."""

    shadow: Field
    missed: Field
    """Height above the threshold of what nobody flagged: positive where it is, and only in
    cells that are not covered. Interpolated as a height, its area stays what it was."""

    missed_strength: float
    """Strength 0 to 1 of the worst of it."""

    missed_is_shadow: NDArray[np.bool_]
    """True where it is a shadow, False where it is thin cloud."""

    haze: float
    haze_tilt: tuple[float, float]
    """Change of the haze over the window, share, southward and eastward."""


@dataclass(frozen=True, slots=True, eq=False)
class Weather:
    """The weather of a world over its whole span."""

    climate: Climate
    seed: int
    artefact_rate: float
    storms: tuple[Storm, ...]
    storm_days: NDArray[np.float64]
    haze: NDArray[np.float64]
    """Haze strength per day from `first_day`."""

    first_day: int
    clouds: FieldShape
    missed: FieldShape

    @classmethod
    def of(cls, settings: WorldSettings, seed: int, cells: tuple[int, int]) -> Weather:
        """Return the weather that a seed gives to a window of so many cells."""
        first = math.floor(day_number(settings.span.start)) - 400
        count = math.ceil(settings.span.length.days) + 800
        storms = _storms(settings.climate, seed, first, count, cells)
        return cls(
            climate=settings.climate,
            seed=seed,
            artefact_rate=settings.artefact_rate,
            storms=storms,
            storm_days=np.array([storm.day for storm in storms]),
            haze=_haze(settings.climate, seed, first, count),
            first_day=first,
            clouds=FieldShape.of_scale(cells, (2.0, 0.2), (5.0, 0.3), (14.0, 0.5)),
            missed=FieldShape.of_scale(cells, (1.5, 0.4), (3.5, 0.6)),
        )

    def is_wet_season(self, day: float) -> bool:
        """Return True in the months of rain."""
        return self.climate.wet_from_day <= day_of_year(day) < self.climate.wet_until_day

    def recent_storms(self, day: float, days: float) -> tuple[Storm, ...]:
        """Return the storms of the last so many days."""
        first, last = np.searchsorted(self.storm_days, [day - days, day])
        return self.storms[first:last]

    def wetness(self, day: float) -> Field | None:
        """Return how wet the soil is, 0 to 1 per cell; None while it is dry everywhere."""
        height, width = self.clouds.shape
        wet = np.zeros((height, width), dtype=np.float32)
        for storm in self.recent_storms(day, 5.0 * DRYING_DAYS):
            rows = np.exp(-(((np.arange(height) - storm.row) * CELL_M / storm.radius_m) ** 2) / 2)
            columns = np.exp(
                -(((np.arange(width) - storm.column) * CELL_M / storm.radius_m) ** 2) / 2
            )
            soaked = min(storm.rain_mm / 20.0, 1.0) * math.exp(-(day - storm.day) / DRYING_DAYS)
            wet += (soaked * np.outer(rows, columns)).astype(np.float32)
        return np.minimum(wet, 1.0) if wet.max(initial=0.0) > 0.02 else None

    def first_washing(self, day: float, row: float, column: float) -> float:
        """Return the day number of the first storm at a cell that washes ash away."""
        start = int(np.searchsorted(self.storm_days, day))
        for storm in self.storms[start:]:
            if storm.depth(row, column) > WASHING_STORM_MM:
                return storm.day
        return math.inf

    def cover(self, acquisition: Acquisition) -> float:
        """Return the share of the window that is hidden in an acquisition, 0 to 1."""
        wet = self.is_wet_season(acquisition.day)
        mean = self.climate.covered_wet if wet else self.climate.covered_dry
        mean = min(max(mean, 1e-6), 1.0 - 1e-6)
        draws = stream(self.seed, "cover", *_counters(acquisition))
        return float(draws.beta(mean * REGIME[wet], (1.0 - mean) * REGIME[wet]))

    def sky(self, acquisition: Acquisition) -> Sky:
        """Return the sky of an acquisition."""
        counters = _counters(acquisition)
        cover = self.cover(acquisition)
        draws = stream(self.seed, "clouds", *counters)
        cloud = self.clouds.draw(draws)
        rows, columns = _shadow_shift(acquisition, float(draws.uniform(0.5, 8.0)))
        shadow = np.roll(cloud, (rows, columns), axis=(0, 1))
        hidden = maximum_filter(np.maximum(cloud, shadow), DILATED_CELLS, mode="wrap")
        threshold = float(np.quantile(hidden, 1.0 - cover))
        covered = hidden - threshold
        missed, strength, is_shadow = self._missed(counters, covered, cover)
        tilt = stream(self.seed, "haze_tilt", *counters).uniform(-0.1, 0.1, 2)
        return Sky(
            covered=covered,
            cloud=cloud - threshold,
            shadow=shadow - threshold,
            missed=missed,
            missed_strength=strength,
            missed_is_shadow=is_shadow,
            haze=float(self.haze[math.floor(acquisition.day) - self.first_day]),
            haze_tilt=(float(tilt[0]), float(tilt[1])),
        )

    def _missed(
        self, counters: tuple[int, int], covered: Field, cover: float
    ) -> tuple[Field, float, NDArray[np.bool_]]:
        """Height of what was not flagged, its greatest strength, and whether it is a shadow."""
        draws = stream(self.seed, "artefacts", *counters)
        clear = covered < 0
        height = np.full(covered.shape, -HIDDEN_DEPTH, dtype=np.float32)
        is_shadow = self.missed.draw(draws) > 0
        # A few looks are bad and most are good; cloudy ones more often bad.
        share = PATCH_LOSS * self.artefact_rate * float(draws.gamma(0.5) / 0.5)
        share = min(share * (0.5 + 1.5 * cover) / self._mean_weight(), 0.6)
        # What is missed lies beside what was found: cloud edges, displaced shadows.
        score = self.missed.draw(draws) + 0.5 * np.clip(covered, -2.0, 0.0)
        if clear.any() and share > 0:
            level = float(np.quantile(score[clear], 1.0 - share))
            height[clear] = score[clear] - level
        return height, float(draws.uniform(0.4, 1.0)), is_shadow

    def _mean_weight(self) -> float:
        """Mean over clear ground of 0.5 + 1.5 cover, so that `artefact_rate` is the mean."""
        climate = self.climate
        wet_share = (climate.wet_until_day - climate.wet_from_day) / 365.0
        clear = weighted = 0.0
        for wet, mean, share in (
            (False, climate.covered_dry, 1.0 - wet_share),
            (True, climate.covered_wet, wet_share),
        ):
            squared = mean * (1.0 - mean) / (REGIME[wet] + 1.0) + mean**2
            clear += share * (1.0 - mean)
            weighted += share * (0.5 * (1.0 - mean) + 1.5 * (mean - squared))
        return weighted / clear


def _counters(acquisition: Acquisition) -> tuple[int, int]:
    """Day and orbit: a duplicate has the sky of its first delivery."""
    return math.floor(acquisition.day), acquisition.relative_orbit


def _shadow_shift(acquisition: Acquisition, height_km: float) -> tuple[int, int]:
    """Cells southward and eastward from a cloud to its shadow."""
    length_m = 1_000.0 * height_km / math.tan(math.radians(acquisition.sun_elevation_deg))
    away = math.radians(acquisition.sun_azimuth_deg + 180.0)
    return (
        round(-length_m * math.cos(away) / CELL_M),
        round(length_m * math.sin(away) / CELL_M),
    )


def _storms(
    climate: Climate, seed: int, first_day: int, days: int, cells: tuple[int, int]
) -> tuple[Storm, ...]:
    draws = stream(seed, "rain")
    storms = []
    for day in range(first_day, first_day + days):
        count = int(draws.poisson(climate.storms_per_week / 7.0))
        places = draws.uniform(-0.2, 1.2, (count, 2)) * np.array(cells)
        sizes, depths = draws.uniform(3_000.0, 8_000.0, count), draws.exponential(14.0, count)
        times = np.sort(draws.uniform(0.0, 1.0, count))
        if not climate.wet_from_day - 15 <= day_of_year(day) < climate.wet_until_day + 5:
            continue
        storms += [
            Storm(day + float(time), float(row), float(column), float(size), float(depth))
            for time, (row, column), size, depth in zip(times, places, sizes, depths, strict=True)
        ]
    return tuple(storms)


def _haze(climate: Climate, seed: int, first_day: int, days: int) -> NDArray[np.float64]:
    """Haze strength per day: log-normal around its season, remembering yesterday."""
    draws = stream(seed, "haze").standard_normal(days)
    strength, memory = np.zeros(days), 0.0
    for index in range(days):
        memory = HAZE_MEMORY * memory + math.sqrt(1.0 - HAZE_MEMORY**2) * float(draws[index])
        phase = 2.0 * math.pi * (day_of_year(first_day + index) - 15.0) / 365.0
        winter = (0.5 + 0.5 * math.cos(phase)) ** 2
        typical = climate.haze_summer + (climate.haze_winter - climate.haze_summer) * winter
        strength[index] = min(typical * math.exp(0.7 * memory - 0.2), 1.2)
    return strength
