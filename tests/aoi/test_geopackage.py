"""GeoPackage; the hostile side of it is in test_corpus_layers.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from aoi.errors import InvalidAoi
from aoi.geopackage import checked_layer, require_whole
from tests.aoi.layers import write_layer


def test_the_one_layer_is_found_whatever_its_name(tmp_path: Path) -> None:
    path = write_layer(tmp_path / "a.gpkg", layer="Dörfer 2024")

    assert checked_layer(path) == "Dörfer 2024"


def test_looking_leaves_nothing_beside_the_file(tmp_path: Path) -> None:
    path = write_layer(tmp_path / "a.gpkg")
    before = path.read_bytes()

    checked_layer(path)

    assert [entry.name for entry in tmp_path.iterdir()] == ["a.gpkg"]
    assert path.read_bytes() == before


def test_a_file_shorter_than_it_declares_is_refused(tmp_path: Path) -> None:
    path = write_layer(tmp_path / "a.gpkg")
    require_whole(path)
    path.write_bytes(path.read_bytes()[:-1])

    with pytest.raises(InvalidAoi, match=r"ends in the middle: [\d,]+ bytes of [\d,]+"):
        require_whole(path)
