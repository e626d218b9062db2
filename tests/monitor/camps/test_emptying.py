from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from monitor.camps.area import falls_of, measured
from monitor.camps.emptying import (
    EmptyingClass,
    class_of,
    contrast_of,
    fall_of,
    lasting_fall,
    lost_strength,
    texture_fall_of,
)
from monitor.camps.reading import CampReading
from monitor.camps.rules import fall_at, growth_at, growth_now
from monitor.camps.settings import CampSettings

START = datetime(2024, 1, 1, tzinfo=UTC)
OWN = 20
APART = np.tile(np.array([[0.3], [0.3], [-0.1], [-0.05], [2.0]], np.float32), (1, OWN))
SCALE = np.tile(np.array([[0.03], [0.03], [0.02], [0.02], [0.2]], np.float32), (1, OWN))


def a_reading(at: float = 0.0, **changes: Any) -> CampReading:
    values: dict[str, Any] = {
        "fall": 0.0, "texture_fall": 0.5, "greening": 0.0, "clear": 1.0, "gain_m2": 0.0,
        "lasting_m2": 1e4, "gain_sigma_m2": 0.0, "outline_m2": 1e5, "strength": 0.0,
    }  # fmt: skip
    return CampReading(look_id=f"look-{at}", at=START + timedelta(days=at), **{**values, **changes})


def falls(*values: float, step_days: float = 5.0, greening: float = 0.0) -> list[CampReading]:
    return [a_reading(step_days * n, fall=f, greening=greening) for n, f in enumerate(values)]


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_the_fall_is_the_share_of_the_contrast_that_went(share: float) -> None:
    fall, _ = fall_of(-share * APART, SCALE, APART)

    assert fall == pytest.approx(share, abs=1e-5)


def test_a_camp_like_its_land_cannot_be_seen_to_empty() -> None:
    fall, _ = fall_of(0.0 * APART, SCALE, 0.05 * APART)

    assert math.isnan(fall)


def test_texture_falls_on_its_own() -> None:
    half = APART.copy()
    half[4] = -1.0

    assert texture_fall_of(half, APART) == pytest.approx(0.5)
    assert math.isnan(texture_fall_of(half, 0.1 * APART))


def test_a_cloud_over_a_corner_does_not_decide() -> None:
    change = np.zeros_like(APART)
    change[:, :2] = 5.0

    assert abs(fall_of(change, SCALE, APART)[0]) < 0.06


def test_the_contrast_is_against_the_middle_of_the_land() -> None:
    expected = np.zeros((5, 100), dtype=np.float32)
    expected[:, :10] = 0.4
    camp, land = np.arange(100) < 10, np.arange(100) >= 10

    apart = contrast_of(expected, camp, land)

    assert apart is not None and apart.shape == (5, 10)
    assert apart == pytest.approx(0.4)


def test_without_land_there_is_no_contrast() -> None:
    assert contrast_of(np.zeros((5, 20), np.float32), np.arange(20) < 5, np.arange(20) > 10) is None


@pytest.mark.parametrize(
    ("values", "looks"),
    [
        pytest.param((0, 0.3, 0.3, 0.3), 3, id="at the limit"),
        pytest.param((0, 0.3, 0.3), 0, id="two looks"),
        pytest.param((0, 0.4, 0.29, 0.4, 0.4), 3, id="one look between"),
        pytest.param((0.4, 0.2, 0.2, 0.4, 0.4), 0, id="broken"),
        pytest.param((0.4, 0.4, 0.4, 0.2), 0, id="not in the newest"),
        pytest.param((0.9, 0.9, 0.9, 0.0), 0, id="over"),
        pytest.param((), 0, id="nothing"),
    ],
)
def test_a_fall_must_last_three_looks(values: tuple[float, ...], looks: int) -> None:
    assert len(lasting_fall(falls(*values), 0.3, 3)) == looks


@pytest.mark.parametrize(
    ("series", "burned", "expected"),
    [
        pytest.param(falls(0, 0, 0.8, 0.8, 0.8), True, EmptyingClass.BURNED, id="burned"),
        pytest.param(falls(0, 0, 0.8, 0.8, 0.8), False, EmptyingClass.DISMANTLED, id="sudden"),
        pytest.param(
            falls(0, 0.2, 0.2, 0.35, 0.4, 0.4, step_days=20), False,
            EmptyingClass.UNDETERMINED, id="slow and bare",
        ),
        pytest.param(
            falls(0, 0.2, 0.2, 0.35, 0.4, 0.4, greening=0.08), False, EmptyingClass.OVERGROWN,
            id="green",
        ),
        pytest.param(
            [replace(f, texture_fall=0.02) for f in falls(0, 0, 0.5, 0.5, 0.5)], False,
            EmptyingClass.UNDETERMINED, id="dust",
        ),
        pytest.param(
            falls(0.8, 0.8, 0.8), False, EmptyingClass.UNDETERMINED, id="never seen whole"
        ),
    ],
)  # fmt: skip
def test_how_a_camp_emptied(
    series: list[CampReading], burned: bool, expected: EmptyingClass
) -> None:
    assert class_of(series, START if burned else None, 0.3) is expected


