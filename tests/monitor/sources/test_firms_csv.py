from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path

import pyogrio
import pytest

from monitor.errors import SourceRefused, SourceUnavailable
from monitor.scene import Hotspot
from monitor.sources.firms_csv import newest_versions, parse_firms

VIIRS = (
    "latitude,longitude,bright_ti4,scan,track,acq_date,acq_time,"
    "satellite,instrument,confidence,version,bright_ti5,frp,daynight"
)
ROW = "13.50,24.90,340.5,0.4,0.36,2024-03-02,1151,N,VIIRS,n,2.0NRT,300.1,7.5,D"
MODIS = (
    "latitude,longitude,brightness,scan,track,acq_date,acq_time,"
    "satellite,instrument,confidence,version,bright_t31,frp,daynight,type"
)


def parsed(row: str, header: str = VIIRS) -> Hotspot:
    (spot,) = parse_firms(f"{header}\n{row}\n", "x.csv").hotspots
    return spot


def test_a_viirs_row_is_read_whole() -> None:
    spot = parsed(ROW)

    assert (spot.latitude, spot.longitude) == (13.50, 24.90)
    assert spot.acquired_at == datetime(2024, 3, 2, 11, 51, tzinfo=UTC)
    assert spot.available_at == datetime(2024, 3, 2, 14, 51, tzinfo=UTC)
    assert (spot.satellite, spot.instrument, spot.confidence) == ("N", "VIIRS", "nominal")
    assert (spot.frp_mw, spot.brightness_k, spot.scan_km, spot.track_km) == (7.5, 340.5, 0.4, 0.36)
    assert not spot.is_night
    assert spot.static_type is None


def test_a_modis_row_is_read_whole() -> None:
    spot = parsed("13.5,24.9,330.2,1.2,1.1,2024-03-02,0040,Aqua,MODIS,81,6.1NRT,290,20,N,2", MODIS)

    assert (spot.satellite, spot.instrument, spot.confidence) == ("A", "MODIS", "high")
    assert spot.brightness_k == 330.2
    assert spot.is_night
    assert spot.static_type == 2


@pytest.mark.parametrize(
    ("written", "hour", "minute"),
    [("1151", 11, 51), ("40", 0, 40), ("7", 0, 7), ("0", 0, 0), ("905", 9, 5), ("09:05", 9, 5)],
)
def test_leading_zeros_that_a_spreadsheet_dropped_are_put_back(
    written: str, hour: int, minute: int
) -> None:
    spot = parsed(ROW.replace("1151", written))

    assert (spot.acquired_at.hour, spot.acquired_at.minute) == (hour, minute)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("l", "low"), ("low", "low"), ("n", "nominal"), ("Nominal", "nominal"), ("h", "high"),
        ("0", "low"), ("29", "low"), ("30", "nominal"), ("80", "nominal"), ("81", "high"),
        ("100", "high"),
    ],
)  # fmt: skip
def test_confidence_in_letters_words_and_percent(written: str, expected: str) -> None:
    assert parsed(ROW.replace(",n,", f",{written},")).confidence == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [("N", "N"), ("1", "N20"), ("N20", "N20"), ("NOAA-20", "N20"), ("2", "N21"), ("N21", "N21"),
     ("Terra", "T"), ("T", "T"), ("Aqua", "A")],
)  # fmt: skip
def test_satellites_go_by_several_names(written: str, expected: str) -> None:
    assert parsed(ROW.replace(",N,VIIRS", f",{written},X")).satellite == expected


def test_missing_power_is_unknown_and_not_zero() -> None:
    assert math.isnan(parsed(ROW.replace(",7.5,", ",,")).frp_mw)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        pytest.param(ROW.replace("13.50", "95.0"), "nowhere on the earth", id="latitude"),
        pytest.param(ROW.replace("24.90", "nan"), "nowhere on the earth", id="not a number"),
        pytest.param(ROW.replace("2024-03-02", "02/03/2024"), "02/03/2024", id="date"),
        pytest.param(ROW.replace("1151", "2460"), "2460", id="time"),
        pytest.param(ROW.replace(",N,", ",Z9,"), "unknown satellite 'Z9'", id="satellite"),
        pytest.param(ROW.replace(",n,", ",120,"), "no percentage", id="confidence"),
        pytest.param("13.5,24.9", "line 2", id="cut short"),
    ],
)
def test_a_row_that_cannot_be_read_is_told_and_hides_no_other(row: str, said: str) -> None:
    rows = parse_firms(f"{VIIRS}\n{row}\n{ROW}\n", "x.csv")

    assert len(rows.hotspots) == 1
    (reason,) = rows.impossible
    assert said in reason
    assert reason.startswith("x.csv line 2")


