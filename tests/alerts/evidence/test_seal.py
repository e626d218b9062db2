from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from alerts.errors import EvidenceRefused
from alerts.evidence.seal import PublicKey, Seal, encoded, opened
from alerts.keys import Keyring
from tests.alerts.conftest import KEYS


def test_what_is_signed_says_type_and_lengths_in_bytes() -> None:
    assert encoded("a/b", "é".encode()) == b"DSSEv1 3 a/b 2 \xc3\xa9"


def test_the_seal_of_an_instance_is_the_same_after_a_restart_and_not_anothers() -> None:
    again, other = Seal.of(Keyring(KEYS.master)), Seal.of(Keyring(b"another key of 16 bytes"))

    assert again.public.fingerprint == Seal.of(KEYS).public.fingerprint
    assert other.public.fingerprint != again.public.fingerprint
    assert len(again.public.fingerprint) == 32


def test_a_statement_is_read_back_and_its_signature_holds_for_it_alone() -> None:
    seal = Seal.of(KEYS)

    payload, key_id, signature = opened(seal.envelope(b"a statement"))

    assert (payload, key_id) == (b"a statement", seal.public.fingerprint)
    assert PublicKey.from_pem(seal.public.pem).signed(payload, signature)
    assert not seal.public.signed(b"another statement", signature)


@pytest.mark.parametrize(
    "envelope",
    [b"", b"{}", b"[]", b"null", b'{"signatures": [], "payloadType": "x", "payload": ""}',
     b'{"signatures": [{"keyid": "k", "sig": "!"}], "payload": "AA==", '
     b'"payloadType": "application/vnd.in-toto+json"}', b"[" * 100_000],
)  # fmt: skip
def test_what_is_no_envelope_is_refused(envelope: bytes) -> None:
    with pytest.raises(EvidenceRefused):
        opened(envelope)


def test_a_key_of_another_kind_is_refused() -> None:
    rsa = generate_private_key(65537, 2048).public_key()
    pem = rsa.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    with pytest.raises(EvidenceRefused, match="no Ed25519 key"):
        PublicKey.from_pem(pem)
    with pytest.raises(EvidenceRefused, match="cannot be read"):
        PublicKey.from_pem(b"-----BEGIN CERTIFICATE-----")
