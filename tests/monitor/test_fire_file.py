from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from monitor.detectors.fire_seasons import DayCount, FireSeasons
from monitor.errors import ArchiveError
from monitor.fire_file import fire_path, read_seasons, write_seasons
from tests.builders import NOW

SEASONS = FireSeasons(
    aoi_id="sd-test",
    places="digest",
    since=date(2021, 3, 1),
    through=date(2024, 5, 17),
    near={"sd-test-0001": {3: 2.0}},
    ring={"sd-test-0001": {3: 11.0, 4: 1.0}},
    lost={"sd-test-0001": {72: 1.0}},
    waiting={date(2024, 5, 10): {"sd-test-0001": DayCount(1, 4)}},
    cells={(2160, 6040): {24290: 3}},
    latest={"sd-test-0001": NOW},
)


def test_an_archive_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    write_seasons(tmp_path, SEASONS)

    read = read_seasons(tmp_path, "sd-test")

    assert read is not None
    for name in FireSeasons.__slots__:
        assert getattr(read, name) == getattr(SEASONS, name), name


def test_an_area_without_an_archive_has_none(tmp_path: Path) -> None:
    assert read_seasons(tmp_path, "sd-test") is None


def test_an_archive_of_another_version_is_made_anew(tmp_path: Path) -> None:
    write_seasons(tmp_path, SEASONS)
    path = fire_path(tmp_path, "sd-test")
    path.write_text(path.read_text().replace('"version":1', '"version":0'))

    assert read_seasons(tmp_path, "sd-test") is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 1}'])
def test_a_damaged_archive_is_told_with_what_to_do(tmp_path: Path, text: str) -> None:
    path = fire_path(tmp_path, "sd-test")
    path.parent.mkdir()
    path.write_text(text)

    with pytest.raises(ArchiveError, match="archive of fires") as refused:
        read_seasons(tmp_path, "sd-test")

    assert "made anew" in refused.value.hint
