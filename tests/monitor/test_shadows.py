from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from aoi.grid import Grid
from monitor.observation import Flag, Observation
from monitor.shadows import ShadowSettings, dark_shadow, surroundings_of
from tests.builders import CHAR, GROUND, an_observation

SETTINGS = ShadowSettings()
WIDE = Grid(32635, 540_000, 1_510_000, 20, 100, 100)
"""2 x 2 km."""

SPOT = np.s_[40:50, 60:70]
"""10 x 10 pixels: 4 ha."""

# DETECTION 5.2.
SHADOW = {"blue": 0.55, "green": 0.48, "red": 0.42, "nir08": 0.33, "swir16": 0.30, "swir22": 0.28}
WET = {"blue": 0.72, "green": 0.72, "red": 0.71, "nir08": 0.70, "swir16": 0.66, "swir22": 0.60}
SAND = {"blue": 0.10, "green": 0.15, "red": 0.22, "nir08": 0.30, "swir16": 0.42, "swir22": 0.38}
CLAY = {"blue": 0.06, "green": 0.09, "red": 0.14, "nir08": 0.23, "swir16": 0.33, "swir22": 0.27}
STRAW = {"blue": 0.08, "green": 0.12, "red": 0.17, "nir08": 0.30, "swir16": 0.36, "swir22": 0.26}
LEAVES = {"blue": 0.03, "green": 0.06, "red": 0.04, "nir08": 0.40, "swir16": 0.20, "swir22": 0.10}
BURNT = {
    "blue": 0.040,
    "green": 0.045,
    "red": 0.050,
    "nir08": 0.075,
    "swir16": 0.12,
    "swir22": 0.13,
}
WATER = {"blue": 0.06, "green": 0.07, "red": 0.05, "nir08": 0.03, "swir16": 0.02, "swir22": 0.01}

Spectrum = Mapping[str, float]


def times(spectrum: Spectrum, factor: Spectrum) -> dict[str, float]:
    return {band: value * factor[band] for band, value in spectrum.items()}


def mixed(one: Spectrum, other: Spectrum, share: float) -> dict[str, float]:
    return {band: share * one[band] + (1 - share) * other[band] for band in one}


def land(around: Spectrum, spot: Spectrum, part: tuple[slice, slice] = SPOT) -> Observation:
    bands = {}
    for band, value in around.items():
        values = np.full(WIDE.shape, value, np.float32)
        values[part] = spot[band]
        bands[band] = values
    return an_observation(WIDE, bands=bands)


def found(observation: Observation, settings: ShadowSettings = SETTINGS) -> NDArray[np.bool_]:
    return dark_shadow(observation, surroundings_of(observation, settings), settings)


@pytest.mark.parametrize("ground", [SAND, CLAY, STRAW, LEAVES, GROUND])
def test_shade_is_found_on_every_ground(ground: Spectrum) -> None:
    shadow = found(land(ground, times(ground, SHADOW)))

    assert shadow[SPOT].all()
    assert shadow.sum() == 100


@pytest.mark.parametrize(
    ("around", "spot"),
    [
        pytest.param(SAND, BURNT, id="char on sand"),
        pytest.param(STRAW, BURNT, id="char on straw"),
        pytest.param(CLAY, BURNT, id="char on clay"),
        pytest.param(LEAVES, BURNT, id="char in a forest"),
        pytest.param(SAND, mixed(BURNT, SAND, 0.8), id="mostly char on sand"),
        pytest.param(STRAW, mixed(BURNT, STRAW, 0.5), id="half char on straw"),
        pytest.param(GROUND, CHAR, id="a burned village"),
    ],
)
def test_char_is_never_shadow(around: Spectrum, spot: Spectrum) -> None:
    assert not found(land(around, spot)).any()


