"""The land of a world before anything happens on it: what event makers look at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from scipy.ndimage import distance_transform_edt

from monitor.simulation.changes import Change, Course, changed
from monitor.simulation.fields import Field
from monitor.simulation.materials import Cover
from monitor.simulation.presets import WorldSettings
from monitor.simulation.seasons import Seasons
from monitor.simulation.streams import stream
from monitor.simulation.terrain import PIXEL_M, Shares, natural_cover
from monitor.simulation.villages import Village, settle, villages_of
from monitor.simulation.weather import CELL_M, Weather

SHADE_AFTER_BURN_DAYS = 250.0
"""A settlement that burned has no other fires and no sweeping for so long."""


@dataclass(frozen=True, slots=True, eq=False)
class Land:
    """Cover, settlements, seasons and weather of a world."""

    settings: WorldSettings
    seed: int
    villages: tuple[Village, ...]
    shares: Shares
    distance_m: Field
    """Distance of each pixel of 10 m from the nearest settlement's true outline."""

    seasons: Seasons
    weather: Weather
    burned_on: dict[int, tuple[float, ...]] = field(default_factory=dict)
    """Day numbers on which each settlement burns."""

    @classmethod
    def of(cls, settings: WorldSettings, seed: int) -> Land:
        """Return the land that a seed gives."""
        side = round(settings.window_km * 1_000.0 / PIXEL_M)
        shape = (side, side)
        shares = natural_cover(settings, seed, shape)
        villages = villages_of(settings, seed, shape)
        outside = np.ones(shape, dtype=np.bool_)
        for village in villages:
            settle(shares, village)
            outside[village.rows, village.columns] &= village.inside() < 0.5
        cells = round(settings.window_km * 1_000.0 / CELL_M)
        return cls(
            settings=settings,
            seed=seed,
            villages=villages,
            shares=shares,
            distance_m=(PIXEL_M * distance_transform_edt(outside)).astype(np.float32),
            seasons=Seasons.of(settings, seed),
            weather=Weather.of(settings, seed, (cells, cells)),
        )

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of pixels of 10 m."""
        return self.distance_m.shape[0], self.distance_m.shape[1]

    @property
    def years(self) -> range:
        """Calendar years that the world touches."""
        span = self.settings.span
        return range(span.start.year, span.end.year + 1)

    @property
    def first_camp(self) -> int:
        """Index of the first settlement that is a camp."""
        return len(self.villages) - self.settings.camps.known

    @property
    def aoi_id(self) -> str:
        """Identifier of the area of the world."""
        return f"sim-{self.settings.name.replace('_', '-')}-{self.seed}"

    def settlement_id(self, index: int) -> str:
        """Return the identifier of a settlement."""
        return f"{self.aoi_id}-{index:03d}"

    def village_years(self, name: str) -> Iterator[tuple[int, Village, int, np.random.Generator]]:
        """Yield each settlement in each year with its own stream."""
        for index, village in enumerate(self.villages):
            for year in self.years:
                yield index, village, year, stream(self.seed, name, index, year)

    def is_free(self, index: int, day: float) -> bool:
        """Return True if a settlement does not burn around a day."""
        burns = self.burned_on.get(index, ())
        return all(not -60.0 < day - burn < SHADE_AFTER_BURN_DAYS for burn in burns)

    def washed_at(self, day: float, centre: tuple[float, float]) -> float:
        """Return when the first heavy storm after a day falls on a pixel."""
        row, column = (position * PIXEL_M / CELL_M for position in centre)
        return self.weather.first_washing(day, row, column)

    def change(
        self, rows: slice, columns: slice, touched: Field, weights: dict[Cover, float],
        course: Course,
    ) -> Change:  # fmt: skip
        """Return a change of this land."""
        return changed(self.shares, rows, columns, touched, weights, course)


def block_window(
    centre: tuple[float, float], reach: int, shape: tuple[int, int]
) -> tuple[slice, slice]:
    """Return rows and columns of whole blocks within `reach` pixels of a pixel."""
    spans = []
    for position, side in zip(centre, shape, strict=True):
        first = min(max(int(position - reach) // 4 * 4, 0), side - 4)
        last = max(min(int(position + reach) // 4 * 4, side), first + 4)
        spans.append(slice(first, last))
    return spans[0], spans[1]
