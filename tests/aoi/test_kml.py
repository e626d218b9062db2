"""KML; the hostile side of it is in test_corpus_kml.py."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import MultiPoint, MultiPolygon, Polygon, box

from aoi.errors import InvalidAoi
from aoi.feature import Feature
from aoi.geojson import HEIGHT_DROPPED, Limits
from aoi.kml import features, positions_of
from tests.aoi.documents import kml, placemark

LIMITS = Limits(max_bytes=1_000_000, max_features=10)


def read(content: bytes) -> list[Feature]:
    return list(features(io.BytesIO(content), LIMITS, []))


def ring(coordinates: str, boundary: str) -> str:
    inner = f"<LinearRing><coordinates>{coordinates}</coordinates></LinearRing>"
    return f"<{boundary}>{inner}</{boundary}>"


OUTER = ring("25,13 26,13 26,14 25,14 25,13", "outerBoundaryIs")
INNER = ring("25.4,13.4 25.6,13.4 25.6,13.6 25.4,13.6 25.4,13.4", "innerBoundaryIs")


@pytest.mark.parametrize("rings", [OUTER + INNER, INNER + OUTER], ids=["usual", "hole first"])
def test_a_polygon_with_a_hole(rings: str) -> None:
    (feature,) = read(kml(f"<Placemark><Polygon>{rings}</Polygon></Placemark>"))

    holed = Polygon(box(25, 13, 26, 14).exterior, [box(25.4, 13.4, 25.6, 13.6).exterior])
    assert feature.geometry.equals(holed)


def test_several_polygons_and_several_points() -> None:
    second = OUTER.replace("25,", "27,").replace("26,", "28,")
    polygons = (
        f"<MultiGeometry><Polygon>{OUTER}</Polygon><Polygon>{second}</Polygon></MultiGeometry>"
    )
    points = "<Point><coordinates>25,13</coordinates></Point>" * 2

    parts, dots = read(
        kml(f"<Placemark>{polygons}</Placemark>", f"<Placemark>{points}</Placemark>")
    )

    assert parts.geometry.equals(MultiPolygon([box(25, 13, 26, 14), box(27, 13, 28, 14)]))
    assert dots.geometry == MultiPoint([(25, 13), (25, 13)])


def test_names_and_data_become_properties() -> None:
    extended = (
        '<ExtendedData><Data name="revisit"><displayName>r</displayName><value> 12h </value></Data>'
        '<SchemaData><SimpleData name="id">sd-1</SimpleData></SchemaData></ExtendedData>'
    )

    (feature,) = read(kml("<name>File</name>", placemark("Umm Kedada", inside=extended)))

    assert feature.properties == {"name": "Umm Kedada", "revisit": "12h", "id": "sd-1"}
    assert feature.where == "feature 0 (id 'sd-1')"


def test_heights_are_told_unless_all_are_nought() -> None:
    flat, high = read(
        kml(
            placemark(coordinates="25,13,0 26,13,0 26,14,0 25,13,0"),
            placemark(coordinates="25,13,480 26,13,480 26,14,480 25,13,480"),
        )
    )

    assert flat.notices == ()
    assert high.notices == (HEIGHT_DROPPED,)


def test_elements_of_other_vocabularies_mean_nothing() -> None:
    other = '<x:name xmlns:x="urn:x">wrong</x:name>'

    (feature,) = read(kml(placemark("right", inside=other)))

    assert feature.properties["name"] == "right"


def test_polygons_and_points_in_one_placemark_are_refused() -> None:
    both = f"<Polygon>{OUTER}</Polygon><Point><coordinates>25,13</coordinates></Point>"

    with pytest.raises(InvalidAoi, match="polygons and points"):
        read(kml(f"<Placemark>{both}</Placemark>"))


def test_utf_16_is_read_as_xml_says() -> None:
    content = kml(placemark("الفاشر")).decode().replace("UTF-8", "UTF-16").encode("utf-16")

    assert read(content)[0].properties["name"] == "الفاشر"


@pytest.mark.parametrize("encoding", ["utf-7", "klingon"])
def test_an_encoding_that_cannot_be_read_is_refused(encoding: str) -> None:
    with pytest.raises(InvalidAoi, match=r"encoding|not XML"):
        read(kml(placemark()).replace(b"UTF-8", encoding.encode()))


@pytest.mark.parametrize("text", ["25", "25,13,1,2", "a,b", "25;13", "25,"])
def test_what_is_no_position(text: str) -> None:
    with pytest.raises(InvalidAoi):
        positions_of(text)


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_a_refusal(content: bytes) -> None:
    try:
        read(content)
    except InvalidAoi as error:
        assert error.message


@given(st.text(alphabet="<>/kmlPoint &;!?[]Coordinates0123,\"'= ", max_size=80))
def test_no_xml_raises_anything_but_a_refusal(inside: str) -> None:
    try:
        read(kml(inside))
    except InvalidAoi as error:
        assert error.message
