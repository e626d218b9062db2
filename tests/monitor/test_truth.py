from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.errors import ConfigError
from monitor.truth import origin_of, read_camp_truth, read_confounders, read_truth

HEAD = "settlement_id,kind,started_at,ended_at,fraction\n"
ROW = "a,burned,2024-03-03T10:00:00Z,2024-03-03T16:00:00Z,0.75\n"


def truth(folder: Path, text: str) -> Path:
    path = folder / "truth.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_burn_is_read_as_an_interval(tmp_path: Path) -> None:
    (event,) = read_truth(truth(tmp_path, HEAD + ROW), {"a"})

    assert (event.settlement_id, event.kind, event.fraction) == ("a", "burned", 0.75)
    assert event.started_at == datetime(2024, 3, 3, 10, tzinfo=UTC)
    assert event.ended_at == datetime(2024, 3, 3, 16, tzinfo=UTC)


def test_files_of_spreadsheets_are_read(tmp_path: Path) -> None:
    text = "\ufeff" + (HEAD + "a,burned,2024-03-03,2024-03-05,\n").replace("\n", "\r\n")

    (event,) = read_truth(truth(tmp_path, text), {"a"})

    assert math.isnan(event.fraction)
    assert event.started_at == datetime(2024, 3, 3, tzinfo=UTC)


def test_camps_are_no_burns(tmp_path: Path) -> None:
    text = HEAD + ",camp_new,2024-03-03,2024-03-05,0.5\n" + ROW

    assert [event.kind for event in read_truth(truth(tmp_path, text), {"a"})] == ["burned"]


def test_burns_come_oldest_first(tmp_path: Path) -> None:
    text = HEAD + ROW + "b,burned,2024-01-01,2024-01-02,1\n"

    assert [e.settlement_id for e in read_truth(truth(tmp_path, text), {"a", "b"})] == ["b", "a"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("id,kind\n", "lacks the columns settlement_id", id="other columns"),
        pytest.param("", "lacks the columns", id="empty"),
        pytest.param(HEAD + ROW.replace("a,", "z,"), "row 2: no settlement 'z'", id="unknown"),
        pytest.param(HEAD + ROW.replace("burned", "burnt"), "kind 'burnt'", id="kind"),
        pytest.param(
            HEAD + ROW.replace("2024-03-03T10", "2024-13-03T10"), "not an instant", id="day"
        ),
        pytest.param(HEAD + ROW.replace("03T16", "02T16"), "is before started_at", id="order"),
        pytest.param(HEAD + ROW.replace("0.75", "75"), "75 is not between 0 and 1", id="percent"),
        pytest.param(HEAD + ROW.replace("0.75", "most"), "'most' is not a number", id="word"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_truth(truth(tmp_path, text), {"a"})


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read .*truth\.csv"):
        read_truth(tmp_path / "truth.csv", {"a"})


def test_a_file_that_is_no_text_is_said(tmp_path: Path) -> None:
    (tmp_path / "truth.csv").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(ConfigError, match="cannot read"):
        read_truth(tmp_path / "truth.csv", {"a"})


def test_confounders_are_optional_and_by_settlement(tmp_path: Path) -> None:
    path = tmp_path / "confounders.geojson"
    assert read_confounders(path) == []
    fire = {"started_at": "2024-01-01T00:00:00Z", "ended_at": "2024-01-02T00:00:00Z"}
    features = [
        {"properties": {"kind": "bush_fire", "settlement_id": place, **fire}}
        for place in ("a", None)
    ]
    path.write_text(json.dumps({"features": features}))

    (confounder,) = read_confounders(path)

    assert (confounder.settlement_id, confounder.kind) == ("a", "bush_fire")


def test_only_a_simulator_s_folder_is_simulated(tmp_path: Path) -> None:
    assert origin_of(tmp_path) == "real"
    (tmp_path / "manifest.json").write_text(json.dumps({"seed": 7}))
    assert origin_of(tmp_path) == "simulated"


def test_a_manifest_that_is_no_object_is_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("[1]")

    with pytest.raises(ConfigError, match=r"manifest\.json is not a JSON object"):
        origin_of(tmp_path)


CAMP_HEAD = "settlement_id,kind,started_at,ended_at,fraction,longitude,latitude\n"


def test_camps_are_read_by_place_or_by_settlement(tmp_path: Path) -> None:
    text = CAMP_HEAD + (
        ",camp_new,2024-03-03,2024-04-05,1.0,27.0,0.0\n"
        "a,camp_growth,2024-02-03,2024-04-05,2.5,,\n"
        "z,camp_emptied,2024-01-03,2024-04-05,0.5,,\n"
        "a,burned,2024-01-03,2024-01-03,0.5,,\n"
    )

    growth, new = read_camp_truth(truth(tmp_path, text), {"a"}, 32635)

    assert (growth.kind, growth.settlement_id, growth.fraction) == ("camp_growth", "a", 2.5)
    assert (new.kind, new.settlement_id) == ("camp_new", "")
    # 27 degrees east is the middle of zone 35, 500 km from its false origin.
    assert new.x_m == pytest.approx(500_000, abs=1)
    assert new.y_m == pytest.approx(0, abs=1)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        pytest.param(",camp_new,2024-03-03,2024-04-05,1.0,,\n", "are no position", id="none"),
        pytest.param(",camp_new,2024-03-03,2024-04-05,1.0,27,91\n", "not on Earth", id="pole"),
        pytest.param("a,camp_growth,2024-03-03,2024-04-05,-1,,\n", "fraction -1", id="negative"),
        pytest.param("a,camp_growth,2024-03-03,2024-04-05,x,,\n", "fraction 'x'", id="no number"),
    ],
)
def test_camps_that_cannot_be_used_are_refused(tmp_path: Path, row: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_camp_truth(truth(tmp_path, CAMP_HEAD + row), {"a"}, 32635)
