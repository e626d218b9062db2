from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from aoi.area import Aoi
from aoi.interval import Interval
from monitor.acquisition import acquisitions
from monitor.archive import file_sha256, load_chip
from monitor.chips import ChipMaker, looks_of
from monitor.errors import SourceError, SourceRefused
from monitor.sources.folder import Folder
from tests.builders import NOW, a_finding, a_settlement, an_aoi, days_ago, some_evidence
from tests.catalogue import write_overpass
from tests.monitor.values import an_archived_look

AREA: Aoi = an_aoi()


def maker(folder: Path) -> ChipMaker:
    return ChipMaker(AREA, [Folder(folder / "imagery")], folder, margin_m=100)


def a_look_of(folder: Path) -> tuple[str, ...]:
    scenes = Folder(folder / "imagery").search(AREA, Interval(days_ago(30), NOW))
    (overpass,) = acquisitions(scenes)
    return overpass.scene_ids


def test_pixels_of_an_older_look_are_found_again_in_the_catalogue(tmp_path: Path) -> None:
    write_overpass(tmp_path / "imagery", days_ago(2))
    look = an_archived_look(scene_ids=a_look_of(tmp_path))

    chip = maker(tmp_path).chip(a_settlement(), look, "before")

    assert chip.role == "before"
    assert chip.sha256 == file_sha256(tmp_path / chip.path)
    # 400 m of village and 100 m on each side at 10 m; edges go outwards to whole pixels.
    height, width = load_chip(tmp_path / chip.path).grid.shape
    assert 60 <= height <= 62
    assert 60 <= width <= 62


def test_pixels_that_are_kept_are_not_read_again(tmp_path: Path) -> None:
    item = write_overpass(tmp_path / "imagery", days_ago(2))
    look = an_archived_look(scene_ids=a_look_of(tmp_path))
    first = maker(tmp_path).chip(a_settlement(), look, "after")
    item.unlink()

    assert maker(tmp_path).chip(a_settlement(), look, "after") == first


def test_scenes_that_are_no_longer_listed_are_named(tmp_path: Path) -> None:
    (tmp_path / "imagery").mkdir()

    with pytest.raises(SourceRefused, match="no longer listed by folder"):
        maker(tmp_path).chip(a_settlement(), an_archived_look(), "before")


def test_a_damaged_scene_makes_no_picture(tmp_path: Path) -> None:
    item = write_overpass(tmp_path / "imagery", days_ago(2))
    look = an_archived_look(scene_ids=a_look_of(tmp_path))
    (item.parent / "red.tif").write_bytes(b"II*\0")

    with pytest.raises(SourceError, match="red"):
        maker(tmp_path).chip(a_settlement(), look, "before")


def test_before_is_the_last_quiet_look_and_after_the_latest_with_the_sign() -> None:
    days = {"quiet-1": 20, "quiet-2": 12, "cloudy": 9, "sign-1": 7, "sign-2": 2}
    looks = [an_archived_look(look_id=k, acquired_at=days_ago(d)) for k, d in days.items()]
    evidence = some_evidence(look_ids=("sign-1", "sign-2"))
    finding = a_finding(evidence=(evidence,), first_seen=days_ago(7))

    shown = looks_of(finding, looks, {"quiet-1", "quiet-2"})

    assert {role: look.look_id for role, look in shown.items()} == {
        "before": "quiet-2",
        "after": "sign-2",
    }


def test_history_that_was_never_scored_serves_as_before_by_its_clear_share() -> None:
    shares = {"a": 0.2, "b": 0.9, "c": 0.4}
    looks = [
        an_archived_look(look_id=k, acquired_at=days_ago(30), clear_fraction=share)
        for k, share in shares.items()
    ]
    finding = replace(a_finding(), first_seen=days_ago(7))

    assert looks_of(finding, looks, set())["before"].look_id == "b"


def test_without_an_earlier_look_there_is_no_before() -> None:
    after = an_archived_look(look_id="look-1")

    assert set(looks_of(a_finding(), [after], set())) == {"after"}
