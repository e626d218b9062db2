"""Time stamps of others over the root of the log (RFC 3161): that it stood so at a time.

A token is asked for, kept, and read here; whether its signature is good, and of whom,
`openssl ts -verify` says with the authority's certificate.
"""

from __future__ import annotations

import http.client
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.error import URLError

from alerts.errors import EvidenceRefused

TIMEOUT_S = 30.0
MAX_TOKEN_BYTES = 100_000
GRANTED = (b"\x00", b"\x01")

SHA256 = bytes.fromhex("300d06096086480165030402010500")
"""Its AlgorithmIdentifier in DER."""

INTEGER, BOOLEAN, OCTETS, SEQUENCE, TIME = 0x02, 0x01, 0x04, 0x30, 0x18


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a token says."""

    sha256: str
    """Of what it is, in hexadecimal."""

    at: datetime


def asked(url: str, sha256: str) -> bytes:
    """Return the token that an authority gives for a digest.

    Raises
    ------
    EvidenceRefused
        If it does not answer, refuses, or stamped something else.
    """
    request = urllib.request.Request(
        url, data=query_of(sha256), headers={"Content-Type": "application/timestamp-query"}
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            token: bytes = answer.read(MAX_TOKEN_BYTES)
    except (URLError, OSError, ValueError, http.client.HTTPException) as error:
        raise EvidenceRefused(
            f"the time-stamping authority does not answer: {type(error).__name__}",
            hint="export without --timestamp, or try again later",
        ) from error
    if stamp_of(token).sha256 != sha256:
        raise EvidenceRefused("the authority stamped something else")
    return token


def query_of(sha256: str) -> bytes:
    """Return the request for a token, its certificate included."""
    imprint = _der(SEQUENCE, SHA256 + _der(OCTETS, bytes.fromhex(sha256)))
    return _der(SEQUENCE, _der(INTEGER, b"\x01") + imprint + _der(BOOLEAN, b"\xff"))


def stamp_of(token: bytes) -> Stamp:
    """Return what a token says; its signature is not looked at.

    Raises
    ------
    EvidenceRefused
        If it is no answer of an authority, or a refusal.
    """
    try:
        status, content = _items(_only(token, SEQUENCE))
        if next(_items(status[1]))[1] not in GRANTED:
            raise EvidenceRefused("the authority refused")
        signed = _only(_nth(content[1], 1), SEQUENCE)
        said = _only(_nth(_nth(signed, 2), 1), OCTETS)
        fields = list(_items(_only(said, SEQUENCE)))
        digest = _nth(fields[2][1], 1)
        at = datetime.strptime(fields[4][1].decode("ascii")[:14] + "Z", "%Y%m%d%H%M%S%z")
    except (ValueError, IndexError, StopIteration, UnicodeDecodeError) as error:
        raise EvidenceRefused("the time stamp cannot be read") from error
    return Stamp(digest.hex(), at)


def is_signed(token: bytes, authority: Path) -> bool:
    """Say whether a token bears a good signature of an authority, by openssl.

    Raises
    ------
    EvidenceRefused
        If openssl cannot be run.
    """
    with tempfile.NamedTemporaryFile(suffix=".tsr") as file:
        file.write(token)
        file.flush()
        command = ["openssl", "ts", "-verify", "-digest", stamp_of(token).sha256,
                   "-in", file.name, "-CAfile", str(authority)]  # fmt: skip
        try:
            done = subprocess.run(command, capture_output=True, timeout=TIMEOUT_S, check=False)
        except (OSError, subprocess.SubprocessError) as error:
            raise EvidenceRefused(
                "openssl cannot be run", hint="install it, or verify without --authority"
            ) from error
    return done.returncode == 0


def _der(tag: int, content: bytes) -> bytes:
    # Requests are short: one byte of length is enough.
    return bytes([tag, len(content)]) + content


def _items(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield tag and content of what stands one after another in DER."""
    at = 0
    while at < len(content):
        tag, length = content[at], content[at + 1]
        at += 2
        if length & 0x80:
            size = length & 0x7F
            length = int.from_bytes(content[at : at + size], "big")
            at += size
        if at + length > len(content):
            raise ValueError("cut short")
        yield tag, content[at : at + length]
        at += length


def _only(content: bytes, tag: int) -> bytes:
    ((found, inside),) = _items(content)
    if found != tag:
        raise ValueError("another kind of thing")
    return inside


def _nth(content: bytes, n: int) -> bytes:
    return list(_items(content))[n][1]
