"""Bundles that are not what was sealed: corpus L1 to L9, and G14."""

from __future__ import annotations

import io
import json
import math
import random
import zipfile
from collections.abc import Callable

import pytest

from alerts.errors import EvidenceRefused
from alerts.evidence.bundle import MANIFEST, bundled, zipped
from alerts.evidence.check import examined
from alerts.evidence.measures import ulps_between
from alerts.evidence.seal import Seal
from alerts.evidence.seal import opened as envelope_opened
from alerts.keys import Keyring
from tests.alerts.evidence.conftest import SEAL, Case
from tests.alerts.evidence.test_room import opened, predicate_of

OTHER = Seal.of(Keyring(b"another key of 16 bytes"))

AFTER, BEFORE = "looks/after/look-after.tif", "looks/before/look-before.tif"

Change = Callable[[dict[str, bytes]], None]


def faults(bundle: bytes) -> list[tuple[str, str]]:
    return [(one.subject, one.what) for one in examined(bundle, SEAL.public).faults]


def changed(case: Case, change: Change) -> bytes:
    files = opened(case.bundle)
    change(files)
    return zipped(files)


def resealed(case: Case, change: Change, seal: Seal = SEAL) -> bytes:
    """Return a bundle whose content was changed before somebody with the key sealed it."""
    files = opened(case.bundle)
    predicate = predicate_of(case.bundle)
    own = {n: c for n, c in files.items() if n != MANIFEST and not n.startswith("keys/")}
    root, _, _ = envelope_opened(own["log/root.dsse.json"])
    own["log/root.dsse.json"] = seal.envelope(root)
    change(own)
    return bundled(own, predicate, seal)


def test_what_was_sealed_is_intact(case: Case) -> None:
    found = examined(case.bundle, SEAL.public)

    assert found.intact
    assert (found.fingerprint, found.said["ref"]) == (SEAL.public.fingerprint, case.alert.ref)


def test_every_byte_that_changes_is_noticed(case: Case) -> None:  # G14, L8
    bundle = case.bundle
    chosen = random.Random(14)

    for _ in range(1_000):
        position, bit = chosen.randrange(len(bundle)), chosen.randrange(8)
        altered = bytearray(bundle)
        altered[position] ^= 1 << bit
        try:
            found = examined(bytes(altered), SEAL.public)
        except EvidenceRefused:
            continue
        assert not found.intact, f"bit {bit} of byte {position}"


@pytest.mark.parametrize("name", ["event.geojson", "event.json", AFTER, "values.json", "map.html"])
def test_a_file_that_was_altered_is_named(case: Case, name: str) -> None:
    def edit(files: dict[str, bytes]) -> None:
        files[name] = files[name] + b" "

    assert (name, "altered") in faults(changed(case, edit))


def test_two_files_that_were_swapped_are_both_named(case: Case) -> None:  # L3
    def swap(files: dict[str, bytes]) -> None:
        files["event.json"], files["event.geojson"] = files["event.geojson"], files["event.json"]

    assert faults(changed(case, swap)) == [
        ("event.geojson", "holds the content of event.json"),
        ("event.json", "holds the content of event.geojson"),
    ]


def test_a_key_that_is_not_trusted_is_told_apart_from_altered_content(case: Case) -> None:  # L4
    (fault,) = faults(resealed(case, lambda files: None, OTHER))

    assert fault == (MANIFEST, f"not signed by a key you trust, but by {OTHER.public.fingerprint}")
    assert examined(resealed(case, lambda files: None, OTHER)).intact, "nobody was named to trust"


def test_a_signature_of_somebody_else_under_a_trusted_name_does_not_fit(case: Case) -> None:
    def forge(files: dict[str, bytes]) -> None:
        forged = OTHER.envelope(b"{}").decode()
        envelope = json.loads(files[MANIFEST])
        envelope["signatures"][0]["sig"] = json.loads(forged)["signatures"][0]["sig"]
        files[MANIFEST] = (json.dumps(envelope, sort_keys=True, indent=1) + "\n").encode()

    assert faults(changed(case, forge)) == [(MANIFEST, "altered: its signature does not fit")]


def test_an_extra_and_a_missing_file_are_named(case: Case) -> None:  # L7
    def move(files: dict[str, bytes]) -> None:
        files["note.txt"] = b"trust me"
        del files[AFTER]

    assert faults(changed(case, move)) == [
        (AFTER, "is missing"), ("note.txt", "is not in the manifest: added afterwards"),
    ]  # fmt: skip


def test_a_bundle_of_a_newer_program_is_still_held_to_its_digests(case: Case) -> None:  # L6
    files = opened(case.bundle)
    own = {n: c for n, c in files.items() if n != MANIFEST and not n.startswith("keys/")}
    newer = bundled(own, predicate_of(case.bundle), SEAL)
    text = json.loads(newer_payload(newer))
    text["predicate"]["version"] = 2
    files[MANIFEST] = SEAL.envelope(json.dumps(text).encode())
    files["map.html"] = b"altered"

    assert faults(zipped(files)) == [
        (MANIFEST, "written in layout 2, this program reads 1: install a newer one"),
        ("map.html", "altered"),
    ]


def newer_payload(bundle: bytes) -> bytes:
    from alerts.evidence.seal import opened as payload_of

    return payload_of(opened(bundle)[MANIFEST])[0]


def edited_row(key: str, value: object) -> Change:
    def edit(files: dict[str, bytes]) -> None:
        rows = files["log/segment.jsonl"].splitlines()
        row = json.loads(rows[1])
        rows[1] = json.dumps({**row, key: value}).encode()
        files["log/segment.jsonl"] = b"\n".join(rows)

    return edit


