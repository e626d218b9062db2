"""Flags that the provider's classification misses: margins, shadows and haze. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from monitor.observation import Flag, Observation
from monitor.radiometry import VISIBLE
from monitor.shadows import ShadowSettings, Surroundings, dark_shadow, surroundings_of
from monitor.sun import SunPosition

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class MaskSettings:
    """What counts as cloud margin, shadow and haze."""

    cloud_margin_m: float = 80.0
    """Clouds are widened by it: classifications end 1 to 3 pixels short."""

    shadow_margin_m: float = 40.0
    """Every shadow is widened by it: its edge is soft."""

    lowest_cloud_m: float = 200.0
    highest_cloud_m: float = 10_000.0
    """Cloud heights between which shadows are looked for."""

    projected: ShadowSettings = field(
        default_factory=lambda: ShadowSettings(
            nir_below=0.60, visible_below=0.85, tilt_below=1.05, least_m2=0.0
        )
    )
    """Where a cloud's shadow may fall, less has to be dark than elsewhere."""

    lowest_sun_deg: float = 10.0
    """Below it shadows are longer than any area: nothing is projected."""

    haze_above: float = 0.06
    """Blue less half of red, reflectance: above it is haze (the clear line of [1]_).

    .. [1] Zhang, Guindon, Cihlar (2002), doi:10.1016/S0034-4257(02)00034-2."""

    haze_brightness_below: float = 0.35
    """Mean visible reflectance: above it are roofs, tents and cloud, not haze."""

    shadows: ShadowSettings = field(default_factory=ShadowSettings)


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
    resolution_m = observation.grid.resolution_m
    cloudy = (flags & np.uint16(Flag.CLOUD)) > 0
    flags[_hazy(observation, settings) & ~cloudy] |= np.uint16(Flag.HAZE)
    surroundings = surroundings_of(observation, settings.shadows)
    shadow = dark_shadow(observation, surroundings, settings.shadows)
    shadow |= projected_shadow(observation, surroundings, sun, settings)
    flags[shadow] |= np.uint16(Flag.SHADOW)
    shaded = widened((flags & np.uint16(Flag.SHADOW)) > 0, settings.shadow_margin_m / resolution_m)
    margin = widened(cloudy, settings.cloud_margin_m / resolution_m) | shaded
    flags[margin & ~cloudy & ((flags & np.uint16(Flag.SHADOW)) == 0)] |= np.uint16(Flag.DILATED)
    return replace(observation, flags=flags)


def widened(selected: Bools, radius_px: float) -> Bools:
    """Return True within `radius_px` pixels of a True pixel."""
    reach = math.floor(radius_px)
    result = selected.copy()
    if not reach or not selected.any():
        return result
    for down in range(-reach, reach + 1):
        for right in range(-reach, reach + 1):
            if (down or right) and math.hypot(down, right) <= radius_px:
                _add_shifted(result, selected, down, right)
    return result


def projected_shadow(
    observation: Observation,
    surroundings: Surroundings,
    sun: SunPosition,
    settings: MaskSettings,
) -> Bools:
    """Return True where a cloud may throw its shadow and the ground is dark.

    The height of a cloud is not known, so its shadow is looked for along the whole
    line away from the sun, from the lowest to the highest clouds.
    """
    cloudy = (observation.flags & np.uint16(Flag.CLOUD)) > 0
    candidate = np.zeros_like(cloudy)
    if sun.elevation_deg < settings.lowest_sun_deg or not cloudy.any():
        return candidate
    for down, right in shadow_shifts(observation.grid.resolution_m, sun, settings):
        _add_shifted(candidate, cloudy, down, right)
    candidate &= (observation.flags & np.uint16(Flag.WATER | Flag.CLOUD)) == 0
    return candidate & dark_shadow(observation, surroundings, settings.projected)


def shadow_shifts(
    resolution_m: float, sun: SunPosition, settings: MaskSettings
) -> Iterator[tuple[int, int]]:
    """Yield the shift in rows and columns from a cloud to its shadow, for every height."""
    slope = 1.0 / math.tan(math.radians(sun.elevation_deg))
    away = math.radians(sun.azimuth_deg + 180.0)
    first = round(settings.lowest_cloud_m * slope / resolution_m)
    last = round(settings.highest_cloud_m * slope / resolution_m)
    shifts = (
        (-round(step * math.cos(away)), round(step * math.sin(away)))
        for step in range(first, last + 1)
    )
    yield from dict.fromkeys(shifts)


def _hazy(observation: Observation, settings: MaskSettings) -> Bools:
    bands = observation.bands
    if any(band not in bands for band in VISIBLE):
        return np.zeros(observation.grid.shape, dtype=np.bool_)
    blue, green, red = (bands[band] for band in VISIBLE)
    with np.errstate(invalid="ignore"):
        hazy: Bools = blue - np.float32(0.5) * red > settings.haze_above
        hazy &= blue + green + red < 3 * settings.haze_brightness_below
    return hazy


def _add_shifted(target: Bools, source: Bools, down: int, right: int) -> None:
    height, width = source.shape
    if abs(down) >= height or abs(right) >= width:
        return
    to_rows = slice(max(down, 0), height + min(down, 0))
    to_columns = slice(max(right, 0), width + min(right, 0))
    from_rows = slice(max(-down, 0), height + min(-down, 0))
    from_columns = slice(max(-right, 0), width + min(-right, 0))
    target[to_rows, to_columns] |= source[from_rows, from_columns]
