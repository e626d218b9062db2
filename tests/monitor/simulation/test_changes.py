from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pytest

from monitor.simulation.changes import Change, Course, changed, visible
from monitor.simulation.clock import new_year
from monitor.simulation.fires import GROUND_TOO
from monitor.simulation.materials import Cover, jittered
from monitor.simulation.seasons import GrowingYear, Seasons

DRY = new_year(2023) + 60.0
NIR, SWIR22 = 3, 5

# Block mixes of DETECTION 5.2 before the fire, and what of the ground chars and turns to ash.
THATCH = {Cover.THATCH: 0.35, Cover.SAND: 0.45, Cover.STRAW: 0.20}
MUD_BRICK = {Cover.MUD_BRICK: 0.30, Cover.THATCH: 0.15, Cover.SAND: 0.55}


def seasons() -> Seasons:
    """Materials of the table; everything dry on `DRY`, soil is sand."""
    years = tuple(
        GrowingYear(new_year(y) + 170, new_year(y) + 300, new_year(y) + 318, 1.0)
        for y in range(2021, 2026)
    )
    return Seasons(years, jittered(1, scale=0.0), sand=1.0)


def one_block(
    mix: Mapping[Cover, float], course: Course, touched: float = 1.0
) -> tuple[np.ndarray, Change]:
    """Cover of one uniform block, and a fire on a share of it."""
    shares = np.zeros((len(Cover), 4, 4), dtype=np.float32)
    for cover, share in mix.items():
        shares[cover] = share
    where = np.full((4, 4), touched, dtype=np.float32)
    return shares, changed(shares, slice(0, 4), slice(0, 4), where, GROUND_TOO, course)


def reflectance(shares: np.ndarray, change: Change, day: float) -> np.ndarray:
    """Six bands of one block on a day."""
    spectra = seasons().spectra(day)
    halves = spectra @ shares[:, 0, 0]
    halves = halves + change.difference(day, spectra, seasons()) @ change.shares[:, 0]
    return np.asarray(halves[:6] + halves[6:])


def nbr(bands: np.ndarray) -> float:
    return float((bands[NIR] - bands[SWIR22]) / (bands[NIR] + bands[SWIR22]))


def test_a_wholly_burned_thatch_block_looks_as_the_table_says() -> None:
    # .35 thatch and .20 straw become .40 char, .05 ash and .10 sand.
    course = Course(start=DRY, taking_days=0.1, char=0.40 / 0.55, ash=0.05 / 0.55)
    shares, change = one_block(THATCH, course)
    before, after = (reflectance(shares, change, DRY + d) for d in (-1.0, 0.2))

    assert nbr(before) - nbr(after) == pytest.approx(0.10, abs=0.03)
    assert math.log(before[NIR] / after[NIR]) == pytest.approx(0.29, abs=0.06)


def test_burned_roofs_of_mud_brick_hardly_show() -> None:
    course = Course(start=DRY, taking_days=0.1, char=0.13 / 0.15, ash=0.02 / 0.15)
    shares, change = one_block(MUD_BRICK, course)
    before, after = (reflectance(shares, change, DRY + d) for d in (-1.0, 0.2))

    assert nbr(before) - nbr(after) == pytest.approx(0.02, abs=0.01)
    assert math.log(before[NIR] / after[NIR]) == pytest.approx(0.07, abs=0.02)


def test_a_half_burned_block_is_half_way() -> None:
    course = Course(start=DRY, taking_days=0.1, char=0.7, ash=0.1)
    none, half, whole = (
        reflectance(*one_block(THATCH, course, touched=touched), DRY + day)
        for touched, day in ((1.0, -1.0), (0.5, 0.2), (1.0, 0.2))
    )

    assert np.allclose(half, (none + whole) / 2, atol=1e-4)


