from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from alerts.labels import Label, labels_csv
from monitor.fusion import FusionSettings
from monitor.fusion_file import NAME, read_weights
from tests.builders import NOW, a_square, days_ago
from tests.catalogue import write_overpass
from tests.commandline import Said, call, write_area, write_settings, write_village


class House:
    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys
        self._settings = write_settings(folder)

    def __call__(self, *words: object) -> Said:
        return call(self._capsys, *words, "--config", self._settings)


@pytest.fixture
def house(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> House:
    return House(tmp_path, capsys)


def decided(folder: Path, count: int) -> Path:
    """Write decisions of a world in which burns are five times rarer than stated."""
    draws = np.random.default_rng(2)
    found = []
    for number in range(count):
        rate = float(np.exp(draws.uniform(np.log(1e-3), np.log(0.2))))
        odds = 0.1 / (5.0 * rate) / 5.0
        burned = draws.uniform() < odds / (1.0 + odds)
        label = "burned" if burned else "other_change"
        found.append(
            Label(f"e{number}", "sd-test", "s", "burn", label, "", 1, NOW, days_ago(2), "B", 0.8,
                  rate, 1e-4, float("nan"), float("nan"), 2, "series", "")
        )  # fmt: skip
    path = folder / "labels.csv"
    path.write_text(labels_csv(found))
    return path


def test_a_decision_becomes_a_row_with_what_was_known(house: House) -> None:
    for days in (32, 27, 22, 17, 12):
        write_overpass(house.folder / "imagery", days_ago(days))
    for days in (7, 2):
        write_overpass(house.folder / "imagery", days_ago(days), burnt=a_square(300))
    house("aoi", "add", write_area(house.folder / "area.geojson"))
    house("settlement", "import", write_village(house.folder / "v.geojson"), "--aoi", "sd-test")
    house("run", "--now", "2024-05-20T12:00Z")
    (alert,) = house("alert", "list", "--json").document["alerts"]
    house("alert", "confirm", alert["ref"], "--by", "amina", "--now", "2024-05-20T13:00Z")

    said = house("alert", "labels", "--out", house.folder / "labels.csv", "--json")

    assert said.document["counts"] == {"burned": 1}
    header, row = (house.folder / "labels.csv").read_text().splitlines()
    assert header.split(",") == list(asdict(_any_label()))
    assert row.split(",")[4] == "burned"


def _any_label() -> Label:
    return Label("e", "a", "s", "burn", "burned", "", 1, NOW, NOW, "B", 0.5, 0.1, 0.1, 0.1, 0.1,
                 2, "series", "")  # fmt: skip


def test_weights_are_shown_and_used_only_when_asked(house: House) -> None:
    labels = decided(house.folder, 400)
    weights = house.folder / "data" / NAME

    shown = house("alert", "refit", "--labels", labels, "--plot", house.folder / "r.svg", "--json")
    assert shown.status == 0, shown.err
    assert not weights.exists()
    assert (house.folder / "r.svg").read_bytes().startswith(b"<?xml")
    assert shown.document["after"]["ece"] < shown.document["before"]["ece"]

    used = house("alert", "refit", "--labels", labels, "--apply")
    assert "in use from the next tick" in used.out
    fitted = read_weights(weights)
    assert fitted is not None
    assert fitted.labels == 400
    # The odds were made as 0.1 / (5 rate) / 5: a quotient of 250, and few labels.
    quotient = fitted.local_odds / FusionSettings().burns_per_village_year
    assert quotient == pytest.approx(250, rel=0.5)


def test_too_few_decisions_are_refused_with_how_many_are_missing(house: House) -> None:
    said = house("alert", "refit", "--labels", decided(house.folder, 30))

    assert said.status == 1
    assert "30 decided alerts, 150 needed" in said.err


def test_a_file_that_is_not_there_is_an_error_with_a_hint(house: House) -> None:
    said = house("alert", "refit", "--labels", house.folder / "nothing.csv")

    assert said.status == 1
    assert "cannot read" in said.err
