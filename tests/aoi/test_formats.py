from __future__ import annotations

from pathlib import Path

import pytest

from aoi.errors import InvalidAoi
from aoi.formats import Format, format_of
from tests.aoi.documents import GOOD_GEOJSON, kml, placemark, zipped

KML = kml(placemark())
CONTENTS = {
    Format.GEOJSON: GOOD_GEOJSON,
    Format.GEOPACKAGE: b"SQLite format 3\0" + bytes(100),
    Format.SHAPEFILE: (9994).to_bytes(4, "big") + bytes(100),
    Format.ZIPPED_SHAPEFILE: zipped({"a.shp": b"x"}),
    Format.KML: KML,
    Format.KMZ: zipped({"doc.kml": KML}),
    Format.FLATGEOBUF: b"fgb\x03fgb\x01" + bytes(100),
}
NAMES = {
    Format.GEOJSON: "a.geojson",
    Format.GEOPACKAGE: "a.gpkg",
    Format.SHAPEFILE: "a.shp",
    Format.ZIPPED_SHAPEFILE: "a.zip",
    Format.KML: "a.kml",
    Format.KMZ: "A.KMZ",
    Format.FLATGEOBUF: "a.fgb",
}


def judged(tmp_path: Path, name: str, content: bytes) -> tuple[Format, list[str]]:
    path = tmp_path / name
    path.write_bytes(content)
    said: list[str] = []
    return format_of(path, said), said


@pytest.mark.parametrize("kind", list(Format))
def test_a_format_is_known_by_its_content(tmp_path: Path, kind: Format) -> None:
    assert judged(tmp_path, NAMES[kind], CONTENTS[kind]) == (kind, [])


@pytest.mark.parametrize("kind", list(Format))
def test_a_wrong_name_is_told_and_does_not_matter(tmp_path: Path, kind: Format) -> None:
    name = "a.gpkg" if kind is not Format.GEOPACKAGE else "a.fgb"

    found, (notice,) = judged(tmp_path, name, CONTENTS[kind])

    assert found is kind
    assert f"the content is {kind}" in notice


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.dbf", b"x", "is one file of a Shapefile"),
        ("a.xlsx", b"x", r"the format '.xlsx' is not known"),
        ("a.gpkg", b"garbage", "its content is not GeoPackage"),
        ("a.zip", b"garbage", "its content is not KMZ or zipped Shapefile"),
        ("a.zip", zipped({"b.zip": b"x"}), "holds another zip"),
        ("a.zip", zipped({"b.txt": b"x"}), "no layer that is read"),
        ("a.zip", b"PK\x03\x04", "the zip is damaged"),
    ],
)
def test_what_is_none_of_ours(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    with pytest.raises(InvalidAoi, match=says):
        judged(tmp_path, name, content)


def test_xml_in_utf_16_is_kml_for_its_reader_to_judge(tmp_path: Path) -> None:
    content = KML.decode().replace("UTF-8", "UTF-16").encode("utf-16")

    assert judged(tmp_path, "a.kml", content)[0] is Format.KML
