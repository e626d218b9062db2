from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.ndimage import shift as moved

from aoi.grid import Grid
from monitor.looks import Look
from monitor.registration import held_by_misregistration, shift_between
from monitor.scene import Sensor
from tests.builders import NOW

SIDE = 80
BLOCK_M = 40
GRID = Grid(32635, 500_000, 1_500_000, BLOCK_M, SIDE, SIDE)
DAY = timedelta(days=1)
TRACK = "sentinel-2-093"


def ground(seed: int = 1) -> NDArray[np.float64]:
    """Fields and bush of some 100 m: reflectance around 0.3, contrasts of 0.05."""
    texture = gaussian_filter(np.random.default_rng(seed).standard_normal((SIDE, SIDE)), 1.5)
    return np.asarray(0.3 + 0.05 * texture / texture.std())


def a_look(day: float, south_m: float = 0.0, east_m: float = 0.0, *, track: str = TRACK,
           gain: float = 1.0, noise: float = 0.004) -> Look:  # fmt: skip
    rng = np.random.default_rng(int(1_000 + day))
    blocks = (south_m / BLOCK_M, east_m / BLOCK_M)
    picture = gain * moved(ground(), blocks, order=3, mode="nearest")
    picture += noise * rng.standard_normal(picture.shape)
    return Look(
        look_id=f"look-{day:g}", aoi_id="sd-test", sensor=Sensor.SENTINEL_2,
        platform="sentinel-2a", track=track, acquired_at=NOW + day * DAY,
        available_at=NOW + day * DAY, blocks=GRID,
        bands={"nir08": picture.astype(np.float32), "red": (0.6 * picture).astype(np.float32)},
        texture=np.zeros(GRID.shape, dtype=np.float32),
        clear_fraction=np.ones(GRID.shape, dtype=np.float32),
        flags=np.zeros(GRID.shape, dtype=np.uint16), scene_ids=(f"S2-{day:g}",),
    )  # fmt: skip


BEFORE = [a_look(day) for day in (-25, -20, -15, -10, -5)]


@pytest.mark.parametrize(
    ("south_m", "east_m"),
    [(0.0, 0.0), (3.0, 0.0), (0.0, -8.0), (12.0, 5.0), (-20.0, 20.0), (35.0, 0.0)],
)
def test_a_shift_is_measured_to_two_metres(south_m: float, east_m: float) -> None:
    found = shift_between(a_look(0, south_m, east_m), BEFORE, "nir08")

    assert found is not None
    assert found.south_m == pytest.approx(south_m, abs=2.0)
    assert found.east_m == pytest.approx(east_m, abs=2.0)


def test_a_picture_more_than_a_pixel_off_is_held_and_says_how_far() -> None:
    assert held_by_misregistration(a_look(0, 16.0, 12.0), BEFORE) == (
        "held: the picture lies 20 m beside the looks before it"
    )


def test_what_lies_in_its_place_is_not_held_however_bright_the_day() -> None:
    for gain in (0.8, 1.0, 1.2):
        assert held_by_misregistration(a_look(0, 4.0, -4.0, gain=gain), BEFORE) == ""


def test_what_changed_is_no_shift() -> None:
    look = a_look(0)
    # A third of the land burned.
    bands = {name: values.copy() for name, values in look.bands.items()}
    for values in bands.values():
        values[:, : SIDE // 3] *= 0.5
    assert held_by_misregistration(replace(look, bands=bands), BEFORE) == ""


def test_an_edge_that_moved_in_one_band_alone_is_no_shift() -> None:
    look = a_look(0)
    bands = {**look.bands, "nir08": a_look(0, 20.0).bands["nir08"]}

    assert held_by_misregistration(replace(look, bands=bands), BEFORE) == ""


def test_clouds_leave_gaps_that_do_not_matter() -> None:
    look = a_look(0, 16.0, 12.0)
    clear = look.clear_fraction.copy()
    clear[20:60, 10:50] = 0.0

    assert "20 m" in held_by_misregistration(replace(look, clear_fraction=clear), BEFORE)


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(BEFORE[-2:], id="two looks"),
        pytest.param([a_look(day) for day in (-100, -95, -90, -85, -80)], id="of long ago"),
        pytest.param([a_look(day) for day in (5, 10, 15, 20)], id="that came later"),
    ],
)
def test_with_nothing_to_hold_it_against_nothing_is_said(before: list[Look]) -> None:
    assert held_by_misregistration(a_look(0, 40.0), before) == ""


def test_too_little_clear_ground_decides_nothing() -> None:
    look = a_look(0, 16.0, 12.0)
    clear = np.zeros_like(look.clear_fraction)
    clear[:40, :40] = 1.0

    assert held_by_misregistration(replace(look, clear_fraction=clear), BEFORE) == ""


def test_without_the_band_the_shift_is_unknown() -> None:
    assert shift_between(a_look(0), BEFORE, "vv") is None
