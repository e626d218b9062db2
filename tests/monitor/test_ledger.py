from __future__ import annotations

from datetime import date, timedelta

import pytest

from monitor.area_job import ArchivedLook, SceneProblem
from monitor.coverage import CoverageState
from monitor.ledger import days_between, searched_days, unsearched_days, without_gaps
from tests.builders import NOW, days_ago
from tests.monitor.values import a_day, a_problem, an_archived_look

TODAY = NOW.date()


@pytest.mark.parametrize(
    ("looks", "problems", "state"),
    [
        pytest.param([], [], CoverageState.NO_ACQUISITION, id="nothing was listed"),
        pytest.param(
            [an_archived_look(acquired_at=NOW, clear_fraction=0.2)],
            [],
            CoverageState.SEEN,
            id="a fifth is enough",
        ),
        pytest.param(
            [an_archived_look(acquired_at=NOW, clear_fraction=0.19)],
            [],
            CoverageState.CLOUDY,
            id="less than a fifth is not",
        ),
        pytest.param(
            [an_archived_look(acquired_at=NOW, held_reason="haze")],
            [],
            CoverageState.HELD,
            id="a held look is not nothing found",
        ),
        pytest.param(
            [
                an_archived_look(acquired_at=NOW, held_reason="haze"),
                an_archived_look(look_id="b", acquired_at=NOW, clear_fraction=0.5),
            ],
            [],
            CoverageState.SEEN,
            id="another look of the day counts",
        ),
        pytest.param([], [a_problem(acquired_at=NOW)], CoverageState.ERROR, id="an unread scene"),
        pytest.param(
            [an_archived_look(acquired_at=NOW)],
            [a_problem(acquired_at=NOW)],
            CoverageState.SEEN,
            id="a look outweighs an unread scene",
        ),
        pytest.param(
            [], [a_problem(acquired_at=None)], CoverageState.NO_ACQUISITION, id="undated problem"
        ),
        pytest.param(
            [an_archived_look(acquired_at=days_ago(1))],
            [],
            CoverageState.NO_ACQUISITION,
            id="a look of another day",
        ),
    ],
)
def test_a_day_that_was_searched_has_one_word(
    looks: list[ArchivedLook], problems: list[SceneProblem], state: CoverageState
) -> None:
    (day,) = searched_days("sd-test", [TODAY], looks, problems, 0.2)

    assert day.state is state
    assert day.reason


def test_the_best_look_of_a_day_gives_its_clear_share() -> None:
    looks = [
        an_archived_look(look_id=str(share), acquired_at=NOW, clear_fraction=share)
        for share in (0.3, 0.9, 0.5)
    ]

    (day,) = searched_days("sd-test", [TODAY], looks, [], 0.2)

    assert day.clear_fraction == 0.9


def test_an_outage_covers_the_days_since_the_ledger_ends() -> None:
    days = unsearched_days(
        "sd-test", CoverageState.PROVIDER_DOWN, "503", after=date(2024, 5, 17), until=TODAY
    )

    assert [day.day.day for day in days] == [18, 19, 20]


def test_an_outage_in_the_first_run_covers_that_day_alone() -> None:
    days = unsearched_days("sd-test", CoverageState.PROVIDER_DOWN, "503", after=None, until=TODAY)

    assert [day.day for day in days] == [TODAY]


def test_days_without_a_row_were_not_run() -> None:
    yesterday = TODAY - timedelta(days=1)

    ledger = without_gaps([a_day()], ["sd-test"], yesterday, TODAY)

    assert [day.state for day in ledger] == [CoverageState.NOT_RUN, CoverageState.SEEN]


def test_days_between_hold_both_ends() -> None:
    assert len(list(days_between(date(2024, 2, 28), date(2024, 3, 1)))) == 3
