"""Shapefile; the hostile side of it is in test_corpus_layers.py."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from shapely.geometry import MultiPoint, Point

from aoi.errors import InvalidAoi
from aoi.shapefile import gather, gather_from_zip, stated_encoding
from tests.aoi.documents import zipped
from tests.aoi.layers import AREAS, parts_of, write_layer


@pytest.mark.parametrize(
    "shapes",
    [AREAS, [Point(25, 13), Point(26, 13)], [MultiPoint([(25, 13), (26, 13)])]],
    ids=["polygons", "points", "multipoints"],
)
def test_files_of_gdal_hold_what_their_headers_say(tmp_path: Path, shapes: list[Point]) -> None:
    path = write_layer(tmp_path / "a.shp", shapes)
    folder = tmp_path / "copy"
    folder.mkdir()
    said: list[str] = []

    assert gather(path, folder, said) == folder / "layer.shp"
    assert said == []
    # The index is made anew: what it says is not believed.
    assert sorted(part.suffix for part in folder.iterdir()) == [".cpg", ".dbf", ".prj", ".shp"]


def test_names_in_capitals_are_found(tmp_path: Path) -> None:
    path = write_layer(tmp_path / "a.shp")
    for suffix in (".dbf", ".prj", ".cpg"):
        path.with_suffix(suffix).rename(path.with_suffix(suffix.upper()))
    folder = tmp_path / "copy"
    folder.mkdir()

    gather(path, folder, [])

    assert (folder / "layer.dbf").exists()


def test_only_the_parts_of_the_layer_leave_the_zip(tmp_path: Path) -> None:
    parts = parts_of(write_layer(tmp_path / "a.shp"))
    pack = tmp_path / "a.zip"
    pack.write_bytes(zipped({**parts, "other.dbf": b"x", "read.me": b"x"}))
    folder = tmp_path / "copy"
    folder.mkdir()

    layer = gather_from_zip(pack, folder, [])

    assert layer.with_suffix(".dbf").read_bytes() == parts["a.dbf"]
    assert len(list(folder.iterdir())) == 4


def table(tmp_path: Path, names: bytes, mark: int = 0) -> Path:
    """Write a .dbf of one text field, as far as the guess reads it; return the .shp beside it."""
    header = bytearray(33)
    struct.pack_into("<H", header, 8, len(header))
    header[29] = mark
    (tmp_path / "layer.dbf").write_bytes(bytes(header) + b" " + names)
    return tmp_path / "layer.shp"


@pytest.mark.parametrize(
    ("name", "encoding"),
    [("الفاشر", "cp1256"), ("Ségou", "cp1252"), ("Ségou", "utf-8"), ("مدينة Nyala", "cp1256")],
)
def test_an_encoding_is_guessed_and_a_name_shown(tmp_path: Path, name: str, encoding: str) -> None:
    said: list[str] = []

    assert stated_encoding(table(tmp_path, name.encode(encoding)), said) == encoding
    assert encoding in said[0]
    assert name.split()[0] in said[0]


@pytest.mark.parametrize(
    ("names", "mark"), [(b"Nyala", 0), ("Ségou".encode("cp1252"), 0x03), (b"", 0)],
    ids=["plain", "stated", "empty"],
)  # fmt: skip
def test_nothing_is_guessed_where_nothing_is_open(tmp_path: Path, names: bytes, mark: int) -> None:
    said: list[str] = []

    assert stated_encoding(table(tmp_path, names, mark), said) == ""
    assert said == []


def test_a_table_too_short_for_a_header_is_refused(tmp_path: Path) -> None:
    path = write_layer(tmp_path / "a.shp")
    path.with_suffix(".dbf").write_bytes(b"\x03")
    folder = tmp_path / "copy"
    folder.mkdir()

    with pytest.raises(InvalidAoi, match=r"its \.dbf is cut off"):
        gather(path, folder, [])
