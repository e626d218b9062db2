from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine as Database

from aoi.interval import Interval
from aoi.registry import AoiRegistry
from monitor.calibration import shipped_calibration
from monitor.detectors.burn import BurnSettings
from monitor.engine import SerialEngine
from monitor.errors import SourceUnavailable
from monitor.pipeline import Pipeline, PipelineSettings
from monitor.replay import replayed, steps
from monitor.sources.folder import Folder
from monitor.store import MonitorStore
from tests.builders import NOW, a_settlement, a_square, an_aoi, days_ago
from tests.catalogue import write_overpass

MONTH = Interval(days_ago(30), NOW)
HOURS_6 = timedelta(hours=6)


def test_it_ticks_at_the_start_when_scenes_came_and_at_the_end(tmp_path: Path) -> None:
    for days in (40, 12, 7):
        write_overpass(tmp_path, days_ago(days))

    ticks = [step.at for step in steps([Folder(tmp_path)], [an_aoi()], MONTH)]

    assert ticks == [days_ago(30), days_ago(12) + HOURS_6, days_ago(7) + HOURS_6, NOW]


def test_scenes_that_came_together_are_one_tick(tmp_path: Path) -> None:
    write_overpass(tmp_path, days_ago(12), available_after=timedelta(days=6))
    write_overpass(tmp_path, days_ago(7), available_after=timedelta(days=1))

    ticks = [step.at for step in steps([Folder(tmp_path)], [an_aoi()], MONTH)]

    assert ticks == [days_ago(30), days_ago(6), NOW]


def test_a_tick_runs_only_the_areas_that_something_came_for(tmp_path: Path) -> None:
    write_overpass(tmp_path, days_ago(12))
    far = an_aoi(aoi_id="far", geometry=a_square(2_000, east_m=60_000))

    (first, second, last) = steps([Folder(tmp_path)], [an_aoi(), far], MONTH)

    assert [area.aoi_id for area in second.areas] == ["sd-test"]
    assert len(first.areas) == len(last.areas) == 2


def test_a_silent_catalogue_is_no_empty_past(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="no imagery source answers"):
        list(steps([Folder(tmp_path / "nowhere")], [an_aoi()], MONTH))


def test_no_tick_knows_what_came_after_it(db: Database, tmp_path: Path) -> None:
    for days in (12, 7, 2):
        write_overpass(tmp_path / "imagery", days_ago(days))
    registry, store = AoiRegistry(db), MonitorStore(db)
    registry.add(an_aoi(), days_ago(100))
    registry.add_settlements("sd-test", [a_settlement()], days_ago(100))
    folder = Folder(tmp_path / "imagery")
    settings = PipelineSettings(tmp_path, BurnSettings(), shipped_calibration())
    pipeline = Pipeline(registry, store, SerialEngine(), [folder], [], settings)
    known: dict[datetime, int] = {}

    def absorb(at: datetime) -> None:
        known[at] = len(store.looks("sd-test"))

    runs = replayed(pipeline, absorb, steps([folder], registry.all(), MONTH))

    assert list(known.values()) == [0, 1, 2, 3, 3]
    assert len(runs) == 5
    assert all(look.known_at == look.available_at for look in store.looks("sd-test"))
