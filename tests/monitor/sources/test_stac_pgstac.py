"""The same questions to a second STAC server, which knows more of the standard than rustac."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aoi.interval import Interval
from monitor.sources import stac_pages
from monitor.sources.stac import Stac
from tests.builders import NOW, a_square, an_aoi, days_ago
from tests.catalogue import write_overpass
from tests.monitor.sources.catalogues import items_in
from tests.monitor.sources.pgstac import interpreter, pgstac, programs

MONTH = Interval(days_ago(30), NOW)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stac]:
    bin_folder, python = programs(), interpreter()
    if bin_folder is None:
        pytest.skip("PostGIS is not installed")
    if python is None:
        pytest.skip("stac-fastapi-pgstac is not installed: make pgstac")
    folder = tmp_path_factory.mktemp("imagery")
    for days in (2, 7, 12, 40):
        write_overpass(folder, days_ago(days), scene_id=f"S2B_{days:02d}")
    with pgstac(items_in(folder, "http://127.0.0.1:9"), bin_folder, python) as url:
        yield Stac("pgstac", url, ("sentinel-2-l2a",), now=lambda: NOW)


def found(source: Stac, interval: Interval = MONTH, east_m: float = 0) -> list[str]:
    aoi = an_aoi(geometry=a_square(2_000, east_m=east_m))
    return [scene.scene_id for scene in source.search(aoi, interval)]


def test_scenes_of_place_and_span_are_found_oldest_first(source: Stac) -> None:
    assert found(source) == ["S2B_12", "S2B_07", "S2B_02"]
    assert found(source, Interval(days_ago(5), NOW)) == ["S2B_02"]
    assert found(source, east_m=300_000) == []


def test_pages_are_followed_to_the_end(source: Stac, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stac_pages, "PAGE_ITEMS", 1)

    assert found(source) == ["S2B_12", "S2B_07", "S2B_02"]


def test_an_unknown_collection_holds_no_scene(source: Stac) -> None:
    other = Stac("pgstac", source.url, ("sentinel-9",), now=lambda: NOW)

    assert found(other) == []
