from __future__ import annotations

from datetime import date
from pathlib import Path

from monitor.commands.fires import fires_document, fires_lines
from monitor.config import Config
from monitor.detectors.fire_seasons import FireSeasons
from monitor.detectors.heat_sources import cell_of
from monitor.fire_file import write_seasons
from monitor.settings import ServiceSection
from tests.builders import CENTRE_M, an_aoi


def lines(folder: Path) -> list[str]:
    config = Config(service=ServiceSection(data_folder=folder))
    return fires_lines(fires_document(config, an_aoi()))


def test_an_area_without_an_archive_says_so(tmp_path: Path) -> None:
    assert lines(tmp_path) == ["  fires: not looked at yet"]


def test_an_archive_without_a_detection_is_no_archive_of_silence(tmp_path: Path) -> None:
    write_seasons(tmp_path, FireSeasons("sd-test", "", through=date(2024, 5, 17)))

    assert lines(tmp_path) == [
        "  fires: no detection on record; a rate is assumed, counted through 2024-05-17"
    ]


def test_static_heat_is_listed_with_why_it_has_no_weight(tmp_path: Path) -> None:
    months = {12 * 2023 + month: 2 for month in range(6)}
    seasons = FireSeasons(
        "sd-test", "", since=date(2023, 1, 3), through=date(2024, 5, 17),
        cells={cell_of(*CENTRE_M): months},
    )  # fmt: skip
    write_seasons(tmp_path, seasons)

    first, second = lines(tmp_path)

    assert first == "  fires: archive since 2023-01-03, counted through 2024-05-17"
    # 1,510 km north of the equator are 13.66 degrees; zone 35 has its middle at 27 east.
    assert second.startswith("  static heat at 13.65")
    assert ", 27.37" in second
    assert "12 detections in 6 months of a year, 2023-01 to 2023-06; it has no weight" in second
