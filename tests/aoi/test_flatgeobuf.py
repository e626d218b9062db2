from __future__ import annotations

from pathlib import Path

import pytest
from shapely.geometry import Point

from aoi.errors import InvalidAoi
from aoi.flatgeobuf import MAGIC, check_flatgeobuf, index_bytes
from tests.aoi.layers import write_layer


@pytest.mark.parametrize(
    ("count", "node_size", "nodes"),
    [
        (0, 16, 0),
        (5, 0, 0),  # no index
        (1, 16, 2),  # a leaf and the root
        (16, 16, 17),
        (17, 16, 17 + 2 + 1),
        (257, 16, 257 + 17 + 2 + 1),
    ],
)
def test_the_size_of_the_index(count: int, node_size: int, nodes: int) -> None:
    assert index_bytes(count, node_size) == nodes * 40


@pytest.mark.parametrize("count", [1, 2, 16, 17, 300])
def test_files_of_gdal_fill_exactly_what_they_declare(tmp_path: Path, count: int) -> None:
    points = [Point(25 + index / 1e3, 13) for index in range(count)]
    ids = [str(index) for index in range(count)]
    path = write_layer(tmp_path / "a.fgb", points, ids=ids, names=ids)

    check_flatgeobuf(path, max_features=count)
    with pytest.raises(InvalidAoi, match=f"declares {count} features, more than {count - 1}"):
        check_flatgeobuf(path, max_features=count - 1)


def test_a_file_without_an_index_is_accepted(tmp_path: Path) -> None:
    path = write_layer(tmp_path / "a.fgb", SPATIAL_INDEX="NO")

    check_flatgeobuf(path, max_features=10)


@pytest.mark.parametrize(
    "rest",
    [b"", b"\0", b"\0\xff\xff\xff\xff", b"\0\x08\0\0\0" + b"\xff" * 8],
)
def test_what_only_begins_like_one_is_refused(tmp_path: Path, rest: bytes) -> None:
    path = tmp_path / "a.fgb"
    path.write_bytes(MAGIC + rest)

    with pytest.raises(InvalidAoi):
        check_flatgeobuf(path, max_features=10)


def test_an_index_of_single_children_would_never_end() -> None:
    with pytest.raises(InvalidAoi, match="nodes of one child"):
        index_bytes(10, 1)


def test_a_file_that_lost_its_last_feature_whole_is_refused(tmp_path: Path) -> None:
    path = write_layer(tmp_path / "a.fgb")
    whole = path.read_bytes()
    start = 12 + int.from_bytes(whole[8:12], "little") + index_bytes(2, 16)
    first = 4 + int.from_bytes(whole[start : start + 4], "little")
    path.write_bytes(whole[: start + first])

    with pytest.raises(InvalidAoi, match="does not hold what it declares"):
        check_flatgeobuf(path, max_features=10)
