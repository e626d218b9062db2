from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from aoi.interval import Interval
from monitor.errors import SourceRefused, SourceUnavailable
from monitor.sources.hotspots import HotspotFolder
from tests.builders import an_aoi
from tests.monitor.sources.test_firms_csv import VIIRS

MARCH = Interval(datetime(2024, 3, 1, tzinfo=UTC), datetime(2024, 4, 1, tzinfo=UTC))
MIDDLE = an_aoi().geometry.centroid


def a_row(*, north_deg: float = 0.0, day: str = "2024-03-02", time: str = "1151") -> str:
    position = f"{MIDDLE.y + north_deg:.5f},{MIDDLE.x:.5f}"
    return f"{position},340.5,0.4,0.36,{day},{time},N,VIIRS,n,2.0NRT,300.1,7.5,D"


def write(folder: Path, *rows: str, name: str = "march.csv", under: str = "hotspots") -> None:
    (folder / under).mkdir(parents=True, exist_ok=True)
    (folder / under / name).write_text("\n".join([VIIRS, *rows]) + "\n")


def test_detections_in_and_near_the_area_are_found_oldest_first(tmp_path: Path) -> None:
    write(tmp_path, a_row(day="2024-03-09"), a_row(), a_row(north_deg=0.03))

    spots = HotspotFolder(tmp_path).hotspots(an_aoi(), MARCH)

    assert [spot.acquired_at.day for spot in spots] == [2, 2, 9]


def test_positions_far_away_are_dropped_and_counted(tmp_path: Path) -> None:
    # The area reaches 1 km from its middle, and its margin 3 km further: 0.05 degrees is 5.5 km.
    write(tmp_path, a_row(), a_row(north_deg=0.05), a_row(north_deg=-20))

    reading = HotspotFolder(tmp_path).reading(an_aoi(), MARCH)

    assert len(reading.hotspots) == 1
    assert reading.elsewhere == 2


def test_other_days_are_left_out(tmp_path: Path) -> None:
    write(tmp_path, a_row(day="2024-02-29", time="2359"), a_row(day="2024-04-01", time="0"))

    reading = HotspotFolder(tmp_path).reading(an_aoi(), MARCH)

    assert reading.hotspots == ()
    assert reading.elsewhere == 0


def test_a_detection_in_two_files_counts_once(tmp_path: Path) -> None:
    write(tmp_path, a_row(), a_row(time="1330"))
    write(tmp_path, a_row(), name="week.csv", under="2024/hotspots")

    reading = HotspotFolder(tmp_path).reading(an_aoi(), MARCH)

    assert len(reading.hotspots) == 2
    assert reading.repeated == 1


def test_tables_elsewhere_in_the_folder_are_not_hotspots(tmp_path: Path) -> None:
    write(tmp_path, a_row(), under="tables")

    assert HotspotFolder(tmp_path).hotspots(an_aoi(), MARCH) == []


def test_rows_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    write(tmp_path, a_row(), a_row(time="9999"))

    (reason,) = HotspotFolder(tmp_path).reading(an_aoi(), MARCH).impossible

    assert reason.startswith("hotspots/march.csv line 3")


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceRefused, match="does not exist"):
        HotspotFolder(tmp_path / "gone").hotspots(an_aoi(), MARCH)


def test_an_error_page_among_the_files_stops_the_reading(tmp_path: Path) -> None:
    write(tmp_path, a_row())
    (tmp_path / "hotspots" / "bad.csv").write_text("<html>504</html>")

    with pytest.raises(SourceUnavailable, match=r"hotspots/bad\.csv"):
        HotspotFolder(tmp_path).hotspots(an_aoi(), MARCH)


def test_a_file_that_grew_is_read_anew(tmp_path: Path) -> None:
    write(tmp_path, a_row())
    folder = HotspotFolder(tmp_path)
    folder.hotspots(an_aoi(), MARCH)

    write(tmp_path, a_row(), a_row(time="1330"))

    assert len(folder.hotspots(an_aoi(), MARCH)) == 2
    assert folder.name == "folder"


def test_rows_that_are_left_out_are_logged_without_a_place(tmp_path: Path) -> None:
    write(tmp_path, a_row(), a_row(time="2575"))

    with capture_logs() as logs:
        found = HotspotFolder(tmp_path).hotspots(an_aoi(), MARCH)

    assert len(found) == 1
    (said,) = [entry for entry in logs if entry["event"] == "hotspots.impossible"]
    assert said["rows"] == 1
    assert "2575" in said["first"]
