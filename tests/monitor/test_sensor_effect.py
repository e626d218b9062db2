"""False alarms at equal recall, with sensors left out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from monitor.comparison import compared, promised
from monitor.rivals.rule import Scored
from monitor.sensor_effect import SensorEffect, sensor_effects
from monitor.sensors_left_out import ALL, OPTICAL
from monitor.world_scores import WorldScores
from tests.monitor.worlds import a_burn, a_world, some_scores

Rows = Mapping[float, Sequence[float]]
QUIET = [-6.0] * 5


def a_measured_world(name: str, alone: Rows, everything: Rows) -> WorldScores:
    """Two of five villages burn on day 98; each variant says its own of all five."""
    world = a_world(name, burns=[a_burn(f"{name}/a", 98), a_burn(f"{name}/b", 98)])
    shown = {OPTICAL: alone, ALL: everything}
    scored = [
        Scored(rule, some_scores({95: QUIET, **rows}, world.settlement_ids), 0.2)
        for rule, rows in shown.items()
    ]
    return replace(world, scored=(*world.scored, *scored))


def effects_of(alone: Rows, everything: Rows) -> tuple[SensorEffect, ...]:
    return sensor_effects([a_measured_world("w1", alone, everything)], promised)


# Villages c, d and e never burn: what is said of them is false.
ALONE: Rows = {100: [3.0, 1.0, 2.0, 1.5, 1.2]}
BESIDE_FIRES: Rows = {100: [3.0, 2.5, 2.0, 1.5, 1.2]}
ONE_WRONG: Rows = {100: [3.0, 1.4, 2.0, 1.0, 1.2]}
ALWAYS_ONE: Rows = {100: [3.0, 1.4, 2.0, -6.0, -6.0]}


def test_each_variant_is_asked_at_its_own_threshold_for_the_recall() -> None:
    rows = effects_of(ALONE, ONE_WRONG)

    assert [row.recall for row in rows] == [0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
    # One of two burns: above every false one, in both.
    assert dict(rows[1].false_per_year) == {ALL: 0.0, OPTICAL: 0.0}
    # Both: three false ones lie above the second burn, or one; over ten village-years.
    assert dict(rows[2].false_per_year) == {ALL: 0.1, OPTICAL: pytest.approx(0.3)}
    assert rows[2].ratio == pytest.approx(3.0)


def test_two_burns_a_hair_apart_have_a_threshold_between_them() -> None:
    rows = effects_of({100: [2.0, 1.9999, 1.9998, -6, -6]}, ONE_WRONG)

    assert dict(rows[-1].false_per_year)[OPTICAL] == 0.0


def test_no_false_alarm_at_all_against_some_is_more_than_any_number() -> None:
    rows = effects_of(ALONE, BESIDE_FIRES)

    assert math.isinf(rows[-1].ratio)


def test_a_variant_that_never_gets_there_is_compared_with_nothing() -> None:
    rows = effects_of({100: [3.0, -6, -6, -6, -6]}, BESIDE_FIRES)

    assert math.isnan(rows[-1].ratio)
    assert math.isnan(dict(rows[-1].false_per_year)[OPTICAL])


def test_the_interval_is_that_of_worlds_drawn_again() -> None:
    # Three worlds of ratio 3 (3 false against 1), and three where both raise one.
    apart = [a_measured_world(f"w{n}", ALONE, ONE_WRONG) for n in range(3)]
    alike = [a_measured_world(f"v{n}", ALWAYS_ONE, ALWAYS_ONE) for n in range(3)]

    row = sensor_effects([*apart, *alike], promised)[-1]

    # Together 12 of 60 years against 6.
    assert row.ratio == pytest.approx(2.0)
    assert 1.0 <= row.ratio_low < 2.0 < row.ratio_high <= 3.0


def test_the_same_worlds_give_the_same_interval() -> None:
    worlds = [a_measured_world(f"w{n}", ALONE, ONE_WRONG) for n in range(3)]

    assert sensor_effects(worlds, promised) == sensor_effects(worlds, promised)


def test_a_comparison_without_variants_has_no_rows() -> None:
    assert sensor_effects([a_world()], promised) == ()


def test_a_comparison_holds_the_effects_of_its_test_worlds() -> None:
    world = a_measured_world("w1", ALONE, ONE_WRONG)

    assert compared([], [world]).sensors == sensor_effects([world], promised)
