"""Sentinel-1 through Sentinel Hub, played by a server that runs our evalscript on rasters."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import quickjs
from numpy.typing import NDArray
from shapely.geometry import mapping

from aoi.interval import Interval
from monitor.blocks import block_sets
from monitor.errors import SourceError, SourceUnavailable
from monitor.radar_shelf import RadarShelf
from monitor.radar_watch import RadarWatch
from monitor.scene import Scene, Sensor
from monitor.sources.cache import Cache
from monitor.sources.folder import Folder
from monitor.sources.sentinel_hub import SentinelHub
from monitor.sources.sentinel_hub_products import MIDDLE_DB, SENTINEL_1, STEP_DB
from monitor.sources.whole_tiles import WholeTiles
from tests.builders import NOW, a_settlement, an_aoi, days_ago
from tests.catalogue import write_overpass
from tests.monitor.sources.hub import Hub, a_hub
from tests.monitor.sources.rasters import write_band
from tests.monitor.sources.servers import Reply, page
from tests.monitor.values import a_job

AREA = an_aoi(detectors=("burn", "sar"))
GRID = AREA.blocks.at(10)
MONTH = Interval(days_ago(30), NOW)
SMALL = replace(GRID, height=40, width=40)


def power(seed: int) -> dict[str, NDArray[np.float32]]:
    """Return land with four-look speckle; its western edge was not measured."""
    draws = np.random.default_rng(seed)
    found = {}
    for name, level_db in (("vv", -10.0), ("vh", -16.0)):
        values = 10.0 ** (0.1 * level_db) * draws.gamma(4.0, 0.25, GRID.shape)
        values[:, :20] = np.nan
        found[name] = values.astype(np.float32)
    return found


def write_radar(
    folder: Path, at: datetime, bands: Mapping[str, NDArray[Any]], *, kind: str = "IW_GRDH_1SDV"
) -> str:
    """Write one Sentinel-1 product whose item says no orbit; return its identifier."""
    stamp = f"{at:%Y%m%dT%H%M%S}"
    name = f"S1A_{kind}_{stamp}_{stamp}_053830_068B3E_4C6D"
    place = folder / name
    place.mkdir(parents=True)
    for band, values in bands.items():
        write_band(place / f"{band}.tif", values, GRID)
    taken = at.isoformat().replace("+00:00", "Z")
    item = {
        "type": "Feature", "stac_version": "1.0.0", "id": name, "collection": "sentinel-1-grd",
        "geometry": mapping(GRID.outline), "bbox": list(GRID.outline.bounds),
        "properties": {"datetime": taken, "created": taken, "platform": "sentinel-1a"},
        "assets": {band: {"href": f"./{band}.tif"} for band in bands}, "links": [],
    }  # fmt: skip
    (place / f"{name}.json").write_text(json.dumps(item))
    return name


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("radar-hub")
    write_overpass(folder, days_ago(7))
    write_radar(folder, days_ago(16), power(1))
    write_radar(folder, days_ago(4), {"vv": power(2)["vv"]}, kind="IW_GRDH_1SSV")
    write_radar(folder, days_ago(5), power(3), kind="EW_GRDM_1SDH")
    return folder


@pytest.fixture(scope="module")
def running_hub(folder: Path) -> Iterator[tuple[Hub, str]]:
    with a_hub(folder) as (hub, trusted):
        yield hub, trusted


def radar(source: SentinelHub | Folder | WholeTiles) -> list[Scene]:
    return [s for s in source.search(AREA, MONTH) if s.sensor is Sensor.SENTINEL_1]


def test_radar_is_listed_with_its_orbit_and_bands(source: SentinelHub) -> None:
    dual, single = radar(source)

    assert dual.scene_id == "S1A_IW_GRDH_1SDV_053830"
    # (53830 - 73) mod 175 + 1.
    assert dual.track == "sentinel-1-033"
    assert (sorted(dual.assets), sorted(single.assets)) == (["vh", "vv"], ["vv"])
    assert source.problems(AREA, MONTH) == []


def test_radar_is_searched_only_for_areas_that_ask_for_it(hub: Hub, source: SentinelHub) -> None:
    source.search(an_aoi(), MONTH)
    assert [asked.json()["collections"] for asked in hub.asked("/search")] == [["sentinel-2-l2a"]]

    hidden = WholeTiles(source)
    assert len(radar(hidden)) == 2
    without = replace(source, collections=("sentinel-2-l2a",))
    assert radar(without) == []


def test_a_run_archives_the_looks_that_the_same_rasters_in_a_folder_give(
    source: SentinelHub, folder: Path, tmp_path: Path
) -> None:
    # The stub runs the script on 650,000 pixels at once, which takes it seconds.
    patient = replace(source, web=replace(source.web, silence_s=60, total_s=200))
    same = tmp_path / "same"
    shutil.copytree(folder, same, ignore=shutil.ignore_patterns("*_EW_*"))
    found = []
    for one in (patient, Folder(same, now=lambda: NOW)):
        data = tmp_path / one.name
        job = a_job(data, aoi=AREA, settlements=(a_settlement(),), sources=(one,))
        RadarWatch(job, block_sets(AREA, job.settlements)).read_new()
        found.append(RadarShelf(data, AREA.aoi_id, AREA.blocks).looks(days_ago(30)))

    seen, expected = found
    assert [look.track for look in seen] == ["sentinel-1-033", "sentinel-1-033"]
    assert [sorted(look.bands) for look in seen] == [["vh", "vv"], ["vv"]]
    for ours, theirs in zip(seen, expected, strict=True):
        np.testing.assert_array_equal(ours.clear_fraction, theirs.clear_fraction)
        assert float(ours.clear_fraction.min()) == 0.0
        for band in ours.bands:
            # Pixels are rounded to 0.001 dB on the way, the archive to 0.01 dB: few cross a step.
            np.testing.assert_allclose(ours.bands[band], theirs.bands[band], atol=0.0101)
            differing = np.abs(ours.bands[band] - theirs.bands[band]) > 0.001
            assert float(differing.mean()) < 0.01
    assert float(np.nanmedian(seen[0].bands["vv"])) == pytest.approx(-10.0, abs=0.3)


def test_gamma_nought_corrected_for_terrain_is_asked_for(hub: Hub, source: SentinelHub) -> None:
    dual, single = radar(source)
    for scene in (dual, single):
        source.read(scene, SMALL, ("vv", "vh"))

    first, second = [asked.json()["input"]["data"][0] for asked in hub.asked("/process")]
    assert first["type"] == "sentinel-1-grd"
    assert first["processing"] == {
        "orthorectify": True, "backCoeff": "GAMMA0_TERRAIN", "demInstance": "COPERNICUS_30",
    }  # fmt: skip
    wanted = first["dataFilter"]
    assert (wanted["acquisitionMode"], wanted["polarization"]) == ("IW", "DV")
    assert second["dataFilter"]["polarization"] == "SV"
    assert wanted["timeRange"] == {"from": "2024-05-04T11:59:00Z", "to": "2024-05-04T12:01:00Z"}


def test_what_the_service_does_not_say_is_estimated(hub: Hub, source: SentinelHub) -> None:
    hub.spent_units = None

    source.read(radar(source)[0], SMALL, ("vv", "vh"))

    # 40 x 40 of 262,144 pixels count as a hundredth; two bands of three, twice for the terrain.
    assert source.ledger.spent(NOW) == pytest.approx(0.01 * 2 / 3 * 2)


def test_a_budget_that_is_used_up_stops_before_asking(hub: Hub, source: SentinelHub) -> None:
    source.ledger.record(9.999, "earlier", NOW, estimated=False)

    with pytest.raises(SourceUnavailable, match="monthly budget"):
        source.read(radar(source)[0], SMALL, ("vv", "vh"))
    assert hub.asked("/process") == []


def test_images_are_put_together_as_power(source: SentinelHub) -> None:
    scene = radar(source)[0]

    whole = source.read(scene, SMALL, ("vv", "vh"))
    joined = replace(source, side_px=25).read(scene, SMALL, ("vv", "vh"))

    np.testing.assert_array_equal(joined.bands["vh"], whole.bands["vh"])
    assert np.isnan(whole.bands["vh"][:, :20]).all()
    assert 0.01 < float(np.nanmedian(whole.bands["vv"])) < 0.2


FAULTS = [
    ("503", Reply(503), "status 503"),
    ("hang", Reply(silent_after=-1), "no answer for 2 s"),
    ("HTML with status 200", page(), "web page"),
    ("nothing with status 200", Reply(200, b""), "empty answer"),
    ("cut short", Reply(200, b"II*\0"), "cannot be read"),
]


@pytest.mark.parametrize(
    ("fault", "words"), [pytest.param(*rest, id=name) for name, *rest in FAULTS]
)
def test_a_fault_is_an_error_and_leaves_nothing(
    hub: Hub, source: SentinelHub, tmp_path: Path, fault: Reply, words: str
) -> None:
    source = replace(source, cache=Cache(tmp_path / "cache"))
    scene = radar(source)[0]
    hub.server.fail("/process", fault, times=2)

    with pytest.raises(SourceError, match=words):
        source.read(scene, SMALL, ("vv", "vh"))

    assert not (tmp_path / "cache").exists()
    hub.server.faults = []
    assert source.read(scene, SMALL, ("vv", "vh")).clear.any()


def test_radar_of_an_unknown_orbit_is_told_and_not_compared(
    hub: Hub, source: SentinelHub, folder: Path
) -> None:
    [path] = folder.glob("S1A_IW_GRDH_1SDV*/*.json")
    item = json.loads(path.read_text())
    item["id"] = item["id"].replace("S1A", "S1E")
    answer = json.dumps({"features": [item], "context": {}}).encode()
    hub.server.fail("/search", Reply(200, answer, {"Content-Type": "application/json"}))

    without_optical = replace(source, collections=("sentinel-1-grd",))

    [problem] = without_optical.problems(AREA, MONTH)
    assert "relative orbit" in problem.reason


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        pytest.param({"VV": 0.1, "dataMask": 1}, [0, 1], id="-10 dB is the middle"),
        pytest.param({"VV": 1.0, "dataMask": 1}, [10_000, 1], id="0 dB"),
        pytest.param({"VV": 1e-9, "dataMask": 1}, [-32_767, 1], id="noise at the border"),
        pytest.param({"VV": 1e6, "dataMask": 1}, [32_767, 1], id="brighter than fits"),
        pytest.param({"VV": 0.0, "dataMask": 1}, [-32_768, 1], id="nothing returned"),
        pytest.param({"VV": 0.1, "dataMask": 0}, [-32_768, 0], id="not measured"),
    ],
)
def test_the_script_turns_power_into_steps_of_a_decibel(
    sample: dict[str, float], expected: list[int]
) -> None:
    script = quickjs.Context()
    script.eval(SENTINEL_1.evalscript(("vv",)))

    told = json.loads(script.eval(f"JSON.stringify(evaluatePixel({json.dumps(sample)}))"))

    assert told == expected
    assert script.eval("MIDDLE_DB") == MIDDLE_DB
    assert 1 / script.eval("STEPS") == STEP_DB
    setup = json.loads(script.eval("JSON.stringify(setup())"))
    assert setup["output"] == {"bands": 2, "sampleType": "INT16"}
