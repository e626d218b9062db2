from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine
from shapely.geometry import shape

from aoi.area import Aoi
from aoi.interval import Interval
from benchmarks.catalogues import _reflected, main
from monitor.looks import Look
from monitor.reading_scenes import read_look
from monitor.scene import Sensor
from monitor.sources.folder import Folder

EVER = Interval(datetime(2014, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::rasterio.errors.NotGeoreferencedWarning"
)


def features(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text())["features"]
    return found


def the_area(out: Path, epsg: int) -> Aoi:
    (area,) = features(out / "areas.geojson")
    geometry: Any = shape(area["geometry"])
    return Aoi(area["properties"]["id"], area["properties"]["name"], geometry, epsg)


@pytest.fixture(scope="module")
def cold_springs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The catalogue, written once: the tests only read it."""
    real = Path(__file__).resolve().parents[3] / "shared" / "data"
    if not real.is_dir():
        pytest.skip("needs ../shared, the folder of real data, which is not here")
    out = tmp_path_factory.mktemp("cold-springs")
    main(["cold-springs", str(out), "--real", str(real)])
    return out


def the_pair(out: Path) -> tuple[Look, Look]:
    aoi, folder = the_area(out, 32613), Folder(out / "imagery")
    before, after = (read_look(folder, [scene], aoi) for scene in folder.search(aoi, EVER))
    return before, after


def write(name: str, shared: Path, out: Path) -> Path:
    main([name, str(out), "--real", str(shared / "data")])
    return out


def clear_over(look: Look, geometry: Any) -> float:
    return float(look.clear_fraction[look.blocks.inside(geometry)].mean())


def test_cold_springs_is_two_landsat_scenes_with_settlements(cold_springs: Path) -> None:
    aoi, folder = the_area(cold_springs, 32613), Folder(cold_springs / "imagery")

    before, after = folder.search(aoi, EVER)
    looks = [read_look(folder, [scene], aoi) for scene in (before, after)]

    assert folder.problems(aoi, EVER) == []
    assert before.sensor is Sensor.LANDSAT
    assert before.track == "landsat-034"
    assert before.acquired_at == datetime(2016, 7, 7, 17, 43, 22, 860601, tzinfo=UTC)
    assert before.sun_elevation_deg == pytest.approx(64.718, abs=1e-3)
    assert looks[0].tags["resampling"] == "none"
    assert looks[1].bands["nir08"][looks[1].valid].mean() == pytest.approx(0.2, abs=0.03)


def test_settlements_in_the_shadow_of_cold_springs_are_not_seen_that_day(
    cold_springs: Path,
) -> None:
    before, after = the_pair(cold_springs)

    for place in features(cold_springs / "settlements.geojson"):
        outline, name = shape(place["geometry"]), place["properties"]["id"]
        in_shade = name.startswith("cs-shadow")
        assert (clear_over(before, outline) < 0.05) is in_shade, name
        assert clear_over(after, outline) > 0.9, name


def test_the_burned_places_of_cold_springs_lost_their_near_infrared(
    cold_springs: Path,
) -> None:
    before, after = the_pair(cold_springs)
    kept = after.bands["nir08"] / before.bands["nir08"]

    for place in features(cold_springs / "settlements.geojson"):
        inside = after.blocks.inside(shape(place["geometry"])) & before.valid & after.valid
        if place["properties"]["id"].startswith("cs-burned"):
            assert np.median(kept[inside]) < 0.6
        elif inside.any():
            assert 0.8 < np.median(kept[inside]) < 1.2


def test_romania_is_140_dates_with_scene_classes(shared: Path, tmp_path: Path) -> None:
    out = write("romania", shared, tmp_path)
    aoi, folder = the_area(out, 32634), Folder(out / "imagery")

    scenes = folder.search(aoi, EVER)

    assert len(scenes) == 140
    assert folder.problems(aoi, EVER) == []
    assert scenes[0].acquired_at == datetime(2015, 8, 1, 9, 30, tzinfo=UTC)
    assert len(features(out / "settlements.geojson")) == 12
    look = read_look(folder, scenes[2:3], aoi)
    assert sorted(look.bands) == ["blue", "green", "nir08", "red", "swir16"]
    assert look.tags["resampling"] == "bilinear"
    inside = look.blocks.inside(aoi.geometry) & look.valid
    assert inside.sum() > 400
    assert np.median(look.bands["nir08"][inside]) == pytest.approx(0.31, abs=0.03)
    assert np.isfinite(look.texture[inside]).mean() > 0.9


def test_a_mirrored_image_continues_without_a_seam() -> None:
    image = np.array([[1, 2], [3, 4]], np.uint16)

    wide, place = _reflected(image, Affine(20, 0, 100, 0, -20, 900), 1)

    assert wide.tolist() == [
        [4, 3, 3, 4, 4, 3],
        [2, 1, 1, 2, 2, 1],
        [2, 1, 1, 2, 2, 1],
        [4, 3, 3, 4, 4, 3],
        [4, 3, 3, 4, 4, 3],
        [2, 1, 1, 2, 2, 1],
    ]
    # Two pixels of 20 m to the west and to the north.
    assert place == Affine(20, 0, 60, 0, -20, 940)


def test_california_is_radar_of_two_polarisations(shared: Path, tmp_path: Path) -> None:
    out = write("california-radar", shared, tmp_path)
    aoi, folder = the_area(out, 32611), Folder(out / "imagery")

    scenes = folder.search(aoi, EVER)
    look = read_look(folder, scenes[:1], aoi)

    assert len(scenes) >= 21
    assert {scene.track for scene in scenes} == {"sentinel-1-137"}
    # DETECTION section 9: the built-up edge of Santa Barbara has a mean VV of -8.7 dB.
    assert np.nanmean(look.bands["vv"]) == pytest.approx(-8.7, abs=1.0)
    assert look.tags["resampling"] == "none"
