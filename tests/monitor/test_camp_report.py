"""The report on camps, on records small enough to work out by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.camp_report import (
    alarms_of,
    by_class,
    calibration_of,
    events_of,
    report_lines,
    results_of,
)

START = datetime(2024, 1, 1, tzinfo=UTC)


def day(number: float) -> str:
    return (START + timedelta(days=number)).isoformat()


def an_event(kind: str, at: float, **changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "id": f"{kind}-0", "kind": kind, "settlement_id": None, "start": day(at),
        "end": day(at + 20), "fraction": 0.5, "pattern": "", "area_ha": 4.0, "row": 10.0,
        "column": 10.0,
    }  # fmt: skip
    return {**values, **changes}


def a_patch(at: float, **changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "at": day(at), "area_ha": 3.0, "score": 3.0, "texture_sigma": 8.0, "years_checked": 2,
        "refused": "", "row": 12.0, "column": 10.0, "events": ["camp-new-00"], "new": True,
    }  # fmt: skip
    return {**values, **changes}


def a_camp_row(
    at: float, *, fall: float = 0.0, gain_ha: float = 0.0, true: float = 10.0, before: float = 10.0
) -> dict[str, Any]:
    reading = {
        "look_id": f"look-{at}", "at": day(at), "fall": fall, "texture_fall": fall,
        "greening": 0.0, "clear": 1.0, "gain_m2": gain_ha * 1e4, "gain_sigma_m2": 1e3,
        "lasting_m2": gain_ha * 1e4,
        "outline_m2": 1e5, "strength": 0.0,
    }  # fmt: skip
    return {
        "camp_id": "camp-1", "reading": reading, "true_ha": true, "true_before_ha": before,
        "disturbed": False,
    }  # fmt: skip


def a_record(**changes: Any) -> dict[str, Any]:
    """A year over 1,000 km2: a camp is found in 20 days, and a mine is taken for one."""
    values: dict[str, Any] = {
        "world": "camp_bench/1", "from": day(0), "until": day(365.25), "km2_years": 1_000.0,
        "events": [an_event("camp_new", 100), an_event("mine", 150)],
        "patches": [
            a_patch(120), a_patch(200, row=100.0, events=["mine-0"], score=2.5),
            a_patch(205, row=101.0, events=["mine-0"], score=2.7, new=False,
                    refused="its sign is weak for its size: score 2.3 of 2.4"),
        ],
        "camps": [a_camp_row(5 * n) for n in range(20)],
        "reasons": [],
    }  # fmt: skip
    return {**values, **changes}


def test_recall_lag_and_false_alarms_of_new_camps() -> None:
    new = results_of([a_record()])[0]

    assert (new.events, new.found.count, new.found_in_time.count) == (1, 1, 1)
    assert new.median_lag_days == 20
    assert new.false_rate.value == 1.0


def test_a_camp_in_another_world_explains_nothing() -> None:
    empty = a_record(events=[], patches=[a_patch(120)])
    full = a_record(patches=[])

    new = results_of([empty, full])[0]

    assert (new.found.count, new.false_alarms) == (0, 1)


def test_small_camps_are_neither_missed_nor_false() -> None:
    record = a_record(events=[an_event("camp_new", 100, area_ha=0.6)], patches=[a_patch(120)])

    new = results_of([record])[0]

    assert (new.events, new.false_alarms) == (0, 0)


def test_what_begins_at_the_end_of_a_world_is_not_counted() -> None:
    assert list(events_of(a_record(events=[an_event("camp_new", 330)]))) == []


def test_a_camp_that_burns_is_an_emptying() -> None:
    burn = an_event("burned", 50, settlement_id="camp-1", fraction=0.8)
    rows = [a_camp_row(5 * n, fall=0.7 if n > 10 else 0.0) for n in range(20)]

    emptying = results_of([a_record(events=[burn], camps=rows)])[2]

    assert (emptying.events, emptying.found.count) == (1, 1)
    assert [e.pattern for e in events_of(a_record(events=[burn]))] == ["burned"]


def test_a_burned_village_is_no_camp() -> None:
    burn = an_event("burned", 50, settlement_id="village-1")

    assert list(events_of(a_record(events=[burn]))) == []


def test_the_calibration_keeps_the_highest_score_of_each_place() -> None:
    calibration = calibration_of([a_record()], "v")

    # The mine, twice within a place and a season; the true camp is no placebo.
    assert calibration.patches.scores.tolist() == [2.7]
    assert calibration.patches.exposure == 1.0
    assert calibration.falls.scores.tolist() == [0.0]
    assert calibration.falls.exposure == pytest.approx(1.0)


def test_a_fall_is_told_once_and_again_when_it_became_worse() -> None:
    falls = [0.0] * 6 + [0.5] * 6 + [1.0] * 6
    rows = [a_camp_row(5 * n, fall=fall) for n, fall in enumerate(falls)]

    told = [a for a in alarms_of(a_record(camps=rows, patches=[])) if a.kind == "camp_emptied"]

    # The third look with half of it gone; then the second with all: the middle of three moved.
    assert [(a.at - START).days for a in told] == [40, 65]
    assert [a.change for a in told] == [0.5, 1.0]


def test_the_day_of_a_hectare_goes_into_the_event() -> None:
    (event,) = events_of(a_record(events=[an_event("camp_new", 100, one_ha_at=day(107.5))]))

    assert event.one_ha_at == START + timedelta(days=107.5)


def test_growth_is_an_alarm_of_its_camp() -> None:
    rows = [a_camp_row(5 * n, gain_ha=5.0 if n > 12 else 0.0) for n in range(20)]

    found = [a for a in alarms_of(a_record(camps=rows, patches=[])) if a.kind == "camp_growth"]

    assert {alarm.settlement_id for alarm in found} == {"camp-1"}
    assert found[-1].change == pytest.approx(0.5, abs=0.1)


def test_classes_part_the_events() -> None:
    classes = {(kind, label): one.events for kind, label, one in by_class([a_record()])}

    # Day 100 of the year is in April.
    assert classes["camp_new", "dry"] == 1
    assert classes["camp_new", "wet"] == 0


def test_the_report_names_its_worlds_and_its_false_alarms() -> None:
    text = "\n".join(report_lines({"Held-out worlds": [a_record()], "Tuning worlds": []}))

    assert "camp_bench/1: 1,000 km2-years" in text
    assert "| mine | 1 |" in text


def test_the_report_holds_what_was_measured_against_the_goals() -> None:
    text = "\n".join(report_lines({"Held-out worlds": [a_record()], "Tuning worlds": []}))
    rows = {line.split(" | ")[0][2:]: line for line in text.splitlines()}

    # Found after 20 days; a mine taken for a camp on 1,000 km2 in a year; nothing was emptied.
    assert rows["new camps of 1 ha, dry, found within 30 days of its first shelter"].endswith(
        "1 of 1) | met |"
    )
    assert rows["false new camps per 1,000 km2 and year"].endswith("| missed |")
    assert rows["dismantled or burned camps told within 45 days"].endswith("| not measured |")
