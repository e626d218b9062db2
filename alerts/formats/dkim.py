"""DKIM signatures (RFC 6376), the same however often a mail is made: their time is an argument."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

MIN_KEY_BITS = 2048

SIGNED = (
    "from", "to", "subject", "date", "message-id", "reply-to", "in-reply-to", "references",
    "mime-version", "content-type", "content-language", "auto-submitted", "list-id",
    "list-unsubscribe", "list-unsubscribe-post",
)  # fmt: skip
"""RFC 8058 wants both headers of one-click unsubscribing under the signature."""

OVERSIGNED = ("from", "to", "subject", "date", "reply-to", "list-unsubscribe")
"""Signed once more than they occur: adding another one breaks the signature."""


@dataclass(frozen=True, slots=True)
class DkimKey:
    """Who signs. From ``[email]`` in config.toml."""

    domain: str
    selector: str
    key: RSAPrivateKey = field(repr=False)

    @classmethod
    def from_pem(cls, domain: str, selector: str, pem: bytes) -> DkimKey:
        """Return the signer with a private key in PEM.

        Raises
        ------
        ValueError
            If it is no RSA key, or one of fewer than 2048 bits.
        """
        key = load_pem_private_key(pem, password=None)
        if not isinstance(key, RSAPrivateKey) or key.key_size < MIN_KEY_BITS:
            raise ValueError(f"a DKIM key is an RSA key of {MIN_KEY_BITS} bits or more")
        return cls(domain, selector, key)


def signed(raw: bytes, signer: DkimKey, at: datetime) -> bytes:
    """Return the mail with a signature before its first header."""
    head, _, body = raw.partition(b"\r\n\r\n")
    headers = _headers(head + b"\r\n")
    known = {name for name, _ in headers}
    names = [name for name in SIGNED if name in known]
    names += OVERSIGNED
    body_digest = base64.b64encode(hashlib.sha256(_relaxed_body(body)).digest()).decode()
    tags = (
        f"v=1; a=rsa-sha256; c=relaxed/relaxed; d={signer.domain}; s={signer.selector};\r\n"
        f" t={int(at.timestamp())}; h={':'.join(names)};\r\n bh={body_digest};\r\n b="
    )
    unsigned = b"DKIM-Signature: " + tags.encode()
    text = _chosen(headers, names) + _relaxed_header(unsigned).rstrip(b"\r\n")
    signature = base64.b64encode(signer.key.sign(text, PKCS1v15(), hashes.SHA256())).decode()
    folded = "\r\n ".join(signature[n : n + 72] for n in range(0, len(signature), 72))
    return unsigned + folded.encode() + b"\r\n" + raw


def _headers(head: bytes) -> list[tuple[str, bytes]]:
    """Return names in lower case with whole headers, folded lines included."""
    fields = re.findall(rb"(?m)^[^ \t\r\n][^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*", head)
    return [(line.partition(b":")[0].decode().strip().lower(), line) for line in fields]


def _chosen(headers: list[tuple[str, bytes]], names: list[str]) -> bytes:
    """Return the named headers as they are signed: of one name the last comes first."""
    left = list(headers)
    text = b""
    for name in names:
        for position in range(len(left) - 1, -1, -1):
            if left[position][0] == name:
                text += _relaxed_header(left.pop(position)[1])
                break
    return text


def _relaxed_header(line: bytes) -> bytes:
    name, _, value = line.partition(b":")
    unfolded = re.sub(rb"\r\n(?=[ \t])", b"", value)
    return name.strip().lower() + b":" + re.sub(rb"[ \t]+", b" ", unfolded).strip() + b"\r\n"


def _relaxed_body(body: bytes) -> bytes:
    lines = [
        _relaxed_line(line) if b"  " in line or b"\t" in line or line.endswith(b" ") else line
        for line in body.split(b"\r\n")
    ]
    while lines and not lines[-1]:
        lines.pop()
    return b"\r\n".join(lines) + b"\r\n" if lines else b""


def _relaxed_line(line: bytes) -> bytes:
    # Asked for the few lines that need it: a large mail would else take longer than its delivery.
    return re.sub(rb"[ \t]+", b" ", line).rstrip(b" ")
