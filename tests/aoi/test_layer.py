from __future__ import annotations

from pathlib import Path

import pytest

from aoi.errors import InvalidAoi
from aoi.geojson import Limits
from aoi.layer import opened_layer
from tests.aoi.documents import GOOD_GEOJSON, kml, placemark, zipped

LIMITS = Limits(max_bytes=20_000, max_features=10)


def test_a_layer_gives_its_features_and_what_concerns_all_of_them(tmp_path: Path) -> None:
    path = tmp_path / "a.kml"
    path.write_bytes(GOOD_GEOJSON)

    with opened_layer(path, LIMITS) as layer:
        (feature,) = layer.features

    assert feature.properties["name"] == "Shagra"
    assert layer.said == ["the name says .kml, the content is GeoJSON: read as GeoJSON"]


def test_what_is_refused_while_reading_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "villages.geojson"
    path.write_bytes(GOOD_GEOJSON)

    with (
        pytest.raises(InvalidAoi, match=r"^villages\.geojson: not this one\n"),
        opened_layer(path, LIMITS) as layer,
    ):
        for _ in layer.features:
            raise InvalidAoi("not this one", hint="another")


def test_a_file_beyond_the_limit_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    path.write_bytes(b" " * 20_001)

    with pytest.raises(InvalidAoi, match="more than 0"), opened_layer(path, LIMITS):
        pass


def test_a_kml_that_inflates_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.kmz"
    path.write_bytes(zipped({"doc.kml": kml(*[placemark()] * 400)}))

    with (
        pytest.raises(InvalidAoi, match="its KML has"),
        opened_layer(path, LIMITS) as layer,
    ):
        list(layer.features)


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "loop.geojson"
    path.symlink_to(path)

    with (
        pytest.raises(InvalidAoi, match=r"loop\.geojson: cannot be read"),
        opened_layer(path, LIMITS),
    ):
        pass
