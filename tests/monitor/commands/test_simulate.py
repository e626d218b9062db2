from __future__ import annotations

from pathlib import Path

import pytest

from tests.commandline import call

Capture = pytest.CaptureFixture[str]


def test_a_simulated_region_can_be_watched(tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "region"
    words = ("--seed", "3", "--preset", "ci", "--from", "2021-01-01", "--to", "2021-01-12")

    made = call(capsys, "simulate", out, *words, "--json").document

    assert made["scenes"] >= 2
    assert Path(made["truth"]).read_text().startswith("settlement_id,kind,started_at")
    assert call(capsys, "aoi", "check", made["areas"]).status == 0


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "mine.txt").write_text("keep me")

    said = call(capsys, "simulate", tmp_path, "--seed", "3")

    assert said.status == 1
    assert "not empty" in said.err


def test_a_time_outside_the_region_is_refused(tmp_path: Path, capsys: Capture) -> None:
    words = ("--seed", "3", "--preset", "ci", "--from", "1999-01-01", "--to", "1999-02-01")

    said = call(capsys, "simulate", tmp_path / "region", *words)

    assert said.status == 1
    assert "1999-01-01" in said.err
