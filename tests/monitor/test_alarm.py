from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from monitor.alarm import Alarm, ScoreRows, Scores, alarms_at, instant, seconds

START = datetime(2024, 1, 1, tzinfo=UTC)


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def some_scores(*rows: tuple[float, list[float]], ids: tuple[str, ...] = ("a",)) -> Scores:
    """Rows of (day, score of each settlement)."""
    return Scores.of(ids, [ScoreRows.at_look(np.array(v), day(d)) for d, v in rows])


def test_an_alarm_lies_between_the_last_quiet_and_the_first_loud_look() -> None:
    (alarm,) = alarms_at(some_scores((0, [0.1]), (5, [0.2]), (10, [0.9])), 0.5)

    assert alarm == Alarm("a", day(10), day(5), day(10), 0.9, alarm.probability)


def test_a_score_equal_to_the_threshold_does_not_alarm() -> None:
    assert alarms_at(some_scores((0, [0.1]), (5, [0.5])), 0.5) == []


def test_a_lasting_sign_repeats_after_thirty_days_with_its_first_interval() -> None:
    scores = some_scores((0, [0.0]), *((5.0 * n, [1.0]) for n in range(1, 9)))

    alarms = alarms_at(scores, 0.5)

    assert [a.at for a in alarms] == [day(5), day(35)]
    assert {(a.observed_after, a.observed_before) for a in alarms} == {(day(0), day(5))}


def test_a_new_sign_within_thirty_days_is_not_a_second_alarm() -> None:
    scores = some_scores((0, [0.0]), (5, [1.0]), (10, [0.0]), (34, [1.0]), (36, [0.0]), (40, [1.0]))

    assert [a.at for a in alarms_at(scores, 0.5)] == [day(5), day(40)]


def test_a_latched_sign_does_not_repeat() -> None:
    rows = [ScoreRows.at_look(np.array([float(n > 0)]), day(5.0 * n)) for n in range(9)]

    assert [a.at for a in alarms_at(Scores.of(("a",), rows, latched=True), 0.5)] == [day(5)]


def test_settlements_do_not_share_their_alarms() -> None:
    scores = some_scores((0, [0.0, 0.0]), (5, [1.0, 1.0]), ids=("a", "b"))

    assert [a.settlement_id for a in alarms_at(scores, 0.5)] == ["a", "b"]


def test_the_first_look_of_a_series_has_no_quiet_look_before_it() -> None:
    (alarm,) = alarms_at(some_scores((3, [1.0])), 0.5)

    assert alarm.observed_after == alarm.observed_before == day(3)


def test_a_rule_of_two_looks_dates_its_alarm_from_the_first() -> None:
    first = np.array([seconds(day(5))])
    rows = [
        ScoreRows.at_look(np.array([0.0]), day(0)),
        ScoreRows.at_look(np.array([0.0]), day(5)),
        ScoreRows.at_look(np.array([1.0]), day(10), first=first),
    ]

    (alarm,) = alarms_at(Scores.of(("a",), rows), 0.5)

    assert (alarm.at, alarm.observed_after, alarm.observed_before) == (day(10), day(0), day(5))


def test_settlements_that_were_not_seen_leave_no_row() -> None:
    scores = some_scores((0, [np.nan, 1.0]), ids=("a", "b"))

    assert len(scores) == 1
    assert scores.settlement.tolist() == [1]


def test_rows_that_come_unsorted_are_sorted_by_settlement_and_time() -> None:
    scores = some_scores((5, [2.0, 4.0]), (0, [1.0, 3.0]), ids=("a", "b"))

    assert scores.score.tolist() == [1.0, 2.0, 3.0, 4.0]


def test_a_span_of_scores_holds_its_start_and_not_its_end() -> None:
    scores = some_scores((0, [1.0]), (5, [2.0]), (10, [3.0]))

    assert scores.between(day(0), day(10)).score.tolist() == [1.0, 2.0]


def test_no_rows_are_no_alarms() -> None:
    assert alarms_at(Scores.of(("a",), []), 0.5) == []


def test_an_alarm_before_its_own_interval_is_refused() -> None:
    with pytest.raises(ValueError, match="after its interval"):
        Alarm("a", day(1), day(2), day(3), 1.0)


def test_instants_survive_the_way_to_numpy_and_back() -> None:
    assert instant(seconds(day(1.5))) == day(1.5)
