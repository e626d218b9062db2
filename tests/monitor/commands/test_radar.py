from __future__ import annotations

from pathlib import Path

from monitor.commands.radar import radar_document, radar_lines
from monitor.config import Config
from monitor.radar_shelf import RadarShelf
from monitor.settings import ServiceSection
from tests.builders import an_aoi
from tests.monitor.detectors.test_sar import a_radar_look

AREA = an_aoi(detectors=("burn", "sar"))


def lines(folder: Path) -> list[str]:
    config = Config(service=ServiceSection(data_folder=folder))
    return radar_lines(radar_document(config, AREA))


def test_looks_are_counted_by_orbit_and_refusals_told_with_their_reason(tmp_path: Path) -> None:
    shelf = RadarShelf(tmp_path, "sd-test", AREA.blocks)
    for days in (24, 12):
        shelf.save(a_radar_look(days))
    shelf.refuse({"S1A_1": "its numbers are amplitudes"})

    assert lines(tmp_path) == [
        "  radar looks: 2 of sentinel-1-021",
        "  radar scene S1A_1 refused: its numbers are amplitudes",
    ]


def test_an_area_that_waits_for_its_first_look_says_so(tmp_path: Path) -> None:
    assert lines(tmp_path) == ["  radar looks: none yet"]


def test_an_area_that_does_not_ask_for_radar_says_nothing_of_it(tmp_path: Path) -> None:
    config = Config(service=ServiceSection(data_folder=tmp_path))

    assert radar_lines(radar_document(config, an_aoi())) == []
