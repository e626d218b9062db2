from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from shapely.geometry import box

from aoi.area import Aoi
from aoi.grid import Grid, to_degrees
from aoi.interval import Interval
from monitor.scene import Scene
from monitor.sources import stac
from monitor.sources.firms import Firms
from monitor.sources.folder import Folder
from monitor.sources.stac import Stac
from monitor.sources.web import WebSettings
from monitor.sources.whole_tiles import WholeTileHotspots, WholeTiles, window_grid, window_of
from tests.builders import NOW, a_square, an_aoi, days_ago
from tests.catalogue import write_overpass
from tests.monitor.sources.catalogues import items_in, list_items
from tests.monitor.sources.servers import Reply, Server, running

MONTH = Interval(days_ago(30), NOW)
WEST, SOUTH = 27.25, 13.5
"""Corner of the window of a quarter degree that holds the test area."""


def area_at(west: float, south: float, width: float, height: float) -> Aoi:
    """Return an area whose place and size are shares, 0 to 1, of the window."""
    left = WEST + 0.25 * west * (1 - width)
    bottom = SOUTH + 0.25 * south * (1 - height)
    return an_aoi(geometry=box(left, bottom, left + 0.25 * width, bottom + 0.25 * height))


share = st.floats(0.0, 1.0)
size = st.floats(0.01, 1.0)


@settings(max_examples=60, deadline=None)
@given(west=share, south=share, width=size, height=size)
def test_the_grid_asked_for_is_the_same_for_every_area_in_a_window(
    west: float, south: float, width: float, height: float
) -> None:
    area = area_at(west, south, width, height)
    whole = area_at(0, 0, 1, 1)

    asked = window_grid(area.blocks.at(20))

    assert asked == window_grid(whole.blocks.at(20))
    left, bottom, right, top = area.blocks.bounds_m
    outer = asked.bounds_m
    assert outer[0] <= left and outer[1] <= bottom and outer[2] >= right and outer[3] >= top


@settings(max_examples=60, deadline=None)
@given(east=st.floats(-60_000, 60_000), north=st.floats(-60_000, 60_000), side=st.floats(400, 4e4))
def test_any_grid_is_part_of_the_grid_asked_for(east: float, north: float, side: float) -> None:
    grid = Grid.covering(a_square(side, east_m=east, north_m=north), 32635, 20, margin_m=3_000)

    wide = window_grid(grid)

    left, top = (grid.left_m - wide.left_m) / 20, (wide.top_m - grid.top_m) / 20
    assert left == int(left) >= 0
    assert top == int(top) >= 0
    assert wide.width >= left + grid.width
    assert wide.height >= top + grid.height


def test_a_picture_of_a_village_is_cut_from_the_window_of_its_area() -> None:
    area = area_at(0.0, 0.0, 0.2, 0.2)
    village = to_degrees(box(*area.blocks.at(20).bounds_m).centroid.buffer(200), 32635)
    chip = Grid.covering(village, 32635, 10, margin_m=1_500)

    assert window_grid(chip).bounds_m == pytest.approx(
        window_grid(area.blocks.at(10)).bounds_m, abs=0.1
    )


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        pytest.param((27.3, 13.6, 27.4, 13.7), (27.25, 13.5, 27.5, 13.75), id="within one"),
        pytest.param((27.25, 13.5, 27.5, 13.75), (27.25, 13.5, 27.5, 13.75), id="exactly one"),
        pytest.param((27.4, 13.6, 27.6, 13.7), (27.25, 13.5, 27.75, 13.75), id="two"),
        pytest.param((27.25, 13.5, 27.25, 13.5), (27.25, 13.5, 27.5, 13.75), id="a corner"),
        pytest.param((-0.1, -0.1, 0.1, 0.1), (-0.25, -0.25, 0.25, 0.25), id="around zero"),
    ],
)
def test_windows_lie_on_a_lattice(
    bounds: tuple[float, float, float, float], expected: tuple[float, float, float, float]
) -> None:
    assert window_of(*bounds).bounds == expected


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("imagery")
    write_overpass(folder, days_ago(2), aoi=area_at(0, 0, 1, 1), scene_id="S2B_wide")
    return folder


