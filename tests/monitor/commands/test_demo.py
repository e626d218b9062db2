from __future__ import annotations

from pathlib import Path

import pytest

from tests.commandline import call


@pytest.mark.slow
def test_the_demo_finds_the_burned_villages_and_names_the_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "demo"

    said = call(capsys, "demo", "--out", out, "--json")

    assert said.status == 0, said.err
    truth = (out / "region" / "truth.csv").read_text().splitlines()[1:]
    burned = {line.split(",")[0] for line in truth if ",burned," in line}
    found = {alert["settlement_id"] for alert in said.document["alerts"]}
    assert found == burned
    for alert in said.document["alerts"]:
        assert Path(alert["map"]).read_text().startswith("<!DOCTYPE html>")
    assert all(Path(mail).is_file() for mail in said.document["mails"])
    # Two notices to the desk, and a mail to the partner about each.
    assert len(said.document["mails"]) >= 4


def test_the_demo_replaces_nothing_but_a_demo(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.txt").write_text("keep me")

    said = call(capsys, "demo", "--out", tmp_path)

    assert said.status == 1
    assert "holds no demo" in said.err
    assert (tmp_path / "mine.txt").read_text() == "keep me"
