"""Signed statements: DSSE envelopes with Ed25519, as in-toto has them (ALERTS 5.8)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

from alerts.errors import EvidenceRefused
from alerts.keys import Keyring

STATEMENT = "application/vnd.in-toto+json"


@dataclass(frozen=True, slots=True)
class Seal:
    """The instance's own key."""

    private: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def of(cls, keys: Keyring) -> Seal:
        """Return the seal of an instance: made from its master key."""
        return cls(Ed25519PrivateKey.from_private_bytes(keys.derived("seal")))

    @property
    def public(self) -> PublicKey:
        """What others check it with."""
        return PublicKey(self.private.public_key())

    def envelope(self, payload: bytes) -> bytes:
        """Return a statement in its signed envelope, as JSON."""
        signature = self.private.sign(encoded(STATEMENT, payload))
        return envelope_of(payload, self.public.fingerprint, signature)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that signatures are checked with."""

    key: Ed25519PublicKey

    @classmethod
    def from_pem(cls, pem: bytes) -> PublicKey:
        """Return the key in PEM.

        Raises
        ------
        EvidenceRefused
            If it is no Ed25519 key.
        """
        try:
            key = load_pem_public_key(pem)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise EvidenceRefused(
                "the key cannot be read", hint="it is a PEM file: -----BEGIN PUBLIC KEY-----"
            ) from error
        if not isinstance(key, Ed25519PublicKey):
            raise EvidenceRefused("the key is no Ed25519 key", hint="ask whoever sent the bundle")
        return cls(key)

    @property
    def pem(self) -> bytes:
        return self.key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the raw key, in hexadecimal: short enough to read out on the phone."""
        raw = self.key.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return hashlib.sha256(raw).hexdigest()[:32]

    def signed(self, payload: bytes, signature: bytes) -> bool:
        """Return True if the statement bears a good signature of this key."""
        try:
            self.key.verify(signature, encoded(STATEMENT, payload))
        except InvalidSignature:
            return False
        return True


def envelope_of(payload: bytes, key_id: str, signature: bytes) -> bytes:
    """Return a signed statement as JSON; it has this one spelling."""
    signed = {"keyid": key_id, "sig": base64.b64encode(signature).decode()}
    body = {
        "payloadType": STATEMENT,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [signed],
    }
    return (json.dumps(body, sort_keys=True, indent=1) + "\n").encode()


def encoded(kind: str, payload: bytes) -> bytes:
    """Return what is signed: type and body with their lengths in bytes (DSSE v1)."""
    name = kind.encode()
    return b"DSSEv1 %d %s %d %s" % (len(name), name, len(payload), payload)


def opened(envelope: bytes) -> tuple[bytes, str, bytes]:
    """Return payload, name of the key and signature of an envelope, unchecked.

    Raises
    ------
    EvidenceRefused
        If it is no envelope.
    """
    try:
        body = json.loads(envelope)
        (signature,) = body["signatures"]
        if body["payloadType"] != STATEMENT:
            raise EvidenceRefused(f"the envelope holds {str(body['payloadType'])[:60]!r}")
        payload = base64.b64decode(body["payload"], validate=True)
        return payload, str(signature["keyid"]), base64.b64decode(signature["sig"], validate=True)
    except (ValueError, KeyError, TypeError, binascii.Error, RecursionError) as error:
        raise EvidenceRefused("manifest.dsse.json is no signed statement") from error
