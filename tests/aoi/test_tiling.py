from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import unary_union
from shapely.geometry import LineString, MultiPolygon, Point, box
from shapely.geometry.collection import GeometryCollection

from aoi.tiling import MAX_SIDE_KM, area_km2, sides, size_km, surface, tiled
from tests.builders import an_aoi


def test_an_area_of_50_km_is_not_cut() -> None:
    # At the equator a degree is 111.3 km east-west and 110.6 km north-south.
    area = an_aoi(geometry=box(25, 0, 25.449, 0.452))

    assert size_km(area.geometry) == pytest.approx((49.98, 49.98), abs=0.02)
    assert tiled(area) == (area,)


def test_a_bigger_area_is_cut_into_equal_tiles() -> None:
    tiles = tiled(an_aoi(geometry=box(25, 0, 26, 0.5)))  # 111 x 55 km

    assert [tile.aoi_id for tile in tiles] == [
        "sd-test-r0c0", "sd-test-r0c1", "sd-test-r0c2",
        "sd-test-r1c0", "sd-test-r1c1", "sd-test-r1c2",
    ]  # fmt: skip
    assert tiles[0].geometry.bounds == pytest.approx((25, 0.25, 25.3333, 0.5), abs=1e-4)
    assert tiles[0].name == "Test area (r0c0)"
    assert {tile.group_id for tile in tiles} == {"sd-test"}


def test_tiles_without_any_of_the_area_are_left_out() -> None:
    corner = MultiPolygon([box(25, 0, 25.1, 0.1), box(26, 1, 26.1, 1.1)])

    tiles = tiled(an_aoi(geometry=corner))

    assert len(tiles) == 2
    assert all(tile.geometry.area == pytest.approx(0.01) for tile in tiles)


def test_each_tile_has_the_zone_of_its_own_centre() -> None:
    tiles = tiled(an_aoi(geometry=box(29.6, 1, 30.4, 1.2)))  # zone 35 ends at 30 degrees

    assert [tile.epsg for tile in tiles] == [32635, 32636]


def test_an_area_cut_at_the_antimeridian_has_a_tile_on_each_side() -> None:
    fiji = MultiPolygon([box(179.9, -17, 180, -16.8), box(-180, -17, -179.9, -16.8)])

    tiles = tiled(an_aoi(geometry=fiji))

    assert [tile.epsg for tile in tiles] == [32760, 32701]
    assert [side.bounds[0] for side in sides(fiji)] == [179.9, -180]


@settings(max_examples=40, deadline=None)
@given(
    west=st.floats(-170, 160),
    south=st.floats(-70, 70),
    width=st.floats(0.1, 3),
    height=st.floats(0.1, 3),
)
def test_tiles_make_up_the_area_and_do_not_overlap(
    west: float, south: float, width: float, height: float
) -> None:
    drawn = Point(west, south).buffer(1)
    area = an_aoi(
        geometry=surface(drawn.intersection(box(west, south, west + width, south + height)))
    )

    tiles = tiled(area)

    together = unary_union([tile.geometry for tile in tiles])
    assert together.symmetric_difference(area.geometry).area < 1e-9
    assert sum(tile.geometry.area for tile in tiles) == pytest.approx(area.geometry.area)
    for tile in tiles:
        assert max(size_km(tile.geometry)) < MAX_SIDE_KM * 1.06


def test_the_area_of_a_square_degree_at_the_equator() -> None:
    # 111.32 km x 110.57 km
    assert area_km2(box(25, -0.5, 26, 0.5)) == pytest.approx(111.32 * 110.57, rel=1e-3)


def test_points_and_lines_are_no_surface() -> None:
    mixed = GeometryCollection([box(0, 0, 1, 1), Point(3, 3), LineString([(1, 1), (2, 2)])])

    assert surface(mixed).equals(box(0, 0, 1, 1))
    assert surface(Point(1, 1)).is_empty