def test_a_found_camp_is_held_against_its_own_best() -> None:
    series = [a_reading(n, strength=0.4) for n in range(5)]

    assert lost_strength(series, 0.1) == pytest.approx(0.75)
    assert math.isnan(lost_strength(series[:2], 0.1))
    assert math.isnan(lost_strength(series, math.nan))


def test_the_ground_is_the_outline_and_what_was_gained() -> None:
    series = [
        a_reading(0), a_reading(5, fall=0.1), a_reading(10, fall=math.nan),
        a_reading(15, gain_m2=2e4, gain_sigma_m2=2e3, newest_m2=2e4),
        a_reading(20, newest_m2=4e4),
    ]  # fmt: skip

    found = measured(series)

    # What fell is not ground; an unseen look says nothing; what one look shows counts half.
    assert [item.area_m2 for item in found] == pytest.approx([1e5, 1e5, 1.2e5, 1.2e5])
    # The last one is as uncertain as what it counts: 2e4, and 1 % of the outline.
    assert found[-1].sigma_log == pytest.approx(math.hypot(2e4, 1e3) / 1.2e5)
    assert [fall for _, fall in falls_of(series)] == [0.0, 0.1, 0.0, 0.0]


def test_a_camp_that_loses_half_is_said_to_lose_half() -> None:
    series = [
        *[a_reading(5 * n) for n in range(12)], *[a_reading(60 + 5 * n, fall=0.5) for n in range(4)]
    ]  # fmt: skip

    found = growth_now(series, CampSettings())

    assert found is not None
    assert found.change == pytest.approx(-0.5, abs=0.06)
    assert found.change_low < -0.4 and found.change_high < -0.3
    assert found.area_m2 == pytest.approx(5e4, rel=0.1)
    assert found.before_m2 == pytest.approx(1e5, rel=0.03)
    assert found.certainty < 0.5


def test_nothing_seen_is_nothing_said() -> None:
    assert growth_now([], CampSettings()) is None
    unseen = [a_reading(5 * n, fall=math.nan) for n in range(8)]
    assert growth_now(unseen, CampSettings()) is None


def test_growth_needs_certainty_and_half_a_hectare() -> None:
    settings = CampSettings()
    quiet = [a_reading(5 * n) for n in range(8)]
    small = [a_reading(40 + 5 * n, gain_m2=4e3, outline_m2=1e4) for n in range(4)]
    large = [a_reading(40 + 5 * n, gain_m2=5e4) for n in range(4)]
    tiny = [a_reading(5 * n, outline_m2=1e4) for n in range(8)]

    assert growth_at(quiet, settings) is None
    assert growth_at([*quiet, large[0]], settings) is None
    fresh = [replace(reading, lasting_m2=0.0) for reading in large]
    assert growth_at([*quiet, *fresh], settings) is None
    assert growth_at([*tiny, *small], settings) is None
    found = growth_at([*quiet, *large], settings)
    assert found is not None and found.change > 0.3


def test_a_camp_that_lost_more_than_it_gained_has_not_grown() -> None:
    settings = CampSettings()
    # 10 ha and 3 ha beside them since half a year: no month shows it.
    stands = [a_reading(5 * n, gain_m2=3e4, lasting_m2=3e4) for n in range(36)]
    half = [replace(reading, fall=0.5) for reading in stands]

    found = growth_at(stands, settings)

    assert found is not None and found.slow and found.area_m2 == pytest.approx(1.3e5)
    assert growth_at(half, settings) is None


@pytest.mark.parametrize(
    ("series", "looks"),
    [
        pytest.param(falls(0, 0.5, 0.5), 0, id="half, twice"),
        pytest.param(falls(0, 0.5, 0.5, 0.5), 3, id="half, three times"),
        pytest.param(falls(0, 0.6, 0.6), 2, id="deep, twice"),
        pytest.param(falls(0, 0.9), 0, id="deep, once"),
    ],
)
def test_a_deep_fall_needs_one_look_less(series: list[CampReading], looks: int) -> None:
    assert len(fall_at(series, CampSettings())) == looks


def test_an_unseen_look_continues_no_fall() -> None:
    series = falls(0, 0.8, 0.8, 0.8)

    assert len(fall_at(series, CampSettings())) == 3
    assert fall_at([*series, a_reading(30, fall=math.nan)], CampSettings()) == ()
    assert fall_at([], CampSettings()) == ()
