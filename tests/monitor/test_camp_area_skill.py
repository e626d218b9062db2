"""Changes of area against the truth, on records small enough to work out by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest

from monitor.camp_area_skill import area_skill
from tests.monitor.test_camp_report import a_camp_row, a_record


def grown() -> list[dict[str, Any]]:
    """Ten looks of 10 ha, then five of 15."""
    rows = [a_camp_row(5 * n) for n in range(10)]
    return rows + [a_camp_row(50 + 5 * n, gain_ha=5.0, true=15.0, before=10.0) for n in range(5)]


def test_area_is_held_against_truth_over_thirty_days() -> None:
    skill = area_skill([a_record(camps=grown())])

    assert skill.changed_windows == 5
    assert skill.sign_right.value == 1.0
    assert skill.sign_sure.count == 5
    assert 0.0 < skill.error < skill.changed_error < 0.5


def test_half_of_a_camp_that_goes_has_the_sign_of_a_loss() -> None:
    rows = [a_camp_row(5 * n) for n in range(10)]
    rows += [a_camp_row(50 + 5 * n, fall=0.5, true=5.0, before=10.0) for n in range(5)]

    skill = area_skill([a_record(camps=rows)])

    assert (skill.changed_windows, skill.sign_right.count) == (5, 5)
    # One look alone may be a spoilt one: the doubt is said, and from the second on there is none.
    assert skill.sign_sure.count == 4
    assert skill.error < 0.1


def test_a_change_that_is_not_seen_has_neither_sign_nor_error_bar() -> None:
    rows = [a_camp_row(5 * n, true=10.0 if n < 10 else 15.0) for n in range(15)]

    skill = area_skill([a_record(camps=rows)])

    assert (skill.changed_windows, skill.sign_right.count, skill.sign_sure.count) == (5, 0, 0)
    assert skill.changed_covered.count == 0
    assert skill.changed_error == pytest.approx(0.5)


def test_burned_camps_and_what_is_left_of_dismantled_ones_are_no_windows() -> None:
    burned = [{**a_camp_row(5 * n), "disturbed": True} for n in range(15)]
    gone = [a_camp_row(5 * n, fall=1.0, true=0.0, before=0.05) for n in range(15)]

    for rows in (burned, gone):
        skill = area_skill([a_record(camps=rows)])
        assert skill.windows == 0 and math.isnan(skill.error)


def test_a_statement_is_held_against_the_truth_of_two_weeks_before() -> None:
    later = area_skill([a_record(camps=grown())], later_days=15.0)

    # Five looks show the gain, the truth of three of them lies in the first two of these.
    assert later.changed_windows == 2
    assert later.sign_right.value == 1.0
