"""Is this gamma nought in linear power? Radar pixels as delivered, made sure of. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from monitor.errors import SourceRefused
from monitor.observation import Flag, Observation

POLARISATIONS = ("vv", "vh")

NOISE_POWER = 1e-4
"""Power below -40 dB is the noise at the border of a scene: water gives -20 to -33."""

MOST_POWER = 100.0
"""No ground of 10 m returns more than +20 dB as a median; numbers are amplitudes then."""

NEGATIVE_SHARE = 0.5
"""With more negative numbers than this they are decibels; noise taken off leaves a few."""

FEWEST_VALUES = 16
"""Different values from which whole numbers are no accident."""

LEAST_DB, MOST_DB = -45.0, 5.0
UNITS = "units"


def in_power(
    observation: Observation, scene_id: str, *, scale_declared: bool = False
) -> tuple[Observation, Mapping[str, str]]:
    """Return radar pixels in linear power, and what was done to them, for the tags of the look.

    Decibels are known by their signs, and converted; border noise, zeros and pixels below
    -40 dB are not measured.

    Parameters
    ----------
    observation : Observation
    scene_id : str
        For messages.
    scale_declared : bool
        True if the item says how stored numbers become values: whole numbers without a
        scale are amplitudes.

    Raises
    ------
    SourceRefused
        If there is neither VV nor VH, or the numbers are neither power nor decibels.
    """
    bands = {name: observation.bands[name] for name in POLARISATIONS if name in observation.bands}
    if not bands:
        raise SourceRefused(
            f"scene {scene_id} has neither vv nor vh",
            hint="name its assets vv and vh; only dual or single co-polarised scenes are read",
        )
    tags: dict[str, str] = {}
    if len(bands) < len(POLARISATIONS):
        tags["polarisations"] = f"{', '.join(bands)} alone"
    units = {n: _units(v, scene_id, n, scale_declared) for n, v in bands.items()}
    if len(set(units.values())) > 1:
        told = ", ".join(f"{name} in {unit}" for name, unit in units.items())
        raise SourceRefused(
            f"scene {scene_id} mixes units: {told}", hint="deliver both in linear power"
        )
    if "decibel" in units.values():
        tags[UNITS] = "decibel, converted to power"
        bands = {name: _power_of(values) for name, values in bands.items()}
    measured = {name: _measured(values) for name, values in bands.items()}
    flags = observation.flags.copy()
    for values in measured.values():
        flags[~np.isfinite(values)] |= np.uint16(Flag.NODATA)
    return replace(observation, bands=measured, flags=flags), tags


def _units(values: NDArray[np.float32], scene_id: str, name: str, scale_declared: bool) -> str:
    """Return ``"power"`` or ``"decibel"``, by the values."""
    known = values[np.isfinite(values) & (values != 0.0)]
    if known.size == 0:
        return "power"
    middle = float(np.median(known))
    if float((known < 0).mean()) > NEGATIVE_SHARE:
        if LEAST_DB <= middle <= MOST_DB:
            return "decibel"
        raise SourceRefused(
            f"scene {scene_id}, band {name}: a median of {middle:g} is neither power nor decibel",
            hint="deliver gamma nought in linear power, as sentinel-1-rtc does",
        )
    if middle > MOST_POWER or (not scale_declared and _are_whole(known)):
        raise SourceRefused(
            f"scene {scene_id}, band {name}: a median of {middle:g} is no backscatter in power; "
            "whole and large numbers are amplitudes",
            hint="calibrate and correct for terrain first: gamma nought, linear power (RTC)",
        )
    return "power"


def _are_whole(known: NDArray[np.float32]) -> bool:
    """Return True for integers that were taken for reflectance x 10000."""
    steps = np.unique(known[:20_000]).astype(np.float64) * 1e4
    if steps.size < FEWEST_VALUES:
        return False
    return bool(np.all(np.abs(steps - np.round(steps)) < np.maximum(1e-6 * steps, 1e-3)))


def _power_of(decibel: NDArray[np.float32]) -> NDArray[np.float32]:
    # Zero decibels where nothing was measured: real ground is never exactly that.
    known = np.where(decibel == 0.0, np.nan, decibel)
    return np.asarray(10.0 ** (0.1 * known), dtype=np.float32)


def _measured(power: NDArray[np.float32]) -> NDArray[np.float32]:
    with np.errstate(invalid="ignore"):
        return np.where(power >= NOISE_POWER, power, np.nan).astype(np.float32)
