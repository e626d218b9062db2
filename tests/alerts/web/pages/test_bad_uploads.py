"""What the corpus of bad input says of uploads and bodies (I5, I6, I8, C, N)."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest

from alerts.web.parts import Parts
from tests.alerts.web.browsers import Browser
from tests.alerts.web.conftest import Browse

KML_BOMB = b"""<?xml version="1.0"?><!DOCTYPE k [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>
<kml xmlns="http://www.opengis.net/kml/2.2"><Placemark><name>&b;</name></Placemark></kml>"""
KML_FILE = KML_BOMB.replace(b'"aaaaaaaaaa"', b'SYSTEM "file:///etc/passwd"').replace(b"&b;", b"&a;")
SQUARE = [[24.8, 12.0], [25.0, 12.0], [25.0, 12.2], [24.8, 12.2], [24.8, 12.0]]
GOOD = json.dumps(
    {"type": "Feature", "properties": {"id": "x"},
     "geometry": {"type": "Polygon", "coordinates": [SQUARE]}}
).encode()  # fmt: skip


@pytest.fixture
def operator(browse: Browse) -> Browser:
    found = browse("operator")
    found.get("/aois/new")
    return found


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("a.kml", KML_BOMB, id="B1 entities"),
        pytest.param("a.kml", KML_FILE, id="B3 external entity"),
        pytest.param("a.geojson", GOOD[:-3], id="A30 cut"),
        pytest.param("a.geojson", b"\x1f\x8b" + bytes(40), id="A31 gzip"),
        pytest.param("a.geojson", GOOD.decode().encode("utf-16"), id="A27 UTF-16"),
        pytest.param("a.geojson", b"[" * 100_000, id="A24 nesting"),
        pytest.param("a.gpkg", b"SQLite format 3\x00" + bytes(200), id="N3 no database"),
        pytest.param("a.fgb", b"fgb\x03fgb\x00" + bytes(64), id="N4 FlatGeobuf"),
        pytest.param("a.vrt", b"<OGRVRTDataSource/>", id="C18 VRT"),
        pytest.param("a.zip", b"PK\x03\x04" + bytes(64), id="a zip that is none"),
        pytest.param("a.geojson", b"", id="an empty file"),
        pytest.param("\u202e../../x\x00.geojson", b"{}", id="a name that is a path"),
    ],
)
def test_a_bad_file_is_refused_with_a_reason_and_leaves_nothing(
    parts: Parts, operator: Browser, name: str, content: bytes, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    landing = tmp_path / "landing"
    landing.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(landing))

    answer = operator.client.post(
        "/aois/new", data={"form_token": operator.token}, files={"file": (name, content)}
    )

    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert "root:" not in answer.text
    assert parts.registry.all() == []
    assert list(landing.iterdir()) == []


def test_a_multipart_body_without_an_end_is_refused(parts: Parts, operator: Browser) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="bbox"\r\n\r\n1,2,3,4'
    headers = {"content-type": "multipart/form-data; boundary=x"}

    answer = operator.client.post("/aois/new", content=body, headers=headers)

    assert answer.status_code in (400, 403)
    assert parts.registry.all() == []


def test_an_upload_above_the_limit_is_not_read(parts: Parts, operator: Browser) -> None:
    huge = parts.settings.max_upload_bytes + 1_000_000
    headers = {"content-length": str(huge), "content-type": "multipart/form-data; boundary=x"}

    assert operator.client.post("/aois/new", content=b"", headers=headers).status_code == 413


def test_a_verdict_of_a_million_keys_is_not_read(browse: Browse) -> None:
    body = json.dumps({f"k{n}": n for n in range(100_000)})
    analyst = browse("analyst")
    analyst.get("/")
    headers = {"x-form-token": analyst.token, "content-type": "application/json"}

    answer = analyst.client.post("/api/alerts/x/verdict", content=body, headers=headers)

    assert answer.status_code == 413


@pytest.mark.parametrize(
    "path",
    ["/aois/%2e%2e%2fsecrets", "/aois/a%00b", "/api/areas/%00", "/ogc/collections/%2e%2e/items",
     "/subscribers/nobody"],
)  # fmt: skip
def test_a_name_that_is_none_is_not_found(browse: Browse, path: str) -> None:
    assert browse("operator").get(path).status_code == 404
