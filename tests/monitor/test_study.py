from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aoi.interval import Interval
from monitor.alarm import alarms_at
from monitor.blocks import block_sets
from monitor.calibration import shipped_calibration
from monitor.detector_scores import FULL, STEPS
from monitor.detectors.burn import BurnSettings
from monitor.engine import SerialEngine
from monitor.errors import ConfigError
from monitor.rivals.catalogue import FAMILIES
from monitor.simulation.presets import (
    TEST_SEEDS,
    TUNING_SEEDS,
    Burns,
    Confounders,
    PlannedBurn,
    preset,
)
from monitor.simulation.world import World, build
from monitor.study import (
    StudyPlan,
    WorldJob,
    jobs_of,
    run_study,
    scored_to_file,
    scored_world,
    shown_to,
    true_events,
    worlds_of,
)
from monitor.world_scores import WorldScores, save_world
from tests.monitor.rivals.builders import a_radar_look, look_on
from tests.monitor.worlds import a_world

FIRE = datetime(2021, 11, 10, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def world() -> World:
    """A year of six small villages; the first burns whole in the dry November."""
    settings = replace(
        preset("ci"),
        years=1.0,
        burns=Burns(planned=(PlannedBurn(0, FIRE, 0.95),)),
        confounders=Confounders(
            ring_fires=0.0, free_fires=2.0, straw_removed=0.0, thatch_renewed=0.0,
            compound_fires=0.0,
        ),
    )  # fmt: skip
    return build(settings, 1_000)


@pytest.fixture(scope="module")
def scores(world: World) -> WorldScores:
    return scored_world(world, 0.8, BurnSettings(), shipped_calibration())


def test_tuning_and_test_worlds_have_different_seeds(tmp_path: Path) -> None:
    jobs = jobs_of(StudyPlan(("bench", "adversarial"), worlds=3), tmp_path)

    seeds = {p: {job.seed for job in jobs if job.purpose == p} for p in ("tuning", "test")}
    assert len(jobs) == 2 * 2 * 3
    assert seeds["tuning"] & seeds["test"] == set()
    assert len({job.path for job in jobs}) == len(jobs)


def test_a_test_seed_cannot_be_tuned_on(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="seed 9000 is not for tuning"):
        scored_to_file(WorldJob("ci", 9_000, "tuning", 2.0, tmp_path))


def test_test_seeds_that_were_looked_at_are_left_out_and_tuning_seeds_never(
    tmp_path: Path,
) -> None:
    jobs = jobs_of(StudyPlan(("bench",), worlds=2, skipped=10), tmp_path)

    assert [(job.purpose, job.seed) for job in jobs] == [
        ("tuning", TUNING_SEEDS[0]), ("tuning", TUNING_SEEDS[1]),
        ("test", TEST_SEEDS[10]), ("test", TEST_SEEDS[11]),
    ]  # fmt: skip


def test_worlds_that_have_their_file_are_not_scored_again(tmp_path: Path) -> None:
    plan = StudyPlan(("ci",), worlds=1)
    for job in jobs_of(plan, tmp_path):
        job.path.parent.mkdir(exist_ok=True)
        save_world(a_world(job.purpose), job.path)

    ready = list(run_study(plan, tmp_path, SerialEngine()))

    assert len(ready) == 2
    assert [world.world for world in worlds_of(plan, tmp_path, "test")] == ["test"]


def test_what_a_world_dies_of_is_raised(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no preset is called"):
        list(run_study(StudyPlan(("nowhere",), worlds=1), tmp_path, SerialEngine()))


def test_radar_looks_are_shown_between_the_optical_ones() -> None:
    seen = []

    class Listener:
        def see(self, look: object) -> None:
            seen.append(look)

    optical = [look_on(n) for n in (0, 10)]
    radar = [a_radar_look(n, look_on(0).bands["nir08"]) for n in (5, 15)]

    given = list(shown_to(Listener(), optical, radar))  # type: ignore[arg-type]

    assert given == optical
    # The radar look of day 15 follows no optical one.
    assert seen == [optical[0], radar[0], optical[1]]


def test_the_truth_of_a_world_is_divided_into_burns_and_confounders(world: World) -> None:
    burns, others = true_events(world, block_sets(world.aoi, world.settlements))

    (burn,) = burns
    assert burn.started_at == FIRE
    assert burn.fraction == pytest.approx(0.95, abs=0.03)
    assert burn.strata["season"] == "dry"
    assert burn.strata["repeat"] == "first"
    assert {other.kind for other in others} == {"bush_fire"}
    assert {other.settlement_id for other in others} <= {s.settlement_id for s in world.settlements}


@pytest.mark.slow
def test_every_rule_says_something_of_a_simulated_world(scores: WorldScores) -> None:
    names = {name for variants in FAMILIES.values() for name in variants}

    assert {scored.rule for scored in scores.scored} >= {FULL, *STEPS, *names}
    assert scores.years == pytest.approx(6 * 0.2, abs=0.01)
    assert len(scores.quiet_p) <= scores.clear_looks


@pytest.mark.slow
def test_nothing_is_scored_before_the_training_is_over(scores: WorldScores) -> None:
    watched = Interval(scores.interval.start, scores.interval.end)

    for scored in scores.scored:
        assert len(scored.scores) == len(scored.scores.between(watched.start, watched.end))


@pytest.mark.slow
def test_the_village_that_burned_scores_highest_after_its_fire(scores: WorldScores) -> None:
    did = scores.of_rule("did1").scores

    best = max(alarms_at(did, 3.0), key=lambda alarm: alarm.score)

    assert best.settlement_id == scores.events[0].settlement_id
    assert timedelta(0) < best.at - FIRE < timedelta(days=30)
