from __future__ import annotations

import math

from monitor.comparison import compared
from monitor.goals import best_rival, goals_of, written
from monitor.skill import Estimate
from tests.monitor.worlds import a_burn, a_world


def test_goals_that_are_met_and_missed_are_told_apart() -> None:
    burns = [a_burn("w1/a", 98), a_burn("w1/b", 98), a_burn("w1/c", 98, season="wet")]

    goals = {goal.text: goal for goal in goals_of(compared([], [a_world(burns=burns)]))}

    # One of two dry burns is found, the wet one is not.
    assert goals["recall, dry season, half burned and 1 ha or more"].verdict == "not met"
    assert goals["recall, wet season, the same"].verdict == "not met"
    assert goals["false alarms per settlement-year"].verdict == "met"
    assert goals["median lag, dry season"].measured == "2 days"


def test_what_could_not_be_measured_is_not_called_met() -> None:
    goals = {goal.text: goal for goal in goals_of(compared([], [a_world(burns=[])]))}

    assert goals["recall, wet season, the same"].verdict == "not measured"
    assert goals["median lag, wet season"].verdict == "not measured"


def test_a_draw_with_a_rival_is_not_ahead() -> None:
    found = compared([], [a_world()])

    (goal,) = [g for g in goals_of(found) if "tuned to 0.01" in g.text and "ahead" in g.text]
    rival = best_rival(found, 0)

    assert rival is not None
    assert rival.rule == "marx"
    assert goal.verdict == "not met"


def test_estimates_are_written_with_their_interval_and_count() -> None:
    assert written(Estimate(0.5, 0.187, 0.813, 5, 10)) == "0.50 (0.19–0.81; 5 of 10)"
    assert (
        written(Estimate(0.01, 0.0048, 0.0184, 10, 1000)) == "0.0100 (0.0048–0.0184; 10 of 1,000)"
    )
    assert written(Estimate(math.nan, math.nan, math.nan, 0, 0)) == "–"
