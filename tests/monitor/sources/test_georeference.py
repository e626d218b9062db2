from __future__ import annotations

from dataclasses import replace

import pytest
from affine import Affine
from pyproj import CRS

from aoi.grid import Grid
from monitor.sources.georeference import Georeference, Nesting
from tests.monitor.sources.rasters import EPSG, GRID

UTM = CRS.from_epsg(EPSG).to_wkt()
FILE = Georeference(UTM, GRID.transform, 4, 4)


@pytest.mark.parametrize(
    ("grid", "expected"),
    [
        pytest.param(GRID, Nesting(0, 0, 1), id="the same"),
        pytest.param(GRID.at(40), Nesting(0, 0, 2), id="coarser"),
        pytest.param(GRID.at(10), Nesting(0, 0, 0.5), id="finer"),
        pytest.param(
            Grid(EPSG, GRID.left_m - 20, GRID.top_m - 40, 20, 2, 2), Nesting(2, -1, 1), id="shifted"
        ),
        pytest.param(
            Grid(EPSG, GRID.left_m + 10, GRID.top_m, 10, 2, 2), Nesting(0, 0.5, 0.5), id="inside"
        ),
        pytest.param(replace(GRID, left_m=GRID.left_m + 10), None, id="half a pixel off"),
        pytest.param(replace(GRID, resolution_m=30), None, id="one and a half pixels"),
        pytest.param(replace(GRID, epsg=32634), None, id="another zone"),
    ],
)
def test_how_a_grid_nests_with_a_file(grid: Grid, expected: Nesting | None) -> None:
    assert FILE.nesting(grid) == expected


@pytest.mark.parametrize(
    "transform",
    [
        pytest.param(Affine(20, 0, 0, 0, 20, 0), id="south up"),
        pytest.param(Affine(20, 0, 0, 0, -10, 0), id="not square"),
        pytest.param(Affine(20, 1, 0, 1, -20, 0), id="rotated"),
    ],
)
def test_odd_transforms_do_not_nest(transform: Affine) -> None:
    assert replace(FILE, transform=transform).nesting(GRID) is None


def test_the_outline_is_that_of_the_grid() -> None:
    outline = FILE.outline

    assert outline is not None
    assert outline.symmetric_difference(GRID.outline).area < 1e-3 * GRID.outline.area


def test_a_file_off_the_earth_has_no_outline() -> None:
    nowhere = replace(FILE, transform=Affine(20, 0, 1e12, 0, -20, 1e12))

    assert nowhere.outline is None


def test_a_file_touches_the_part_of_a_grid_that_it_covers() -> None:
    wide = Grid(EPSG, GRID.left_m - 200, GRID.top_m + 100, 20, 50, 60)

    rows, columns = FILE.touched(wide)

    # The file covers rows 5 to 8 and columns 10 to 13; two more on each side.
    assert (rows.start, rows.stop, columns.start, columns.stop) == (3, 11, 8, 16)


def test_a_file_elsewhere_touches_nothing() -> None:
    rows, columns = FILE.touched(replace(GRID, left_m=GRID.left_m + 9_000))

    assert columns.start == columns.stop
    assert rows.stop == 4


def test_pixels_of_a_degree_grid_are_measured_in_metres() -> None:
    west, _, _, north = GRID.outline.bounds
    degrees = Georeference("EPSG:4326", Affine(0.0001, 0, west, 0, -0.0001, north), 10, 10)

    # A ten-thousandth of a degree of longitude at 13.66 degrees north: 11.13 m x cos(13.66).
    assert degrees.pixel_side_m(GRID) == pytest.approx(11.132 * 0.9717, rel=0.01)
