"""Radar through the folder source: scenes on disk to archived looks to findings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from shapely.geometry import MultiPolygon, mapping

from aoi.area import Aoi
from aoi.grid import to_metres
from aoi.interval import Interval
from aoi.settlement import Settlement, SettlementKind
from monitor.blocks import block_sets
from monitor.finding import Finding, FindingKind, SensorFamily
from monitor.radar_shelf import RadarShelf
from monitor.radar_watch import RadarWatch
from monitor.sources.folder import Folder
from tests.builders import a_finding, a_settlement, a_square, an_aoi, days_ago
from tests.monitor.values import a_job

AREA = an_aoi(detectors=("burn", "sar"))
TOWN = a_settlement(kind=SettlementKind.TOWN, footprint=a_square(480))
BEFORE = [375, 387, 399, 411, 20, 32, 44]
AFTER = [14, 2]
GRID = AREA.blocks.at(20)


def power(days: float, *, lost_db: float = 0.0) -> dict[str, NDArray[np.float32]]:
    """Return quiet land in linear power, the town's backscatter lowered by some dB."""
    draws = np.random.default_rng(int(days))
    west, south, east, north = to_metres(TOWN.footprint, GRID.epsg).bounds
    rows = slice(int((GRID.top_m - north) // 20), int((GRID.top_m - south) // 20))
    columns = slice(int((west - GRID.left_m) // 20), int((east - GRID.left_m) // 20))
    found = {}
    for name, level in (("vv", -10.0), ("vh", -16.0)):
        values = 10.0 ** (0.1 * level) * draws.gamma(4.0, 0.25, GRID.shape)
        values[rows, columns] *= 10.0 ** (-0.1 * lost_db)
        found[name] = values.astype(np.float32)
    return found


def write_scene(
    folder: Path, at: datetime, bands: Mapping[str, NDArray[Any]], *, orbit: int = 21
) -> str:
    """Write one Sentinel-1 RTC scene; return its identifier."""
    scene_id = f"S1A_{at:%Y%m%dT%H%M}_{orbit:03d}"
    place = folder / scene_id
    place.mkdir(parents=True)
    for name, values in bands.items():
        with rasterio.open(
            place / f"{name}.tif", "w", driver="GTiff", height=GRID.height, width=GRID.width,
            count=1, dtype=values.dtype, crs=f"EPSG:{GRID.epsg}", transform=GRID.transform,
        ) as file:  # fmt: skip
            file.write(values, 1)
    stamp = at.isoformat().replace("+00:00", "Z")
    item = {
        "type": "Feature", "stac_version": "1.0.0", "id": scene_id,
        "collection": "sentinel-1-rtc", "geometry": mapping(GRID.outline),
        "bbox": list(GRID.outline.bounds),
        "properties": {"datetime": stamp, "created": stamp, "platform": "sentinel-1a",
                       "constellation": "sentinel-1", "sat:relative_orbit": orbit},
        "assets": {name: {"href": f"./{name}.tif"} for name in bands}, "links": [],
    }  # fmt: skip
    (place / f"{scene_id}.json").write_text(json.dumps(item))
    return scene_id


def write_history(folder: Path, *, lost_db: float) -> None:
    for days in BEFORE:
        write_scene(folder, days_ago(days), power(days))
    for days in AFTER:
        write_scene(folder, days_ago(days), power(days, lost_db=lost_db))


def watch(
    folder: Path, *, aoi: Aoi = AREA, settlement: Settlement = TOWN, data: str = "data"
) -> RadarWatch:
    """Do what a run does of radar, over the imagery of a folder."""
    sources = (Folder(folder / "imagery"),)
    job = a_job(folder / data, aoi=aoi, settlements=(settlement,), sources=sources)
    made = RadarWatch(job, block_sets(aoi, job.settlements))
    made.read_new()
    return made


def burned(**changes: Any) -> Finding:
    # Between the looks of 20 and 14 days ago.
    finding = a_finding(
        happened=Interval(days_ago(19), days_ago(15)),
        indicators={"rate_per_village_year": 0.004},
        probability=0.5,
    )
    return replace(finding, **changes)


def test_scenes_become_archived_looks_of_their_orbit(tmp_path: Path) -> None:
    write_history(tmp_path / "imagery", lost_db=0.0)

    watch(tmp_path)

    shelf = RadarShelf(tmp_path / "data", "sd-test", AREA.blocks)
    assert shelf.count() == {"sentinel-1-021": 9}
    vv = shelf.looks(days_ago(3))[0].bands["vv"]
    # The mean of four-look speckle over sixteen and more pixels of a block lies at the level.
    assert float(np.nanmedian(vv)) == pytest.approx(-10.0, abs=0.3)


def test_a_second_run_reads_nothing_twice(tmp_path: Path) -> None:
    write_history(tmp_path / "imagery", lost_db=3.0)
    assert list(watch(tmp_path).damage())

    assert list(watch(tmp_path).damage()) == []


def test_a_town_that_lost_structures_is_told_of(tmp_path: Path) -> None:
    write_history(tmp_path / "imagery", lost_db=3.0)

    found = list(watch(tmp_path).damage())

    (damage,) = [f for f in found if f.first_seen == days_ago(14)]
    assert damage.kind is FindingKind.STRUCTURE_DAMAGE
    assert damage.happened.start == days_ago(20)
    assert damage.indicators["change_db_vv"] == pytest.approx(-3.0, abs=0.5)


def test_a_town_in_which_nothing_changed_is_not(tmp_path: Path) -> None:
    write_history(tmp_path / "imagery", lost_db=0.0)

    assert list(watch(tmp_path).damage()) == []


def test_a_village_is_never_told_of_by_radar_alone(tmp_path: Path) -> None:
    write_history(tmp_path / "imagery", lost_db=3.0)
    village = replace(TOWN, kind=SettlementKind.VILLAGE)

    assert list(watch(tmp_path, settlement=village).damage()) == []


def test_a_burn_is_given_what_radar_says_of_its_place_and_time(tmp_path: Path) -> None:
    write_history(tmp_path / "imagery", lost_db=3.0)

    found = watch(tmp_path).attached(burned())

    radar = found.evidence[-1]
    assert radar.family is SensorFamily.RADAR
    assert radar.p < 1e-2
    assert len(radar.look_ids) == 2
    assert found.probability > 0.5


def test_radar_is_asked_of_ground_that_is_no_settlement(tmp_path: Path) -> None:
    write_history(tmp_path / "imagery", lost_db=-3.0)
    shelters = burned(
        kind=FindingKind.CAMP_NEW, settlement_id=None, first_seen=days_ago(15),
        geometry=MultiPolygon([a_square(480)]),
    )  # fmt: skip
    nowhere = replace(shelters, geometry=MultiPolygon([a_square(100, east_m=90_000)]))

    made = watch(tmp_path)

    reading = made.over(shelters)
    assert reading is not None and reading.label == "gain"
    assert reading.change_db["vv"] == pytest.approx(3.0, abs=0.5)
    assert made.over(nowhere) is None


def test_an_area_that_does_not_ask_for_radar_reads_none(tmp_path: Path) -> None:
    write_history(tmp_path / "imagery", lost_db=3.0)
    finding = burned()

    made = watch(tmp_path, aoi=an_aoi())

    assert not (tmp_path / "data").exists()
    assert made.attached(finding) is finding
    assert list(made.damage()) == []


def test_a_scene_that_is_no_backscatter_is_refused_once_and_hides_no_other(tmp_path: Path) -> None:
    write_history(tmp_path / "imagery", lost_db=0.0)
    amplitudes = {"vv": np.random.default_rng(1).integers(50, 900, GRID.shape).astype(np.uint16)}
    scene_id = write_scene(tmp_path / "imagery", days_ago(1), amplitudes)

    watch(tmp_path)

    shelf = RadarShelf(tmp_path / "data", "sd-test", AREA.blocks)
    assert "amplitudes" in shelf.refused[scene_id]
    assert shelf.count() == {"sentinel-1-021": 9}


def test_scenes_in_decibels_are_read_like_those_in_power(tmp_path: Path) -> None:
    decibel = {k: (10 * np.log10(v)).astype(np.float32) for k, v in power(2).items()}
    write_scene(tmp_path / "imagery", days_ago(2), power(2))
    write_scene(tmp_path / "imagery", days_ago(2), decibel, orbit=123)

    watch(tmp_path)

    shelf = RadarShelf(tmp_path / "data", "sd-test", AREA.blocks)
    of_power, of_decibel = shelf.looks(days_ago(3))
    assert np.nanmax(np.abs(of_power.bands["vv"] - of_decibel.bands["vv"])) < 0.02
    assert of_decibel.tags["units"] == "decibel, converted to power"


def test_too_little_history_is_said_and_is_no_evidence(tmp_path: Path) -> None:
    write_scene(tmp_path / "imagery", days_ago(2), power(2, lost_db=5.0))
    finding = burned()

    assert watch(tmp_path).attached(finding) is finding
