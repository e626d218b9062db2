"""Every fault of a store of images, told by a real server."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aoi.grid import Grid
from monitor.errors import SourceError, SourceRefused, SourceUnavailable
from monitor.sources.cache import Cache
from monitor.sources.deadline import Deadline
from monitor.sources.ranges import HEAD_BYTES, RemoteFiles, merged_ranges, name_of
from monitor.sources.raster import Layer, read_layer
from monitor.sources.web import WebSettings
from tests.monitor.sources.rasters import EPSG, write_band
from tests.monitor.sources.servers import Asked, Reply, Server, page, running

WIDE = Grid(EPSG, left_m=540_000, top_m=1_510_000, resolution_m=20, height=1024, width=1024)
"""1,024 x 1,024 pixels: as 16-bit noise some 2 MB, so that the head is a small part."""

PART = Grid(EPSG, left_m=543_000, top_m=1_505_000, resolution_m=20, height=300, width=300)
"""A part that starts 150 pixels right of and 250 below the corner of WIDE."""

QUICK = WebSettings(connect_s=0.3, silence_s=0.3, tries=2, first_wait_s=0.001)
NOISE = np.random.default_rng(5).integers(1, 60_000, WIDE.shape).astype(np.uint16)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store")
    tiles = {"tiled": True, "blockxsize": 256, "blockysize": 256}
    write_band(folder / "red.tif", NOISE, WIDE, nodata=0, compress="deflate", **tiles)
    (folder / "cut.tif").write_bytes((folder / "red.tif").read_bytes()[:1_000_000])
    write_band(folder / "far.tif", NOISE, replace(WIDE, left_m=700_000))
    write_band(folder / "nothing.tif", np.zeros(WIDE.shape, np.uint16), WIDE, nodata=0)
    write_band(folder / "jpeg.jp2", NOISE, WIDE, driver="JP2OpenJPEG", QUALITY="100",
               REVERSIBLE="YES")  # fmt: skip
    return folder


@pytest.fixture
def store(folder: Path) -> Iterator[Server]:
    with running(folder) as server:
        yield server


def read(url: str, seconds: float = 5, cache: Cache | None = None) -> Layer:
    files = RemoteFiles(Deadline(seconds, "scene S"), QUICK, cache=cache)
    return read_layer(url, PART, footprint=WIDE.outline, remote=files.opened)


def test_a_window_is_read_exactly(store: Server) -> None:
    layer = read(f"{store.url}/red.tif")

    assert np.array_equal(layer.numbers, NOISE[250:550, 150:450].astype(np.float32))
    assert not layer.resampled


def test_only_the_head_and_the_tiles_of_the_window_are_fetched(store: Server) -> None:
    read(f"{store.url}/red.tif")

    wanted = [asked.range.removeprefix("bytes=").split("-") for asked in store.log]
    fetched = sum(int(last) - int(first) + 1 for first, last in wanted)
    assert wanted[0] == ["0", str(HEAD_BYTES - 1)]
    # Columns 150-449 and rows 250-549 lie in 2 x 3 of the 16 tiles of 131 kB.
    assert 6 * 131_000 < fetched < 10 * 132_000


def test_jpeg_2000_is_read_too(store: Server) -> None:
    layer = read(f"{store.url}/jpeg.jp2")

    assert np.array_equal(layer.numbers, NOISE[250:550, 150:450].astype(np.float32))


def test_an_image_of_nothing_is_no_error(store: Server) -> None:
    assert np.isnan(read(f"{store.url}/nothing.tif").numbers).all()


def test_a_store_without_ranges_is_read_whole(store: Server) -> None:
    def whole(asked: Asked, usual: Reply) -> Reply:
        return Reply(200, (store.folder / "red.tif").read_bytes() if store.folder else b"")

    store.fail("red", whole)

    assert np.array_equal(read(f"{store.url}/red.tif").numbers, NOISE[250:550, 150:450])
    assert len(store.log) == 1


def shifted(asked: Asked, usual: Reply) -> Reply:
    """Send the beginning of the file whatever was asked for."""
    total = usual.headers["Content-Range"].split("/")[1]
    told = f"bytes 0-{len(usual.body) - 1}/{total}"
    return replace(usual, headers={**usual.headers, "Content-Range": told})


def of_another_version(asked: Asked, usual: Reply) -> Reply:
    return replace(usual, headers={**usual.headers, "ETag": '"new"'})


def halved(asked: Asked, usual: Reply) -> Reply:
    return replace(usual, body=usual.body[: len(usual.body) // 2])


DATA_FAULTS: list[tuple[str, Reply | Callable[[Asked, Reply], Reply], str]] = [
    ("429", Reply(429), "too many requests"),
    ("500", Reply(500), "status 500"),
    ("502", Reply(502), "status 502"),
    ("503", Reply(503), "status 503"),
    ("504", Reply(504), "status 504"),
    ("connection reset", Reply(reset=True), "red.tif"),
    ("hang before headers", Reply(silent_after=-1), r"no answer for 0\.3 s"),
    ("hang mid-body", Reply(206, b"x" * 100, silent_after=50), r"no answer"),
    ("body shorter than declared", Reply(206, b"x", declared_bytes=900), "red.tif"),
    ("wrong range", shifted, "were asked for"),
    ("half the range", halved, "were asked for"),
    ("changed meanwhile", of_another_version, "changed while"),
]
data_faults = pytest.mark.parametrize(
    ("fault", "words"), [pytest.param(fault, words, id=id) for id, fault, words in DATA_FAULTS]
)


@data_faults
def test_a_fault_in_the_middle_of_a_file_is_unavailable_and_leaves_nothing(
    store: Server, tmp_path: Path, fault: Reply, words: str
) -> None:
    store.faults = [("red", lambda _, usual: usual), ("red", fault), ("red", fault)]
    cache = Cache(tmp_path / "cache")

    with pytest.raises(SourceUnavailable, match=words):
        read(f"{store.url}/red.tif", cache=cache)

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    store.faults = []
    assert np.array_equal(
        read(f"{store.url}/red.tif", cache=cache).numbers, NOISE[250:550, 150:450]
    )


def test_a_page_instead_of_an_image_is_unavailable(store: Server) -> None:
    store.fail("red", page(), times=2)

    with pytest.raises(SourceUnavailable, match="web page came instead"):
        read(f"{store.url}/red.tif")


def test_a_file_that_is_gone_is_refused_by_name(store: Server) -> None:
    with pytest.raises(SourceRefused, match=r"127\.0\.0\.1/…/gone\.tif: not there, status 404"):
        read(f"{store.url}/very/gone.tif")


def test_a_file_cut_short_is_refused_as_damaged(store: Server) -> None:
    # Tiles lie in rows: the lower ones are beyond the cut.
    with pytest.raises(SourceRefused, match="damaged"):
        read(f"{store.url}/cut.tif")


@pytest.mark.parametrize("length", [0, 4, 150])
def test_a_file_cut_in_its_header_is_refused(store: Server, length: int) -> None:
    beginning = (store.folder / "red.tif").read_bytes()[:length] if store.folder else b""
    store.fail("red", Reply(200, beginning))

    with pytest.raises(SourceRefused, match="raster"):
        read(f"{store.url}/red.tif")


def test_an_image_elsewhere_is_refused(store: Server) -> None:
    with pytest.raises(SourceRefused, match="outside the geometry"):
        read(f"{store.url}/far.tif")


def test_a_directory_that_leads_to_itself_ends(store: Server) -> None:
    # F9: one entry, and the next directory is this one.
    entry = struct.pack("<HHII", 256, 3, 1, 16)
    store.fail(
        "red", Reply(200, b"II*\0" + struct.pack("<IH", 8, 1) + entry + struct.pack("<I", 8))
    )

    with pytest.raises(SourceError, match="raster"):
        read(f"{store.url}/red.tif")


def test_a_file_that_drips_ends_at_the_deadline(store: Server) -> None:
    store.fail("red", lambda _, usual: replace(usual, drip=True))

    with pytest.raises(SourceUnavailable, match="scene S: given up"):
        read(f"{store.url}/red.tif", seconds=0.2)


def test_what_was_fetched_once_comes_from_the_cache(store: Server, tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    first = read(f"{store.url}/red.tif", cache=cache)
    asked_before = len(store.log)

    again = read(f"{store.url}/red.tif", cache=cache)

    assert np.array_equal(first.numbers, again.numbers)
    # Only the head, which says that the file is still the same.
    assert [asked.range for asked in store.log[asked_before:]] == [f"bytes=0-{HEAD_BYTES - 1}"]


def test_the_same_address_with_new_bytes_is_fetched_anew(store: Server, tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    read(f"{store.url}/red.tif", cache=cache)
    asked_before = len(store.log)
    store.fail("red", of_another_version, times=9)

    read(f"{store.url}/red.tif", cache=cache)

    assert len(store.log) == 2 * asked_before


@pytest.mark.parametrize(
    ("ranges", "expected"),
    [
        pytest.param([], [], id="none"),
        pytest.param([(0, 10), (15, 20)], [(0, 20)], id="near"),
        pytest.param([(0, 10), (20, 30)], [(0, 10), (20, 30)], id="as far as the gap"),
        pytest.param([(0, 10), (2, 5), (8, 30)], [(0, 30)], id="one within the other"),
    ],
)
def test_near_ranges_are_fetched_as_one(
    ranges: list[tuple[int, int]], expected: list[tuple[int, int]]
) -> None:
    assert merged_ranges(ranges, gap=10) == expected


def test_a_message_names_a_file_without_its_signature() -> None:
    assert name_of("https://store.example/a/b/B04.tif?sig=SECRET#x") == "store.example/…/B04.tif"
