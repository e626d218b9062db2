"""Says whether a bundle is what was sealed, and if not, what of it is wrong. Needs nothing else."""

from __future__ import annotations

import hashlib
import io
import json
import math
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from alerts.errors import EvidenceRefused
from alerts.evidence.bundle import (
    MANIFEST,
    PREDICATE_TYPE,
    STATEMENT_TYPE,
    VERSION,
    root_statement,
    zipped,
)
from alerts.evidence.cross_checks import Fault, reference_faults
from alerts.evidence.measures import band_means, ulps_between
from alerts.evidence.seal import PublicKey, envelope_of, opened
from alerts.evidence.timestamps import is_signed, stamp_of

MAX_FILE_BYTES = 50_000_000
MAX_ENTRIES = 200
MAX_RATIO = 100
MAX_ULPS = 4
"""Another processor or library may round a sum differently by so much."""

SEGMENT = "log/segment.jsonl"
ROOT = "log/root.dsse.json"
STAMP = "log/root.tsr"
VALUES = "values.json"
CHAIN_KEYS = frozenset({"n", "prev_sha256", "sha256"})


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found out about a bundle."""

    faults: tuple[Fault, ...]
    fingerprint: str
    """Key that signed it, empty if none did."""

    said: Mapping[str, Any]
    """What its manifest says; to be believed only without faults."""

    token: bytes = b""
    """The time stamp over the root of its log, empty if it has none."""

    @property
    def intact(self) -> bool:
        return not self.faults


def examined(
    bundle: bytes, trusted: PublicKey | None = None, authority: Path | None = None
) -> Examined:
    """Look at everything of a bundle.

    Parameters
    ----------
    bundle : bytes
        The zip.
    trusted : PublicKey, optional
        Whose signature it must bear. Without it, that of the key inside: this
        shows that nothing was altered since, and not who sealed it.
    authority : Path, optional
        Certificates of the authority whose time stamp it must bear, in PEM.

    Raises
    ------
    EvidenceRefused
        If it is no bundle, or one that would harm whoever opens it.
    """
    files = _unpacked(bundle)
    if MANIFEST not in files:
        raise EvidenceRefused(f"there is no {MANIFEST} in it", hint="it is no evidence bundle")
    payload, key_id, signature = opened(files[MANIFEST])
    faults = list(_signature_faults(files, payload, key_id, signature, trusted))
    statement, version_fault = _statement(payload)
    faults += version_fault
    faults += _content_faults(files, statement)
    predicate = statement["predicate"]
    if not version_fault:
        faults += _chain_faults(files, predicate)
        faults += _root_faults(files, key_id)
        faults += _stamp_faults(files, predicate, authority)
        faults += _value_faults(files)
        faults += reference_faults(files, {fault.subject for fault in faults})
    if not faults and zipped(files) != bundle:
        faults.append(Fault("the zip", "its frame was altered: it is not as it was written"))
    return Examined(tuple(faults), key_id, predicate, files.get(STAMP, b""))


def _unpacked(bundle: bytes) -> dict[str, bytes]:
    """Return the files by name; nothing is written anywhere."""
    if len(bundle) > MAX_FILE_BYTES:
        raise EvidenceRefused(f"it has {len(bundle):,} bytes, more than {MAX_FILE_BYTES:,}")
    try:
        with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
            entries = archive.infolist()
            _require_harmless(entries)
            return {entry.filename: archive.read(entry) for entry in entries}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        raise EvidenceRefused(
            f"it is no zip, was cut short, or is damaged: {error}", hint="fetch it again"
        ) from error


def _require_harmless(entries: Sequence[zipfile.ZipInfo]) -> None:
    if len(entries) > MAX_ENTRIES:
        raise EvidenceRefused(f"it has {len(entries):,} entries, more than {MAX_ENTRIES}")
    if sum(entry.file_size for entry in entries) > MAX_FILE_BYTES:
        raise EvidenceRefused(f"its files have more than {MAX_FILE_BYTES:,} bytes")
    names: set[str] = set()
    for entry in entries:
        name, path = entry.filename, PurePosixPath(entry.filename)
        if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name:
            raise EvidenceRefused(f"the entry {name[:80]!r} leads out of the bundle")
        if (entry.external_attr >> 16) & 0o170000 == 0o120000:
            raise EvidenceRefused(f"the entry {name[:80]!r} is a link")
        if name in names:
            raise EvidenceRefused(f"the entry {name[:80]!r} is there twice")
        if entry.file_size > MAX_RATIO * max(entry.compress_size, 1):
            raise EvidenceRefused(f"the entry {name[:80]!r} unpacks to far more than it weighs")
        names.add(name)


def _signature_faults(
    files: Mapping[str, bytes], payload: bytes, key_id: str, signature: bytes,
    trusted: PublicKey | None,
) -> Iterator[Fault]:  # fmt: skip
    if trusted is not None and trusted.fingerprint != key_id:
        yield Fault(MANIFEST, f"not signed by a key you trust, but by {key_id[:32]}")
    name = f"keys/{key_id}.pub"
    if trusted is not None and trusted.fingerprint == key_id:
        key = trusted
    elif name in files:
        key = PublicKey.from_pem(files[name])
        if key.fingerprint != key_id:
            yield Fault(name, "is another key than its name says")
    else:
        yield Fault(MANIFEST, f"the key {key_id[:32]} is not in the bundle")
        return
    if not key.signed(payload, signature) or (
        envelope_of(payload, key_id, signature) != files[MANIFEST]
    ):
        yield Fault(MANIFEST, "altered: its signature does not fit")


def _statement(payload: bytes) -> tuple[dict[str, Any], list[Fault]]:
    try:
        statement = json.loads(payload)
        known = (statement["_type"], statement["predicateType"])
        version = statement["predicate"]["version"]
        names = [(one["name"], one["digest"]["sha256"]) for one in statement["subject"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise EvidenceRefused("the manifest is no statement about evidence") from error
    if known != (STATEMENT_TYPE, PREDICATE_TYPE) or len(dict(names)) != len(names):
        raise EvidenceRefused("the manifest is no statement about evidence")
    if version == VERSION:
        return statement, []
    what = f"written in layout {version}, this program reads {VERSION}: install a newer one"
    return statement, [Fault(MANIFEST, what)]


def _content_faults(files: Mapping[str, bytes], statement: Mapping[str, Any]) -> Iterator[Fault]:
    listed = {one["name"]: one["digest"]["sha256"] for one in statement["subject"]}
    held = {
        name: hashlib.sha256(content).hexdigest()
        for name, content in files.items()
        if name != MANIFEST
    }
    names_of = {digest: name for name, digest in listed.items()}
    for name, digest in sorted(listed.items()):
        if name not in held:
            yield Fault(name, "is missing")
        elif held[name] != digest:
            other = names_of.get(held[name])
            yield Fault(name, f"holds the content of {other}" if other else "altered")
    for name in sorted(held.keys() - listed.keys()):
        yield Fault(name, "is not in the manifest: added afterwards")


def _chain_faults(files: Mapping[str, bytes], predicate: Mapping[str, Any]) -> Iterator[Fault]:
    """Follow the log from the first act on the alert to its root."""
    rows = _rows(files.get(SEGMENT, b""))
    if rows is None:
        yield Fault(SEGMENT, "cannot be read")
        return
    before = None
    for row in rows:
        body = {key: value for key, value in row.items() if key != "sha256"}
        foreign = row.keys() == CHAIN_KEYS
        if not foreign and _digest(body) != row["sha256"]:
            yield Fault(f"{SEGMENT} row {row['n']}", "altered: its digest does not fit")
        if before is not None and (row["n"], row["prev_sha256"]) != (before[0] + 1, before[1]):
            yield Fault(f"{SEGMENT} row {row['n']}", "does not follow on the row before it")
        before = (row["n"], row["sha256"])
    if before is None or before[1] != predicate.get("log_root"):
        yield Fault(SEGMENT, "does not end in the root that was sealed")


def _root_faults(files: Mapping[str, bytes], key_id: str) -> Iterator[Fault]:
    """Hold the signed root of the log against its last row; bundles of old have none."""
    name = f"keys/{key_id}.pub"
    rows = _rows(files.get(SEGMENT, b""))
    if ROOT not in files or name not in files or not rows:
        return
    payload, signer, signature = opened(files[ROOT])
    signed = PublicKey.from_pem(files[name]).signed(payload, signature)
    if signer != key_id or not signed:
        yield Fault(ROOT, "is not signed by the key of the bundle")
    elif payload != root_statement(rows[-1]):
        yield Fault(ROOT, "is of another log")


def _stamp_faults(
    files: Mapping[str, bytes], predicate: Mapping[str, Any], authority: Path | None
) -> Iterator[Fault]:
    """Hold the time stamp against the root, and with an authority against its signature."""
    token = files.get(STAMP)
    if token is None:
        if authority is not None:
            yield Fault(STAMP, "is not there: no authority stamped it")
        return
    try:
        stamp = stamp_of(token)
    except EvidenceRefused as refusal:
        yield Fault(STAMP, refusal.message)
        return
    if stamp.sha256 != predicate.get("log_root"):
        yield Fault(STAMP, "is a stamp of something else")
    elif authority is not None and not is_signed(token, authority):
        yield Fault(STAMP, "is not signed by the authority that you trust")


def _rows(text: bytes) -> list[dict[str, Any]] | None:
    try:
        rows = [json.loads(line) for line in text.splitlines()]
    except (ValueError, RecursionError):
        return None
    whole = all(isinstance(row, dict) and row.keys() >= CHAIN_KEYS for row in rows)
    return rows if whole and all(isinstance(row["n"], int) for row in rows) else None


def _digest(body: Mapping[str, Any]) -> str:
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _value_faults(files: Mapping[str, bytes]) -> Iterator[Fault]:
    """Derive the numbers that were read from the pixels once more."""
    try:
        values = json.loads(files[VALUES])
        outline = shapely.from_wkt(values["outline"])
        claimed = {
            name: {band: float.fromhex(number) for band, number in bands.items()}
            for name, bands in values["band_means"].items()
        }
    except (KeyError, ValueError, TypeError, AttributeError, shapely.GEOSException):
        yield Fault(VALUES, "cannot be read")
        return
    for name, bands in sorted(claimed.items()):
        if name not in files:
            continue  # said already: it is missing
        yield from _differences(name, bands, files[name], outline)


def _differences(
    name: str, claimed: Mapping[str, float], tif: bytes, outline: BaseGeometry
) -> Iterator[Fault]:
    try:
        found = band_means(tif, outline)
    except EvidenceRefused as refusal:
        yield Fault(name, refusal.message)
        return
    if found.keys() != claimed.keys():
        yield Fault(f"{VALUES}: {name}", "names other bands than the file has")
    for band in sorted(found.keys() & claimed.keys()):
        one, other = found[band], claimed[band]
        if one == other or (math.isnan(one) and math.isnan(other)):
            continue
        apart = ulps_between(one, other)
        cause = f"rounding, {apart} ULPs" if apart <= MAX_ULPS else "altered: it is another number"
        yield Fault(f"{VALUES}: {name} {band}", cause)
