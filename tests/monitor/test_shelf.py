from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from monitor.acquisition import Acquisition
from monitor.archive import file_sha256
from monitor.area_job import ArchivedLook
from monitor.errors import ArchiveError
from monitor.looks import Look
from monitor.shelf import Shelf, shelved
from tests.builders import GRID, NOW, a_look, an_aoi, days_ago
from tests.monitor.values import a_scene, an_archived_look

BLOCKS = GRID.at(40)


def put(folder: Path, look: Look) -> ArchivedLook:
    return shelved(look, an_aoi(), folder, NOW, "folder", scored=True)


def shelf_of(folder: Path, *days: float) -> Shelf:
    looks = [a_look(look_id=f"look-{day}", acquired_at=days_ago(day)) for day in days]
    return Shelf(folder, BLOCKS, [put(folder, look) for look in looks])


def test_a_look_is_archived_with_the_digest_of_its_file(tmp_path: Path) -> None:
    archived = put(tmp_path, a_look())

    assert archived.path == "looks/sd-test/sentinel-2-093/look-1.tif"
    assert archived.sha256 == file_sha256(tmp_path / archived.path)


def test_the_clear_share_is_that_of_the_area_and_not_of_the_window(tmp_path: Path) -> None:
    # The test area is the 2 km in the middle; its look here is the 960 m of GRID.
    left_half = np.s_[:, :12]

    archived = put(tmp_path, a_look(cloudy=left_half))

    assert archived.clear_fraction == pytest.approx(0.5)


def test_looks_are_read_when_asked_for_and_not_before(tmp_path: Path) -> None:
    shelf = shelf_of(tmp_path, 7)
    (tmp_path / shelf.standing[0].path).unlink()
    earlier = shelf.until("sentinel-2-093", NOW)

    assert len(earlier) == 1
    with pytest.raises(ArchiveError, match="look"):
        earlier[0]


def test_a_look_is_compared_with_the_latest_of_its_own_track(tmp_path: Path) -> None:
    shelf = shelf_of(tmp_path, 50, 45, 40, 35, 30, 25, 20, 15)
    other = put(tmp_path, a_look(look_id="other", track="sentinel-2-136", acquired_at=days_ago(9)))
    shelf.put(other, a_look(look_id="other"), None)

    earlier = shelf.earlier(a_look(look_id="new"))

    assert [look.look_id for look in earlier] == [f"look-{d}" for d in (40, 35, 30, 25, 20, 15)][:6]


def test_the_same_weeks_of_earlier_years_serve_too(tmp_path: Path) -> None:
    shelf = shelf_of(tmp_path, 2 + 730, 2 + 365, 2 + 180, 40, 35, 30, 25, 20, 15)

    earlier = shelf.earlier(a_look(look_id="new"))

    ids = [look.look_id for look in earlier]
    assert ids[:2] == ["look-732", "look-367"]
    assert "look-182" not in ids


def test_a_held_look_serves_nothing(tmp_path: Path) -> None:
    shelf = shelf_of(tmp_path, 7, 5)
    shelf.amend(shelf.standing[1], "haze")

    assert [look.look_id for look in shelf.earlier(a_look(look_id="new"))] == ["look-7"]
    assert shelf.standing[1].held_reason == "haze"


def test_a_look_is_never_compared_with_itself_or_a_later_one(tmp_path: Path) -> None:
    shelf = shelf_of(tmp_path, 7, 2, 1)

    assert [one.look_id for one in shelf.earlier(a_look(look_id="new"))] == ["look-7"]


def test_the_look_of_an_overpass_is_known_by_its_time_and_sensor(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, BLOCKS, [an_archived_look()])
    landsat = an_archived_look(look_id="l8", track="landsat-034")

    assert shelf.of_overpass(Acquisition((a_scene(),))) == an_archived_look()
    assert shelf.of_overpass(Acquisition((a_scene(acquired_at=days_ago(3)),))) is None
    assert Shelf(tmp_path, BLOCKS, [landsat]).of_overpass(Acquisition((a_scene(),))) is None


def test_a_newer_version_takes_the_place_of_the_look_it_replaces(tmp_path: Path) -> None:
    shelf = shelf_of(tmp_path, 7)
    (old,) = shelf.standing
    newer = replace(old, look_id="newer")

    shelf.put(newer, a_look(look_id="newer"), old)

    assert shelf.standing == (newer,)


def test_a_look_whose_file_was_lost_serves_nothing_and_still_counts(tmp_path: Path) -> None:
    kept = shelf_of(tmp_path, 9, 7).standing
    (tmp_path / kept[0].path).unlink()

    shelf = Shelf(tmp_path, BLOCKS, kept)

    assert [look.look_id for look in shelf.until("sentinel-2-093", NOW)] == ["look-7"]
    assert len(shelf.standing) == 2


def test_a_look_that_is_withdrawn_gives_its_place_back(tmp_path: Path) -> None:
    shelf = shelf_of(tmp_path, 7)
    (old,) = shelf.standing
    newer = replace(old, look_id="newer")
    shelf.put(newer, a_look(look_id="newer"), old)

    shelf.withdraw(newer, old)

    assert shelf.standing == (old,)


def test_slices_of_lazy_looks_stay_lazy(tmp_path: Path) -> None:
    looks = shelf_of(tmp_path, 9, 8, 7).until("sentinel-2-093", NOW)

    assert [look.look_id for look in looks[1:]] == ["look-8", "look-7"]
