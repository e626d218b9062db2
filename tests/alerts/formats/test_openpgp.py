from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pysequoia
import pytest
from pysequoia import Tsk

from alerts.errors import InvalidAddress
from alerts.formats.openpgp import pgp_key_of
from alerts.incidents import open_incidents
from alerts.letters import LetterWriter
from alerts.recipient_keys import PgpKey, RecipientKeys
from tests.alerts.conftest import KEYS, SETTINGS, House, PlainRenderer, parsed, read_chip


@pytest.fixture(scope="module")
def secret() -> Tsk:
    return Tsk.generate("Reader <reader@ngo.example>")


def public(secret: Tsk) -> bytes:
    return str(secret.extract_certificate()).encode()


def sent(house: House, folder: Path, key: bytes) -> bytes:
    """Return what leaves for a reader with this key."""
    keys = RecipientKeys(folder / "recipients")
    house.writer = LetterWriter(PlainRenderer(), read_chip, KEYS, SETTINGS, key_of=keys.of)
    keys.put(house.subscribe().person_id, key)
    house.confirmed()
    house.publish()
    house.deliver()
    return b"".join(path.read_bytes() for path in house.spool.glob("*.eml"))


def test_only_the_holder_of_the_key_reads_what_was_sent(
    house: House, tmp_path: Path, secret: Tsk
) -> None:
    raw = sent(house, tmp_path, public(secret))

    (alert,) = house.alerts.alerts()
    outside = parsed(raw)
    assert outside["Subject"] == f"[TLP:AMBER] {alert.ref}"
    assert outside.get_content_type() == "multipart/encrypted"
    assert outside.get_param("protocol") == "application/pgp-encrypted"
    assert outside["List-Unsubscribe"] and outside["Message-ID"]
    assert b"Shagra" not in raw and b"Burned" not in raw
    version, body = outside.iter_parts()
    assert version.get_content_type() == "application/pgp-encrypted"
    assert version.get_payload(decode=True) == b"Version: 1\r\n"
    armoured = body.get_payload(decode=True)
    assert isinstance(armoured, bytes)
    inside = pysequoia.decrypt(armoured, decryptor=secret.decryptor()).bytes
    assert inside is not None
    assert "Shagra" in (parsed(inside).get_body(("plain",)) or parsed(b"")).get_content()
    assert all(len(line) < 999 for line in raw.split(b"\r\n"))
    assert b"\n" not in raw.replace(b"\r\n", b"")


@pytest.mark.skipif(shutil.which("gpg") is None, reason="needs GnuPG")
def test_gnupg_reads_it_with_a_key_of_its_own(house: House, tmp_path: Path) -> None:
    home = tmp_path / "gnupg"
    home.mkdir(mode=0o700)

    def gpg(*words: str, given: bytes = b"") -> bytes:
        command = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--yes", *words]
        return subprocess.run(command, input=given, capture_output=True, check=True).stdout

    try:
        gpg("--passphrase", "", "--quick-generate-key", "reader@ngo.example", "rsa3072", "encr",
            "never")  # fmt: skip
        raw = sent(house, tmp_path, gpg("--armor", "--export"))
        armoured = raw[raw.index(b"-----BEGIN PGP MESSAGE") :]
        inside = gpg("--decrypt", given=armoured)
    finally:
        command = ["gpgconf", "--homedir", str(home), "--kill", "gpg-agent"]
        subprocess.run(command, check=False)

    assert "Shagra" in (parsed(inside).get_body(("plain",)) or parsed(b"")).get_content()


def test_to_a_key_that_ended_nothing_is_sent(secret: Tsk) -> None:
    ends = datetime.now(UTC) + timedelta(days=400)
    key = PgpKey(secret.extract_certificate().set_expiration(ends, secret.certifier()))
    mail = b"A: b\r\n\r\nx"

    assert key.ends_at is not None and abs(key.ends_at - ends) < timedelta(seconds=2)
    assert b"BEGIN PGP MESSAGE" in key.sealed(mail, "[TLP:AMBER] K7QF", ends - timedelta(days=1))
    with pytest.raises(ValueError, match="not valid any more"):
        key.sealed(mail, "[TLP:AMBER] K7QF", ends + timedelta(days=1))


def test_a_key_that_was_damaged_stops_the_mail(house: House, tmp_path: Path, secret: Tsk) -> None:
    keys = RecipientKeys(tmp_path / "recipients")
    house.writer = LetterWriter(PlainRenderer(), read_chip, KEYS, SETTINGS, key_of=keys.of)
    keys.put(house.subscribe().person_id, public(secret))
    (file,) = (tmp_path / "recipients").iterdir()
    file.write_bytes(public(secret)[:200])
    house.confirmed()
    house.publish()
    house.deliver()

    assert house.mails() == []
    assert house.deliveries()[0].state == "render_error"
    assert "cannot be written" in open_incidents(house.engine)[0].sentence


def test_a_key_that_was_revoked_is_refused(secret: Tsk) -> None:
    key = secret.extract_certificate()
    revoked = pysequoia.Cert.from_bytes(bytes(key) + bytes(key.revoke(secret.certifier())))

    with pytest.raises(InvalidAddress, match="revoked"):
        pgp_key_of(bytes(revoked))


def test_a_private_key_is_refused(secret: Tsk) -> None:
    with pytest.raises(InvalidAddress, match="private key"):
        pgp_key_of(str(secret).encode())


@pytest.mark.parametrize(
    "text", [b"", b"no key", b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n=AAAA\n"]
)
def test_what_is_no_key_is_refused(text: bytes) -> None:
    with pytest.raises(InvalidAddress, match="cannot be read"):
        pgp_key_of(text)


def test_without_the_extra_it_says_what_to_install(
    secret: Tsk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alerts.formats.openpgp.find_spec", lambda name: None)

    with pytest.raises(InvalidAddress, match="extra `pgp`"):
        pgp_key_of(public(secret))