def test_nothing_shows_before_the_start() -> None:
    course = Course(start=DRY, taking_days=0.1, char=0.7)
    shares, change = one_block(THATCH, course)

    assert course.amount(DRY - 0.01) == 0.0
    assert not change.difference(DRY - 0.01, seasons().spectra(DRY), seasons()).any()
    assert shares.shape == (14, 4, 4)


def test_char_fades_to_a_third_in_tau_days_and_ash_sooner() -> None:
    course = Course(start=0.0, taking_days=0.1, char=0.6, ash=0.1, char_days=20.0, ash_days=4.0)

    assert course.char_left(20.0) == pytest.approx(0.6 / math.e)
    assert course.ash_left(8.0) == pytest.approx(0.1 / math.e**2)


def test_a_storm_removes_ash_and_doubles_the_fading_of_char() -> None:
    course = Course(start=0.0, taking_days=0.1, char=0.6, ash=0.1, char_days=20.0, washed_at=10.0)

    assert course.ash_left(10.5) == 0.0
    # Ten days at 20, then ten days at 10.
    assert course.char_left(20.0) == pytest.approx(0.6 * math.exp(-0.5 - 1.0))


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        pytest.param(9.0, 0.0, id="before"),
        pytest.param(12.0, 0.5, id="half way in"),
        pytest.param(20.0, 1.0, id="complete"),
        pytest.param(35.0, 0.5, id="half way out"),
        pytest.param(60.0, 0.0, id="recovered"),
    ],
)
def test_a_change_comes_and_goes(day: float, expected: float) -> None:
    course = Course(start=10.0, taking_days=4.0, recovers_at=30.0, recovering_days=10.0)

    assert course.amount(day) == pytest.approx(expected)


def test_a_gradual_change_is_slow_at_both_ends() -> None:
    course = Course(start=0.0, taking_days=10.0, gradual=True)

    # 3 x 0.1^2 - 2 x 0.1^3
    assert course.amount(1.0) == pytest.approx(0.028)
    assert course.amount(5.0) == pytest.approx(0.5)


def test_weeds_hide_bare_ground_in_the_rains() -> None:
    course = Course(start=DRY, taking_days=0.1, char=0.7)

    bare = course.ground(DRY + 60, seasons())
    grown = course.ground(new_year(2023) + 235, seasons())

    assert bare[6 + NIR] < 0.05
    assert grown[6 + NIR] > 0.1


def test_a_change_keeps_only_the_blocks_that_it_touches() -> None:
    shares = np.zeros((len(Cover), 8, 12), dtype=np.float32)
    shares[Cover.THATCH] = 0.5
    touched = np.zeros((8, 8), dtype=np.float32)
    touched[4:, :4] = 1.0

    change = changed(
        shares, slice(0, 8), slice(4, 12), touched, {Cover.THATCH: 1.0}, Course(0.0, 1.0)
    )

    # Two rows of three blocks: the window begins in the second column, its lower left is 4.
    assert change.blocks.tolist() == [4]
    assert change.changed_share.tolist() == [0.5]


def test_scatter_is_the_variance_inside_a_block() -> None:
    shares = np.zeros((len(Cover), 4, 4), dtype=np.float32)
    shares[Cover.THATCH] = 1.0
    touched = np.zeros((4, 4), dtype=np.float32)
    touched[:2] = 1.0

    change = changed(
        shares, slice(0, 4), slice(0, 4), touched, {Cover.THATCH: 1.0}, Course(0.0, 1.0)
    )

    # Half ones, half noughts.
    assert change.scatter.tolist() == [0.25]
    assert change.scatter_with[Cover.THATCH].tolist() == [0.0]


def test_visible_is_the_mean_of_three_bands_of_both_halves() -> None:
    values = np.zeros((12, 1), dtype=np.float32)
    values[:3, 0], values[6:9, 0] = (0.1, 0.2, 0.3), (0.0, 0.1, 0.2)

    assert visible(values).tolist() == pytest.approx([0.3])
