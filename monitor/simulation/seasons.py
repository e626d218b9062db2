"""How each kind of cover looks on a day: growth, drying, harvest, litter."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.simulation.clock import instant, new_year
from monitor.simulation.materials import BANDS, Cover, Spectrum, jittered
from monitor.simulation.presets import WorldSettings
from monitor.simulation.streams import stream

STRAW_DECAY_DAYS = 120.0
"""Grazing and termites."""

ONSET_SPREAD_DAYS = 12.0
LEAD_DAYS = 4.0
"""Early grassland is ahead of the mean by this much, late grassland behind."""

# Share of the ground that green leaves cover at the peak of a mean year, and that
# evergreen leaves cover always.
PEAK = {Cover.GRASS_EARLY: 0.60, Cover.GRASS_LATE: 0.60, Cover.BUSH: 0.35,
        Cover.FIELD: 0.65, Cover.WOODLAND: 0.30}  # fmt: skip
EVERGREEN = {Cover.BUSH: 0.12, Cover.WOODLAND: 0.50}
STRAW_OF_PEAK = {Cover.GRASS_EARLY: 1.0, Cover.GRASS_LATE: 1.0, Cover.BUSH: 0.45,
                 Cover.FIELD: 0.9, Cover.WOODLAND: 0.3}  # fmt: skip
STUBBLE = 0.30
"""Share of the straw that harvest leaves on fields."""

PLAIN = {Cover.SAND: "sand", Cover.CLAY: "clay", Cover.THATCH: "thatch", Cover.STRAW: "straw",
         Cover.MUD_BRICK: "mud_brick", Cover.TIMBER: "timber", Cover.METAL: "metal",
         Cover.TARPAULIN: "dusty_tarpaulin", Cover.WATER: "water"}  # fmt: skip
SOILS = (Cover.SAND, Cover.CLAY)

Spectra = NDArray[np.float32]
"""Shape (12, covers): first the six bands of what rain wets, then the six of what it does not.
Both are weighted by their share, so that their sum is the reflectance."""


def _step(days: float, width: float) -> float:
    return 1.0 / (1.0 + math.exp(-min(max(days / width, -50.0), 50.0)))


@dataclass(frozen=True, slots=True)
class GrowingYear:
    """When one year greened and dried, and how well it grew."""

    onset: float
    """Day number."""

    senescence: float
    harvest: float
    amplitude: float


@dataclass(frozen=True, slots=True, eq=False)
class Seasons:
    """Growth of a region over all its years, and the materials it is made of."""

    years: tuple[GrowingYear, ...]
    materials: dict[str, Spectrum]
    sand: float
    """Share of sand in the soil under plants."""

    @classmethod
    def of(cls, settings: WorldSettings, seed: int) -> Seasons:
        """Return the seasons that a seed gives a region."""
        span = settings.span
        years = range(span.start.year - 1, span.end.year + 2)
        return cls(
            years=tuple(_growing_year(settings, seed, year) for year in years),
            materials=jittered(seed),
            sand=settings.ground.sand,
        )

    @property
    def soil(self) -> Spectrum:
        """Dry soil between plants and under what has burned."""
        return self.sand * self.materials["sand"] + (1.0 - self.sand) * self.materials["clay"]

    def green(self, day: float) -> float:
        """Return leaves as a share of a mean year's peak."""
        return sum(
            year.amplitude * (_step(day - year.onset, 7.0) - _step(day - year.senescence, 10.0))
            for year in self.years
        )

    def straw(self, day: float, *, field: bool = False) -> float:
        """Return standing straw and litter as a share of a mean year's peak.

        With `field`, most of it is carried away at harvest.
        """
        total = 0.0
        for year, following in zip(self.years, self.years[1:], strict=False):
            if day < year.senescence - 60 or day > following.onset + 60:
                continue
            standing = _step(day - year.senescence, 10.0) * year.amplitude
            standing *= math.exp(-max(day - year.senescence, 0.0) / STRAW_DECAY_DAYS)
            standing *= 1.0 - _step(day - following.onset - 10.0, 7.0)
            if field:
                standing *= 1.0 - (1.0 - STUBBLE) * _step(day - year.harvest, 4.0)
            total += standing
        return total

    def spectra(self, day: float) -> Spectra:
        """Return what each kind of cover reflects on a day, see `Spectra`."""
        wetted = np.zeros((len(BANDS), len(Cover)), dtype=np.float32)
        unwetted = np.zeros_like(wetted)
        for cover, material in PLAIN.items():
            half = wetted if cover in SOILS else unwetted
            half[:, cover] = self.materials[material]
        for cover, peak in PEAK.items():
            lead = {Cover.GRASS_EARLY: LEAD_DAYS, Cover.GRASS_LATE: -LEAD_DAYS}.get(cover, 0.0)
            green = min(peak * self.green(day + lead) + EVERGREEN.get(cover, 0.0), 0.95)
            straw = peak * STRAW_OF_PEAK[cover]
            straw *= self.straw(day + lead, field=cover is Cover.FIELD)
            straw = min(straw, 1.0 - green)
            unwetted[:, cover] = green * self.materials["green"] + straw * self.materials["straw"]
            wetted[:, cover] = (1.0 - green - straw) * self.soil
        return np.concatenate([wetted, unwetted])

    def fuel(self, day: float) -> float:
        """Return how dry and grown the land is: what bush fires have to burn, 0 to about 1."""
        return self.straw(day) * (1.0 - min(self.green(day), 1.0))

    def next_onset(self, day: float) -> float:
        """Return the day number at which the land greens after `day`."""
        return min((y.onset for y in self.years if y.onset > day), default=day + 365.0)


def _growing_year(settings: WorldSettings, seed: int, year: int) -> GrowingYear:
    draws = stream(seed, "phenology", year)
    start, climate = new_year(year), settings.climate
    onset, senescence = ONSET_SPREAD_DAYS * np.clip(draws.standard_normal(2), -2.0, 2.0)
    return GrowingYear(
        onset=start + climate.onset_day + float(onset),
        senescence=start + climate.senescence_day + float(senescence),
        harvest=start + climate.harvest_day + float(draws.normal(0.0, 6.0)),
        amplitude=float(np.clip(draws.normal(1.0, 0.2), 0.5, 1.5)),
    )


def year_of(day: float) -> int:
    """Return the calendar year of a day number."""
    return instant(day).year
