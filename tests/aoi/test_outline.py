from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from aoi.errors import InvalidAoi
from aoi.outline import checked_area, checked_footprint, disc, radius_m
from aoi.tiling import area_km2
from tests.builders import a_square

FIGURE_OF_EIGHT = Polygon([(25, 13), (25.1, 13), (25, 13.1), (25.1, 13.1)])
# Two triangles that meet at a corner, drawn in one stroke.
HOURGLASS = Polygon(
    [(25, 13), (25.1, 13), (25.05, 13.05), (25.1, 13.1), (25, 13.1), (25.05, 13.05)]
)


def test_a_good_outline_is_taken_as_it_is() -> None:
    assert checked_area(a_square(2_000)) == (a_square(2_000), ())


def test_one_part_of_a_multipolygon_is_a_polygon() -> None:
    assert checked_area(MultiPolygon([a_square(2_000)]))[0] == a_square(2_000)


@pytest.mark.parametrize(
    ("shape", "says"),
    [
        (Point(25, 13), "no area but a Point"),
        (LineString([(25, 13), (26, 13)]), "no area but a LineString"),
        (Polygon([(25, 13), (26, 13), (25, 13)]), "it has no area"),
        (FIGURE_OF_EIGHT, "crosses itself: Self-intersection near longitude 25.05, latitude 13.05"),
        (MultiPolygon([a_square(2_000), FIGURE_OF_EIGHT]), "part 1: the outline crosses itself"),
        (box(25, 13, 25.0001, 13.0001), r"its area is 120 m², less than one block"),
        # On a sphere: 6371² x (10 degrees) x sin(10 degrees) = 1.23 million.
        (box(0, 0, 10, 10), r"1,2\d\d,\d\d\d km², more than 600,000"),
        (box(0, 83, 1, 85), "from latitude 83 to 85, towards a pole"),
        (box(-170, 10, 175, 11), "antimeridian"),
    ],
)
def test_what_no_area_can_be(shape: Polygon, says: str) -> None:
    with pytest.raises(InvalidAoi, match=says) as refused:
        checked_area(shape)
    assert refused.value.hint


def test_a_ring_that_touches_itself_is_taken_in_parts_of_the_same_area() -> None:
    outline, notices = checked_area(HOURGLASS)

    assert len(outline.geoms) == 2  # type: ignore[union-attr]
    assert outline.area == pytest.approx(HOURGLASS.area)
    assert "touches itself" in notices[0]


def test_a_hole_outside_its_shell_is_named_by_its_ring() -> None:
    shell, inside, outside = box(25, 13, 26, 14), box(25.1, 13.1, 25.2, 13.2), box(27, 13, 28, 14)
    holed = Polygon(shell.exterior, [inside.exterior, outside.exterior])

    with pytest.raises(InvalidAoi, match="ring 2 is a hole that lies outside"):
        checked_area(holed)


def test_a_hamlet_may_be_small_and_a_camp_large() -> None:
    assert checked_footprint(a_square(20))[1] == ()
    with pytest.raises(InvalidAoi, match="more than 2,500"):
        checked_footprint(a_square(60_000))


@pytest.mark.parametrize(
    ("structures", "given_m", "radius"),
    [
        (None, None, 150),
        (None, 500.0, 500),
        (120, 80.0, 80),
        (120, None, math.sqrt(120 * 400 / math.pi)),
        (10, None, 75),  # 10 x 400 m² would be 36 m
        (0, None, 75),
    ],
)
def test_the_radius_of_a_settlement_known_as_a_point(
    structures: int | None, given_m: float | None, radius: float
) -> None:
    assert radius_m(structures, given_m) == pytest.approx(radius)


@given(longitude=st.floats(-179, 179), latitude=st.floats(-79, 83), radius=st.floats(10, 10_000))
def test_a_disc_has_the_area_of_its_radius_everywhere(
    longitude: float, latitude: float, radius: float
) -> None:
    assume(abs(longitude) < 178 or abs(latitude) < 60)
    drawn = disc(longitude, latitude, radius)

    # A polygon of 32 corners has 0.9936 of its circle.
    expected_km2 = 0.9936 * math.pi * radius**2 / 1e6
    assert area_km2(drawn) == pytest.approx(expected_km2, rel=2e-3)
    assert drawn.contains(Point(longitude, latitude))


def test_a_disc_over_the_antimeridian_is_refused() -> None:
    with pytest.raises(InvalidAoi, match="antimeridian"):
        disc(179.9999, 0, 1_000)
