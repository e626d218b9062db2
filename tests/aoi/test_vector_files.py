from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from shapely.geometry import box

from aoi import vector_files
from aoi.errors import InvalidAoi
from aoi.vector_files import CHILD_SETTINGS, DRIVERS, as_geojson
from tests.aoi.layers import write_layer

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("suffix", "kind"), [(".gpkg", "GeoPackage"), (".shp", "Shapefile"), (".fgb", "FlatGeobuf")]
)
def test_the_child_writes_geojson(tmp_path: Path, suffix: str, kind: str) -> None:
    path = write_layer(tmp_path / f"a{suffix}", names=("Ségou", "الفاشر"))
    said: list[str] = []

    with as_geojson(kind, path, "", said) as stream:
        document = json.load(stream)

    names = {feature["properties"]["name"] for feature in document["features"]}
    assert names == {"Ségou", "الفاشر"}
    assert said == []


def test_only_the_drivers_that_are_needed_are_there() -> None:
    listed = subprocess.run(
        [sys.executable, "-c", "import pyogrio; print(*sorted(pyogrio.list_drivers()), sep='\\n')"],
        env={**os.environ, **CHILD_SETTINGS},
        capture_output=True,
        check=True,
        text=True,
    )

    assert set(listed.stdout.splitlines()) <= set(DRIVERS)


def test_the_child_knows_no_secret_of_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBERWATCH_EMAIL__PASSWORD", "hunter2")

    assert "hunter2" not in vector_files._environment().values()


def test_a_reader_that_needs_too_much_memory_is_stopped_and_we_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # K14: less than the libraries alone need.
    monkeypatch.setattr(vector_files, "MEMORY_BYTES", 150_000_000)
    path = write_layer(tmp_path / "a.fgb")

    with (
        pytest.raises(InvalidAoi, match="the FlatGeobuf cannot be read: its reader stopped"),
        as_geojson("FlatGeobuf", path, "", []),
    ):
        pass


def test_an_outline_of_too_many_vertices_is_refused_in_the_child(tmp_path: Path) -> None:
    path = write_layer(tmp_path / "a.fgb", [box(25, 13, 26, 14).segmentize(5e-5)])

    with (
        pytest.raises(InvalidAoi, match="feature 0 has more than 50,000 vertices"),
        as_geojson("FlatGeobuf", path, "", []),
    ):
        pass


def test_what_the_child_refuses_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.shp"
    path.write_bytes(b"nothing")

    with (
        pytest.raises(InvalidAoi, match="the Shapefile cannot be read") as refused,
        as_geojson("Shapefile", path, "", []),
    ):
        pass
    assert refused.value.hint


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    path = write_layer(tmp_path / "a.fgb")

    with as_geojson("FlatGeobuf", path, "", []):
        assert list((tmp_path / "temporary").iterdir())

    assert list((tmp_path / "temporary").iterdir()) == []