@pytest.fixture
def server(folder: Path) -> Iterator[Server]:
    with running(folder) as server:
        list_items(server, items_in(folder, server.url))
        yield server


def requests_for(aoi: Aoi, server: Server) -> list[tuple[str, str, bytes]]:
    """Return what the provider sees when a run looks at an area and at a village in it."""
    stac._LAST.clear()
    server.log.clear()
    source = WholeTiles(
        Stac("test", server.url, ("sentinel-2-l2a",), WebSettings(), now=lambda: NOW)
    )
    [scene] = source.search(aoi, MONTH)
    source.problems(aoi, MONTH)
    source.read(scene, aoi.blocks.at(20), ["nir08"])
    source.read(scene, Grid.covering(aoi.geometry.centroid, 32635, 20, margin_m=700), ["nir08"])
    return sorted(
        (asked.path, asked.range, asked.body) for asked in server.log if asked.path != "/"
    )


def test_the_provider_sees_the_same_requests_for_every_place_in_a_window(server: Server) -> None:
    seen = [
        requests_for(area_at(*place), server)
        for place in ((0.0, 0.0, 0.05, 0.05), (0.5, 0.4, 0.1, 0.2), (1.0, 1.0, 0.08, 0.08))
    ]

    assert seen[0] == seen[1] == seen[2]
    assert len(seen[0]) > 3


def test_the_pixels_are_those_of_the_area(folder: Path) -> None:
    plain = Folder(folder, now=lambda: NOW)
    hidden = WholeTiles(plain)
    aoi = area_at(0.3, 0.6, 0.1, 0.1)
    [scene] = hidden.search(aoi, MONTH)
    grid = aoi.blocks.at(20)

    seen, expected = (s.read(scene, grid, ["nir08", "red"]) for s in (hidden, plain))

    assert seen.grid == grid
    for band in expected.bands:
        np.testing.assert_array_equal(seen.bands[band], expected.bands[band])
    np.testing.assert_array_equal(seen.flags, expected.flags)


def test_scenes_that_touch_the_window_alone_are_left_out(folder: Path) -> None:
    far = replace(an_aoi(), geometry=box(27.26, 13.51, 27.27, 13.52))
    [scene] = Folder(folder, now=lambda: NOW).search(far, MONTH)

    class Elsewhere(Folder):
        def search(self, aoi: Aoi, interval: Interval) -> list[Scene]:
            return [replace(scene, footprint=box(27.45, 13.7, 27.5, 13.75))]

    assert WholeTiles(Elsewhere(folder)).search(far, MONTH) == []


def test_hotspots_are_asked_for_by_window_and_given_for_the_area() -> None:
    header = (
        "latitude,longitude,bright_ti4,scan,track,acq_date,acq_time,satellite,instrument,"
        "confidence,version,bright_ti5,frp,daynight"
    )
    row = "{},{},340.1,0.4,0.4,2024-05-17,1130,N,VIIRS,n,2.0NRT,300.2,6.5,D"
    rows = [row.format(13.66, 27.37), row.format(13.52, 27.26)]
    with running() as server:
        server.routes["/api/area/csv/"] = lambda _: Reply(200, "\n".join([header, *rows]).encode())
        service = Firms(server.url, SecretStr("k"), ("VIIRS_SNPP_NRT",))
        source = WholeTileHotspots(service)
        found = [source.hotspots(area_at(*p), MONTH) for p in ((0.5, 0.7, 0.1, 0.1), (1, 1, 1, 1))]

    assert [len(spots) for spots in found] == [1, 2]
    assert len({path.split("/")[6] for path in server.paths()}) == 1
