"""Heat at a village through the whole house, without a single scene."""

from __future__ import annotations

import email
from email.policy import default
from pathlib import Path

import pytest

from tests.builders import an_aoi
from tests.commandline import Said, call, write_area, write_settings, write_village
from tests.monitor.sources.test_firms_csv import VIIRS

CENTRE = an_aoi().geometry.centroid
NOW = "2024-05-20T12:00Z"


class House:
    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys
        self._settings = write_settings(folder)

    def __call__(self, *words: object) -> Said:
        return call(self._capsys, *words, "--config", self._settings)

    def subjects(self, *, about: str) -> list[str]:
        """Return the subjects of mails that name an alert."""
        paths = (self.folder / "spool").glob("*.eml")
        mails = [email.message_from_bytes(p.read_bytes(), policy=default) for p in paths]
        return [str(mail["Subject"]) for mail in mails if about in str(mail["Subject"])]

    def detections(self, *times: tuple[str, str]) -> None:
        """Write one detection in the middle of the village for each satellite and time."""
        rows = [
            f"{CENTRE.y:.5f},{CENTRE.x:.5f},340.5,0.4,0.36,2024-05-20,{time},{satellite},VIIRS,n,"
            "2.0NRT,300.1,7.5,N"
            for satellite, time in times
        ]
        folder = self.folder / "imagery" / "hotspots"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "may.csv").write_text("\n".join([VIIRS, *rows]) + "\n")


@pytest.fixture
def house(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> House:
    house = House(tmp_path, capsys)
    house.detections()
    assert house("aoi", "add", write_area(tmp_path / "area.geojson")).status == 0
    village = write_village(tmp_path / "village.geojson")
    assert house("settlement", "import", village, "--aoi", "sd-test").status == 0
    partner = ("partner@example.org", "--clearance", "partner-full", "--min-tier", "C")
    kinds = ("--kind", "hotspots", "--kind", "burn")
    added = house("subscriber", "add", *partner, *kinds, "--confirmed", "--now", NOW)
    assert added.status == 0, added.err
    return house


def test_heat_is_told_within_the_tick_without_any_imagery(house: House) -> None:
    # Overpasses at midnight and one o'clock, known three hours later; 905 is five past nine.
    house.detections(("N", "7"), ("N20", "55"))

    house("run", "--now", NOW)

    (alert,) = house("alert", "list", "--json").document["alerts"]
    assert (alert["kind"], alert["tier"], alert["status"]) == ("hotspots", "C", "first")
    explained = house("alert", "explain", alert["ref"]).out
    assert "hotspots: p" in explained
    assert "Detections of fire by satellites: 2." in explained


def test_heat_alone_never_leaves_the_queue(house: House) -> None:
    house.detections(("N", "7"), ("N20", "55"))

    house("run", "--now", NOW)

    (alert,) = house("alert", "list", "--json").document["alerts"]
    assert house.subjects(about=alert["ref"]) == []
    # The same mailbox hears of it as soon as a person has confirmed it.
    house("alert", "confirm", alert["ref"], "--by", "amina", "--now", NOW)
    house("run", "--now", "2024-05-20T13:00Z")
    assert len(house.subjects(about=alert["ref"])) == 1


def test_an_area_that_ran_an_hour_ago_is_watched_all_the_same(house: House) -> None:
    house("run", "--now", "2024-05-20T02:00Z")
    house.detections(("N", "7"), ("N20", "55"))

    house("run", "--now", "2024-05-20T04:00Z")

    (alert,) = house("alert", "list", "--json").document["alerts"]
    assert alert["first_seen"].startswith("2024-05-20T00:07")


def test_no_detection_tells_nothing(house: House) -> None:
    house("run", "--now", NOW)

    assert house("alert", "list", "--json").document["alerts"] == []