@pytest.mark.parametrize(
    ("around", "spot"),
    [
        pytest.param(SAND, WATER, id="water in sand"),
        pytest.param(LEAVES, WATER, id="water in a forest"),
        pytest.param(SAND, times(SAND, WET), id="wet sand"),
        pytest.param(SAND, times(CLAY, WET), id="wet clay in sand"),
        pytest.param(SAND, LEAVES, id="trees in a desert"),
        pytest.param(LEAVES, CLAY, id="a field in a forest"),
        pytest.param(SAND, CLAY, id="clay in sand"),
        pytest.param(SAND, SAND, id="nothing"),
    ],
)
def test_other_dark_ground_is_not_shadow(around: Spectrum, spot: Spectrum) -> None:
    assert not found(land(around, spot)).any()


def test_a_scorched_canopy_is_not_shadow() -> None:
    # Near infrared keeps 0.30 of its light, short-wave infrared 0.40, the visible 0.50:
    # tilted to the blue, but near infrared fell most.
    kept = {"blue": 0.5, "green": 0.5, "red": 0.5, "nir08": 0.3, "swir16": 0.4, "swir22": 0.4}

    assert not found(land(LEAVES, times(LEAVES, kept))).any()


def test_char_on_a_dark_slope_amid_burned_land_is_not_shadow() -> None:
    # As in the Landsat 7 fires: its burn ratio is (0.048 - 0.075) / 0.123 = -0.22.
    around = {"blue": 0.05, "green": 0.06, "red": 0.07, "nir08": 0.12, "swir16": 0.2, "swir22": 0.2}
    spot = {"blue": 0.030, "green": 0.032, "red": 0.035, "nir08": 0.048, "swir16": 0.070,
            "swir22": 0.075}  # fmt: skip

    assert not found(land(around, spot)).any()
    assert found(land(around, spot), replace(SETTINGS, least_nbr=-1.0))[SPOT].all()


def test_shade_below_a_third_of_a_hectare_is_a_house_or_a_tree() -> None:
    # 9 pixels of 400 m2 are the 3,600 m2 of the setting, 8 are not.
    nine, eight = np.s_[40:43, 60:63], np.s_[40:42, 60:64]

    assert found(land(SAND, times(SAND, SHADOW), nine)).sum() == 9
    assert not found(land(SAND, times(SAND, SHADOW), eight)).any()


def test_a_large_shadow_is_not_its_own_measure() -> None:
    # 40 % of the land in shade.
    part = np.s_[:, :40]

    assert found(land(SAND, times(SAND, SHADOW), part))[part].all()


def test_clouds_and_water_are_not_the_measure() -> None:
    bright = land(SAND, times(SAND, SHADOW))
    flags = bright.flags.copy()
    flags[:, :55] = Flag.CLOUD
    bands = {band: np.where(flags > 0, np.float32(0.9), v) for band, v in bright.bands.items()}

    shadow = found(replace(bright, bands=bands, flags=flags))

    assert shadow[SPOT].all()


def test_unmeasured_pixels_are_no_shadow() -> None:
    observation = land(SAND, times(SAND, SHADOW))
    bands = {band: values.copy() for band, values in observation.bands.items()}
    for values in bands.values():
        values[45, 65] = np.nan

    shadow = found(replace(observation, bands=bands))

    assert not shadow[45, 65]
    assert shadow.sum() == 99


def test_nothing_measured_gives_nothing() -> None:
    bands = {band: np.full(WIDE.shape, np.nan, np.float32) for band in SAND}

    assert not found(an_observation(WIDE, bands=bands)).any()


@pytest.mark.parametrize("missing", ["nir08", "swir16 swir22", "blue green red"])
def test_without_its_bands_the_test_says_nothing(missing: str) -> None:
    observation = land(SAND, times(SAND, SHADOW))
    bands = {b: v for b, v in observation.bands.items() if b not in missing.split()}

    assert not found(replace(observation, bands=bands)).any()


def test_one_short_wave_band_is_enough() -> None:
    observation = land(SAND, times(SAND, SHADOW))
    bands = {b: v for b, v in observation.bands.items() if b != "swir22"}

    assert found(replace(observation, bands=bands))[SPOT].all()
