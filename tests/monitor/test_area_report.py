from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from monitor.acquisition import Acquisition
from monitor.area_job import ArchivedLook, SceneProblem
from monitor.area_report import (
    could_see,
    outcome_of,
    problems_of,
    report_of,
    report_of_bug,
    report_of_outage,
    run_id_of,
)
from monitor.catalogue import Listing, SourceFailure
from monitor.coverage import CoverageState
from monitor.errors import SourceRefused, SourceUnavailable
from monitor.ports import SearchProblem
from monitor.run import Outcome
from monitor.shelf import Shelf
from tests.builders import NOW, an_aoi, days_ago
from tests.monitor.values import a_job, a_problem, a_report, a_run, a_scene, an_archived_look

OVERPASS = (Acquisition((a_scene(),)),)
LISTED = Listing((OVERPASS,), (), (), answered=True)
NOTHING = Listing((), (), (), answered=True)
DOWN = SourceFailure("stac", "503", "wait", temporary=True)


@pytest.mark.parametrize(
    ("listed", "looks", "problems", "outcome", "words"),
    [
        pytest.param(NOTHING, [], [], Outcome.NO_IMAGERY, "no scene meets", id="empty catalogue"),
        pytest.param(LISTED, [], [], Outcome.NO_IMAGERY, "nothing new since", id="nothing new"),
        pytest.param(
            LISTED, [an_archived_look()], [], Outcome.COMPLETED, "80% of the area", id="one look"
        ),
        pytest.param(
            LISTED,
            [an_archived_look(clear_fraction=0.19)],
            [],
            Outcome.TOO_CLOUDY,
            "19% of the area",
            id="cloud",
        ),
        pytest.param(
            LISTED,
            [an_archived_look(held_reason="haze")],
            [],
            Outcome.COMPLETED,
            "held back: haze",
            id="held",
        ),
        pytest.param(
            LISTED,
            [an_archived_look()],
            [a_problem()],
            Outcome.COMPLETED,
            "1 scene could not be read",
            id="one of two read",
        ),
        pytest.param(
            LISTED, [], [a_problem()], Outcome.FAILED, "the file ends early", id="none read"
        ),
        pytest.param(
            NOTHING, [], [a_problem(acquired_at=None)], Outcome.FAILED, "ends early", id="bad entry"
        ),
        pytest.param(
            LISTED,
            [],
            [a_problem(acquired_at=None)],
            Outcome.NO_IMAGERY,
            "1 scene could not be read",
            id="bad entry beside good ones",
        ),
    ],
)
def test_a_run_ends_in_one_of_four_words_and_says_why(
    listed: Listing,
    looks: list[ArchivedLook],
    problems: list[SceneProblem],
    outcome: Outcome,
    words: str,
) -> None:
    found, reason = outcome_of(a_job(), listed, looks, problems)

    assert found is outcome
    assert words in reason


def test_a_source_that_failed_beside_one_that_answered_is_named() -> None:
    listed = Listing((OVERPASS,), (), (DOWN,), answered=True)

    _, reason = outcome_of(a_job(), listed, [an_archived_look()], [])

    assert reason.endswith("; stac did not answer: 503")


def test_a_run_without_an_answer_failed_and_covers_the_days_since_the_last() -> None:
    job = a_job(covered_until=days_ago(2).date())

    report = report_of_outage(job, Listing((), (), (DOWN,), answered=False))

    assert report.run.outcome is Outcome.FAILED
    assert report.run.reason == "stac: 503"
    states = [(day.day, day.state) for day in report.coverage]
    assert states == [
        (days_ago(1).date(), CoverageState.PROVIDER_DOWN),
        (NOW.date(), CoverageState.PROVIDER_DOWN),
    ]


def test_a_run_without_any_source_says_so() -> None:
    report = report_of_outage(a_job(), Listing((), (), (), answered=False))

    assert report.run.reason == "no imagery source is configured"


def test_a_bug_is_named_by_its_kind_and_nothing_of_its_text() -> None:
    report = report_of_bug(a_job(), ValueError("near 25.3, 13.6"))

    assert "ValueError" in report.run.reason
    assert "25.3" not in report.run.reason


@pytest.mark.parametrize(
    ("outcome", "clear", "problems", "seen"),
    [
        pytest.param(Outcome.COMPLETED, 0.8, (), True, id="seen"),
        pytest.param(Outcome.COMPLETED, None, (), False, id="all held back"),
        pytest.param(Outcome.COMPLETED, 0.8, (a_problem(),), False, id="a scene unread"),
        pytest.param(Outcome.TOO_CLOUDY, 0.1, (), False, id="cloud"),
        pytest.param(Outcome.FAILED, None, (), False, id="failed"),
        pytest.param(Outcome.NO_IMAGERY, None, (), False, id="never seen"),
    ],
)
def test_an_area_was_seen_or_it_was_not(
    outcome: Outcome, clear: float | None, problems: tuple[SceneProblem, ...], seen: bool
) -> None:
    report = a_report(run=a_run(outcome=outcome, clear_fraction=clear), problems=problems)

    assert could_see(a_job(), report) is seen


@pytest.mark.parametrize(("days", "seen"), [(29, True), (31, False)])
def test_nothing_new_is_no_blindness_while_the_last_clear_look_is_recent(
    days: int, seen: bool
) -> None:
    job = a_job(looks=(an_archived_look(acquired_at=days_ago(days)),))

    assert could_see(job, a_report(run=a_run(outcome=Outcome.NO_IMAGERY))) is seen


def test_the_history_of_a_first_run_is_no_watch_that_was_kept(tmp_path: Path) -> None:
    report = report_of(
        a_job(),
        NOTHING,
        shelf=Shelf(tmp_path, an_aoi().blocks, []),
        looks=(),
        superseded={},
        readings=(),
        findings=(),
        problems=(),
    )

    assert report.coverage[0].day == days_ago(30).date()
    assert len(report.coverage) == 31


def test_entries_that_are_no_scenes_are_kept_as_problems(tmp_path: Path) -> None:
    listed = Listing((), (SearchProblem("bad.json", "it has no datetime"),), (), answered=True)
    report = report_of(
        a_job(searched_until=NOW.date()),
        listed,
        shelf=Shelf(tmp_path, an_aoi().blocks, []),
        looks=(),
        superseded={},
        readings=(),
        findings=(),
        problems=(),
    )

    (problem,) = report.problems
    assert (problem.scene_id, problem.reason) == ("bad.json", "it has no datetime")


@pytest.mark.parametrize(
    ("error", "temporary"),
    [(SourceRefused("damaged"), False), (SourceUnavailable("503"), True)],
)
def test_a_problem_remembers_whether_trying_again_may_help(
    error: SourceRefused | SourceUnavailable, temporary: bool
) -> None:
    (problem,) = problems_of("sd-test", OVERPASS[0], error)

    assert problem.temporary is temporary


def test_a_run_is_named_after_its_area_and_instant() -> None:
    assert run_id_of("a", NOW) == run_id_of("a", NOW)
    assert run_id_of("a", NOW) != run_id_of("b", NOW)
    assert run_id_of("a", NOW) != run_id_of("a", NOW + timedelta(seconds=1))
