"""Bad input, section A of the corpus: areas as GeoJSON.

Here for the entry points AOI and SET as far as they read files. A28 is also in
TEXT (forms, other sinks), A33 and A34 also on the site: those rows belong to
the tests of the rooms that own these entries.
"""

from __future__ import annotations

import gzip
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from aoi.errors import InvalidAoi
from aoi.files import ReadAreas, read_areas, read_settlements
from aoi.registry import AoiRegistry
from tests.aoi.documents import SQUARE, a_feature, area, collection, polygon, rectangle
from tests.builders import NOW, an_aoi

BOW_TIE = [[25, 13], [25.1, 13.1], [25.1, 13], [25, 13.1], [25, 13]]
OPEN_RING = SQUARE[:-1]
OUTSIDE_HOLE = rectangle(26, 13.02, 26.1, 13.04)
LINE_LIKE = [[25, 13], [25.1, 13], [25, 13], [25, 13]]
METRES = rectangle(500_000, 1_500_000, 510_000, 1_510_000)
NULL = {"type": "Polygon", "coordinates": None}


def raw(ring: str) -> bytes:
    """Return a file with that text as its ring."""
    return (
        '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": '
        f'{{"id": "sd-test"}}, "geometry": {{"type": "Polygon", "coordinates": [{ring}]}}}}]}}'
    ).encode()


def many(count: int) -> bytes:
    return collection(*(a_feature(id=f"a{index}") for index in range(count)))


def star(vertices: int) -> list[list[float]]:
    ring = [[25 + 0.1 * index / vertices, 13.0] for index in range(vertices)]
    return [*ring, [25.0, 13.1], ring[0]]


