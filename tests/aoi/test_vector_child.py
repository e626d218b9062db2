from __future__ import annotations

import json
from pathlib import Path

import pytest
from pyproj import CRS
from shapely.geometry import Point, box, shape

from aoi.errors import InvalidAoi
from aoi.vector_child import _reprojection, convert
from tests.aoi.layers import write_layer


def test_metres_become_degrees(tmp_path: Path) -> None:
    path = write_layer(tmp_path / "a.gpkg", epsg=32635)

    notices = convert("GeoPackage", path, "", tmp_path / "out")

    first = json.loads((tmp_path / "out").read_text())["features"][0]
    drawn = shape(first["geometry"])
    assert drawn.symmetric_difference(box(25, 13, 25.1, 13.1)).area < 1e-9
    assert notices == ["reprojected from WGS 84 / UTM zone 35N to degrees; look at it on the map"]


def test_records_without_a_shape_are_named_by_index(tmp_path: Path) -> None:
    path = write_layer(tmp_path / "a.gpkg", [Point(25, 13), None], names=("A", "B"))

    with pytest.raises(InvalidAoi, match="records without a shape: 1"):
        convert("GeoPackage", path, "", tmp_path / "out")


@pytest.mark.parametrize("crs", [None, ""])
def test_a_layer_that_does_not_say_its_system_is_refused(crs: str | None) -> None:
    with pytest.raises(InvalidAoi, match=r"the \.prj file is missing"):
        _reprojection(crs, "Shapefile")


def test_a_system_that_nobody_knows_is_refused() -> None:
    with pytest.raises(InvalidAoi, match="its reference system is not known: 'EPSG:999999'"):
        _reprojection("EPSG:999999", "FlatGeobuf")


def test_degrees_by_any_name_are_left_alone() -> None:
    for crs in ("EPSG:4326", "OGC:CRS84", CRS.from_epsg(4326).to_wkt("WKT1_ESRI")):
        assert _reprojection(crs, "Shapefile") == (None, [])
