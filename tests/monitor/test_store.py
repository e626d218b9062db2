from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import Engine, func, select

from aoi.database import reading, writing
from monitor.coverage import CoverageState
from monitor.finding import Chip
from monitor.store import MonitorStore
from monitor.tables import FINDINGS, READINGS, RUNS, SCENE_PROBLEMS
from tests.builders import NOW, a_finding, days_ago
from tests.monitor.values import (
    a_day,
    a_problem,
    a_report,
    a_run,
    a_scored_reading,
    an_archived_look,
)


@pytest.fixture
def store(db: Engine) -> MonitorStore:
    return MonitorStore(db)


def a_full_report() -> object:
    return a_report(
        looks=(an_archived_look(),),
        readings=(a_scored_reading(5, 6),),
        findings=(a_finding(),),
        problems=(a_problem(),),
    )


def test_a_report_that_is_recorded_twice_is_there_once(store: MonitorStore, db: Engine) -> None:
    for _ in range(2):
        store.record(a_full_report(), NOW)  # type: ignore[arg-type]

    with reading(db) as connection:
        for table in (RUNS, READINGS, FINDINGS):
            assert connection.execute(select(func.count()).select_from(table)).scalar() == 1
        assert connection.execute(select(SCENE_PROBLEMS.c.attempts)).scalar() == 2


def test_what_was_recorded_is_read_back_as_it_was(store: MonitorStore) -> None:
    chip = Chip("before", "chips/a.tif", "look-0", ("S2B_0",), days_ago(7), "folder", "f" * 64)
    finding = a_finding(chips=(chip,), indicators={"dnbr": 0.4}, flags=("ring_burning",))
    store.record(a_report(looks=(an_archived_look(),), findings=(finding,)), NOW)

    (found,) = store.findings()

    assert replace(found, geometry=finding.geometry) == finding
    assert found.geometry.equals(finding.geometry)
    assert store.looks("sd-test") == [an_archived_look()]
    assert store.runs("sd-test") == [a_run()]


def test_what_was_not_measured_is_read_back_as_not_a_number(store: MonitorStore) -> None:
    nothing = float("nan")
    unseen = a_scored_reading(score=nothing, burned_fraction=nothing, values={"q": nothing})
    store.record(a_report(looks=(an_archived_look(),), readings=(unseen,)), NOW)

    (found,) = store.readings("sd-test-0001", days_ago(10))

    assert np.isnan(found.score)
    assert np.isnan(found.burned_fraction)
    assert np.isnan(found.values["q"])


def test_the_blocks_that_looked_burned_are_kept_with_the_reading(store: MonitorStore) -> None:
    report = a_report(looks=(an_archived_look(),), readings=(a_scored_reading(5, 70_000),))
    store.record(report, NOW)

    (found,) = store.scored_readings("sd-test", days_ago(10))

    assert found.burned_blocks.tolist() == [5, 70_000]


def test_a_finding_waits_until_it_is_absorbed_and_keeps_the_first_decision(
    store: MonitorStore, db: Engine
) -> None:
    finding = a_finding()
    store.record(a_report(findings=(finding,)), NOW)

    for decision in ("opened alert K7QF", "ignored"):
        with writing(db) as connection:
            store.mark_absorbed(connection, finding.finding_id, decision)

    assert store.unabsorbed_findings() == []
    assert store.decisions([finding.finding_id]) == {finding.finding_id: "opened alert K7QF"}


def test_findings_wait_in_the_order_in_which_they_became_known(store: MonitorStore) -> None:
    later = a_finding(finding_id="a", known_at=days_ago(1))
    sooner = a_finding(finding_id="b", known_at=days_ago(2))
    store.record(a_report(findings=(later, sooner)), NOW)

    assert [one.finding_id for one in store.unabsorbed_findings()] == ["b", "a"]


def test_a_look_that_was_replaced_counts_no_more_nor_do_its_readings(store: MonitorStore) -> None:
    store.record(a_report(looks=(an_archived_look(),), readings=(a_scored_reading(),)), NOW)
    newer = an_archived_look(look_id="look-2")
    again = a_report(run=a_run(run_id="run-2"), looks=(newer,), superseded={"look-1": "look-2"})
    store.record(again, NOW)

    assert [look.look_id for look in store.looks("sd-test")] == ["look-2"]
    assert store.readings("sd-test-0001", days_ago(10)) == []
    assert len(store.looks("sd-test", superseded=True)) == 2


def test_coverage_of_a_day_is_the_latest_that_was_learnt(store: MonitorStore) -> None:
    store.record(a_report(coverage=(a_day(state=CoverageState.PROVIDER_DOWN),)), NOW)
    store.record(a_report(coverage=(a_day(),)), NOW)

    (day,) = store.coverage("sd-test")
    assert day.state is CoverageState.SEEN


def test_an_outage_moves_the_ledger_on_and_not_what_was_searched(store: MonitorStore) -> None:
    yesterday = NOW.date() - timedelta(days=1)
    down = a_day(state=CoverageState.PROVIDER_DOWN)
    store.record(a_report(coverage=(a_day(day=yesterday), down)), NOW)

    assert store.covered_until("sd-test") == NOW.date()
    assert store.searched_until("sd-test") == yesterday


def test_an_area_was_last_seen_when_a_look_of_a_seen_day_was_taken(store: MonitorStore) -> None:
    clear = an_archived_look(acquired_at=days_ago(3))
    cloudy = an_archived_look(look_id="look-2", acquired_at=days_ago(1), clear_fraction=0.0)
    days = (
        a_day(day=days_ago(3).date()),
        a_day(day=days_ago(1).date(), state=CoverageState.CLOUDY),
    )
    store.record(a_report(looks=(clear, cloudy), coverage=days), NOW)

    assert store.last_seen() == {"sd-test": days_ago(3)}


def test_runs_are_told_latest_first(store: MonitorStore) -> None:
    for number, days in enumerate((3, 1, 2)):
        run = a_run(run_id=f"run-{number}", started_at=days_ago(days), finished_at=days_ago(days))
        store.record(a_report(run=run), NOW)

    assert [run.started_at for run in store.runs(limit=2)] == [days_ago(1), days_ago(2)]
