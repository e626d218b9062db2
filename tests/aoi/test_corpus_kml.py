"""Bad input, section B of the corpus: KML and KMZ."""

from __future__ import annotations

from pathlib import Path

import pytest

from aoi.errors import InvalidAoi
from aoi.files import read_areas, read_settlements
from tests.aoi.documents import kml, placemark, zipped
from tests.builders import an_aoi

GOOD = kml(placemark())


def with_dtd(dtd: str, name: str = "&a;") -> bytes:
    return GOOD.replace(b"<kml", f"{dtd}<kml".encode(), 1).replace(b"Shagra", name.encode())


LAUGHS = "<!DOCTYPE k [<!ENTITY a 'ha'>" + "".join(
    f"<!ENTITY {new} '{f'&{old};' * 10}'>" for old, new in zip("abcdefg", "bcdefgh", strict=True)
)
LINK = "<NetworkLink><Link><href>http://169.254.169.254/latest</href></Link></NetworkLink>"
TRACK = (
    '<Placemark><gx:Track xmlns:gx="http://www.google.com/kml/ext/2.2">'
    "<gx:coord>25 13 0</gx:coord></gx:Track></Placemark>"
)
POINT = "<Placemark><name>A</name><Point><coordinates>25,13</coordinates></Point></Placemark>"
LINE = "<Placemark><LineString><coordinates>25,13 26,13</coordinates></LineString></Placemark>"


def in_kmz(depth: int) -> bytes:
    content, name = GOOD, "doc.kml"
    for _ in range(depth):
        content, name = zipped({name: content}), "inner.kmz"
    return content


