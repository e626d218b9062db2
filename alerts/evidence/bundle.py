"""A bundle: files in one zip with a signed list of them, the same bytes each time (ALERTS 5.9)."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

from alerts.evidence.seal import Seal

MANIFEST = "manifest.dsse.json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:emberwatch:evidence"
ROOT_TYPE = "urn:emberwatch:log-root"

VERSION = 1
"""Of the layout; a reader of a lower one says that it cannot judge it."""

ZIP_TIME = (1980, 1, 1, 0, 0, 0)
"""The zip says nothing of when it was made: the manifest says when things happened."""


def canonical_json(body: Any) -> bytes:
    """Return JSON with one spelling."""
    return (
        json.dumps(body, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False) + "\n"
    ).encode()


def bundled(files: Mapping[str, bytes], predicate: Mapping[str, Any], seal: Seal) -> bytes:
    """Return the zip.

    Parameters
    ----------
    files : mapping of str to bytes
        Content by name below the bundle; without the manifest.
    predicate : mapping
        What the manifest says of them, JSON values.
    seal : Seal
    """
    public = seal.public
    held = {**files, f"keys/{public.fingerprint}.pub": public.pem}
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": [
            {"name": name, "digest": {"sha256": hashlib.sha256(content).hexdigest()}}
            for name, content in sorted(held.items())
        ],
        "predicateType": PREDICATE_TYPE,
        "predicate": {**predicate, "version": VERSION},
    }
    return zipped({**held, MANIFEST: seal.envelope(canonical_json(statement))})


def root_statement(last: Mapping[str, Any]) -> bytes:
    """Return the statement that the log stood at this row: the row stands for all before it."""
    return canonical_json({
        "_type": STATEMENT_TYPE,
        "subject": [{"name": f"log:{last['n']}", "digest": {"sha256": last["sha256"]}}],
        "predicateType": ROOT_TYPE,
        "predicate": {"rows": last["n"], "version": VERSION},
    })  # fmt: skip


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Return files as a zip: sorted, uncompressed, without a time, so that it has one spelling.

    Nothing is lost by that: pictures and rasters are compressed already.
    """
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, ZIP_TIME)
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, content)
    return made.getvalue()
