"""False alarms at equal recall, with sensors left out."""

from __future__ import annotations

import math
from dataclasses import replace

from monitor.comparison import RuleResult, compared
from monitor.sensor_effect import sensor_effects
from monitor.sensors_left_out import ALL, OPTICAL
from monitor.skill import CurvePoint
from tests.monitor.worlds import a_burn, a_world

SOME = compared([a_world("t1")], [a_world("w1", burns=[a_burn("w1/a", 98)])]).rules[0]


def a_rule(name: str, *points: tuple[float, float]) -> RuleResult:
    """Points as (recall, false alarms per year)."""
    return replace(SOME, rule=name, curve=tuple(CurvePoint(0.0, f, r) for r, f in points))


def test_variants_are_compared_where_they_first_reach_a_recall() -> None:
    everything = a_rule(ALL, (0.45, 0.0), (0.62, 0.002), (0.75, 0.01))
    alone = a_rule(OPTICAL, (0.45, 0.004), (0.62, 0.01), (0.7, 0.04))

    rows = sensor_effects([everything, alone])

    assert [row.recall for row in rows] == [0.4, 0.5, 0.6, 0.7]
    assert dict(rows[1].false_per_year) == {ALL: 0.002, OPTICAL: 0.01}
    assert rows[1].ratio == 5.0
    assert rows[3].ratio == 4.0


def test_no_false_alarm_at_all_against_some_is_more_than_any_number() -> None:
    rows = sensor_effects([a_rule(ALL, (0.5, 0.0)), a_rule(OPTICAL, (0.5, 0.01))])

    assert math.isinf(rows[0].ratio)


def test_a_variant_that_never_gets_there_is_compared_with_nothing() -> None:
    rows = sensor_effects([a_rule(ALL, (0.5, 0.01)), a_rule(OPTICAL, (0.3, 0.01))])

    assert math.isnan(rows[0].ratio)
    assert math.isnan(dict(rows[0].false_per_year)[OPTICAL])


def test_a_comparison_without_variants_has_no_rows() -> None:
    assert sensor_effects([SOME]) == ()