SQUARE_TEXT = json.dumps(SQUARE)
REFUSED: dict[str, tuple[bytes, str]] = {
    "A1": (area(NULL), "empty"),
    "A2": (area({"type": "Polygon", "coordinates": []}), "empty"),
    "A3": (area({"type": "GeometryCollection", "geometries": []}), "empty"),
    "A4": (collection(), "no feature"),
    "A5": (
        collection(a_feature(), {"type": "Feature", "properties": {}, "geometry": None}),
        "feature 1: it has no geometry",
    ),
    "A6": (area(polygon(BOW_TIE)), "crosses itself.*repaired it would have 2 part"),
    "A7": (area(polygon(OPEN_RING)), "ring 0 is not closed.*repeat its first position"),
    "A8": (area(polygon(SQUARE, OUTSIDE_HOLE)), "ring 1 is a hole that lies outside"),
    "A10": (area(polygon(LINE_LIKE)), "no area"),
    "A11-impossible": (
        area(polygon([[13, 125], [14, 125], [14, 126], [13, 125]])),
        "out of the range.*swapped",
    ),
    "A12": (area(polygon(METRES)), "out of the range of degrees.*UTM"),
    "A13": (
        collection(
            a_feature(), crs={"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32635"}}
        ),
        "EPSG::32635.*WGS 84.*reproject",
    ),
    "A14": (area(polygon([["25", "13"], ["25.1", "13"], ["25", "13.1"], ["25", "13"]])), "'25'"),
    "A15-nan": (raw("[[NaN, 13], [25, 13], [25, 14], [25, 13]]"), "NaN is not a number"),
    "A15-infinity": (raw("[[Infinity, 13], [25, 13], [25, 14]]"), "Infinity is not a number"),
    "A15-1e999": (raw("[[1e999, 13], [25, 13], [25, 14]]"), "1e999 is too large"),
    "A16": (raw(f"[[{'9' * 5000}, 13], [25, 13], [25, 14]]"), "a number of 5000 digits"),
    "A18": (area(polygon(rectangle(179, 13, -179, 14)[::-1])), "antimeridian.*cut it at 180"),
    "A18-beyond": (area(polygon(rectangle(179, 13, 181, 14))), "181.*cut it at 180"),
    "A19": (area(polygon(rectangle(0, 80, 20, 90))), "towards a pole"),
    "A20": (
        area(polygon(rectangle(-180, -90, 180, 90))),
        r"510,06\d,\d\d\d km², more than 600,000",
    ),
    "A21": (
        area(polygon(rectangle(25, 13, 25.00001, 13.00001))),
        "less than one block of 40 x 40 m",
    ),
    "A22": (area(polygon(star(200_000))), "200,002 vertices, more than 50,000"),
    "A23": (many(1_001), "more than 1,000 features.*settlement import"),
    "A24": (raw("[" * 100_000 + "]" * 100_000), "nested more than 20 deep"),
    "A25": (
        b'{"type": "FeatureCollection", "features": [{"type": "Feature", "type": "Feature"}]}',
        'feature 0: the key "type" stands twice',
    ),
    "A25-top": (b'{"type": "FeatureCollection", "type": "Feature"}', '"type" stands twice'),
    "A27": (area(polygon()).decode().encode("utf-16"), "UTF-16.*save it as UTF-8"),
    "A27-without-mark": (area(polygon()).decode().encode("utf-16-le"), "UTF-16"),
    "A28": (
        collection(a_feature(), a_feature(name="\ud800")),
        r"feature 1: .*half a character",
    ),
    "A29": (area(polygon()) + b" x", "follows the end of the document, at character 2"),
    "A29-two": (area(polygon()) * 2, "follows the end of the document"),
    "A31": (gzip.compress(area(polygon())), "looks like gzip"),
    "A32": (
        collection(a_feature(id="a"), a_feature(id="b"), a_feature(id="a")),
        "features 0 and 2 have the same id 'a'",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_corpus(case: str, tmp_path: Path) -> None:
    content, rule = REFUSED[case]
    path = tmp_path / "areas.geojson"
    path.write_bytes(content)

    with pytest.raises(InvalidAoi, match=f"(?s){rule}") as refused:
        read_areas(path)

    # One line that names the file, and one line of hint.
    assert refused.value.message.startswith("areas.geojson: ")
    assert refused.value.hint
    assert "\n" not in refused.value.message + refused.value.hint


SETTLEMENTS_TOO = ("A4", "A11-impossible", "A12", "A13", "A14", "A27", "A29", "A31", "A32")


@pytest.mark.parametrize("case", SETTLEMENTS_TOO)
def test_corpus_settlements(case: str, tmp_path: Path) -> None:
    content, rule = REFUSED[case]
    path = tmp_path / "villages.geojson"
    path.write_bytes(content)

    with pytest.raises(InvalidAoi, match=rf"(?s)^villages\.geojson: .*{rule}"):
        read_settlements(path, an_aoi())


def read(tmp_path: Path, content: bytes) -> ReadAreas:
    path = tmp_path / "areas.geojson"
    path.write_bytes(content)
    return read_areas(path)


def test_corpus_A9_overlapping_parts_become_one_and_say_both_areas(tmp_path: Path) -> None:
    parts = [[rectangle(25, 13, 25.2, 13.1)], [rectangle(25.1, 13, 25.3, 13.1)]]

    found = read(tmp_path, area({"type": "MultiPolygon", "coordinates": parts}))

    # Two rectangles of 0.2 x 0.1 degrees share half of each: 3/4 of their sum is left.
    assert found.areas[0].geometry.area == pytest.approx(0.03)
    # A square of 0.1 degrees at 13 degrees north measures 10.85 x 11.06 km = 120 km².
    assert "parts overlap" in found.notices[0]
    assert "480 km² drawn, 360 km² taken" in found.notices[0]


def test_corpus_A11_swapped_axes_that_end_at_sea_are_doubted(tmp_path: Path) -> None:
    gaza = rectangle(34.3, 31.3, 34.5, 31.5)
    swapped = [position[::-1] for position in gaza]

    assert read(tmp_path, area(polygon(gaza))).notices == ()
    (notice,) = read(tmp_path, area(polygon(swapped))).notices
    assert "at sea, far from land" in notice


@pytest.mark.parametrize("extra", [[7.5], [7.5, 99]], ids=["A17-3d", "A17-4d"])
def test_corpus_A17_heights_are_dropped_with_a_notice(tmp_path: Path, extra: list[float]) -> None:
    found = read(tmp_path, area(polygon([[*position, *extra] for position in SQUARE])))

    assert not found.areas[0].geometry.has_z
    assert "only longitude and latitude are kept" in found.notices[0]


def test_corpus_A18_a_file_cut_at_the_antimeridian_is_one_area(tmp_path: Path, db: Engine) -> None:
    parts = [[rectangle(179.8, -16, 180, -15.8)], [rectangle(-180, -16, -179.8, -15.8)]]
    (fiji,) = read(tmp_path, area({"type": "MultiPolygon", "coordinates": parts})).areas

    tiles = AoiRegistry(db).add(fiji, NOW)

    assert [tile.aoi_id for tile in tiles] == ["sd-test-r0c0", "sd-test-r0c1"]
    assert [tile.epsg for tile in tiles] == [32760, 32701]
    for tile in tiles:
        assert tile.geometry.bounds[2] - tile.geometry.bounds[0] == pytest.approx(0.2)
        assert tile.blocks.width < 800  # 21 km and two margins, not the world


def test_corpus_A23_settlements_are_streamed(tmp_path: Path) -> None:
    path = tmp_path / "villages.geojson"
    points = [
        a_feature({"type": "Point", "coordinates": [25 + index / 1e5, 13]}, id=f"v{index}")
        for index in range(10_000)
    ]
    path.write_bytes(collection(*points))

    found = read_settlements(path, an_aoi())

    assert len(found.settlements) == 10_000


def test_corpus_A26_a_byte_order_mark_is_accepted(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xef\xbb\xbf" + area(polygon())).areas[0].aoi_id == "sd-test"


def test_corpus_A30_a_good_file_is_refused_at_every_cut(tmp_path: Path) -> None:
    path = tmp_path / "areas.geojson"
    whole = collection(a_feature(name="الفاشر", revisit="12h"))
    accepted = []
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        try:
            read_areas(path)
        except InvalidAoi:
            continue
        accepted.append(length)

    assert accepted == []


def test_corpus_A32_settlements_too_name_both_indexes(tmp_path: Path) -> None:
    path = tmp_path / "villages.geojson"
    path.write_bytes(collection(a_feature(id="v1"), a_feature(id="v2"), a_feature(id="v1")))

    with pytest.raises(InvalidAoi, match="features 0 and 2 have the same id 'v1'"):
        read_settlements(path, an_aoi())


def test_corpus_A33_the_shape_of_an_existing_area_is_refused(tmp_path: Path, db: Engine) -> None:
    registry = AoiRegistry(db)
    registry.add(read(tmp_path, area(polygon())).areas[0], NOW)
    # Drawn from another corner, the other way round, and under another id.
    again = collection(a_feature(polygon([*SQUARE[2:], *SQUARE[1:3]][::-1]), id="sd-other"))

    with pytest.raises(InvalidAoi, match=r"(?s)same shape as 'sd-test'.*aoi show sd-test"):
        registry.add(read(tmp_path, again).areas[0], NOW)
    assert [aoi.aoi_id for aoi in registry.all()] == ["sd-test"]


def test_corpus_A34_an_area_inside_another_is_accepted(tmp_path: Path, db: Engine) -> None:
    registry = AoiRegistry(db)
    registry.add(read(tmp_path, area(polygon())).areas[0], NOW)
    inner = collection(a_feature(polygon(rectangle(25.02, 13.02, 25.04, 13.04)), id="sd-inner"))

    found = read(tmp_path, inner)
    registry.add(found.areas[0], NOW)

    assert found.notices == ()
    assert len(registry.all()) == 2


def test_corpus_A35_a_huge_file_is_refused_with_flat_memory(tmp_path: Path) -> None:
    path = tmp_path / "huge.geojson"
    with path.open("wb") as file:
        file.truncate(250_000_000)

    tracemalloc.start()
    with pytest.raises(InvalidAoi, match="250 MB, more than 100"):
        read_settlements(path, an_aoi())
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak_bytes < 5_000_000


def test_corpus_A35_a_stream_that_never_ends_is_cut_at_the_limit() -> None:
    from aoi.geojson import Limits, features

    class Endless:
        """Settlements without end, as a pipe may give them."""

        def __init__(self) -> None:
            self.head = b'{"type": "FeatureCollection", "features": [{"type": "Feature"'

        def read(self, size: int) -> bytes:
            head, self.head = self.head[:size], self.head[size:]
            return head or b" " * size

    tracemalloc.start()
    endless: Any = Endless()
    with pytest.raises(InvalidAoi, match=r"larger than 100 MB|12 million characters"):
        list(features(endless, Limits(100_000_000, 200_000)))
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak_bytes < 80_000_000
