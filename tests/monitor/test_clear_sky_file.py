from __future__ import annotations

from pathlib import Path

import pytest

from monitor.clear_sky_file import read_sky, sky_path, write_sky
from monitor.errors import ArchiveError
from tests.builders import an_aoi
from tests.monitor.test_clear_sky import APRIL, MARCH, a_sky


def test_a_sky_is_read_as_it_was_written(tmp_path: Path) -> None:
    sky = a_sky(MARCH, APRIL, lost_days=3)

    write_sky(tmp_path, "sd-test", sky)

    assert read_sky(tmp_path, an_aoi()) == sky
    assert [path.name for path in sky_path(tmp_path, "sd-test").parent.iterdir()] == [
        "sd-test.json"
    ]


def test_a_tile_has_the_sky_of_the_area_that_it_is_cut_from(tmp_path: Path) -> None:
    write_sky(tmp_path, "sd-big", a_sky(MARCH))

    assert read_sky(tmp_path, an_aoi(aoi_id="sd-big-r0c1", group_id="sd-big")) == a_sky(MARCH)


def test_nobody_asked_yet(tmp_path: Path) -> None:
    assert read_sky(tmp_path, an_aoi()) is None


def test_another_version_is_asked_anew(tmp_path: Path) -> None:
    write_sky(tmp_path, "sd-test", a_sky(MARCH))
    path = sky_path(tmp_path, "sd-test")
    path.write_text(path.read_text().replace('"version":1', '"version":0'))

    assert read_sky(tmp_path, an_aoi()) is None


@pytest.mark.parametrize("text", ["", "[]", '{"version":1}', '{"version":1,"days":[[1]]}'])
def test_a_damaged_file_is_an_error_that_says_what_to_do(tmp_path: Path, text: str) -> None:
    path = sky_path(tmp_path, "sd-test")
    path.parent.mkdir(parents=True)
    path.write_text(text)

    with pytest.raises(ArchiveError, match="cannot be read") as caught:
        read_sky(tmp_path, an_aoi())
    assert "emberwatch aoi sky" in caught.value.hint
