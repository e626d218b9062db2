"""Mails that only their recipient can read: S/MIME to a certificate (RFC 8551)."""

from __future__ import annotations

import re
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7EnvelopeBuilder, PKCS7Options

from alerts.errors import InvalidAddress

HINT = "a certificate in PEM with an RSA key, as mail programs export it"

INNER = (b"content-", b"mime-version")
"""Headers that describe the content go inside; the others are how it travels."""


def certificate_of(pem: bytes) -> x509.Certificate:
    """Return a certificate that mails can be encrypted to.

    Raises
    ------
    InvalidAddress
        If it is none.
    """
    try:
        certificate = x509.load_pem_x509_certificate(pem)
    except ValueError as error:
        raise InvalidAddress("the certificate cannot be read", hint=HINT) from error
    if not isinstance(certificate.public_key(), RSAPublicKey):
        raise InvalidAddress("the certificate has no RSA key", hint=HINT)
    return certificate


def sealed_to(certificate: x509.Certificate, raw: bytes, subject: str, at: datetime) -> bytes:
    """Return a mail whose content only the holder of the certificate's key can read.

    Parameters
    ----------
    raw : bytes
        The mail; its own subject goes no further.
    subject : str
        What strangers may read; ASCII.

    Raises
    ------
    ValueError
        If the certificate is not valid at that time: nothing is sent in clear instead.
    """
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        raise ValueError("the recipient's certificate is not valid any more")
    outer, content = parted(raw)
    envelope = (
        PKCS7EnvelopeBuilder()
        .set_data(content)
        .set_content_encryption_algorithm(AES256)
        .add_recipient(certificate)
        .encrypt(Encoding.SMIME, [PKCS7Options.Binary])
    )
    wire = re.sub(rb"\r?\n", b"\r\n", envelope)
    return b"\r\n".join([*outer, b"Subject: " + subject.encode("ascii"), wire])


def parted(raw: bytes) -> tuple[list[bytes], bytes]:
    """Return the headers that travel outside an encrypted mail, but for the subject, and what
    goes inside.
    """
    head, _, body = raw.partition(b"\r\n\r\n")
    headers = re.split(rb"\r\n(?![ \t])", head)
    inner = [line for line in headers if line.lower().startswith(INNER)]
    outer = [line for line in headers if line not in inner and not _is(line, b"subject")]
    return outer, b"\r\n".join([*inner, b"", body])


def _is(line: bytes, name: bytes) -> bool:
    return line.lower().startswith(name + b":")
