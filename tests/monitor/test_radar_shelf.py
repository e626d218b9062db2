from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from monitor.radar_shelf import RadarShelf
from tests.builders import days_ago
from tests.monitor.detectors.test_sar import BLOCKS, a_radar_look

LOOKS = [a_radar_look(days) for days in (24, 12)]


def a_shelf(folder: Path) -> RadarShelf:
    shelf = RadarShelf(folder, "sd-test", BLOCKS)
    for look in LOOKS:
        shelf.save(look)
    return shelf


def test_looks_are_read_back_by_orbit_and_time(tmp_path: Path) -> None:
    shelf = a_shelf(tmp_path)
    other = a_radar_look(18, track="sentinel-1-123")
    shelf.save(other)

    found = shelf.looks(days_ago(30))

    assert [look.look_id for look in found] == [*(look.look_id for look in LOOKS), other.look_id]
    assert shelf.count() == {"sentinel-1-021": 2, "sentinel-1-123": 1}
    # Decibels are archived in steps of a hundredth.
    assert np.allclose(found[0].bands["vv"], LOOKS[0].bands["vv"], atol=0.0051)


def test_only_what_is_asked_for_is_read(tmp_path: Path) -> None:
    assert [look.look_id for look in a_shelf(tmp_path).looks(days_ago(13))] == [LOOKS[1].look_id]


def test_an_overpass_that_is_there_is_known(tmp_path: Path) -> None:
    shelf = a_shelf(tmp_path)

    assert shelf.has("sentinel-1-021", days_ago(12))
    assert not shelf.has("sentinel-1-021", days_ago(11))
    assert not shelf.has("sentinel-1-123", days_ago(12))


def test_looks_of_an_area_that_was_drawn_anew_are_left(tmp_path: Path) -> None:
    a_shelf(tmp_path)

    redrawn = RadarShelf(tmp_path, "sd-test", replace(BLOCKS, left_m=BLOCKS.left_m + 40))

    assert redrawn.looks(days_ago(30)) == []


def test_a_damaged_look_hides_no_other(tmp_path: Path) -> None:
    shelf = a_shelf(tmp_path)
    next(tmp_path.rglob("*-sentinel-1-021-24.tif")).write_bytes(b"II*")

    assert [look.look_id for look in shelf.looks(days_ago(30))] == [LOOKS[1].look_id]


def test_refused_scenes_are_remembered_with_the_reason(tmp_path: Path) -> None:
    shelf = RadarShelf(tmp_path, "sd-test", BLOCKS)
    assert shelf.refused == {}

    shelf.refuse({"S1A_1": "its numbers are amplitudes"})
    shelf.refuse({"S1A_2": "it has neither vv nor vh"})

    assert list(shelf.refused) == ["S1A_1", "S1A_2"]
    assert "amplitudes" in shelf.refused["S1A_1"]


def test_an_area_without_radar_has_none(tmp_path: Path) -> None:
    shelf = RadarShelf(tmp_path, "sd-test", BLOCKS)

    assert shelf.looks(days_ago(99)) == []
    assert shelf.tracks == []
