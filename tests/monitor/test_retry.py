from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.area_job import AreaReport, SceneProblem
from monitor.retry import retry_after
from monitor.run import Outcome, Run
from tests.builders import NOW, days_ago

QUARTER = timedelta(minutes=15)


def a_run(outcome: Outcome = Outcome.FAILED) -> Run:
    return Run("r", "sd-test", NOW, NOW, outcome, "a reason")


def a_problem(*, temporary: bool, dated: bool = True) -> SceneProblem:
    at = days_ago(2) if dated else None
    return SceneProblem("sd-test", "S2B", "earth-search", at, "it hangs", "", temporary)


def a_report(outcome: Outcome, *problems: SceneProblem) -> AreaReport:
    return AreaReport(run=a_run(outcome), coverage=(), problems=problems)


DOWN = a_report(Outcome.FAILED)


@pytest.mark.parametrize(
    ("report", "wait"),
    [
        pytest.param(DOWN, QUARTER, id="no catalogue answered, or the run died"),
        pytest.param(a_report(Outcome.FAILED, a_problem(temporary=True)), QUARTER, id="unread"),
        pytest.param(a_report(Outcome.COMPLETED, a_problem(temporary=True)), QUARTER,
                     id="one of two scenes unread"),
        pytest.param(a_report(Outcome.FAILED, a_problem(temporary=False)), None, id="damaged"),
        pytest.param(
            a_report(Outcome.FAILED, a_problem(temporary=False), a_problem(temporary=True)),
            QUARTER, id="one damaged, one unread"),
        pytest.param(a_report(Outcome.FAILED, a_problem(temporary=False, dated=False)), None,
                     id="entries that are no scenes"),
        pytest.param(a_report(Outcome.NO_IMAGERY), None, id="nothing there"),
        pytest.param(a_report(Outcome.TOO_CLOUDY), None, id="cloud"),
        pytest.param(a_report(Outcome.COMPLETED), None, id="all well"),
    ],
)  # fmt: skip
def test_what_may_help_is_tried_again_soon(report: AreaReport, wait: timedelta | None) -> None:
    assert retry_after(report, []) == wait


@pytest.mark.parametrize(
    ("earlier", "wait"),
    [
        pytest.param([a_run()], timedelta(minutes=30), id="the second failure"),
        pytest.param([a_run()] * 4, timedelta(hours=4), id="the fifth"),
        pytest.param([a_run()] * 5, timedelta(hours=6), id="the sixth"),
        pytest.param([a_run()] * 500, timedelta(hours=6), id="for months"),
        pytest.param([a_run(Outcome.COMPLETED), a_run()], QUARTER, id="it was well in between"),
        pytest.param([a_run(), a_run(Outcome.NO_IMAGERY), a_run()], timedelta(minutes=30),
                     id="one failure since"),
    ],
)  # fmt: skip
def test_the_longer_it_fails_the_longer_it_is_left_alone(
    earlier: list[Run], wait: timedelta
) -> None:
    assert retry_after(DOWN, earlier) == wait
