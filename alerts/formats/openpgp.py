"""Mails that only their recipient can read: OpenPGP to a key (RFC 9580, PGP/MIME of RFC 3156).

Needs the extra ``pgp``.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING

from alerts.errors import InvalidAddress
from alerts.formats.smime import parted

if TYPE_CHECKING:
    from pysequoia import Cert

ARMOUR = b"-----BEGIN PGP"
HINT = "a public key in ASCII armour, as mail programs export it"


def pgp_key_of(text: bytes) -> Cert:
    """Return a public key that mails can be encrypted to.

    Raises
    ------
    InvalidAddress
        If it is none, if it was revoked or has ended, or the extra is not installed.
    """
    if find_spec("pysequoia") is None:
        raise InvalidAddress("OpenPGP needs the extra `pgp`", hint='pip install "emberwatch[pgp]"')
    # Imported here: few houses use it.
    from pysequoia import Cert

    if b"PRIVATE KEY" in text:
        raise InvalidAddress("this is a private key", hint="its owner keeps it: " + HINT)
    try:
        key = Cert.from_bytes(text)
    except RuntimeError as error:
        raise InvalidAddress("the key cannot be read", hint=HINT) from error
    if key.is_revoked:
        raise InvalidAddress("the key was revoked", hint="ask its owner for the new one")
    _encrypted(key, b"")
    return key


def pgp_sealed_to(key: Cert, raw: bytes, subject: str, at: datetime) -> bytes:
    """Return a mail whose content only the holder of the key can read.

    Parameters
    ----------
    raw : bytes
        The mail; its own subject goes no further.
    subject : str
        What strangers may read; ASCII.

    Raises
    ------
    ValueError
        If the key has ended at that time: nothing is sent in clear instead.
    """
    if key.expiration is not None and key.expiration <= at:
        raise ValueError("the recipient's key is not valid any more")
    outer, content = parted(raw)
    boundary = b"=_" + hashlib.sha256(raw).hexdigest()[:40].encode()
    armoured = b"\r\n".join(_encrypted(key, content).splitlines())
    lines = (
        b"Subject: " + subject.encode("ascii"),
        b"MIME-Version: 1.0",
        b'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted";',
        b' boundary="' + boundary + b'"',
        b"",
        b"--" + boundary,
        b"Content-Type: application/pgp-encrypted",
        b"",
        b"Version: 1",
        b"",
        b"--" + boundary,
        b'Content-Type: application/octet-stream; name="encrypted.asc"',
        b'Content-Disposition: inline; filename="encrypted.asc"',
        b"",
        armoured,
        b"--" + boundary + b"--",
        b"",
    )
    return b"\r\n".join([*outer, *lines])


def _encrypted(key: Cert, content: bytes) -> bytes:
    from pysequoia import encrypt

    try:
        return encrypt(content, recipients=[key])
    except RuntimeError as error:
        raise InvalidAddress(
            "nothing can be encrypted to the key", hint="it has ended, or is for signing only"
        ) from error
