from __future__ import annotations

from typing import Any

import pytest
from shapely import get_num_coordinates
from shapely.geometry import MultiPolygon, Point, Polygon, box, shape

from alerts.ports import Outline
from maps.palette import YELLOW, stroke_of
from maps.shapes import (
    MAX_COORDINATES,
    MAX_NAMES,
    area_ha,
    bounds_of,
    collection_of,
    legend_of,
    names_of,
    role_label,
    roles_of,
    rows_of,
    swatch,
)
from maps.words import Words
from tests.maps.pictures import a_patch, a_picture

ENGLISH = Words.of("en")


def coordinates(value: Any) -> list[float]:
    if isinstance(value, float):
        return [value]
    return [number for part in value for number in coordinates(part)]


def test_shapes_are_drawn_from_the_ground_up_and_news_on_top() -> None:
    assert roles_of(a_picture()) == [
        "other_settlement", "ring", "settlement", "burned", "hotspot",
    ]  # fmt: skip


def test_a_role_of_a_later_version_is_drawn_and_named_too() -> None:
    picture = a_picture(outlines=[Outline("flood", "Water", a_patch(200))], hotspots=[])

    assert roles_of(picture) == ["flood"]
    assert role_label("flood", "burn", ENGLISH) == "Other outline"
    assert [row.name for row in rows_of(picture, ENGLISH)] == ["Water"]


def test_an_empty_outline_is_not_there() -> None:
    picture = a_picture(outlines=[Outline("settlement", "Shagra", Polygon())], hotspots=[])

    assert roles_of(picture) == []
    assert rows_of(picture, ENGLISH) == []
    assert names_of(picture) == []


@pytest.mark.parametrize(
    ("kind", "label"), [("burn", "Burn-like ground"), ("camp_growth", "Changed ground")]
)
def test_words_for_changed_ground_say_no_more_than_was_seen(kind: str, label: str) -> None:
    assert role_label("burned", kind, ENGLISH) == label


def test_every_shape_of_the_map_is_a_row_of_the_table() -> None:
    rows = rows_of(a_picture(), ENGLISH)

    assert [(row.what, row.name) for row in rows] == [
        ("Active-fire detection", "VIIRS, 20 Jan 2024 11:12 UTC, nominal"),
        ("Burn-like ground", "Burn-like blocks, 28.1 ha"),
        ("Settlement outline", "Shagra"),
        ("Comparison ring", "500 m to 1500 m around it"),
        ("Other settlement", "Umm Baru"),
    ]
    assert rows[0].area == ""
    # A disc of 330 m is 34.2 ha; its polygon of 48 corners is a little less.
    assert rows[2].area == "34.1 ha"
    assert rows[2].position == "13.65860, 27.36986"


def test_areas_are_measured_on_the_ellipsoid() -> None:
    # At the equator a hundredth of a degree is 1113.2 m by 1105.7 m.
    assert area_ha(box(0, 0, 0.01, 0.01)) == pytest.approx(123.09, rel=1e-3)
    assert area_ha(Point(0, 0)) == 0


def test_positions_are_written_to_a_tenth_of_a_metre() -> None:
    feature = collection_of(a_patch(330))["features"][0]

    numbers = coordinates(feature["geometry"]["coordinates"])
    assert numbers == [round(number, 6) for number in numbers]
    assert shape(feature["geometry"]).area == pytest.approx(a_patch(330).area, rel=1e-3)


def test_an_outline_of_very_many_corners_is_made_lighter() -> None:
    blocks = [box(x / 1000, y / 1000, x / 1000 + 4e-4, y / 1000 + 4e-4)
              for x in range(40) for y in range(40)]  # fmt: skip
    jagged = Point(0, 0).buffer(0.02, quad_segs=3_000)

    light = shape(collection_of(jagged)["features"][0]["geometry"])
    kept = shape(collection_of(MultiPolygon(blocks))["features"][0]["geometry"])

    assert get_num_coordinates(jagged) > MAX_COORDINATES > get_num_coordinates(light)
    assert light.hausdorff_distance(jagged) <= 6e-5
    assert isinstance(kept, MultiPolygon)
    assert len(kept.geoms) == 1_600, "small blocks are not simplified away"


def test_names_stand_above_their_outline_and_the_settlement_comes_first() -> None:
    first, second = names_of(a_picture())

    assert (first.text, first.is_main) == ("Shagra", True)
    assert (second.text, second.is_main) == ("Umm Baru", False)
    assert first.latitude == pytest.approx(a_patch(330).bounds[3], abs=1e-6)


def test_more_names_than_the_picture_can_bear_are_left_to_the_table() -> None:
    many = [Outline("other_settlement", f"V{n}", a_patch(50, east_m=9 * n)) for n in range(80)]
    picture = a_picture(outlines=many, hotspots=[])

    assert len(names_of(picture)) == MAX_NAMES
    assert len(rows_of(picture, ENGLISH)) == 80


def test_the_legend_explains_every_role_with_the_stroke_of_the_map() -> None:
    legend = {label: sign for sign, label in legend_of(a_picture(), ENGLISH)}

    assert list(legend)[:2] == ["Active-fire detection", "Burn-like ground"]
    assert YELLOW in legend["Burn-like ground"]
    assert 'stroke-dasharray="2 7"' in legend["Comparison ring"]
    assert "<circle" in legend["Active-fire detection"]


def test_a_sign_without_a_picture_has_no_dark_ground() -> None:
    assert swatch(stroke_of("ring", "burn")).count("<rect") == 2
    assert swatch(stroke_of("ring", "burn", bare=True), bare=True).count("<rect") == 1


def test_bounds_of_nothing_are_none() -> None:
    assert bounds_of([]) is None
    assert bounds_of([Polygon(), box(1, 2, 3, 4), box(0, 3, 1, 9)]) == (0, 2, 3, 9)
