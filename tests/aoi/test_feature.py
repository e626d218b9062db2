from __future__ import annotations

import pytest
from shapely.geometry import Point

from aoi.errors import InvalidAoi
from aoi.feature import Feature, gathered, named, place


@pytest.mark.parametrize(
    ("properties", "shown"),
    [
        ({"id": "a", "name": "b"}, "feature 3 (id 'a')"),
        ({"id": 17}, "feature 3 (id '17')"),
        ({"id": "", "name": "b"}, "feature 3 (name 'b')"),
        ({"id": None}, "feature 3"),
    ],
)
def test_a_feature_is_named_by_index_and_id(properties: dict[str, object], shown: str) -> None:
    assert place(3, properties) == shown
    assert Feature(3, Point(0, 0), properties).where == shown


def test_what_is_refused_inside_says_where() -> None:
    with pytest.raises(InvalidAoi) as refused, named("a.json"), named(""), named("feature 1"):
        raise InvalidAoi("no area", hint="draw it")

    assert refused.value.message == "a.json: feature 1: no area"
    assert refused.value.hint == "draw it"


def test_one_thing_said_of_many_features_is_one_sentence() -> None:
    said = gathered(
        [("feature 0", "heights"), ("feature 1", "heights"), ("feature 2", "parts")]
        + [(f"feature {index}", "marks") for index in range(400)]
    )

    assert said == (
        "feature 0, feature 1: heights",
        "feature 2: parts",
        "feature 0 and 399 more: marks",
    )
