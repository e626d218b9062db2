from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np

from aoi.settlement import Settlement
from monitor.area_job import ArchivedLook
from monitor.baseline import BaselineSettings
from monitor.baseline_file import read_baseline
from monitor.baselines import Baselines
from monitor.blocks import BlockSets, block_sets
from monitor.looks import Look
from monitor.shelf import Shelf, shelved
from tests.builders import NOW, a_look, a_settlement, a_square, an_aoi, days_ago

TRACK = "sentinel-2-093"
AOI = an_aoi(geometry=a_square(400))
VILLAGE = a_settlement(footprint=a_square(200))
QUARANTINE = timedelta(days=60)
SETTINGS = BaselineSettings(least_looks=6)


def noisy(days: float) -> Look:
    random = np.random.default_rng(int(days))
    look = a_look(AOI.blocks, look_id=f"look-{days}", acquired_at=days_ago(days))
    noise = {name: random.normal(0, 0.004, band.shape) for name, band in look.bands.items()}
    bands = {name: (band + noise[name]).astype(np.float32) for name, band in look.bands.items()}
    return replace(look, bands=bands)


def baselines(folder: Path, shelf: Shelf, sets: BlockSets) -> Baselines:
    return Baselines(folder / "baselines", "sd-test", sets, shelf, SETTINGS)


def filled(folder: Path, *days: float) -> Shelf:
    looks: list[ArchivedLook] = [
        shelved(noisy(day), AOI, folder, NOW, "folder", scored=False) for day in days
    ]
    return Shelf(folder, AOI.blocks, looks)


def sets_of(*settlements: Settlement) -> BlockSets:
    return block_sets(AOI, settlements or (VILLAGE,))


def test_there_is_none_without_history(tmp_path: Path) -> None:
    shelf = filled(tmp_path, 100, 95)

    assert baselines(tmp_path, shelf, sets_of()).at(TRACK, NOW, ()) is None


def test_looks_in_quarantine_teach_nothing(tmp_path: Path) -> None:
    shelf = filled(tmp_path, *range(10, 55, 5), 61)

    assert baselines(tmp_path, shelf, sets_of()).at(TRACK, NOW, ()) is None


def test_it_is_fitted_once_there_are_enough_looks_and_kept_on_disk(tmp_path: Path) -> None:
    shelf = filled(tmp_path, *range(65, 125, 10))

    fitted = baselines(tmp_path, shelf, sets_of()).at(TRACK, NOW, ())

    assert fitted is not None
    assert fitted.fitted_looks == 6
    kept = read_baseline(tmp_path / "baselines", "sd-test", TRACK)
    assert kept is not None
    assert kept.through == fitted.through


def test_a_look_out_of_quarantine_is_absorbed_once(tmp_path: Path) -> None:
    shelf = filled(tmp_path, *range(65, 125, 10), 59)
    kept = baselines(tmp_path, shelf, sets_of())
    before = kept.at(TRACK, NOW, ())

    after = kept.at(TRACK, NOW + timedelta(days=2), ())
    again = kept.at(TRACK, NOW + timedelta(days=3), ())

    assert before is not None
    assert after is not None
    assert after.look_count == before.look_count + 1
    assert again is not None
    assert again.look_count == after.look_count


def test_other_settlements_make_another_baseline(tmp_path: Path) -> None:
    shelf = filled(tmp_path, *range(65, 125, 10))
    first = baselines(tmp_path, shelf, sets_of()).at(TRACK, NOW, ())
    moved = a_settlement(footprint=a_square(200, east_m=80))

    second = baselines(tmp_path, shelf, sets_of(moved)).at(TRACK, NOW, ())

    assert first is not None
    assert second is not None
    assert first.sets_version != second.sets_version
