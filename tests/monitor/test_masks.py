from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from aoi.grid import Grid
from monitor.masks import MaskSettings, masked, shadow_shifts, widened
from monitor.observation import Flag, Observation
from monitor.sun import SunPosition
from tests.builders import an_observation
from tests.monitor.test_shadows import BURNT, SAND, SHADOW, WIDE, land, times

SETTINGS = MaskSettings()
SOUTH_45 = SunPosition(azimuth_deg=180.0, elevation_deg=45.0)
"""The sun in the south, half way up: a cloud 1 km high throws its shadow 1 km north."""


def carries(
    observation: Observation, flag: Flag
) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    return (observation.flags & np.uint16(flag)) > 0


def with_cloud(observation: Observation, part: tuple[slice, slice]) -> Observation:
    flags = observation.flags.copy()
    flags[part] = Flag.CLOUD
    bands = {band: values.copy() for band, values in observation.bands.items()}
    for values in bands.values():
        values[part] = 0.8
    return replace(observation, bands=bands, flags=flags)


def test_a_cloud_gets_a_margin_of_eighty_metres() -> None:
    observation = with_cloud(an_observation(WIDE), np.s_[50:51, 50:51])

    dilated = carries(masked(observation, SOUTH_45, SETTINGS), Flag.DILATED)

    # A disc of radius 4 pixels has 49 pixels, one of them the cloud itself.
    assert dilated.sum() == 48
    assert dilated[46, 50]
    assert not dilated[45, 50]
    assert not dilated[47, 47]
    assert not dilated[50, 50]


def test_the_margin_is_a_setting() -> None:
    observation = with_cloud(an_observation(WIDE), np.s_[50:51, 50:51])
    settings = MaskSettings(cloud_margin_m=0.0)

    assert not carries(masked(observation, SOUTH_45, settings), Flag.DILATED).any()


def test_a_shadow_is_looked_for_away_from_the_sun() -> None:
    # Thin shade that is too bright for the test without a cloud: 58 % of the light.
    thin = dict.fromkeys(SAND, 0.58)
    thin |= {"swir16": 0.55, "swir22": 0.52}
    north, south = np.s_[20:25, 50:55], np.s_[80:85, 50:55]
    shaded = land(SAND, times(SAND, thin), north)
    for band, values in shaded.bands.items():
        values[south] = SAND[band] * thin[band]

    seen = carries(masked(with_cloud(shaded, np.s_[50:55, 50:55]), SOUTH_45, SETTINGS), Flag.SHADOW)

    assert seen[north].all()
    assert not seen[south].any()


def test_char_under_a_clouds_path_is_no_shadow() -> None:
    burned = land(SAND, BURNT, np.s_[20:25, 50:55])

    seen = masked(with_cloud(burned, np.s_[50:55, 50:55]), SOUTH_45, SETTINGS)

    assert not carries(seen, Flag.SHADOW).any()


@pytest.mark.parametrize(
    ("sun", "first", "last"),
    [
        # 200 m and 10 km high at 45 degrees: 10 and 500 pixels of 20 m.
        pytest.param(SunPosition(180, 45), (-10, 0), (-500, 0), id="sun in the south"),
        pytest.param(SunPosition(90, 45), (0, -10), (0, -500), id="sun in the east"),
        pytest.param(SunPosition(315, 45), (7, 7), (354, 354), id="sun in the north-west"),
    ],
)
def test_where_shadows_fall(
    sun: SunPosition, first: tuple[int, int], last: tuple[int, int]
) -> None:
    shifts = list(shadow_shifts(20.0, sun, SETTINGS))

    assert shifts[0] == first
    assert shifts[-1] == last
    assert len(shifts) == len(set(shifts))


def test_under_a_low_sun_nothing_is_projected() -> None:
    thin = dict.fromkeys(SAND, 0.58) | {"swir16": 0.55, "swir22": 0.52}
    shaded = with_cloud(land(SAND, times(SAND, thin), np.s_[20:25, 50:55]), np.s_[50:55, 50:55])

    low = masked(shaded, SunPosition(180, 9.9), SETTINGS)

    assert not carries(low, Flag.SHADOW).any()


def test_a_shadow_gets_a_margin_of_forty_metres() -> None:
    seen = masked(land(SAND, times(SAND, SHADOW), np.s_[40:50, 60:70]), SOUTH_45, SETTINGS)

    assert carries(seen, Flag.SHADOW).sum() == 100
    assert carries(seen, Flag.DILATED)[38, 65]
    assert not carries(seen, Flag.DILATED)[37, 65]


def test_haze_is_flagged_and_stays_usable() -> None:
    # Haze of strength 1 over sand: contrast x 0.85, and blue rises most (DETECTION 5.2).
    added = {
        "blue": 0.12,
        "green": 0.11,
        "red": 0.10,
        "nir08": 0.08,
        "swir16": 0.04,
        "swir22": 0.02,
    }
    hazy = {band: 0.85 * value + added[band] for band, value in SAND.items()}

    seen = masked(land(SAND, hazy, np.s_[40:50, 60:70]), SOUTH_45, SETTINGS)

    assert carries(seen, Flag.HAZE)[40:50, 60:70].all()
    assert carries(seen, Flag.HAZE).sum() == 100
    assert seen.clear.all()


def test_white_tents_are_not_haze() -> None:
    tents = dict.fromkeys(SAND, 0.55)

    assert not carries(masked(land(SAND, tents), SOUTH_45, SETTINGS), Flag.HAZE).any()


def test_clear_ground_stays_as_it_is_and_the_input_is_not_touched() -> None:
    observation = an_observation(WIDE)
    before = observation.flags.copy()

    seen = masked(observation, SOUTH_45, SETTINGS)

    assert (seen.flags == 0).all()
    np.testing.assert_array_equal(observation.flags, before)


def test_all_cloud_leaves_nothing_clear() -> None:
    covered = with_cloud(an_observation(WIDE), np.s_[:, :])

    assert not masked(covered, SOUTH_45, SETTINGS).clear.any()


@pytest.mark.parametrize(("radius", "count"), [(0.0, 1), (0.9, 1), (1.0, 5), (1.5, 9), (2.0, 13)])
def test_widening_is_by_discs(radius: float, count: int) -> None:
    selected = np.zeros((9, 9), np.bool_)
    selected[4, 4] = True

    assert widened(selected, radius).sum() == count


def test_widening_stops_at_the_edge() -> None:
    selected = np.zeros((2, 2), np.bool_)
    selected[0, 0] = True

    assert widened(selected, 5.0).all()


def test_a_small_area_is_masked_as_well() -> None:
    tiny = Grid(32635, 540_000, 1_510_000, 20, 2, 2)

    assert masked(an_observation(tiny), SOUTH_45, SETTINGS).clear.all()
