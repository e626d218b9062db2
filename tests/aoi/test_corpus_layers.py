"""Bad input, sections C and N of the corpus: zips, Shapefile, GeoPackage, FlatGeobuf.

N6 and N7, options of the command line, are in test_drawn.py.
"""

from __future__ import annotations

import io
import sqlite3
import stat
import struct
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from shapely.geometry import LineString, Point, box

from aoi.errors import InvalidAoi
from aoi.files import read_areas, read_settlements
from tests.aoi.documents import GOOD_GEOJSON, zipped
from tests.aoi.layers import parts_of, write_layer
from tests.builders import an_aoi


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a good Shapefile with two areas."""
    return parts_of(write_layer(tmp_path_factory.mktemp("good") / "areas.shp"))


def refused(path: Path, rule: str) -> None:
    with pytest.raises(InvalidAoi, match=f"(?s){rule}") as error:
        read_areas(path)
    assert error.value.message.startswith(f"{path.name}: ")
    assert error.value.hint
    assert "\n" not in error.value.message


def write(tmp_path: Path, content: bytes, name: str = "a.zip") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def write_parts(folder: Path, parts: dict[str, bytes], **changes: bytes | None) -> Path:
    """Write the files of a Shapefile, some changed or (None) left out; return its .shp."""
    for name, content in parts.items():
        changed = changes.get(name.rpartition(".")[2], content)
        if changed is not None:
            (folder / name).write_bytes(changed)
    return folder / "areas.shp"


def with_header(content: bytes, at: int, form: str, value: int) -> bytes:
    changed = bytearray(content)
    struct.pack_into(form, changed, at, value)
    return bytes(changed)


def test_a_good_zip_is_read(tmp_path: Path, good: dict[str, bytes]) -> None:
    found = read_areas(write(tmp_path, zipped({f"deep/{n}": c for n, c in good.items()})))

    assert [(area.aoi_id, area.name) for area in found.areas] == [
        ("sd-one", "One"),
        ("sd-two", "Two"),
    ]
    assert found.areas[0].geometry.equals(box(25, 13, 25.1, 13.1))
    assert found.notices == ()


def test_corpus_C1_a_zip_of_zeros_is_refused_by_its_ratio(tmp_path: Path) -> None:
    bomb = zipped({"a.shp": bytes(20_000_000)})

    refused(write(tmp_path, bomb), r"inflates 1,0\d\d times, more than 100")


def test_corpus_C2_entries_that_overlap_are_refused(tmp_path: Path, good: dict[str, bytes]) -> None:
    pack = bytearray(zipped(good))
    second = pack.index(b"PK\x01\x02", pack.index(b"PK\x01\x02") + 4)
    struct.pack_into("<I", pack, second + 42, 0)  # it points to the first file's bytes

    refused(write(tmp_path, bytes(pack)), "overlap")


@pytest.mark.parametrize(
    "name", ["../../etc/cron.d/x", "/etc/cron.d/x", "C:\\x.shp", "..\\x.shp", "a/../../x"]
)
def test_corpus_C3_paths_out_of_the_zip_are_refused(tmp_path: Path, name: str) -> None:
    refused(write(tmp_path, zipped({name: b"x"})), "points outside the zip")

    assert [entry.name for entry in tmp_path.iterdir()] == ["a.zip"]


def test_corpus_C3_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("a.shp")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(link, "/etc/passwd")

    refused(write(tmp_path, buffer.getvalue()), "is a link")


def test_corpus_C4_too_many_entries_are_refused(tmp_path: Path) -> None:
    pack = zipped({f"f{index}": b"" for index in range(10_000)})

    refused(write(tmp_path, pack), "10,000 entries, more than 100")


def test_corpus_C5_an_encrypted_zip_is_refused(tmp_path: Path, good: dict[str, bytes]) -> None:
    pack = bytearray(zipped(good))
    first = pack.index(b"PK\x01\x02")
    pack[first + 8] |= 1

    refused(write(tmp_path, bytes(pack)), "encrypted.*without a password")


def test_corpus_C6_without_dbf_the_shapes_are_taken(tmp_path: Path, good: dict[str, bytes]) -> None:
    found = read_areas(write_parts(tmp_path, good, dbf=None, cpg=None))

    assert [area.aoi_id for area in found.areas] == ["areas", "areas-2"]
    assert "its .dbf is missing" in found.notices[0]


def test_corpus_C6_without_shx_the_index_is_made_anew_and_nothing_written(
    tmp_path: Path, good: dict[str, bytes]
) -> None:
    path = write_parts(tmp_path, good, shx=None)

    assert len(read_areas(path).areas) == 2
    assert not path.with_suffix(".shx").exists()


def test_corpus_C7_without_prj_it_is_refused(tmp_path: Path, good: dict[str, bytes]) -> None:
    refused(write_parts(tmp_path, good, prj=None), ".prj is missing.*EPSG:4326")


def test_corpus_C8_metres_are_reprojected_with_a_notice(tmp_path: Path) -> None:
    path = write_layer(tmp_path / "utm.shp", epsg=32635)

    found = read_areas(path)

    drawn = box(25, 13, 25.1, 13.1).normalize()
    assert found.areas[0].geometry.normalize().equals_exact(drawn, 1e-9)
    assert "reprojected from WGS 84 / UTM zone 35N" in found.notices[0]


def test_corpus_C9_metres_said_to_be_degrees_are_refused(tmp_path: Path) -> None:
    square = box(500_000, 1_500_000, 510_000, 1_510_000)
    path = write_layer(tmp_path / "wrong.shp", [square])

    refused(path, "out of the range of degrees.*UTM")


@pytest.mark.parametrize("words", [10, 2**30])
def test_corpus_C10_a_length_that_lies_is_refused(
    tmp_path: Path, good: dict[str, bytes], words: int
) -> None:
    lying = with_header(good["areas.shp"], 24, ">i", words)

    refused(write_parts(tmp_path, good, shp=lying), r"declares [\d,]+ bytes and has")


@pytest.mark.parametrize(
    ("at", "form", "value"),
    [(104, ">i", 2**30), (104, ">i", 1), (144, "<I", 2**31), (148, "<I", 2**31)],
    ids=["long", "short", "parts", "points"],
)
def test_corpus_C10_a_record_that_lies_is_refused(
    tmp_path: Path, good: dict[str, bytes], at: int, form: str, value: int
) -> None:
    lying = with_header(good["areas.shp"], at, form, value)

    refused(write_parts(tmp_path, good, shp=lying), "reaches beyond its end|of the kind")


def test_corpus_C11_a_huge_record_count_is_refused(tmp_path: Path, good: dict[str, bytes]) -> None:
    huge = with_header(good["areas.dbf"], 4, "<I", 2**31)

    refused(write_parts(tmp_path, good, dbf=huge), "declares 2,147,483,648 records")


def test_corpus_C12_names_of_no_stated_encoding_are_guessed_and_shown(tmp_path: Path) -> None:
    names = ("الفاشر", "نيالا")
    path = write_layer(tmp_path / "areas.shp", names=names, encoding="CP1256")
    path.with_suffix(".cpg").unlink()
    table = path.with_suffix(".dbf")
    table.write_bytes(with_header(table.read_bytes(), 29, "B", 0))

    found = read_areas(path)

    assert [area.name for area in found.areas] == list(names)
    assert "names were read as cp1256, such as 'الفاشر'" in found.notices[0]


def test_corpus_C12_a_person_may_say_the_encoding(tmp_path: Path) -> None:
    path = write_layer(tmp_path / "areas.shp", names=("Ségou", "Gao"), encoding="CP1252")
    path.with_suffix(".cpg").unlink()

    assert read_areas(path, encoding="cp1252").areas[0].name == "Ségou"


def test_corpus_C13_two_shapefiles_in_a_zip_are_refused(
    tmp_path: Path, good: dict[str, bytes]
) -> None:
    both = {**good, **{f"b/{name}": content for name, content in good.items()}}

    refused(write(tmp_path, zipped(both)), "2 Shapefiles: areas.shp, b/areas.shp")


def test_corpus_C14_points_with_heights_are_settlements(tmp_path: Path) -> None:
    path = write_layer(tmp_path / "areas.shp", [Point(25.01, 13.01, 480), Point(25.02, 13, 481)])

    found = read_settlements(path, an_aoi())

    assert [settlement.settlement_id for settlement in found.settlements] == ["sd-one", "sd-two"]
    assert "only longitude and latitude are kept" in found.notices[0]


def test_corpus_C14_multipatches_are_refused(tmp_path: Path, good: dict[str, bytes]) -> None:
    solid = with_header(good["areas.shp"], 32, "<i", 31)

    refused(write_parts(tmp_path, good, shp=solid), "multipatches")


def test_corpus_C15_records_without_a_shape_are_named(tmp_path: Path) -> None:
    path = write_layer(
        tmp_path / "areas.shp",
        [box(25, 13, 25.1, 13.1), None, None],
        ids=("a", "b", "c"),
        names=("A", "B", "C"),
    )

    refused(path, r"records without a shape: 2, 3 \(of 3, counted from 1\)")


def test_corpus_C16_control_characters_go_with_a_notice(tmp_path: Path) -> None:
    path = write_layer(tmp_path / "areas.gpkg", names=("Sha\ngra", "\u202eNyala"))

    found = read_areas(path)

    assert [area.name for area in found.areas] == ["Sha gra", "Nyala"]
    assert "control or invisible characters removed from the name" in found.notices[0]


def test_corpus_C16_a_name_of_nothing_else_is_refused(tmp_path: Path) -> None:
    path = write_layer(tmp_path / "areas.gpkg", names=("\u202e", "Nyala"))

    refused(path, "feature 0 .*nothing but control")


@pytest.mark.parametrize("declared", [10, 400])
def test_corpus_C17_false_sizes_are_refused(
    tmp_path: Path, good: dict[str, bytes], declared: int
) -> None:
    pack = bytearray(zipped({"areas.shp": good["areas.shp"], "areas.prj": good["areas.prj"]}))
    struct.pack_into("<I", pack, pack.index(b"PK\x01\x02") + 24, declared)

    refused(write(tmp_path, bytes(pack)), "damaged|(more|less) than the zip declares")


VRT = (
    b'<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>/vsicurl/http://127.0.0.1:9/x'
    b"</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"
)


def test_corpus_C18_a_vrt_called_shp_is_refused(tmp_path: Path) -> None:
    refused(write(tmp_path, VRT, "a.shp"), "not KML: its root is <OGRVRTDataSource>")


def test_corpus_C18_a_vrt_in_a_zip_is_refused(tmp_path: Path, good: dict[str, bytes]) -> None:
    refused(write(tmp_path, zipped({"x.vrt": VRT})), "no layer that is read")
    refused(write(tmp_path, zipped({**good, "areas.shp": VRT})), "its .shp is not a Shapefile")


def altered(path: Path, *statements: str) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    return path


TRIGGER = "CREATE TRIGGER boom BEFORE INSERT ON areas BEGIN SELECT load_extension('x'); END"


def test_corpus_N1_a_trigger_does_not_run_and_the_file_stays_as_it_is(tmp_path: Path) -> None:
    path = altered(write_layer(tmp_path / "areas.gpkg"), TRIGGER)
    before = path.read_bytes()

    assert len(read_areas(path).areas) == 2
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["areas.gpkg"]


def test_corpus_N1_a_layer_that_is_a_view_is_refused(tmp_path: Path) -> None:
    path = altered(
        write_layer(tmp_path / "areas.gpkg"),
        "ALTER TABLE areas RENAME TO hidden",
        "CREATE VIEW areas AS SELECT * FROM hidden",
    )

    refused(path, "its layer 'areas' is a view, not a table")


def test_corpus_N1_a_table_on_an_extension_is_refused(tmp_path: Path) -> None:
    path = altered(
        write_layer(tmp_path / "areas.gpkg"),
        "INSERT INTO sqlite_master VALUES ('table', 'v', 'v', 0,"
        " 'CREATE VIRTUAL TABLE v USING VirtualShape(''/etc/passwd'', UTF-8, 4326)')",
    )

    refused(path, "stands on the extension 'virtualshape'")


def test_corpus_N2_several_layers_are_refused_by_name(tmp_path: Path) -> None:
    path = write_layer(tmp_path / "a.gpkg", layer="one")
    write_layer(path, layer="two", append=True)

    refused(path, "2 layers: 'one', 'two'")


def test_corpus_N3_a_cut_geopackage_is_refused(tmp_path: Path) -> None:
    whole = write_layer(tmp_path / "a.gpkg").read_bytes()

    for length in (50, 100, 1_000, 4_096, len(whole) // 2, len(whole) - 1):
        refused(write(tmp_path, whole[:length], "cut.gpkg"), "ends in the middle")


def test_corpus_N3_an_sqlite_file_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (x)")

    refused(path, "a SQLite file, but no GeoPackage")


def test_corpus_N3_a_damaged_page_is_refused(tmp_path: Path) -> None:
    path = write_layer(tmp_path / "a.gpkg")
    content = bytearray(path.read_bytes())
    content[100:4_096] = b"\xff" * 3_996

    refused(write(tmp_path, bytes(content), "bad.gpkg"), "not a GeoPackage that can be read")


def test_corpus_N4_a_huge_feature_count_is_refused(tmp_path: Path) -> None:
    content = write_layer(tmp_path / "a.fgb").read_bytes()
    # The count 2 stands in the header as eight bytes, once.
    header_end = 12 + int.from_bytes(content[8:12], "little")
    at = content.rindex(struct.pack("<Q", 2), 0, header_end)
    huge = with_header(content, at, "<Q", 2**40)

    refused(write(tmp_path, huge, "huge.fgb"), "declares 1,099,511,627,776 features")


def test_corpus_N5_a_flatgeobuf_is_refused_at_each_of_200_cuts(tmp_path: Path) -> None:
    content = write_layer(tmp_path / "a.fgb").read_bytes()
    accepted = []
    for step in range(200):
        path = write(tmp_path, content[: len(content) * step // 200], "cut.fgb")
        try:
            read_areas(path)
        except InvalidAoi:
            continue
        accepted.append(step)

    assert accepted == []


@pytest.mark.parametrize(
    ("name", "says"),
    [("areas.json", ""), ("areas.kml", "the name says .kml"), ("areas", "the name says nothing")],
)
def test_corpus_N8_the_content_decides_and_not_the_name(
    tmp_path: Path, name: str, says: str
) -> None:
    found = read_areas(write(tmp_path, GOOD_GEOJSON, name))

    assert len(found.areas) == 1
    assert all(says in notice for notice in found.notices)
    assert len(found.notices) == bool(says)


def test_corpus_N8_an_unknown_extension_is_refused_with_the_formats(tmp_path: Path) -> None:
    refused(write(tmp_path, GOOD_GEOJSON, "areas.xyz"), "'.xyz' is not known.*FlatGeobuf")


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "head": lambda content: content[:60],
    "noise": lambda content: content[:40] + bytes(range(256)) * 8,
}


@pytest.mark.parametrize("suffix", [".gpkg", ".fgb", ".shp"])
@pytest.mark.parametrize("change", CHANGES)
def test_damaged_files_of_every_format_are_refused(
    tmp_path: Path, suffix: str, change: str
) -> None:
    whole = write_layer(tmp_path / f"a{suffix}").read_bytes()

    refused(write(tmp_path, CHANGES[change](whole), f"a{suffix}"), ".")


def test_lines_are_no_areas(tmp_path: Path) -> None:
    path = write_layer(tmp_path / "a.gpkg", [LineString([(25, 13), (26, 13)])])

    refused(path, "it is a line")
