"""How places drift apart from each other: noise that neighbours share.

Real villages and real bush differ from their seasonal mean by what no model of
the season knows: animals, dew, ploughing, a new fence. It is what limits a
detector that averages over blocks, so it is spatially correlated here, and it is
the same on ring land and placebo patches, plus some more in settlements.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from monitor.simulation.clock import YEAR_DAYS
from monitor.simulation.fields import Field, FieldShape, Upsampler, block_means
from monitor.simulation.land import Land
from monitor.simulation.orbits import Acquisition
from monitor.simulation.streams import stream
from monitor.simulation.villages import Village

PATCH_PX = 16
"""Side of a cell of the noise, in pixels of 10 m."""

DRIFT_DAYS = 45.0
"""Time between two independent states of the slow part."""

FRESH_SHARE = 0.5
"""Share of the variance from look to look that is new in each look."""

MEAN_REFLECTANCE = 0.25
"""Turns noise in reflectance into relative noise."""

# Relative change per band of the two kinds of noise: brightness, and greenness.
BRIGHTNESS = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 1.0], dtype=np.float32)
GREENNESS = np.array([-0.6, -0.2, -0.9, 0.7, -0.3, -0.7], dtype=np.float32)
GREEN_SHARE = 0.6


@dataclass(frozen=True, slots=True, eq=False)
class Patchiness:
    """Draws relative changes of reflectance, block by block."""

    land: Land
    shape: FieldShape
    upsample: Upsampler
    static: Field
    """Relative brightness that never changes, per cell."""

    settled: tuple[tuple[slice, slice, Field], ...]
    """Window of cells and inside share of each settlement."""

    @classmethod
    def of(cls, land: Land, step: int) -> Patchiness:
        """Return the patchiness of a land on cells of `step` pixels of 10 m."""
        cells = (land.shape[0] // step, land.shape[1] // step)
        coarse = (land.shape[0] // PATCH_PX, land.shape[1] // PATCH_PX)
        static = FieldShape.of_scale(land.shape, (4.0, 0.4), (32.0, 0.6))
        return cls(
            land=land,
            shape=FieldShape.of_scale(coarse, (1.0, 0.6), (4.0, 0.4)),
            upsample=Upsampler.between(coarse, cells),
            static=block_means(0.04 * static.draw(stream(land.seed, "static-brightness")), step),
            settled=tuple(_settled(village, step) for village in land.villages),
        )

    def change(self, acquisition: Acquisition) -> tuple[Field, Field]:
        """Return relative brightness and greenness of each cell on a day."""
        settings, day = self.land.settings, acquisition.day
        brightness = self._field("brightness", acquisition, settings.village_noise)
        brightness += self._yearly("brightness", day, settings.interannual)
        greenness = self._field("greenness", acquisition, settings.village_noise * GREEN_SHARE)
        greenness += self._yearly("greenness", day, settings.interannual * GREEN_SHARE)
        bright, green = self.upsample(brightness), self.upsample(greenness)
        self._add_settlements(acquisition, bright, green)
        return bright, green

    def _field(self, name: str, acquisition: Acquisition, scale: float) -> Field:
        """Noise of a look: part of it new, part of it drifting over weeks."""
        seed = self.land.seed
        day = math.floor(acquisition.day)
        fresh = self.shape.draw(stream(seed, name, day, acquisition.relative_orbit))
        step, along = divmod(acquisition.day, DRIFT_DAYS)
        slow = scale * math.sqrt(1.0 - FRESH_SHARE)
        drift = self._drift(name + "-drift", int(step), along / DRIFT_DAYS, slow)
        drift += np.float32(scale * math.sqrt(FRESH_SHARE) / MEAN_REFLECTANCE) * fresh
        return drift

    def _yearly(self, name: str, day: float, scale: float) -> Field:
        """Level of a year, reached in its middle: no jump at the new year."""
        year = math.floor(day / YEAR_DAYS - 0.5)
        return self._drift(name + "-year", year, day / YEAR_DAYS - 0.5 - year, scale)

    def _drift(self, name: str, step: int, along: float, scale: float) -> Field:
        """Return a state between two independent states, variance kept."""
        one = self.shape.draw(stream(self.land.seed, name, step))
        other = self.shape.draw(stream(self.land.seed, name, step + 1))
        state = (1.0 - along) * one + along * other
        state *= scale / MEAN_REFLECTANCE / math.sqrt((1.0 - along) ** 2 + along**2)
        drift: Field = state.astype(np.float32)
        return drift

    def _add_settlements(self, acquisition: Acquisition, bright: Field, green: Field) -> None:
        """Add what a settlement as a whole does, heavy-tailed, in place."""
        day = math.floor(acquisition.day)
        draws = stream(self.land.seed, "settlements", day, acquisition.relative_orbit)
        scale = 0.5 * self.land.settings.village_noise / MEAN_REFLECTANCE
        # t with 4 degrees of freedom has variance 2.
        noise = scale / math.sqrt(2.0) * draws.standard_t(4.0, (len(self.settled), 2))
        for (rows, columns, inside), (brighter, greener) in zip(self.settled, noise, strict=True):
            bright[rows, columns] += np.float32(brighter) * inside
            green[rows, columns] += np.float32(GREEN_SHARE * greener) * inside


def _settled(village: Village, step: int) -> tuple[slice, slice, Field]:
    rows = slice(village.rows.start // step, village.rows.stop // step)
    columns = slice(village.columns.start // step, village.columns.stop // step)
    return rows, columns, block_means(village.inside(), step)
