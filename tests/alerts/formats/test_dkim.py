from __future__ import annotations

import base64
from collections.abc import Callable

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from alerts.formats.dkim import DkimKey, signed
from alerts.formats.mail import mail_bytes
from tests.alerts.formats.test_mail import MAIL, SETTINGS
from tests.builders import NOW


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def signer(key: rsa.RSAPrivateKey) -> DkimKey:
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return DkimKey.from_pem("alerts.example.org", "emberwatch", pem)


@pytest.fixture(scope="module")
def dns(key: rsa.RSAPrivateKey) -> Callable[..., bytes]:
    """Answer as the DNS would in which the operator published the key."""
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def answer(name: bytes, timeout: int = 5) -> bytes:
        assert name == b"emberwatch._domainkey.alerts.example.org."
        return b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)

    return answer


RAW = mail_bytes(MAIL, SETTINGS)


def test_somebody_elses_verifier_accepts_what_we_signed(
    signer: DkimKey, dns: Callable[..., bytes]
) -> None:
    assert dkim.verify(signed(RAW, signer, NOW), dnsfunc=dns)


@pytest.mark.parametrize(
    ("found", "put"),
    [
        pytest.param(b"TLP:AMBER\r\n", b"TLP:CLEAR\r\n", id="the text"),
        pytest.param(b"To: reader@", b"To: other1@", id="the reader"),
        pytest.param(b"One-Click", b"Two-Click", id="the one click"),
        pytest.param(b"/unsubscribe/A", b"/unsubscribe/B", id="the link to leave by"),
        pytest.param(b"MIME-Version", b"Subject: more\r\nMIME-Version", id="a second subject"),
    ],
)
def test_changing_anything_that_matters_breaks_the_signature(
    signer: DkimKey, dns: Callable[..., bytes], found: bytes, put: bytes
) -> None:
    mail = signed(RAW, signer, NOW)
    assert found in mail

    assert not dkim.verify(mail.replace(found, put, 1), dnsfunc=dns)


def test_spaces_that_relays_change_do_not_matter(
    signer: DkimKey, dns: Callable[..., bytes]
) -> None:
    mail = signed(RAW, signer, NOW)

    assert dkim.verify(mail.replace(b"Auto-Submitted: ", b"Auto-Submitted:   "), dnsfunc=dns)
    assert dkim.verify(mail + b"\r\n\r\n", dnsfunc=dns)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"a  b\t c \r\n \r\n\t\r\nplain\r\n\r\n", id="blanks of every kind"),
        pytest.param(b"plain\r\n" * 3 + b"\r\n" * 3, id="lines without blanks"),
        pytest.param(b"\r\n \r\n", id="nothing but blanks"),
    ],
)
def test_a_body_is_relaxed_as_somebody_elses_verifier_does(
    signer: DkimKey, dns: Callable[..., bytes], body: bytes
) -> None:
    raw = b"From: a@alerts.example.org\r\n\r\n" + body

    assert dkim.verify(signed(raw, signer, NOW), dnsfunc=dns)


def test_signing_again_gives_the_same_bytes(signer: DkimKey) -> None:
    assert signed(RAW, signer, NOW) == signed(RAW, signer, NOW)


def test_a_mail_without_a_body_is_signed_too(signer: DkimKey, dns: Callable[..., bytes]) -> None:
    assert dkim.verify(signed(b"From: a@alerts.example.org\r\n\r\n", signer, NOW), dnsfunc=dns)


@pytest.mark.parametrize("weak", ["short", "another kind"])
def test_a_weak_or_foreign_key_is_refused(weak: str) -> None:
    key = (
        rsa.generate_private_key(65537, 1024)
        if weak == "short"
        else ed25519.Ed25519PrivateKey.generate()
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    with pytest.raises(ValueError, match="2048 bits or more"):
        DkimKey.from_pem("x.org", "s", pem)
