"""What the satellite sees: cover, events, rain, drift, haze, missed clouds, sensor.

One function for blocks (`looks.py`) and pixels (`catalogue.py`): everything is
linear in the shares of cover or smooth over a block, so that means of pixels are
what blocks show.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.simulation.fields import Field
from monitor.simulation.materials import (
    BANDS,
    CLOUD,
    HAZE_ADDED,
    HAZE_CONTRAST,
    SHADOW_FACTOR,
    WET_SOIL_FACTOR,
)
from monitor.simulation.patches import BRIGHTNESS, GREENNESS
from monitor.simulation.weather import Sky

Bands = NDArray[np.float32]
"""Reflectance of some bands, shape (bands, cells)."""


def joined(halves: NDArray[np.float32], wetness: Field | None, bands: list[int]) -> Bands:
    """Return reflectance from what rain wets and what it does not; overwrites `halves`.

    Parameters
    ----------
    halves : array
        Shape (2 * bands, cells), halves as in `seasons.Spectra`.
    wetness : array or None
        0 to 1 per cell, flat; None where all is dry.
    bands : list of int
        Which of `BANDS` the rows are.
    """
    count = len(bands)
    wetted, unwetted = halves[:count], halves[count:]
    if wetness is not None:
        for row, band in enumerate(bands):
            wetted[row] *= np.exp(np.log(WET_SOIL_FACTOR[band]) * wetness)
    wetted += unwetted
    return wetted


def drifted(bands_seen: Bands, bright: Field, green: Field, bands: list[int]) -> Bands:
    """Return reflectance after relative changes of brightness and greenness, in place."""
    for row, band in enumerate(bands):
        factor = BRIGHTNESS[band] * bright
        factor += GREENNESS[band] * green
        factor += 1.0
        bands_seen[row] *= factor
    return bands_seen


def hazed(bands_seen: Bands, haze: Field, bands: list[int]) -> Bands:
    """Return reflectance seen through haze of a strength per cell, in place."""
    contrast = 1.0 - (1.0 - HAZE_CONTRAST) * haze
    for row, band in enumerate(bands):
        bands_seen[row] *= contrast
        bands_seen[row] += HAZE_ADDED[band] * haze
    return bands_seen


def haze_of(sky: Sky, shape: tuple[int, int]) -> Field:
    """Return haze strength per cell of a grid over the window, shape (height, width)."""
    down = np.linspace(-1.0, 1.0, shape[0], dtype=np.float32)[:, np.newaxis]
    across = np.linspace(-1.0, 1.0, shape[1], dtype=np.float32)[np.newaxis, :]
    tilt = 1.0 + sky.haze_tilt[0] * down + sky.haze_tilt[1] * across
    strength: Field = np.float32(sky.haze) * tilt.astype(np.float32)
    return strength


LEAST_MISSED = 0.35
"""Strength of missed clouds and shadows at their edge, as a share of the worst."""


@dataclass(frozen=True, slots=True, eq=False)
class Missed:
    """Clouds and shadows in a look that nobody flagged; flat, per touched cell."""

    shaded: NDArray[np.intp]
    shade: NDArray[np.float32]
    """Strength 0 to 1 of the shadow over each of `shaded`."""

    veiled: NDArray[np.intp]
    veil: NDArray[np.float32]
    """Opacity 0 to 1 of the thin cloud over each of `veiled`."""

    @classmethod
    def of(cls, height: Field, strongest: float, is_shadow: Field) -> Missed:
        """Return what is missed.

        Parameters
        ----------
        height, is_shadow : array
            `Sky.missed`, and 1 for shadow or 0 for cloud, on one grid.
        strongest : float
            `Sky.missed_strength`.
        """
        touched = height > 0
        shaded = np.flatnonzero(touched & (is_shadow > 0.5))
        veiled = np.flatnonzero(touched & (is_shadow <= 0.5))
        flat = np.float32(strongest) * np.clip(LEAST_MISSED + height.ravel(), 0.0, 1.0)
        # A veil that hides half of the ground is found by any classifier.
        return cls(shaded, flat[shaded], veiled, 0.35 * flat[veiled])

    def over(self, bands_seen: Bands, bands: list[int]) -> Bands:
        """Return reflectance under shadows and veils, in place."""
        for row, band in enumerate(bands):
            # Light of two kinds of sky is added, so half a shadow is half of its effect.
            bands_seen[row, self.shaded] *= 1.0 - (1.0 - SHADOW_FACTOR[band]) * self.shade
            bands_seen[row, self.veiled] *= 1.0 - self.veil
            bands_seen[row, self.veiled] += CLOUD[band] * self.veil
        return bands_seen


def shifted(picture: NDArray[np.float32], pixels: tuple[float, float], step: int) -> None:
    """Move a picture (bands, height, width) by a part of a cell, in place.

    Parameters
    ----------
    picture : array
        Cells of `step` pixels of 10 m.
    pixels : tuple of float
        Southward and eastward, in pixels of 10 m.
    """
    down, right = (np.float32(distance / step) for distance in pixels)
    below = picture[:, 1:, :] - picture[:, :-1, :]
    beside = picture[:, :, 1:] - picture[:, :, :-1]
    picture[:, :-1, :] += down * below
    picture[:, :, :-1] += right * beside


def noise_level(bands_seen: Bands, pixels: NDArray[np.float32]) -> Bands:
    """Return the noise of means over so many pixels per band: (.004 + 1.5 %) / sqrt(n)."""
    level: Bands = 0.015 * bands_seen
    level += 0.004
    level /= np.sqrt(pixels)[:, np.newaxis]
    return level


ALL_BANDS = list(range(len(BANDS)))
