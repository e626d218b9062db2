from __future__ import annotations

import json
import pickle
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shapely import box

from aoi.interval import Interval
from monitor.errors import SourceRefused
from monitor.observation import Flag
from monitor.sources.folder import Folder, utc_now
from tests.builders import an_aoi
from tests.monitor.sources.rasters import (
    GRID,
    an_item,
    outline,
    with_properties,
    write_band,
    write_item,
)

MAY = Interval(datetime(2024, 5, 1, tzinfo=UTC), datetime(2024, 6, 1, tzinfo=UTC))
NOW = datetime(2024, 7, 1, tzinfo=UTC)


def at_now() -> datetime:
    return NOW


def a_folder(path: Path) -> Folder:
    return Folder(path, at_now)


def test_items_are_found_in_every_subfolder_oldest_first(tmp_path: Path) -> None:
    write_item(
        tmp_path / "a" / "late.json",
        {**with_properties(datetime="2024-05-09T08:00:00Z"), "id": "late"},
    )
    write_item(tmp_path / "b" / "c" / "early.json", an_item(id="early"))

    scenes = a_folder(tmp_path).search(an_aoi(), MAY)

    assert [scene.scene_id for scene in scenes] == ["early", "late"]
    assert scenes[0].provider == "folder"
    assert scenes[0].assets["red"].href == str(tmp_path / "b" / "c" / "./red.tif")


def test_absolute_hrefs_stay(tmp_path: Path) -> None:
    assets = {"red": {"href": "/data/red.tif"}, "blue": {"href": "https://example.test/b.tif"}}
    write_item(tmp_path / "item.json", an_item(assets=assets))

    (scene,) = a_folder(tmp_path).search(an_aoi(), MAY)

    assert scene.assets["red"].href == "/data/red.tif"
    assert scene.assets["blue"].href == "https://example.test/b.tif"


def test_scenes_elsewhere_or_of_other_days_are_left_out_without_a_word(tmp_path: Path) -> None:
    write_item(tmp_path / "far.json", an_item(id="far", geometry=outline(box(0, 0, 1, 1))))
    write_item(tmp_path / "june.json", with_properties(datetime="2024-06-01T00:00:00Z"))

    folder = a_folder(tmp_path)

    assert folder.search(an_aoi(), MAY) == []
    assert folder.problems(an_aoi(), MAY) == []


def test_an_empty_catalogue_is_no_error(tmp_path: Path) -> None:
    assert a_folder(tmp_path).search(an_aoi(), MAY) == []


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceRefused, match="does not exist") as refused:
        a_folder(tmp_path / "gone").search(an_aoi(), MAY)

    assert "[sources.folder] path" in refused.value.hint


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(with_properties(datetime=None), "no datetime", id="no datetime"),
        pytest.param(an_item(assets={}), "no asset", id="F19 no assets"),
        pytest.param(with_properties(datetime="2024-07-01T00:00:01Z"), "future", id="F17 future"),
        pytest.param(with_properties(datetime="1970-01-01T00:00:00Z"), "before", id="F17 1970"),
        pytest.param(an_item(geometry=None), "geometry", id="no geometry"),
    ],
)
def test_an_item_that_cannot_be_used_is_told_and_hides_no_other(
    tmp_path: Path, content: dict[str, Any], said: str
) -> None:
    write_item(tmp_path / "bad" / "item.json", {**content, "id": "bad"})
    write_item(tmp_path / "good.json", an_item(id="good"))
    folder = a_folder(tmp_path)

    (problem,) = folder.problems(an_aoi(), MAY)

    assert [scene.scene_id for scene in folder.search(an_aoi(), MAY)] == ["good"]
    assert problem.entry == "bad/item.json"
    assert said in problem.reason
    assert problem.hint


@pytest.mark.parametrize(
    "content",
    [b"", b'{"type": "Feature", "stac_ver', b"\xff\xfe\x00", b"[" * 100_000],
    ids=["empty", "cut", "not UTF-8", "nested too deep"],
)
def test_unreadable_json_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "broken.json").write_bytes(content)

    (problem,) = a_folder(tmp_path).problems(an_aoi(), MAY)

    assert "broken.json cannot be read" in problem.reason


def test_a_bad_item_known_to_lie_elsewhere_is_not_this_areas_problem(tmp_path: Path) -> None:
    far = outline(box(0, 0, 1, 1))
    write_item(tmp_path / "bad.json", an_item(assets={}, geometry=far))

    assert a_folder(tmp_path).problems(an_aoi(), MAY) == []


def test_other_json_files_are_no_problem(tmp_path: Path) -> None:
    (tmp_path / "areas.json").write_text('{"type": "FeatureCollection", "features": []}')
    (tmp_path / "catalog.json").write_text('{"type": "Catalog", "stac_version": "1.0.0"}')

    assert a_folder(tmp_path).problems(an_aoi(), MAY) == []


def test_the_second_item_of_one_name_is_told(tmp_path: Path) -> None:
    write_item(tmp_path / "a.json")
    write_item(tmp_path / "b.json")
    folder = a_folder(tmp_path)

    (problem,) = folder.problems(an_aoi(), MAY)

    assert len(folder.search(an_aoi(), MAY)) == 1
    assert problem.entry == "b.json"
    assert "a.json" in problem.reason


def test_a_changed_item_is_read_anew(tmp_path: Path) -> None:
    path = write_item(tmp_path / "item.json")
    folder = a_folder(tmp_path)
    folder.search(an_aoi(), MAY)

    write_item(path, with_properties(created="2024-05-20T00:00:00Z", platform="sentinel-2c"))

    (scene,) = folder.search(an_aoi(), MAY)
    assert scene.available_at == datetime(2024, 5, 20, tzinfo=UTC)


def test_what_became_available_later_is_listed_with_its_time(tmp_path: Path) -> None:
    write_item(tmp_path / "item.json")

    (scene,) = a_folder(tmp_path).search(an_aoi(), MAY)

    assert scene.available_at - scene.acquired_at == timedelta(hours=6)


def test_pixels_are_read_through_the_item(tmp_path: Path) -> None:
    write_item(tmp_path / "item.json")
    write_band(tmp_path / "red.tif", np.full((4, 4), 2317, np.uint16), nodata=0)
    folder = a_folder(tmp_path)
    (scene,) = folder.search(an_aoi(), MAY)

    observation = folder.read(scene, GRID, ["blue", "red"])

    assert list(observation.bands) == ["red"]
    np.testing.assert_array_equal(observation.bands["red"], np.full((4, 4), 0.2317, np.float32))
    assert (observation.flags == Flag.UNCLASSIFIED).all()


def test_a_folder_can_be_sent_to_another_process(tmp_path: Path) -> None:
    folder = Folder(tmp_path)

    assert pickle.loads(pickle.dumps(folder)) == folder
    assert folder.now is utc_now


def test_a_large_file_is_not_taken_for_an_item(tmp_path: Path) -> None:
    item = {**an_item(), "padding": "x" * 5_000_001}
    (tmp_path / "item.json").write_text(json.dumps(item))

    (problem,) = a_folder(tmp_path).problems(an_aoi(), MAY)

    assert "too many" in problem.reason
