from __future__ import annotations

import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from alerts.errors import InvalidAddress
from alerts.formats.smime import certificate_of
from alerts.incidents import open_incidents
from alerts.letters import LetterWriter
from alerts.recipient_keys import RecipientKeys
from tests.alerts.conftest import KEYS, SETTINGS, House, PlainRenderer, parsed, read_chip
from tests.builders import NOW, days_ago

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def certificate(key: Key, days: float = 30) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "reader@ngo.example")])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(days_ago(40))
        .not_valid_after(NOW + timedelta(days=days))
    )
    return built.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def writing_to(house: House, folder: Path, pem: bytes) -> RecipientKeys:
    """Let the house encrypt what it sends to its reader."""
    keys = RecipientKeys(folder / "recipients")
    house.writer = LetterWriter(
        PlainRenderer(), read_chip, KEYS, SETTINGS, key_of=keys.of
    )  # fmt: skip
    keys.put(house.subscribe().person_id, pem)
    return keys


def sent(house: House) -> bytes:
    house.confirmed()
    house.publish()
    house.deliver()
    (file,) = house.spool.glob("*.eml")
    return file.read_bytes()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_only_the_holder_of_the_key_reads_what_was_sent(
    house: House, tmp_path: Path, key: rsa.RSAPrivateKey
) -> None:
    writing_to(house, tmp_path, certificate(key))

    raw = sent(house)

    (alert,) = house.alerts.alerts()
    outside = parsed(raw)
    assert outside["Subject"] == f"[TLP:AMBER] {alert.ref}"
    assert outside.get_content_type() == "application/pkcs7-mime"
    assert outside["List-Unsubscribe"] and outside["Message-ID"]
    assert b"Shagra" not in raw and b"Burned" not in raw
    inside = decrypted(raw, key, tmp_path)
    assert "Shagra" in (parsed(inside).get_body(("plain",)) or parsed(b"")).get_content()


def decrypted(raw: bytes, key: rsa.RSAPrivateKey, folder: Path) -> bytes:
    """Return what openssl reads with the key."""
    private = folder / "key.pem"
    private.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )  # fmt: skip
    command = ["openssl", "cms", "-decrypt", "-inkey", str(private)]
    return subprocess.run(command, input=raw, capture_output=True, check=True).stdout


def test_a_certificate_that_ended_stops_the_mail_and_is_told(
    house: House, tmp_path: Path, key: rsa.RSAPrivateKey
) -> None:
    writing_to(house, tmp_path, certificate(key, days=-1))
    house.confirmed()
    house.publish()
    house.deliver()

    assert house.mails() == []
    assert house.deliveries()[0].state == "render_error"
    assert "cannot be written" in open_incidents(house.engine)[0].sentence


def test_a_certificate_that_was_damaged_stops_the_mail(
    house: House, tmp_path: Path, key: rsa.RSAPrivateKey
) -> None:
    writing_to(house, tmp_path, certificate(key))
    (file,) = (tmp_path / "recipients").glob("*.pem")
    file.write_text("damaged")
    house.confirmed()
    house.publish()
    house.deliver()

    assert house.mails() == []
    assert house.deliveries()[0].state == "render_error"


def test_without_a_certificate_mails_go_in_clear(
    house: House, tmp_path: Path, key: rsa.RSAPrivateKey
) -> None:
    keys = writing_to(house, tmp_path, certificate(key))
    person = house.subscribe()

    assert keys.remove(person.person_id)
    assert not keys.remove(person.person_id)

    assert b"Burned settlement" in sent(house)


@pytest.mark.parametrize(
    "pem",
    [b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"],
)
def test_what_is_no_certificate_is_refused(pem: bytes) -> None:
    with pytest.raises(InvalidAddress, match="cannot be read"):
        certificate_of(pem)


def test_a_key_that_nothing_can_be_encrypted_to_is_refused() -> None:
    with pytest.raises(InvalidAddress, match="no RSA key"):
        certificate_of(certificate(ec.generate_private_key(ec.SECP256R1())))
