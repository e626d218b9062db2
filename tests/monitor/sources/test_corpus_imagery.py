"""Section F of the bad-input corpus, as far as files on a disk can show it."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import rasterio

from aoi.interval import Interval
from monitor.errors import SourceRefused
from monitor.looks import Look
from monitor.observation import Flag
from monitor.reading_scenes import read_look
from monitor.sources.folder import Folder
from tests.monitor.sources.rasters import write_band, write_item
from tests.monitor.test_reading_scenes import AOI, BLOCKS, write_scene

YEAR = Interval(datetime(2024, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC))
NIR = Path("S2B_1", "nir08.tif")

Damage = Callable[[Path], None]


def look_of(folder: Path) -> Look:
    source = Folder(folder)
    return read_look(source, source.search(AOI, YEAR), AOI)


def cut(share: float) -> Damage:
    def damage(path: Path) -> None:
        content = path.read_bytes()
        path.write_bytes(content[: round(share * len(content))])

    return damage


def overwrite_middle(path: Path) -> None:
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 500] = b"\xff" * 500
    path.write_bytes(bytes(content))


def error_page(path: Path) -> None:
    path.write_text("<!DOCTYPE html><html><body>Service unavailable</body></html>")


def declare_too_much(path: Path) -> None:
    with rasterio.open(
        path, "w", driver="GTiff", height=200_000, width=200_000, count=1, dtype="uint16",
        crs="EPSG:32635", transform=BLOCKS.transform, sparse_ok=True, tiled=True, bigtiff="yes",
    ):  # fmt: skip
        pass


def move_elsewhere(path: Path) -> None:
    write_band(path, np.ones((10, 10), np.uint16), BLOCKS, crs="EPSG:32601")


def swap_axes(path: Path) -> None:
    place = rasterio.transform.from_origin(BLOCKS.top_m, BLOCKS.left_m, 20, 20)
    write_band(path, np.ones((10, 10), np.uint16), BLOCKS, transform=place)


def drop_reference(path: Path) -> None:
    write_band(path, np.ones((10, 10), np.uint16), BLOCKS, crs=None)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(error_page, id="F3"),
        pytest.param(cut(0.0005), id="F4-header"),
        pytest.param(cut(0.02), id="F4-directory"),
        pytest.param(cut(0.6), id="F4-tile"),
        pytest.param(overwrite_middle, id="F8"),
        pytest.param(declare_too_much, id="F10"),
        pytest.param(move_elsewhere, id="F11-zone"),
        pytest.param(swap_axes, id="F11-axes"),
        pytest.param(drop_reference, id="F11-none"),
    ],
)
def test_corpus_a_damaged_file_fails_its_look_by_name(tmp_path: Path, damage: Damage) -> None:
    write_scene(tmp_path)
    damage(tmp_path / NIR)

    with pytest.raises(SourceRefused, match="scene S2B_1, band nir08") as refused:
        look_of(tmp_path)

    assert "\n" not in refused.value.message


def test_corpus_f9_a_directory_that_points_at_itself_does_not_hang(tmp_path: Path) -> None:
    write_scene(tmp_path)
    path = tmp_path / NIR
    content = bytearray(path.read_bytes())
    (first,) = struct.unpack_from("<I", content, 4)
    (entries,) = struct.unpack_from("<H", content, first)
    struct.pack_into("<I", content, first + 2 + 12 * entries, first)
    path.write_bytes(bytes(content))

    # One image is all that is read of a file, so the loop is never followed.
    assert look_of(tmp_path).clear_fraction.min() == 1


def test_corpus_f12_all_nodata_is_a_look_that_saw_nothing(tmp_path: Path) -> None:
    write_scene(tmp_path, stored={"nir08": np.zeros(BLOCKS.at(20).shape, np.uint16)})

    look = look_of(tmp_path)

    assert look.clear_fraction.max() == 0
    assert not look.valid.any()
    assert (look.flags & Flag.NODATA > 0).all()


def test_corpus_f13_nan_and_infinity_are_invalid_pixels(tmp_path: Path) -> None:
    values = np.full(BLOCKS.at(20).shape, 0.25, np.float32)
    values[0, 0], values[0, 2] = np.nan, np.inf
    write_scene(tmp_path, stored={"nir08": values})

    look = look_of(tmp_path)

    assert look.clear_fraction[0, :3].tolist() == [0.75, 0.75, 1.0]
    assert look.bands["nir08"][0, 0] == np.float32(0.25)


@pytest.mark.parametrize("dtype", ["uint16", "int16", "int32", "float32"])
def test_corpus_f14_every_type_is_scaled_as_it_says(tmp_path: Path, dtype: str) -> None:
    stored = 0.25 if dtype == "float32" else 2_500
    write_scene(tmp_path, stored={"nir08": np.full(BLOCKS.at(20).shape, stored, dtype)})

    assert (look_of(tmp_path).bands["nir08"] == np.float32(0.25)).all()


def test_corpus_f15_a_declared_offset_is_corrected(tmp_path: Path) -> None:
    raised = {
        band: np.full(BLOCKS.at(10).shape, 2_000, np.uint16) for band in ("blue", "green", "red")
    }
    infrared = np.full(BLOCKS.at(20).shape, 3_500, np.uint16)
    stored = {**raised, "nir08": infrared, "swir16": infrared, "swir22": infrared}

    write_scene(tmp_path, stored=stored, properties={"s2:processing_baseline": "05.10"})

    look = look_of(tmp_path)
    assert (look.bands["nir08"] == np.float32(0.25)).all()
    assert look.tags["radiometry"] == "consistent"
    assert "suspect_radiometry" not in look.tags


def test_corpus_f15_an_offset_that_was_gone_already_is_suspect(tmp_path: Path) -> None:
    write_scene(tmp_path, properties={"s2:processing_baseline": "05.10"})

    assert "subtracted before" in look_of(tmp_path).tags["suspect_radiometry"]


def test_corpus_f16_new_bytes_under_an_old_name_give_a_new_look(tmp_path: Path) -> None:
    write_scene(tmp_path, properties={"updated": "2024-05-01T14:00:00Z"})
    first = look_of(tmp_path)
    item = tmp_path / "S2B_1" / "item.json"

    item.write_text(item.read_text().replace("2024-05-01T14:00:00Z", "2024-06-01T14:00:00Z"))

    assert look_of(tmp_path).look_id != first.look_id
    assert look_of(tmp_path).scene_ids == first.scene_ids


@pytest.mark.parametrize(
    ("when", "said"),
    [
        pytest.param("2199-01-01T00:00:00Z", "in the future", id="F17-future"),
        pytest.param("1970-01-01T00:00:00Z", "before the first satellite", id="F17-1970"),
    ],
)
def test_corpus_a_misdated_scene_is_told(tmp_path: Path, when: str, said: str) -> None:
    write_scene(tmp_path, properties={"datetime": when})
    source = Folder(tmp_path)

    (problem,) = source.problems(AOI, YEAR)

    assert source.search(AOI, YEAR) == []
    assert said in problem.reason


def test_corpus_f19_an_item_without_assets_is_told(tmp_path: Path) -> None:
    write_scene(tmp_path)
    item = {**_item(tmp_path), "id": "bare", "assets": {}}
    write_item(tmp_path / "bare.json", item)
    source = Folder(tmp_path)

    (problem,) = source.problems(AOI, YEAR)

    assert [scene.scene_id for scene in source.search(AOI, YEAR)] == ["S2B_1"]
    assert problem.entry == "bare.json"


def _item(folder: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / "S2B_1" / "item.json").read_text())
    return found


def test_corpus_f24_a_missing_cloud_mask_is_no_clear_sky(tmp_path: Path) -> None:
    write_scene(tmp_path)
    item = tmp_path / "S2B_1" / "item.json"
    item.write_text(item.read_text().replace('"scl":', '"unused":'))

    look = look_of(tmp_path)

    assert look.tags["classification"] == "none"
    assert (look.flags == Flag.UNCLASSIFIED).all()