REFUSED: dict[str, tuple[str, bytes, str]] = {
    "B1": ("a.kml", with_dtd(f"{LAUGHS}]>", "&h;"), "DTD"),
    "B2": ("a.kml", with_dtd(f"<!DOCTYPE k [<!ENTITY a '{'x' * 50_000}'>]>", "&a;" * 500), "DTD"),
    "B3": ("a.kml", with_dtd("<!DOCTYPE k [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>"), "DTD"),
    "B4": ("a.kml", with_dtd("<!DOCTYPE k SYSTEM 'http://127.0.0.1:9/x.dtd'>", "n"), "DTD"),
    "B5": (
        "a.kml",
        with_dtd("<!DOCTYPE k [<!ENTITY % x SYSTEM 'http://127.0.0.1:9/x'> %x;]>", "n"),
        "DTD",
    ),
    "B6-alone": ("a.kml", kml(LINK), "no placemark.*only links.*nothing is fetched"),
    "B9": ("a.kmz", zipped({"../../doc.kml": GOOD}), "'../../doc.kml' points outside"),
    "B10-several": ("a.kmz", zipped({"a.kml": GOOD, "b.kml": GOOD}), "2 other documents: a.kml"),
    "B10-none": ("a.kmz", zipped({"readme.txt": b"x"}), "no layer that is read"),
    "B11": ("a.kmz", in_kmz(10), "another zip"),
    "B12-track": ("a.kml", kml(TRACK), "line or a track"),
    "B12-line": ("a.kml", kml(LINE), "line or a track"),
    "B12-points": ("a.kml", kml(POINT), "no area but a .*settlement import"),
    "B13": (
        "a.kml",
        kml(placemark(coordinates="25,3,13,6 25,4,13,6 25,4,13,7 25,3,13,6")),
        "4 values in the position '25,3,13,6'.*a point in each number",
    ),
    "B13-spaces": (
        "a.kml",
        kml(placemark(coordinates="25.0, 13.0 25.1, 13.0")),
        "not made of numbers.*no space",
    ),
    "B14": (
        "a.kml",
        kml(placemark(coordinates="13,125 13,126 14,126 13,125")),
        "out of the range.*swapped",
    ),
    "B15": (
        "a.kml",
        kml("<Folder>" * 300 + placemark() + "</Folder>" * 300),
        "nested more than 64 deep",
    ),
    "B16-wrong": ("a.kml", kml(placemark(), namespace="urn:other"), "namespace 'urn:other'"),
    "B16-none": (
        "a.kml",
        GOOD.replace(b' xmlns="http://www.opengis.net/kml/2.2"', b""),
        "namespace ''",
    ),
    "B18": (
        "a.kml",
        kml(*[placemark(f"v{index}") for index in range(1_100)]),
        "more than 1,000 placemarks",
    ),
    "B18-large": ("a.kml", kml(*[placemark()] * 100_000), "MB, more than 10"),
    "B-cut": ("a.kml", GOOD[:-30], "not XML"),
    "B-open-ring": (
        "a.kml",
        kml(placemark(coordinates="25,13 25.1,13 25.1,13.1 25,13.1")),
        "ring 0 is not closed",
    ),
    "B-no-shape": ("a.kml", kml("<Placemark><name>A</name></Placemark>"), "no geometry"),
    "B-long-name": ("a.kml", kml(placemark("n" * 30_000)), "more than 20,000 characters"),
    "B-empty": ("a.kml", kml(), "no placemark"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_corpus(case: str, tmp_path: Path) -> None:
    name, content, rule = REFUSED[case]
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(InvalidAoi, match=f"(?s){rule}") as refused:
        read_areas(path)

    assert refused.value.message.startswith(f"{name}: ")
    assert refused.value.hint
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def write(tmp_path: Path, content: bytes, name: str = "a.kml") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def test_corpus_B6_a_network_link_is_ignored_with_a_notice(tmp_path: Path) -> None:
    found = read_areas(write(tmp_path, kml(placemark(), LINK)))

    assert [area.aoi_id for area in found.areas] == ["shagra"]
    assert found.notices == ("a NetworkLink is ignored: nothing is fetched",)


def test_corpus_B7_a_description_with_script_does_no_harm(tmp_path: Path) -> None:
    described = placemark(
        "<![CDATA[<script>alert(1)</script>]]>",
        inside="<description><![CDATA[<img src=x onerror=alert(1)>]]></description>",
    )

    (area,) = read_areas(write(tmp_path, kml(described))).areas

    # Text stays text: whoever shows it escapes it.
    assert area.name == "<script>alert(1)</script>"


def test_corpus_B8_remote_styles_are_ignored(tmp_path: Path) -> None:
    styled = placemark(inside="<styleUrl>http://169.254.169.254/s#x</styleUrl>")
    icon = (
        "<Style><IconStyle><Icon><href>http://169.254.169.254/i</href></Icon></IconStyle></Style>"
    )

    found = read_areas(write(tmp_path, kml(icon, styled)))

    assert len(found.areas) == 1
    assert found.notices == ()


def test_corpus_B10_one_document_of_another_name_is_taken_with_a_notice(tmp_path: Path) -> None:
    found = read_areas(write(tmp_path, zipped({"places.kml": GOOD}), "a.kmz"))

    assert found.areas[0].name == "Shagra"
    assert found.notices == ("the KMZ has no doc.kml; places.kml was read",)


def test_corpus_B12_points_are_settlements(tmp_path: Path) -> None:
    found = read_settlements(write(tmp_path, kml(POINT)), an_aoi())

    assert found.settlements[0].footprint_assumed


@pytest.mark.parametrize(
    "namespace",
    [
        "http://www.opengis.net/kml/2.2",
        "http://earth.google.com/kml/2.0",
        "http://earth.google.com/kml/2.1",
        "http://earth.google.com/kml/2.2",
    ],
)
def test_corpus_B16_the_namespaces_of_kml_are_accepted(tmp_path: Path, namespace: str) -> None:
    assert read_areas(write(tmp_path, kml(placemark(), namespace=namespace))).areas


def test_corpus_B17_utf8_declared_as_latin1_is_read_as_utf8_and_told(tmp_path: Path) -> None:
    wrong = kml(placemark("Ségou")).replace(b"UTF-8", b"ISO-8859-1", 1)

    found = read_areas(write(tmp_path, wrong))

    assert found.areas[0].name == "Ségou"
    assert "declares the encoding ISO-8859-1, but is UTF-8" in found.notices[0]


def test_corpus_B17_true_latin1_is_read_as_it_says(tmp_path: Path) -> None:
    latin1 = kml(placemark("Ségou")).decode().replace("UTF-8", "ISO-8859-1", 1)

    found = read_areas(write(tmp_path, latin1.encode("iso-8859-1")))

    assert found.areas[0].name == "Ségou"
    assert found.notices == ()