def test_a_table_without_rows_has_no_detections() -> None:
    assert parse_firms(f"\ufeff{VIIRS}\n", "x.csv").hotspots == ()


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        pytest.param("", SourceUnavailable, "is empty", id="empty"),
        pytest.param("<!DOCTYPE html><html>", SourceUnavailable, "error page", id="page"),
        pytest.param("Transaction limit exceeded.", SourceUnavailable, "limit", id="limit"),
        pytest.param("Invalid MAP_KEY.", SourceRefused, "Invalid MAP_KEY.", id="key"),
        pytest.param("latitude,longitude\n1,2", SourceRefused, "lacks the columns acq_date",
                     id="columns"),
    ],
)  # fmt: skip
def test_an_error_page_is_an_error_and_not_an_empty_sky(
    text: str, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=r"x\.csv") as failed:
        parse_firms(text, "x.csv")

    assert said in str(failed.value)


def test_the_most_final_version_of_a_detection_stays() -> None:
    rows = [ROW.replace("2.0NRT", version) for version in ("2.0URT", "2.0NRT", "2.0", "2.0RT")]
    spots = parse_firms("\n".join([VIIRS, *rows]), "x.csv").hotspots

    (spot,) = newest_versions(spots)

    assert spot.version == "2.0"


def test_the_same_place_seen_by_two_satellites_is_two_detections() -> None:
    text = "\n".join([VIIRS, ROW, ROW.replace(",N,", ",N20,")])

    assert len(newest_versions(parse_firms(text, "x.csv").hotspots)) == 2


def test_every_row_of_a_real_file_of_mozambique_is_read(shared: Path) -> None:
    path = shared / "data" / "viirs-firms-nrt-samples" / "mozambique_2026_viirs_nrt.csv"

    rows = parse_firms(path.read_text(), path.name)

    assert len(rows.hotspots) == 2_050
    assert rows.impossible == ()
    assert {spot.satellite for spot in rows.hotspots} == {"N"}
    assert all(295 <= spot.brightness_k <= 370 for spot in rows.hotspots)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::RuntimeWarning")
def test_every_row_of_three_satellites_over_ukraine_is_read(shared: Path) -> None:
    path = shared / "data" / "viirs-firms-nrt-samples" / "ukraine_2026_viirs_nrt.gpkg"
    text = pyogrio.read_dataframe(path, read_geometry=False).to_csv(index=False)

    rows = parse_firms(text, path.name)

    assert len(rows.hotspots) == 5_731
    assert rows.impossible == ()
    assert {spot.satellite for spot in rows.hotspots} == {"N", "N20", "N21"}


def test_files_of_both_namings_that_were_put_together_are_read_and_the_second_header_told() -> None:
    nrt = VIIRS.replace("bright_ti4", "brightness").replace("bright_ti5", "bright_t31")
    text = "\n".join([VIIRS, ROW, nrt, ROW.replace("1151", "1335")])

    rows = parse_firms(text, "x.csv")

    assert [spot.brightness_k for spot in rows.hotspots] == [340.5, 340.5]
    (reason,) = rows.impossible
    assert reason.startswith("x.csv line 3")


def test_a_detection_named_by_either_naming_is_one_and_the_same() -> None:
    nrt = VIIRS.replace("bright_ti4", "brightness").replace("bright_ti5", "bright_t31")
    spots = [parsed(ROW), parsed(ROW.replace("2.0NRT", "2.0"), nrt)]

    assert [spot.version for spot in newest_versions(spots)] == ["2.0"]
