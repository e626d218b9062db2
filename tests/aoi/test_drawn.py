"""Areas of the command line, with section N6 and N7 of the corpus."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, box

from aoi.area import Sensitivity
from aoi.drawn import area_from_bbox, area_from_wkt, changed_by
from aoi.errors import InvalidAoi
from tests.builders import an_aoi

SQUARE = box(25, 13, 25.1, 13.1)


@pytest.mark.parametrize("text", ["25,13,25.1,13.1", " 25 13 25.1 13.1 ", "25, 13, 25.1, 13.1"])
def test_a_box_is_west_south_east_north(text: str) -> None:
    (area,) = area_from_bbox(text, aoi_id="sd-box", name="Box").areas

    assert area.geometry.equals(SQUARE)
    assert (area.aoi_id, area.name, area.epsg) == ("sd-box", "Box", 32635)


def test_an_area_without_a_name_is_called_after_its_id() -> None:
    assert area_from_bbox("25,13,25.1,13.1", aoi_id="sd-box").areas[0].name == "sd-box"
    assert area_from_bbox("25,13,25.1,13.1").areas[0].aoi_id == "area"


BOXES = {
    "N6-west-of-east": ("25.1,13,25,13.1", "west edge 25.1 is not west of.*antimeridian"),
    "N6-south-of-north": ("25,13.1,25.1,13", "south edge 13.1 is not south of"),
    "N6-five": ("25,13,25.1,13.1,7", "5 numbers, not 4"),
    "N6-empty": ("", "0 numbers, not 4"),
    "N6-nan": ("25,nan,25.1,13.1", "'nan' is not a number"),
    "N6-infinity": ("25,13,inf,13.1", "'inf' is not a number"),
    "N6-words": ("25,13,east,13.1", "'east' is not a number"),
    "N6-swapped": ("13,125,13.1,126", "out of the range.*swapped"),
    "N6-metres": ("500000,1500000,510000,1510000", "out of the range.*UTM"),
    "N6-nothing": ("25,13,25.00001,13.00001", "less than one block"),
    "N6-world": ("-180,-90,180,90", "km², more than 600,000"),
    "N6-line": ("25,13,25,14", "is not west of"),
}


@pytest.mark.parametrize("case", BOXES)
def test_corpus_boxes(case: str) -> None:
    text, rule = BOXES[case]

    with pytest.raises(InvalidAoi, match=f"(?s)^--bbox {text}.*{rule}") as refused:
        area_from_bbox(text)
    assert refused.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "POLYGON((25 13,25.1 13,25.1 13.1,25 13.1,25 13))",
        "polygon (( 25 13 , 25.1 13, 25.1 13.1, 25 1.31e1, +25.0 13. ))",
        "MULTIPOLYGON (((25 13, 25.1 13, 25.1 13.1, 25 13.1, 25 13)))",
        "POLYGON Z ((25 13 7, 25.1 13 7, 25.1 13.1 7, 25 13.1 7, 25 13 7))",
    ],
)
def test_well_known_text_is_read(text: str) -> None:
    assert area_from_wkt(text, aoi_id="sd-wkt").areas[0].geometry.equals(SQUARE)


def test_heights_in_well_known_text_are_told() -> None:
    found = area_from_wkt("POLYGON ((25 13 7, 26 13 7, 26 14 7, 25 13 7))")

    assert found.notices[-1] == "heights are dropped"


TEXTS = {
    "N7-empty": ("POLYGON EMPTY", "is not an outline.*it is empty"),
    "N7-curve": ("CURVEPOLYGON (CIRCULARSTRING (0 0, 1 1, 2 0))", "curves and solids"),
    "N7-srid": ("SRID=4326;POLYGON ((25 13, 26 13, 26 14, 25 13))", "leave SRID"),
    "N7-parentheses": (f"POLYGON {'(' * 100_000}{')' * 100_000}", "nested too deep"),
    "N7-unbalanced": ("POLYGON ((25 13, 26 13, 26 14, 25 13)", "not well-known text"),
    "N7-nothing": ("", "is not an outline"),
    "N7-line": ("LINESTRING (25 13, 26 13)", "is not an outline"),
    "N7-point": ("POINT (25 13)", "is not an outline"),
    "N7-open": ("POLYGON ((25 13, 26 13, 26 14))", "ring 0 is not closed"),
    "N7-nan": ("POLYGON ((nan 13, 26 13, 26 14, nan 13))", "not well-known text"),
    "N7-python": ("POLYGON ((25 13, 26 13, 26 14, 25 13), null)", "stands where"),
    "N7-huge": ("POLYGON ((" + "25 13," * 400_000 + "25 13))", "2,400,017 characters"),
    "N7-swapped": ("POLYGON ((13 125, 14 125, 14 126, 13 125))", "out of the range.*swapped"),
    "N7-crossing": ("POLYGON ((25 13, 26 14, 26 13, 25 14, 25 13))", "crosses itself"),
}


@pytest.mark.parametrize("case", TEXTS)
def test_corpus_texts(case: str) -> None:
    text, rule = TEXTS[case]

    with pytest.raises(InvalidAoi, match=f"(?s)^--wkt.*{rule}") as refused:
        area_from_wkt(text)
    assert refused.value.hint
    assert len(refused.value.message) < 200


@given(
    west=st.floats(-179, 178),
    south=st.floats(-79, 82),
    width=st.floats(0.01, 0.9),
    height=st.floats(0.01, 0.9),
)
def test_any_box_is_the_same_as_bbox_and_as_text(
    west: float, south: float, width: float, height: float
) -> None:
    drawn = box(west, south, west + width, south + height)
    text = ",".join(map(repr, drawn.bounds))

    from_box = area_from_bbox(text).areas[0].geometry
    corners = ", ".join(f"{x!r} {y!r}" for x, y in drawn.exterior.coords)
    from_text = area_from_wkt(f"POLYGON (({corners}))").areas[0].geometry

    assert from_box.equals(drawn)
    assert from_text == drawn


def test_several_parts_in_well_known_text() -> None:
    parts = MultiPolygon([box(25, 13, 25.1, 13.1), box(25.2, 13, 25.3, 13.1)])

    assert area_from_wkt(parts.wkt).areas[0].geometry.equals(parts)


def test_options_win_over_the_file() -> None:
    area = changed_by(an_aoi(), aoi_id="sd-new", name="New", sensitivity="public", revisit="6h")

    assert (area.aoi_id, area.name) == ("sd-new", "New")
    assert (area.sensitivity, area.revisit) == (Sensitivity.PUBLIC, timedelta(hours=6))
    assert changed_by(an_aoi()) == an_aoi()


@pytest.mark.parametrize(
    "options", [{"sensitivity": "secret"}, {"revisit": "daily"}, {"aoi_id": "نيالا"}]
)
def test_options_obey_the_rules_of_files(options: dict[str, str]) -> None:
    with pytest.raises(InvalidAoi):
        changed_by(an_aoi(), **options)
