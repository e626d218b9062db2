from __future__ import annotations

import math

import pytest

from monitor.comparison import compared, in_part, promised
from monitor.detector_scores import FULL
from monitor.skill import TrueEvent
from tests.monitor.worlds import a_burn, a_world

Rows = dict[float, list[float]]

QUIET_ROWS: Rows = {95: [0, 0, 0, 0, 0], 100: [0, 0, 3, 0, 0], 150: [0, 0, 0, 0, 0]}


def test_a_found_burn_counts_once_for_each_rule_that_reaches_its_threshold() -> None:
    found = compared([], [a_world()])

    ours, rival = found.of_rule(FULL).native, found.of_rule("marx").native
    assert (ours.recall_dry.value, ours.recall_dry.exposure) == (1.0, 1)
    assert ours.false_per_year.value == 0.0
    # The rule of three: none in ten years.
    assert ours.false_per_year.high == pytest.approx(0.2996, abs=1e-3)
    # Half of 5 is 2.5, above 2.4 too.
    assert rival.recall_dry.value == 1.0


def test_lag_counts_from_the_fire_to_the_look() -> None:
    ours = compared([], [a_world()]).of_rule(FULL).native

    assert (ours.lag_dry_days, ours.lags_days) == (2.0, (2.0,))
    assert math.isnan(ours.lag_wet_days)
    assert ours.f1_within == ((7, 1.0), (14, 1.0), (30, 1.0))


def test_a_false_alarm_lowers_precision_and_is_given_its_cause() -> None:
    rows: Rows = {95: [0] * 5, 100: [5, 0, 3, 3, 0], 150: [0] * 5}
    fire = TrueEvent("w1/c", "bush_fire", a_burn("w1/c", 97).started_at, a_burn("", 98).ended_at)

    ours = compared([], [a_world(rows=rows, confounders=[fire])]).of_rule(FULL).native

    assert ours.false_per_year.value == 0.2
    assert (ours.precision.count, ours.precision.exposure) == (1, 3)
    assert dict(ours.causes) == {"bush_fire": 1, "none": 1}
    assert ours.fire_share.value == pytest.approx(1 / 3)


def test_thresholds_come_from_the_tuning_worlds_alone() -> None:
    teacher = a_world("t1", rows=QUIET_ROWS, burns=[])

    tuned = compared([teacher], [a_world()]).of_rule(FULL).tuned[0]

    # 0.01 a year allows a tenth of an alarm in ten years: none, so above the quiet 3.
    assert (tuned.threshold, tuned.tuned_to) == (3.0, 0.01)
    assert tuned.recall_dry.value == 1.0


def test_a_world_on_both_sides_is_refused() -> None:
    with pytest.raises(ValueError, match="same worlds"):
        compared([a_world("w1")], [a_world("w1")])


def test_no_world_is_refused() -> None:
    with pytest.raises(ValueError, match="no worlds"):
        compared([], [])


def test_a_rule_without_input_is_named_and_not_scored_as_zero() -> None:
    found = compared([], [a_world()])

    assert found.not_run == ("pwtt",)
    assert [rule.rule for rule in found.rules] == [FULL, "marx"]


def test_probabilities_are_judged_at_the_rate_that_they_were_stated_for() -> None:
    rows: Rows = {95: [0] * 5, 100: [5, 0, 3, 0, 0], 150: [0] * 5}

    calibration = compared([], [a_world(rows=rows, probability=0.7)]).calibration

    # One burn in ten years, as many as the prior of 0.1 a year expects: it counts as one,
    # and so does the false alarm.
    assert calibration is not None
    (only,) = calibration.diagram
    assert only.observed == pytest.approx(0.5)
    assert calibration.error == pytest.approx(0.2)
    # p of 0.25 and 0.75 are as uniform as two can be.
    assert calibration.p_gap == pytest.approx(0.25)


def test_intervals_come_from_worlds_where_those_differ() -> None:
    loud: Rows = {95: [0] * 5, 100: [0, 3, 3, 3, 3], 150: [0] * 5}
    worlds = [a_world(f"w{n}", rows=loud if n == 0 else None, burns=[]) for n in range(4)]

    rate = compared([], worlds).of_rule(FULL).native.false_per_year

    # 4 false alarms of world 0 and one each (its "burn" is none) of three others, in 40 years.
    assert rate.count == 7
    assert rate.low <= 0.1 <= rate.high


@pytest.mark.parametrize(
    ("event", "whole", "partial"),
    [
        pytest.param(a_burn("a", 1, 0.5), True, False, id="half burned"),
        pytest.param(a_burn("a", 1, 0.49), False, True, id="a little less"),
        pytest.param(a_burn("a", 1, 0.24), False, False, id="under a quarter"),
        pytest.param(a_burn("a", 1, area="<1 ha"), False, False, id="tiny village"),
        pytest.param(a_burn("a", 1, 0.3, area="1-2 ha"), False, False, id="part of a small one"),
        pytest.param(a_burn("a", 1, repeat="repeat"), False, False, id="burned before"),
        pytest.param(a_burn("a", 1, late="late"), False, False, id="at the end of the record"),
    ],
)
def test_what_is_promised(event: TrueEvent, whole: bool, partial: bool) -> None:
    assert (promised(event), in_part(event)) == (whole, partial)


def test_strata_leave_out_what_came_too_late_to_be_seen() -> None:
    burns = [a_burn("w1/a", 98, pattern="scattered"), a_burn("w1/b", 720, late="late")]

    ours = compared([], [a_world(burns=burns)]).of_rule(FULL).native

    rows = {(row.stratum, row.label): row.recall.exposure for row in ours.strata}
    assert rows[("season", "dry")] == 1
    assert rows[("pattern", "scattered")] == 1


def test_burns_are_classed_by_how_often_they_could_be_seen() -> None:
    burns = [a_burn("w1/a", 98), a_burn("w1/b", 148), a_burn("w1/c", 200)]

    ours = compared([], [a_world(burns=burns)]).of_rule(FULL).native

    # Looks of days 100 and 105 follow the first, that of day 150 the second, none the third.
    rows = {row.label: row.recall for row in ours.strata if row.stratum == "looks"}
    assert {label: recall.exposure for label, recall in rows.items()} == {
        "2-3 in 30 d": 1, "1 in 30 d": 1, "0 in 30 d": 1,
    }  # fmt: skip
    assert rows["2-3 in 30 d"].value == 1.0
