"""Small valid values of the pipeline, changed where a test needs it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from monitor.area_job import (
    ArchivedLook,
    AreaJob,
    AreaReport,
    SceneProblem,
    ScoredReading,
    WatchSettings,
)
from monitor.calibration import shipped_calibration
from monitor.coverage import CoverageDay, CoverageState
from monitor.detectors.burn import BurnSettings
from monitor.reading import Reading, Verdict
from monitor.run import Outcome, Run
from monitor.scene import Asset, Scene, Sensor
from tests.builders import NOW, a_settlement, a_square, an_aoi, days_ago


def a_scene(**changes: Any) -> Scene:
    scene = Scene(
        scene_id="S2B_1",
        collection="sentinel-2-l2a",
        provider="folder",
        platform="sentinel-2b",
        sensor=Sensor.SENTINEL_2,
        acquired_at=days_ago(2),
        available_at=days_ago(1.75),
        footprint=a_square(8_000),
        assets={"red": Asset("red.tif")},
        relative_orbit=93,
    )
    return replace(scene, **changes)


def an_archived_look(**changes: Any) -> ArchivedLook:
    look = ArchivedLook(
        look_id="look-1",
        aoi_id="sd-test",
        track="sentinel-2-093",
        platform="sentinel-2b",
        acquired_at=days_ago(2),
        available_at=days_ago(1.75),
        known_at=NOW,
        path="looks/sd-test/sentinel-2-093/look-1.tif",
        sha256="0" * 64,
        clear_fraction=0.8,
        held_reason="",
        provider="folder",
        scene_ids=("S2B_1",),
        grid=str(an_aoi().blocks),
    )
    return replace(look, **changes)


def a_reading(**changes: Any) -> Reading:
    reading = Reading(
        settlement_id="sd-test-0001",
        look_id="look-1",
        aoi_id="sd-test",
        track="sentinel-2-093",
        acquired_at=days_ago(2),
        known_at=NOW,
        detector="burn/2",
        mode="series",
        verdict=Verdict.QUIET,
        reason="p 0.5, 0 % of its blocks look burned",
        p=0.5,
        score=0.0,
        burned_fraction=0.0,
        values={"settlement_clear": 1.0},
    )
    return replace(reading, **changes)


def a_scored_reading(*blocks: int, **changes: Any) -> ScoredReading:
    return ScoredReading(a_reading(**changes), np.array(blocks, dtype=np.int32))


def a_problem(**changes: Any) -> SceneProblem:
    problem = SceneProblem(
        aoi_id="sd-test",
        scene_id="S2B_9",
        provider="folder",
        acquired_at=days_ago(3),
        reason="scene S2B_9, band red: the file ends early",
        hint="copy it again",
        temporary=False,
    )
    return replace(problem, **changes)


def a_run(**changes: Any) -> Run:
    run = Run("run-1", "sd-test", NOW, NOW, Outcome.COMPLETED, "1 new look", clear_fraction=0.8)
    return replace(run, **changes)


def a_day(**changes: Any) -> CoverageDay:
    day = CoverageDay("sd-test", NOW.date(), CoverageState.SEEN, 0.8, "80% of the area was clear")
    return replace(day, **changes)


def a_report(**changes: Any) -> AreaReport:
    return replace(AreaReport(run=a_run(), coverage=(a_day(),)), **changes)


def a_job(folder: Path = Path("unused"), **changes: Any) -> AreaJob:
    job = AreaJob(
        aoi=an_aoi(),
        settlements=(a_settlement(),),
        now=NOW,
        sources=(),
        hotspot_sources=(),
        folder=folder,
        looks=(),
        readings=(),
        frozen_settlement_ids=frozenset(),
        covered_until=None,
        searched_until=None,
        settings=WatchSettings(),
        burn=BurnSettings(),
        calibration=shipped_calibration(),
    )
    return replace(job, **changes)
