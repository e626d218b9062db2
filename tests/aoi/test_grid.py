from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, box

from aoi.errors import GridMismatch
from aoi.grid import Grid, to_degrees, to_metres, utm_epsg
from tests.builders import EPSG, a_square

SMALL = Grid(EPSG, left_m=540_000, top_m=1_510_000, resolution_m=40, height=3, width=5)


def test_a_grid_knows_its_size_and_edges() -> None:
    assert SMALL.shape == (3, 5)
    assert SMALL.pixel_area_m2 == 1_600
    assert SMALL.bounds_m == (540_000, 1_509_880, 540_200, 1_510_000)
    assert SMALL.transform * (5, 3) == (540_200, 1_509_880)


def test_a_grid_covers_an_area_and_its_margin() -> None:
    # A square of 200 m around (540000, 1510000); 100 m are two and a half blocks of 40 m.
    grid = Grid.covering(a_square(199), EPSG, 40)
    wider = Grid.covering(a_square(199), EPSG, 40, margin_m=40)

    assert grid.bounds_m == (539_880, 1_509_880, 540_120, 1_510_120)
    assert (wider.height, wider.width) == (grid.height + 2, grid.width + 2)


@settings(max_examples=60, deadline=None)
@given(
    longitude=st.floats(-179, 179),
    latitude=st.floats(-79, 83),
    side_deg=st.floats(0.0005, 0.4),
    resolution_m=st.sampled_from([10.0, 20.0, 40.0]),
    margin_m=st.sampled_from([0.0, 3_000.0]),
)
def test_every_grid_covers_its_area_and_is_aligned(
    longitude: float, latitude: float, side_deg: float, resolution_m: float, margin_m: float
) -> None:
    area = box(longitude, latitude, longitude + side_deg, latitude + side_deg)
    epsg = utm_epsg(longitude, latitude)

    grid = Grid.covering(area, epsg, resolution_m, margin_m=margin_m)

    left, bottom, right, top = grid.bounds_m
    assert all(edge % resolution_m == 0 for edge in grid.bounds_m)
    assert box(left, bottom, right, top).buffer(1e-6).covers(to_metres(area, epsg))
    west, south, east, north = to_metres(area, epsg).bounds
    # Smallest: no row or column without the area or its margin.
    reach = margin_m + resolution_m + 1e-6
    assert west - left <= reach and right - east <= reach
    assert south - bottom <= reach and top - north <= reach


def test_grids_of_overlapping_areas_share_their_pixels() -> None:
    first = Grid.covering(a_square(1_000), EPSG, 40)
    second = Grid.covering(a_square(700, east_m=333, north_m=-77), EPSG, 40)

    assert (first.left_m - second.left_m) % 40 == 0
    assert (first.top_m - second.top_m) % 40 == 0


def test_the_same_extent_in_other_pixels() -> None:
    finer = SMALL.at(10)

    assert finer.shape == (12, 20)
    assert finer.bounds_m == SMALL.bounds_m
    assert finer.at(40) == SMALL


def test_an_extent_that_does_not_divide_is_refused() -> None:
    with pytest.raises(ValueError, match="does not divide into pixels of 30 m"):
        SMALL.at(30)


def test_pixels_are_inside_by_their_centre_or_by_touch() -> None:
    # Covers column 0 and one metre of column 1, in all three rows.
    strip = to_degrees(box(540_000, 1_509_880, 540_041, 1_510_000), EPSG)

    assert SMALL.inside(strip).sum() == 3
    assert SMALL.inside(strip, all_touched=True).sum() >= 6
    assert SMALL.inside(Point().buffer(1)).sum() == 0


def test_outlines_of_pixels_cover_those_pixels() -> None:
    selected = np.zeros(SMALL.shape, np.bool_)
    selected[0, 0] = selected[2, 3:5] = True

    outlines = SMALL.polygons(selected)

    assert len(outlines.geoms) == 2
    # Three blocks of 1,600 square metres.
    assert to_metres(outlines, EPSG).area == pytest.approx(4_800, rel=1e-6)
    assert (SMALL.inside(outlines) == selected).all()


def test_no_pixel_has_no_outline() -> None:
    assert SMALL.polygons(np.zeros(SMALL.shape, np.bool_)).is_empty


def test_the_outline_of_a_grid_is_in_degrees() -> None:
    west, south, east, north = SMALL.outline.bounds

    assert 27.3 < west < east < 27.4
    assert 13.6 < south < north < 13.7


def test_rasters_on_other_grids_are_refused_with_both_named() -> None:
    other = Grid(32634, SMALL.left_m, SMALL.top_m, 40, 3, 5)

    SMALL.require_same(SMALL)
    with pytest.raises(GridMismatch) as refused:
        SMALL.require_same(other)
    assert refused.value.message == (
        "rasters do not share a grid: EPSG:32635 3x5 px of 40 m at (540000, 1510000) "
        "and EPSG:32634 3x5 px of 40 m at (540000, 1510000)"
    )


@pytest.mark.parametrize(
    ("longitude", "latitude", "epsg"),
    [
        (25.3, 13.6, 32635),
        (25.3, -13.6, 32735),
        (-180, 0, 32601),
        (179.99, 10, 32660),
        (180, -10, 32760),
        (24, 10, 32635),
    ],
)
def test_utm_zones(longitude: float, latitude: float, epsg: int) -> None:
    assert utm_epsg(longitude, latitude) == epsg


@settings(max_examples=50, deadline=None)
@given(longitude=st.floats(24.0, 30.0), latitude=st.floats(-60, 60))
def test_projecting_there_and_back_changes_nothing(longitude: float, latitude: float) -> None:
    epsg = utm_epsg(27, latitude)
    there = to_metres(Point(longitude, latitude), epsg)

    back = to_degrees(there, epsg)

    assert back.distance(Point(longitude, latitude)) < 1e-9


def test_projecting_to_the_same_system_is_no_change() -> None:
    point = Point(25, 13)

    assert to_metres(point, 4326) is point
