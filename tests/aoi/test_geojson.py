from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import MultiPoint, MultiPolygon, Point, Polygon, box, mapping

from aoi.errors import InvalidAoi
from aoi.feature import Feature
from aoi.geojson import HEIGHT_DROPPED, Limits, check_range, features, shape_of
from tests.aoi.documents import SQUARE, a_feature, collection, polygon

LIMITS = Limits(max_bytes=1_000_000, max_features=5, max_vertices=100)


def read(document: Any) -> list[Feature]:
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    return list(features(io.BytesIO(content), LIMITS))


def test_features_come_with_index_shape_and_properties() -> None:
    first, second = read(collection(a_feature(name="One"), a_feature(id="b")))

    assert (first.index, second.index) == (0, 1)
    assert first.geometry.equals(box(25, 13, 25.1, 13.1))
    assert second.properties == {"id": "b"}


@pytest.mark.parametrize("document", [a_feature(), polygon()], ids=["feature", "geometry"])
def test_a_document_may_be_one_feature_or_one_geometry(document: Any) -> None:
    (feature,) = read(document)

    assert feature.geometry.equals(box(25, 13, 25.1, 13.1))


def test_members_may_stand_in_any_order() -> None:
    turned = b'{"features": [%s], "name": "x", "type": "FeatureCollection"}'

    assert len(read(turned % json.dumps(a_feature()).encode())) == 1


def test_the_id_of_a_feature_counts_if_its_properties_have_none() -> None:
    (feature,) = read({**a_feature(id=""), "id": 42})

    assert feature.properties["id"] == 42


@pytest.mark.parametrize("name", ["urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326"])
def test_a_crs_that_says_wgs84_is_no_fault(name: str) -> None:
    crs = {"type": "name", "properties": {"name": name}}

    assert len(read(collection(a_feature(), crs=crs))) == 1


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ([1], "stands where '{' is due"),
        ({"type": "Topology", "objects": {}}, "its \"type\" is 'Topology'"),
        ({"a": 1}, '"type" is None'),
        ({"type": "FeatureCollection"}, '"features" is not there'),
        ({"type": "Feature", "features": []}, "no feature"),
        ({"type": "Feature", "features": [a_feature()]}, "\"type\" is 'Feature'"),
        ({"type": "FeatureCollection", "features": [polygon()]}, "feature 0: not a GeoJSON"),
        ({"type": "FeatureCollection", "features": [1]}, "feature 0: not a GeoJSON"),
        (a_feature() | {"properties": [1]}, 'its "properties" are'),
        (a_feature(polygon() | {"crs": {"properties": {"name": "EPSG:3857"}}}), "EPSG:3857"),
        (a_feature("x"), "its geometry is 'x'"),
        (a_feature({"type": "Circle"}), "has the type 'Circle'"),
        (a_feature({"type": "LineString", "coordinates": SQUARE}), "it is a line"),
        (a_feature({"type": "GeometryCollection", "geometries": [1]}), "is a collection"),
        (a_feature(polygon([])), "a part of its geometry is empty"),
        (a_feature(polygon(7)), "7 stands where a list of positions is due"),
        (a_feature(polygon([[25]])), r"\[25\] stands where a position is due"),
        (a_feature(polygon([25])), "25 stands where a position is due"),
        (a_feature(polygon([[True, 13]])), "True is not a number"),
        (a_feature(polygon([[None, 13]])), "None is not a number"),
        (a_feature(polygon([[25, 13], [26, 13], [25, 13]])), "ring 0 has 3 positions"),
        (a_feature(polygon(SQUARE, SQUARE[:3])), "ring 1 is not closed"),
    ],
)  # fmt: skip
def test_what_is_refused(document: Any, says: str) -> None:
    with pytest.raises(InvalidAoi, match=says) as refused:
        read(document)
    assert refused.value.hint


def test_heights_are_told_once_a_feature() -> None:
    flat, high = read(
        collection(a_feature(), a_feature({"type": "Point", "coordinates": [25, 13, 480]}))
    )

    assert flat.notices == ()
    assert high.notices == (HEIGHT_DROPPED,)
    assert not high.geometry.has_z


@pytest.mark.parametrize(
    ("x", "y", "hint"),
    [
        (13.6, 125.3, "swapped"),
        (185.0, 10.0, "antimeridian"),
        (500_000.0, 1_500_000.0, "UTM"),
        (2_800_000.0, 1_500_000.0, "EPSG:3857"),
        (1e9, 1e9, "degrees in EPSG:4326"),
    ],
)
def test_a_position_out_of_range_is_refused_with_the_likely_reason(
    x: float, y: float, hint: str
) -> None:
    with pytest.raises(InvalidAoi, match="out of the range") as refused:
        check_range(x, y)
    assert hint in refused.value.hint


def test_the_edges_of_the_range_belong_to_it() -> None:
    check_range(180, 90)
    check_range(-180, -90)


LONGITUDES, LATITUDES = st.floats(-180, 180), st.floats(-90, 90)
RECTANGLES = st.tuples(LONGITUDES, LATITUDES, LONGITUDES, LATITUDES).map(lambda b: box(*b))


@given(RECTANGLES | st.lists(RECTANGLES, min_size=1, max_size=3).map(MultiPolygon))
def test_a_shape_survives_geojson(shape: Polygon | MultiPolygon) -> None:
    written = json.loads(json.dumps(mapping(shape)))

    assert shape_of(written) == (shape, True)


@given(st.lists(st.tuples(LONGITUDES, LATITUDES), min_size=1, max_size=5))
def test_points_survive_geojson(positions: list[tuple[float, float]]) -> None:
    listed = [list(position) for position in positions]

    assert shape_of({"type": "MultiPoint", "coordinates": listed})[0] == MultiPoint(positions)
    assert shape_of({"type": "Point", "coordinates": listed[0]})[0] == Point(positions[0])


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=12,
)


@given(st.sampled_from(["Polygon", "MultiPolygon", "Point", "MultiPoint", "x"]), JUNK)
def test_no_coordinates_raise_anything_but_a_refusal(kind: str, coordinates: Any) -> None:
    try:
        shape_of({"type": kind, "coordinates": coordinates})
    except InvalidAoi as error:
        assert error.message