def dropped_row(files: dict[str, bytes]) -> None:
    rows = files["log/segment.jsonl"].splitlines()
    files["log/segment.jsonl"] = b"\n".join([rows[0], *rows[2:]])


def moved_row(files: dict[str, bytes]) -> None:
    rows = files["log/segment.jsonl"].splitlines()
    files["log/segment.jsonl"] = b"\n".join([rows[1], rows[0], *rows[2:]])


@pytest.mark.parametrize(
    ("edit", "fault"),
    [
        (edited_row("actor", "nobody"), ("row 2", "altered: its digest does not fit")),
        (edited_row("note", "x"), ("row 2", "altered: its digest does not fit")),
        (edited_row("sha256", "0" * 64), ("row 2", "altered: its digest does not fit")),
        (dropped_row, ("row 3", "does not follow on the row before it")),
        (moved_row, ("row 1", "does not follow on the row before it")),
    ],
    ids=["another actor", "another note", "another digest", "dropped", "moved"],
)
def test_a_log_that_somebody_with_the_key_edited_is_named_row_by_row(  # L8
    case: Case, edit: Change, fault: tuple[str, str]
) -> None:
    found = faults(resealed(case, edit))

    assert (f"log/segment.jsonl {fault[0]}", fault[1]) in found


def test_a_log_that_was_cut_at_its_end_does_not_reach_the_root(case: Case) -> None:
    def cut(files: dict[str, bytes]) -> None:
        rows = files["log/segment.jsonl"].splitlines()
        files["log/segment.jsonl"] = b"\n".join(rows[:-1])

    assert faults(resealed(case, cut)) == [
        ("log/segment.jsonl", "does not end in the root that was sealed"),
        ("log/root.dsse.json", "is of another log"),
    ]


def test_a_root_of_another_service_is_named(case: Case) -> None:
    def forge(files: dict[str, bytes]) -> None:
        root, _, _ = envelope_opened(files["log/root.dsse.json"])
        files["log/root.dsse.json"] = OTHER.envelope(root)

    assert ("log/root.dsse.json", "is not signed by the key of the bundle") in faults(
        resealed(case, forge)
    )


def with_mean(change: Callable[[float], float]) -> Change:
    def edit(files: dict[str, bytes]) -> None:
        values = json.loads(files["values.json"])
        bands = values["band_means"][AFTER]
        bands["red"] = change(float.fromhex(bands["red"])).hex()
        files["values.json"] = json.dumps(values).encode()

    return edit


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda mean: math.nextafter(mean, 1.0), "rounding, 1 ULPs"),
        (lambda mean: mean * 1.01, "altered: it is another number"),
    ],
)
def test_a_number_is_derived_again_and_rounding_is_told_apart(  # L9
    case: Case, change: Callable[[float], float], cause: str
) -> None:
    assert faults(resealed(case, with_mean(change))) == [
        (f"values.json: {AFTER} red", cause),
        ("prov.json", "names values.json with another digest"),
    ]


def test_pixels_that_do_not_give_the_numbers_are_named(case: Case) -> None:
    def swap(files: dict[str, bytes]) -> None:
        files[AFTER] = b"no raster"

    assert (AFTER, "a chip cannot be read as GeoTIFF") in faults(resealed(case, swap))


def test_a_bundle_that_was_cut_anywhere_is_refused(case: Case) -> None:  # L5
    bundle = case.bundle

    for number in range(200):
        with pytest.raises(EvidenceRefused):
            examined(bundle[: len(bundle) * number // 200])


def zip_of(*entries: tuple[str, bytes], mode: int = 0o100644, kind: int = 0) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in entries:
            entry = zipfile.ZipInfo(name)
            entry.external_attr, entry.compress_type = mode << 16, kind
            archive.writestr(entry, content)
    return made.getvalue()


@pytest.mark.parametrize(
    ("bundle", "words"),
    [
        pytest.param(zip_of(("../../etc/cron.d/x", b"")), "leads out", id="L1 traversal"),
        pytest.param(zip_of(("/etc/passwd", b"")), "leads out", id="L1 absolute"),
        pytest.param(zip_of(("C:\\x", b"")), "leads out", id="L1 drive"),
        pytest.param(zip_of(("a", b"/etc"), mode=0o120777), "is a link", id="L1 symlink"),
        pytest.param(
            zip_of(("a", bytes(1_000_000)), kind=zipfile.ZIP_DEFLATED), "far more than it weighs",
            id="L2 ratio",
        ),
        pytest.param(
            zip_of(*((str(n), b"") for n in range(201))), "more than 200", id="L2 entries"
        ),
        pytest.param(b"PK no zip", "no zip", id="no zip"),
        pytest.param(zip_of(("a.txt", b"hello")), "no manifest.dsse.json", id="no bundle"),
    ],
)  # fmt: skip
def test_what_would_harm_whoever_opens_it_is_refused(bundle: bytes, words: str) -> None:
    with pytest.raises(EvidenceRefused, match=words):
        examined(bundle)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_one_name_twice_is_refused() -> None:  # L7
    with pytest.raises(EvidenceRefused, match="is there twice"):
        examined(zip_of(("a", b"1"), ("a", b"2")))


@pytest.mark.parametrize(
    ("one", "other", "apart"), [(1.0, 1.0, 0), (1.0, math.nextafter(1.0, 2.0), 1), (0.0, -0.0, 0)]
)
def test_distance_is_counted_in_floating_point_numbers(
    one: float, other: float, apart: int
) -> None:
    assert ulps_between(one, other) == apart
