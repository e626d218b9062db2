from __future__ import annotations

import csv
import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from aoi.interval import Interval
from monitor.errors import SourceRefused
from monitor.looks import OPTICAL_BANDS
from monitor.reading_scenes import read_look
from monitor.scene import Scene, Sensor
from monitor.simulation.catalogue import Catalogue, write
from monitor.simulation.looks import looks
from monitor.simulation.presets import Faults
from monitor.simulation.world import World
from monitor.sources.folder import Folder
from monitor.sources.hotspots import HotspotFolder

FIRE = datetime(2021, 11, 10, 20, tzinfo=UTC)
DAYS = Interval(FIRE - timedelta(days=3), FIRE + timedelta(days=8))


@pytest.fixture(scope="module")
def written(burning_world: World, tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    told: list[tuple[int, int]] = []
    folder = tmp_path_factory.mktemp("simulated")
    catalogue = write(burning_world, DAYS, folder, lambda done, total: told.append((done, total)))
    assert told[-1] == (catalogue.scene_count, catalogue.scene_count)
    return catalogue


def scenes(world: World, catalogue: Catalogue, sensor: Sensor) -> list[Scene]:
    found = Folder(catalogue.imagery).search(world.aoi, world.settings.span)
    return [scene for scene in found if scene.sensor is sensor]


def test_our_own_source_finds_every_scene(burning_world: World, written: Catalogue) -> None:
    optical = scenes(burning_world, written, Sensor.SENTINEL_2)
    radar = scenes(burning_world, written, Sensor.SENTINEL_1)

    assert len(optical) + len(radar) == written.scene_count
    assert len(optical) >= 4
    assert len(radar) >= 1
    assert not Folder(written.imagery).problems(burning_world.aoi, DAYS)


def test_scenes_reduce_to_the_looks_that_are_made_directly(
    burning_world: World, written: Catalogue
) -> None:
    """The whole way through files, masks and reduction, against the short way."""
    source = Folder(written.imagery)
    direct = {look.scene_ids[0]: look for look in looks(burning_world, DAYS)}
    compared = 0
    for scene in scenes(burning_world, written, Sensor.SENTINEL_2):
        look, expected = read_look(source, [scene], burning_world.aoi), direct[scene.scene_id]
        both = look.valid & expected.valid
        assert look.blocks == expected.blocks
        assert look.track == expected.track
        if both.mean() < 0.2:
            continue
        compared += 1
        for band in OPTICAL_BANDS:
            difference = (look.bands[band] - expected.bands[band])[both]
            assert abs(float(np.median(difference))) < 1e-3
            # Noise of B11, twice: (.004 + 1.5 % of .4) / 2 * sqrt(2).
            assert float(np.percentile(np.abs(difference), 68)) < 0.008
        ratio = np.median(look.texture[both]) / np.median(expected.texture[both])
        assert ratio == pytest.approx(1.0, abs=0.1)
    assert compared >= 2


def test_items_carry_what_evidence_needs(burning_world: World, written: Catalogue) -> None:
    scene = scenes(burning_world, written, Sensor.SENTINEL_2)[0]

    assert set(scene.assets) == {
        "blue", "green", "red", "nir", "nir08", "swir16", "swir22", "scl",
    }  # fmt: skip
    assert scene.processing_baseline == "03.01"
    assert scene.assets["red"].scale == 1e-4
    assert scene.relative_orbit in (93, 136)
    assert scene.available_at > scene.acquired_at
    assert scene.sun_elevation_deg is not None
    assert scene.sun_azimuth_deg is not None


def test_hotspots_are_found_by_our_own_source(burning_world: World, written: Catalogue) -> None:
    found = HotspotFolder(written.imagery).hotspots(burning_world.aoi, DAYS)

    assert len(found) == written.hotspot_count


def test_the_truth_lies_outside_the_imagery_folder(written: Catalogue) -> None:
    below = {path.name for path in written.imagery.rglob("*")}
    (row,) = csv.DictReader(written.truth.read_text().splitlines())

    assert row["kind"] == "burned"
    for name in ("truth.csv", "events.geojson", "confounders.geojson", "villages.geojson"):
        assert (written.folder / name).is_file()
        assert name not in below


def test_the_manifest_has_the_checksum_of_every_file(written: Catalogue) -> None:
    manifest = json.loads((written.folder / "manifest.json").read_text())
    files = {
        str(path.relative_to(written.folder))
        for path in written.folder.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }

    assert files == set(manifest["sha256"])
    for name, digest in manifest["sha256"].items():
        assert hashlib.sha256((written.folder / name).read_bytes()).hexdigest() == digest
    assert manifest["settings"]["name"] == "quiet"
    assert manifest["seed"] == 1_004


def test_the_same_seed_writes_the_same_bytes(
    burning_world: World, written: Catalogue, tmp_path: Path
) -> None:
    day = Interval(DAYS.start, DAYS.start + timedelta(days=4))
    write(burning_world, day, tmp_path)
    again = json.loads((tmp_path / "manifest.json").read_text())["sha256"]
    first = json.loads((written.folder / "manifest.json").read_text())["sha256"]
    scenes_again = {name: digest for name, digest in again.items() if "_L2A/" in name}

    assert len(scenes_again) >= 9
    assert scenes_again.items() <= first.items()


@pytest.mark.parametrize(("fault", "added"), [("offset_forgotten", 0.1), ("offset_doubled", -0.1)])
def test_a_wrong_offset_reaches_the_reader(
    quiet_world: World, tmp_path: Path, fault: str, added: float
) -> None:
    # A pass after baseline 04.00 came, in the dry season.
    day = Interval(datetime(2022, 3, 1, tzinfo=UTC), datetime(2022, 3, 6, tzinfo=UTC))
    settings = replace(quiet_world.settings, faults=Faults(**{fault: day}), orbits=1)
    world = replace(quiet_world, settings=settings)
    written = write(world, day, tmp_path, radar=False)
    (right,) = looks(replace(quiet_world, settings=replace(settings, faults=Faults())), day)
    (scene,) = scenes(world, written, Sensor.SENTINEL_2)

    wrong = read_look(Folder(written.imagery), [scene], world.aoi)
    both = wrong.valid & right.valid
    shift = float(np.median((wrong.bands["red"] - right.bands["red"])[both]))

    assert shift == pytest.approx(added, abs=0.002)


def test_radar_scenes_reduce_to_radar_looks(burning_world: World, written: Catalogue) -> None:
    scene = scenes(burning_world, written, Sensor.SENTINEL_1)[0]
    look = read_look(Folder(written.imagery), [scene], burning_world.aoi)

    assert -14 < float(np.nanmedian(look.bands["vv"])) < -9
    assert look.valid.mean() > 0.99


def test_a_folder_that_cannot_be_written_is_told(burning_world: World, tmp_path: Path) -> None:
    (tmp_path / "imagery").write_text("a file in the way")

    with pytest.raises(SourceRefused, match="cannot be written"):
        write(burning_world, DAYS, tmp_path)
