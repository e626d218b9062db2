from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from aoi.area import Aoi
from aoi.grid import Grid
from aoi.interval import Interval
from monitor.errors import SourceUnavailable
from monitor.looks import OPTICAL_BANDS, Look
from monitor.observation import Flag
from monitor.reading_scenes import LookSettings, read_chip, read_look, reading_grid, strips
from monitor.scene import Scene, Sensor
from monitor.sources.folder import Folder
from tests.builders import GROUND, a_square, an_aoi
from tests.monitor.sources.rasters import an_item, outline, write_band, write_item
from tests.monitor.sources.test_scene_reader import a_scene

AOI = an_aoi(geometry=a_square(400))
BLOCKS = AOI.blocks
"""Some 160 x 160 blocks: the area is small, its margin is not."""

MIDDLE = (BLOCKS.height // 2, BLOCKS.width // 2)
YEAR = Interval(datetime(2024, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC))


def a_picture(grid: Grid, level: float, *, dtype: str = "uint16") -> NDArray[Any]:
    """Return even ground with a little fixed grain, as stored numbers."""
    grain = np.random.default_rng(5).normal(0, 20, grid.shape)
    return np.clip(level * 10_000 + grain, 1, 60_000).astype(dtype)


def write_scene(
    folder: Path,
    *,
    aoi: Aoi = AOI,
    stored: Mapping[str, NDArray[Any]] | None = None,
    name: str = "S2B_1",
    properties: Mapping[str, str] | None = None,
) -> None:
    """Write a Sentinel-2 scene over an area: visible bands at 10 m, the others at 20 m."""
    pictures: dict[str, NDArray[Any]] = {}
    for band, level in GROUND.items():
        fine = band in ("blue", "green", "red")
        pictures[band] = a_picture(aoi.blocks.at(10 if fine else 20), level)
    pictures["scl"] = np.full(aoi.blocks.at(20).shape, 4, np.uint8)
    pictures.update(stored or {})
    folder = folder / name
    folder.mkdir(parents=True)
    for band, values in pictures.items():
        write_band(folder / f"{band}.tif", values, aoi.blocks, nodata=0, compress="deflate")
    item = an_item(id=name, geometry=outline(aoi.blocks.outline))
    item["properties"].update(properties or {})
    item["assets"] = {band: {"href": f"{band}.tif"} for band in pictures}
    write_item(folder / "item.json", item)


def the_scenes(folder: Path) -> list[Scene]:
    return Folder(folder).search(AOI, YEAR)


def the_look(folder: Path) -> Look:
    return read_look(Folder(folder), the_scenes(folder), AOI)


def test_a_scene_becomes_a_look(tmp_path: Path) -> None:
    write_scene(tmp_path)

    look = the_look(tmp_path)

    assert tuple(look.bands) == OPTICAL_BANDS
    assert look.blocks == BLOCKS
    for band, level in GROUND.items():
        assert look.bands[band][MIDDLE] == pytest.approx(level, abs=0.002)
    assert look.clear_fraction.min() == 1
    # The grain of three equal bands: 20 of 10,000 in each pixel.
    assert np.median(look.texture) == pytest.approx(0.002, abs=0.0003)
    assert (look.flags == 0).all()
    assert look.track == "sentinel-2-093"


def test_the_tags_say_how_the_look_was_made(tmp_path: Path) -> None:
    write_scene(tmp_path, properties={"s2:processing_baseline": "03.01", "grid:code": "MGRS-35PPN"})

    tags = the_look(tmp_path).tags

    assert tags["provider"] == "folder"
    assert tags["processing_baseline"] == "03.01"
    assert tags["tiles"] == "35PPN"
    assert tags["resampling"] == "none"
    assert tags["classification"] == "provider"
    assert tags["radiometry"] == "consistent"
    assert tags["calibration"] == "x 0.0001 +0 (default)"


def test_the_same_scene_gives_the_same_look_again(tmp_path: Path) -> None:
    write_scene(tmp_path)

    one, two = the_look(tmp_path), the_look(tmp_path)

    assert one.look_id == two.look_id
    for band in one.bands:
        np.testing.assert_array_equal(one.bands[band], two.bands[band])


def test_clouds_and_their_margin_are_left_out(tmp_path: Path) -> None:
    classes = np.full(BLOCKS.at(20).shape, 4, np.uint8)
    classes[160:180, 160:180] = 9
    write_scene(tmp_path, stored={"scl": classes})

    look = the_look(tmp_path)

    assert look.clear_fraction[80:90, 80:90].max() == 0
    assert np.isnan(look.bands["red"][85, 85])
    assert look.flags[85, 85] == Flag.CLOUD
    # 80 m are two blocks.
    assert look.clear_fraction[79, 85] == 0
    assert look.clear_fraction[78, 85] == 0
    assert look.clear_fraction[77, 85] == 1


def test_a_scene_beside_the_area_is_a_look_that_saw_nothing(tmp_path: Path) -> None:
    write_scene(tmp_path, stored={"scl": np.zeros(BLOCKS.at(20).shape, np.uint8)})

    look = the_look(tmp_path)

    assert look.clear_fraction.max() == 0
    assert look.flags[MIDDLE] & Flag.NODATA


def test_without_a_classification_the_look_says_that_clouds_are_unknown(tmp_path: Path) -> None:
    write_scene(tmp_path)
    (scene,) = the_scenes(tmp_path)
    assets = {band: asset for band, asset in scene.assets.items() if band != "scl"}

    look = read_look(Folder(tmp_path), [_with(scene, assets=assets)], AOI)

    assert (look.flags == Flag.UNCLASSIFIED).all()
    assert look.tags["classification"] == "none"


def _with(scene: Scene, **changes: Any) -> Scene:
    fields = {name: getattr(scene, name) for name in Scene.__dataclass_fields__}
    return Scene(**{**fields, **changes})


def test_an_offset_subtracted_twice_is_suspect(tmp_path: Path) -> None:
    write_scene(tmp_path, properties={"s2:processing_baseline": "05.10"})

    tags = the_look(tmp_path).tags

    # The numbers hold reflectance without the 1000 that baseline 05.10 promises.
    assert tags["radiometry"] == "suspect_radiometry"
    assert "subtracted before" in tags["suspect_radiometry"]


def test_an_offset_left_in_is_not_sure(tmp_path: Path) -> None:
    raised = {
        band: a_picture(BLOCKS.at(10), GROUND[band] + 0.1) for band in ("blue", "green", "red")
    }
    write_scene(tmp_path, stored=raised, properties={"s2:processing_baseline": "03.01"})

    tags = the_look(tmp_path).tags
    assert tags["radiometry"] == "unsure"
    assert "suspect_radiometry" not in tags


def test_a_missing_band_file_fails_the_look_by_name(tmp_path: Path) -> None:
    write_scene(tmp_path)
    (tmp_path / "S2B_1" / "swir22.tif").unlink()

    with pytest.raises(SourceUnavailable, match="scene S2B_1, band swir22"):
        the_look(tmp_path)


def test_tiles_of_one_overpass_make_one_look(tmp_path: Path) -> None:
    cut = {}
    for band, level in GROUND.items():
        grid = BLOCKS.at(10 if band in ("blue", "green", "red") else 20)
        cut[band] = a_picture(grid, level)
        cut[band][:, grid.width // 2 :] = 0
    rest = {band: np.fliplr(values) for band, values in cut.items()}
    write_scene(tmp_path, stored=cut, name="WEST", properties={"grid:code": "MGRS-35PPN"})
    write_scene(tmp_path, stored=rest, name="EAST", properties={"grid:code": "MGRS-35PQN"})

    look = the_look(tmp_path)

    assert look.scene_ids == ("EAST", "WEST")
    assert look.clear_fraction.mean() > 0.99
    assert look.tags["tiles"] == "35PQN; 35PPN"


def test_a_tile_that_was_processed_twice_is_read_once(tmp_path: Path) -> None:
    for name, baseline in (("OLD", "03.00"), ("NEW", "03.01")):
        code = {"grid:code": "MGRS-35PPN", "s2:processing_baseline": baseline}
        write_scene(tmp_path, name=name, properties=code)

    assert the_look(tmp_path).scene_ids == ("NEW",)


def test_scenes_of_two_sensors_are_no_look() -> None:
    with pytest.raises(ValueError, match="one sensor"):
        read_look(Folder(Path()), [a_scene(), a_scene(sensor=Sensor.LANDSAT)], AOI)
    with pytest.raises(ValueError, match="one sensor"):
        read_look(Folder(Path()), [], AOI)


def test_landsat_is_read_on_its_own_pixels() -> None:
    grid = reading_grid(a_scene(sensor=Sensor.LANDSAT), BLOCKS)

    assert grid.resolution_m == 30
    assert (grid.left_m % 30, grid.top_m % 30) == (15, 15)
    left, bottom, right, top = BLOCKS.bounds_m
    assert grid.bounds_m[0] <= left < grid.bounds_m[0] + 30
    assert grid.bounds_m[1] <= bottom
    assert grid.bounds_m[2] >= right
    assert grid.bounds_m[3] >= top


@pytest.mark.parametrize(
    ("sensor", "resolution_m"),
    [(Sensor.SENTINEL_2, 20), (Sensor.SENTINEL_1, 10), (Sensor.HLS, 30)],
)
def test_every_sensor_has_its_reading_grid(sensor: Sensor, resolution_m: float) -> None:
    assert reading_grid(a_scene(sensor=sensor), BLOCKS).resolution_m == resolution_m


def test_a_landsat_scene_becomes_a_look_without_texture(tmp_path: Path) -> None:
    grid = reading_grid(a_scene(sensor=Sensor.LANDSAT), BLOCKS)
    for band, level in GROUND.items():
        write_band(tmp_path / f"{band}.tif", a_picture(grid, level), grid)
    write_band(tmp_path / "qa_pixel.tif", np.full(grid.shape, 21824, np.uint16), grid)
    item = an_item(collection="landsat-c2-l2", geometry=outline(BLOCKS.outline))
    item["properties"] = {"datetime": "2024-05-01T08:00:00Z", "landsat:wrs_path": "178"}
    item["assets"] = {band: {"href": f"{band}.tif"} for band in [*GROUND, "qa_pixel"]}
    write_item(tmp_path / "item.json", item)

    look = the_look(tmp_path)

    assert look.track == "landsat-178"
    assert look.bands["nir08"][MIDDLE] == pytest.approx(GROUND["nir08"], abs=0.002)
    assert np.isnan(look.texture).all()
    assert look.clear_fraction.min() == 1
    assert look.tags["radiometry"] == "unchecked"


def test_a_radar_scene_becomes_a_look_in_decibel(tmp_path: Path) -> None:
    for band, power in (("vv", 0.1), ("vh", 0.01)):
        write_band(
            tmp_path / f"{band}.tif", np.full(BLOCKS.at(10).shape, power, np.float32), BLOCKS
        )
    item = an_item(collection="sentinel-1-rtc", geometry=outline(BLOCKS.outline))
    item["properties"] = {"datetime": "2024-05-01T04:00:00Z", "sat:relative_orbit": 137}
    item["assets"] = {"vv": {"href": "vv.tif"}, "vh": {"href": "vh.tif"}}
    write_item(tmp_path / "item.json", item)

    look = the_look(tmp_path)

    assert look.track == "sentinel-1-137"
    assert (look.bands["vv"] == np.float32(-10)).all()
    assert (look.bands["vh"] == np.float32(-20)).all()
    assert look.clear_fraction.min() == 1


def test_strips_cover_the_blocks_in_whole_rows() -> None:
    wide = Grid(32635, 0, 0, 40, 2_750, 2_750)

    parts = list(strips(wide, 8_000_000))

    assert len(parts) > 10
    assert sum(part.height for part in parts) == 2_750
    assert all(part.at(10).height * part.at(10).width <= 8_000_000 for part in parts)
    assert parts[1].top_m == -parts[0].height * 40


def test_a_small_area_is_one_strip() -> None:
    assert list(strips(BLOCKS, 8_000_000)) == [BLOCKS]


def test_reading_in_strips_changes_nothing(tmp_path: Path) -> None:
    write_scene(tmp_path)
    whole = the_look(tmp_path)

    cut = read_look(Folder(tmp_path), the_scenes(tmp_path), AOI, LookSettings(strip_px=20_000))

    assert len(list(strips(BLOCKS, 20_000))) > 10
    np.testing.assert_array_equal(cut.texture, whole.texture)
    np.testing.assert_array_equal(cut.bands["red"], whole.bands["red"])


def test_a_chip_is_rounded_as_the_archive_rounds(tmp_path: Path) -> None:
    write_scene(tmp_path)
    (scene,) = the_scenes(tmp_path)
    grid = Grid(BLOCKS.epsg, 540_000, 1_510_000, 10, 30, 30)

    chip = read_chip(Folder(tmp_path), scene, grid)

    assert chip.grid == grid
    assert list(chip.bands) == list(OPTICAL_BANDS)
    steps = chip.bands["red"].astype(np.float64) / 1e-4
    np.testing.assert_allclose(steps, np.round(steps), atol=1e-3)
