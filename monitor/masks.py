"""Flags that the provider's classification misses: margins, projected and dark shadows. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from monitor.observation import UNCLEAR, Flag, Observation
from monitor.sun import SunPosition

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class MaskSettings:
    """What counts as cloud margin and shadow."""

    cloud_margin_m: float = 80.0
    """Clouds are widened by it: classifications end 1 to 3 pixels short."""

    lowest_cloud_m: float = 200.0
    highest_cloud_m: float = 10_000.0
    """Cloud heights between which shadows are looked for."""

    shadow_nir_fraction: float = 0.6
    """A projected shadow is one where near infrared is below this share of its surroundings."""

    lowest_sun_deg: float = 10.0
    """Below it shadows are longer than any area: nothing is projected."""


def masked(observation: Observation, sun: SunPosition, settings: MaskSettings) -> Observation:
    """Return the observation with the flags that its pixels deserve.

    Parameters
    ----------
    observation : Observation
        Optical bands, with the flags of the provider's classification.
    sun : SunPosition
        At the time of the acquisition, in the middle of the area.
    """
    flags = observation.flags.copy()
    cloudy = (flags & np.uint16(Flag.CLOUD)) > 0
    if cloudy.any():
        margin = _widened(cloudy, settings.cloud_margin_m / observation.grid.resolution_m)
        flags[margin & ~cloudy] |= np.uint16(Flag.DILATED)
        flags[_projected_shadow(observation, cloudy, sun, settings)] |= np.uint16(Flag.SHADOW)
    return replace(observation, flags=flags)


def _widened(selected: Bools, radius_px: float) -> Bools:
    """Return what lies within a distance of a selected pixel."""
    reach = math.floor(radius_px)
    widened = selected.copy()
    for down in range(-reach, reach + 1):
        for right in range(-reach, reach + 1):
            if (down or right) and math.hypot(down, right) <= radius_px:
                _add_shifted(widened, selected, down, right)
    return widened


def _add_shifted(target: Bools, source: Bools, down: int, right: int) -> None:
    height, width = source.shape
    if abs(down) >= height or abs(right) >= width:
        return
    to_rows = slice(max(down, 0), height + min(down, 0))
    to_columns = slice(max(right, 0), width + min(right, 0))
    from_rows = slice(max(-down, 0), height + min(-down, 0))
    from_columns = slice(max(-right, 0), width + min(-right, 0))
    target[to_rows, to_columns] |= source[from_rows, from_columns]


def _projected_shadow(
    observation: Observation, cloudy: Bools, sun: SunPosition, settings: MaskSettings
) -> Bools:
    nir = observation.bands.get("nir08")
    if nir is None or sun.elevation_deg < settings.lowest_sun_deg:
        return np.zeros_like(cloudy)
    candidate = np.zeros_like(cloudy)
    for down, right in _shadow_steps(observation.grid.resolution_m, sun, settings):
        _add_shifted(candidate, cloudy, down, right)
    usable = (observation.flags & np.uint16(UNCLEAR)) == 0
    usable &= np.isfinite(nir)
    if not usable.any():
        return np.zeros_like(cloudy)
    dark: Bools = nir < settings.shadow_nir_fraction * np.median(nir[usable])
    return candidate & dark


def _shadow_steps(
    resolution_m: float, sun: SunPosition, settings: MaskSettings
) -> Iterator[tuple[int, int]]:
    """Yield the shift in rows and columns from a cloud to its shadow, for every height."""
    slope = 1.0 / math.tan(math.radians(sun.elevation_deg))
    away = math.radians(sun.azimuth_deg + 180.0)
    first = settings.lowest_cloud_m * slope / resolution_m
    last = settings.highest_cloud_m * slope / resolution_m
    steps = range(math.floor(first), math.ceil(last) + 1)
    shifts = ((-round(s * math.cos(away)), round(s * math.sin(away))) for s in steps)
    yield from dict.fromkeys(shifts)
