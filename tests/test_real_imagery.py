"""The command line over real images: what burned is found, and nothing else is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.catalogues import cold_springs, romania
from tests.commandline import Said, call

BURNED = {"cs-burned-north", "cs-burned-south"}


class Watch:
    """A service of its own on a catalogue of real images."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.folder = folder
        self._settings = folder / "config.toml"
        self._settings.write_text(
            f'[sources.folder]\npath = "{folder / "imagery"}"\n[engine]\nworkers = 1\n'
        )
        assert self("aoi", "add", folder / "areas.geojson").status == 0
        (area,) = self("aoi", "list").document["areas"]
        villages = folder / "settlements.geojson"
        assert self("settlement", "import", villages, "--aoi", area["id"]).status == 0

    def __call__(self, *words: object) -> Said:
        return call(self._capsys, *words, "--json", "--config", self._settings)


def test_settlements_in_the_cold_springs_fire_alert_and_no_others(
    shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cold_springs(shared / "data", tmp_path)
    watch = Watch(tmp_path, capsys)

    ran = watch("run", "--now", "2016-07-24T12:00:00Z")

    assert ran.status == 0, ran.err
    alerts = watch("alert", "list").document["alerts"]
    assert {alert["settlement_id"] for alert in alerts} == BURNED
    for alert in alerts:
        assert alert["observed_after"].startswith("2016-07-07T17:43")
        assert alert["observed_before"].startswith("2016-07-23T17:43")
        # One pair of looks is all there is: never more than a first sign.
        assert (alert["status"], alert["tier"]) == ("first", "C")


def test_it_says_of_every_other_place_why_it_is_quiet(
    shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cold_springs(shared / "data", tmp_path)
    watch = Watch(tmp_path, capsys)
    watch("run", "--now", "2016-07-24T12:00:00Z")

    places = watch("settlement", "list", "--aoi", "cold-springs").document["settlements"]
    for place in places:
        asked = watch("alert", "explain", place["id"], "--now", "2016-07-24T12:00:00Z")
        (_, last) = asked.document["readings"]
        assert last["reason"]
        assert (last["verdict"] == "burn_like") is (place["id"] in BURNED)


@pytest.mark.slow
def test_five_years_of_romanian_forest_raise_no_burn_alert(
    shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    romania(shared / "data", tmp_path)
    watch = Watch(tmp_path, capsys)

    done = watch(
        "replay", "--from", "2015-08-01", "--to", "2021-01-02", "--out", tmp_path / "replay"
    )

    assert done.status == 0, done.err
    assert done.document["events"] == 0
    # Two more than the dates: the start and the end.
    assert done.document["runs"] == 142
    collection = json.loads((tmp_path / "replay" / "alerts.geojson").read_text())
    assert collection["features"] == []
