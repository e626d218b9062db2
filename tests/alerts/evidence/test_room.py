from __future__ import annotations

import base64
import io
import json
import zipfile
from typing import Any

import pytest

from alerts.errors import EvidenceRefused
from alerts.evidence.check import examined
from alerts.evidence.seal import opened as envelope_opened
from tests.alerts.evidence.conftest import SEAL, Case
from tests.builders import NOW, a_finding, a_square


def opened(bundle: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def predicate_of(bundle: bytes) -> Any:
    envelope = json.loads(opened(bundle)["manifest.dsse.json"])
    return json.loads(base64.b64decode(envelope["payload"]))["predicate"]


def test_a_bundle_holds_what_the_alert_rests_on(case: Case) -> None:
    files = opened(case.bundle)

    assert sorted(files) == [
        "README.txt", "event.geojson", "event.json", f"keys/{SEAL.public.fingerprint}.pub",
        "log/root.dsse.json", "log/segment.jsonl", "looks/after/look-after.tif",
        "looks/before/look-before.tif", "looks/others/look-after.tif",
        "looks/others/look-quiet.tif", "manifest.dsse.json", "map.html", "plate.png",
        "prov.json", "recipe.json", "report.pdf", "values.json",
    ]  # fmt: skip
    assert files["README.txt"].startswith(b"TLP:AMBER\n")
    assert files["looks/after/look-after.tif"] == (case.folder / "chips/after.tif").read_bytes()
    values = json.loads(files["values.json"])
    assert [one["look_id"] for one in values["readings"]] == ["look-after"]


def test_the_manifest_names_looks_chips_calibration_and_the_root_of_the_log(case: Case) -> None:
    said = predicate_of(case.bundle)

    assert said["calibration"] == a_finding().calibration
    assert [(one["look_id"], one["inside"]) for one in said["looks"]] == [
        ("look-quiet", True), ("look-after", True),
    ]  # fmt: skip
    assert [chip["role"] for chip in said["chips"]] == ["before", "after"]
    log = opened(case.bundle)["log/segment.jsonl"].splitlines()
    assert json.loads(log[-1])["sha256"] == said["log_root"]


def test_the_same_evidence_is_the_same_bytes(case: Case) -> None:
    assert case.room.bundle(case.alert.ref) == case.room.bundle(case.alert.ref)


def test_the_signed_root_stands_for_the_whole_log(case: Case) -> None:
    root, key, _ = envelope_opened(opened(case.bundle)["log/root.dsse.json"])
    last = json.loads(opened(case.bundle)["log/segment.jsonl"].splitlines()[-1])

    assert key == SEAL.public.fingerprint
    assert json.loads(root)["subject"] == [
        {"name": f"log:{last['n']}", "digest": {"sha256": last["sha256"]}}
    ]


def test_other_peoples_alerts_in_the_log_are_digests_alone(case: Case) -> None:
    case.house.absorb(a_finding(finding_id="e" * 20, settlement_id=None, settlement_fraction=None,
                                geometry=a_square(200, east_m=9_000)))  # fmt: skip
    case.house.desk.unsure(case.alert.ref, "Ben", NOW, note="look again")

    rows = [json.loads(line) for line in opened(case.bundle)["log/segment.jsonl"].splitlines()]

    foreign = [row for row in rows if row.keys() == {"n", "prev_sha256", "sha256"}]
    assert len(foreign) == 1
    assert {row.get("event_id") for row in rows} - {None} == {case.alert.event_id}
    assert examined(case.bundle, SEAL.public).intact


def test_pixels_that_are_not_what_was_archived_are_not_sealed(case: Case) -> None:
    (case.folder / "chips/after.tif").write_bytes(b"something else")

    with pytest.raises(EvidenceRefused, match=r"after.tif is not what was archived"):
        case.room.bundle(case.alert.ref)


def test_pixels_that_are_gone_are_named(case: Case) -> None:
    (case.folder / "chips/before.tif").unlink()

    with pytest.raises(EvidenceRefused, match=r"before.tif cannot be read: No such file"):
        case.room.bundle(case.alert.ref)


def test_looks_that_would_make_it_too_large_are_named_by_their_digest(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alerts.evidence.room.MAX_BUNDLE_BYTES", 1_000)

    bundle = case.bundle

    assert "looks/others/look-quiet.tif" not in opened(bundle)
    assert [(one["inside"], len(one["sha256"])) for one in predicate_of(bundle)["looks"]] == [
        (False, 64), (False, 64),
    ]  # fmt: skip
    assert examined(bundle, SEAL.public).intact
