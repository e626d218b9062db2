from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from alerts.web.totp import address_of, code_at, step_of, step_that_made, written

# RFC 6238, appendix B: one secret of the length of each digest.
SHA1, SHA256, SHA512 = (
    (b"1234567890" * 7)[:length] for length in (20, 32, 64)
)  # fmt: skip
SECRET = SHA1
NOW = datetime(2024, 5, 20, 12, 0, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "digest", "secret", "expected"),
    [
        (59, hashlib.sha1, SHA1, "94287082"),
        (59, hashlib.sha256, SHA256, "46119246"),
        (59, hashlib.sha512, SHA512, "90693936"),
        (1111111109, hashlib.sha1, SHA1, "07081804"),
        (1111111109, hashlib.sha256, SHA256, "68084774"),
        (1111111109, hashlib.sha512, SHA512, "25091201"),
        (1111111111, hashlib.sha1, SHA1, "14050471"),
        (1111111111, hashlib.sha256, SHA256, "67062674"),
        (1111111111, hashlib.sha512, SHA512, "99943326"),
        (1234567890, hashlib.sha1, SHA1, "89005924"),
        (1234567890, hashlib.sha256, SHA256, "91819424"),
        (1234567890, hashlib.sha512, SHA512, "93441116"),
        (2000000000, hashlib.sha1, SHA1, "69279037"),
        (2000000000, hashlib.sha256, SHA256, "90698825"),
        (2000000000, hashlib.sha512, SHA512, "38618901"),
        (20000000000, hashlib.sha1, SHA1, "65353130"),
        (20000000000, hashlib.sha256, SHA256, "77737706"),
        (20000000000, hashlib.sha512, SHA512, "47863826"),
    ],
)
def test_the_vectors_of_rfc_6238(
    seconds: int, digest: Callable[..., Any], secret: bytes, expected: str
) -> None:
    step = step_of(datetime.fromtimestamp(seconds, UTC))

    assert code_at(secret, step, digits=8, digest=digest) == expected


def test_six_digits_are_the_end_of_eight() -> None:
    assert code_at(SHA1, step_of(datetime.fromtimestamp(59, UTC))) == "287082"


@pytest.mark.parametrize(
    ("seconds_ago", "good"),
    [
        pytest.param(0, True, id="of now"),
        pytest.param(40, True, id="the one before: people type slowly"),
        pytest.param(-30, True, id="the next: a clock that is ahead"),
        pytest.param(70, False, id="two before"),
        pytest.param(-60, False, id="two ahead"),
    ],
)
def test_a_code_is_good_for_about_a_minute(seconds_ago: int, good: bool) -> None:
    code = code_at(SECRET, step_of(NOW - timedelta(seconds=seconds_ago)))

    assert (step_that_made(SECRET, code, NOW, after=0) is not None) is good


def test_a_code_is_not_taken_twice_nor_one_before_it() -> None:
    here = step_of(NOW)

    assert step_that_made(SECRET, code_at(SECRET, here), NOW, after=here) is None
    assert step_that_made(SECRET, code_at(SECRET, here - 1), NOW, after=here) is None
    assert step_that_made(SECRET, code_at(SECRET, here + 1), NOW, after=here) == here + 1


@pytest.mark.parametrize("typed", ["", "abcdef", "12345", "١٢٣٤٥٦", "0" * 40])
def test_what_is_no_code_is_no_code(typed: str) -> None:
    assert step_that_made(SECRET, typed, NOW, after=0) is None


def test_a_code_may_be_typed_in_two_halves() -> None:
    code = code_at(SECRET, step_of(NOW))

    assert step_that_made(SECRET, f"{code[:3]} {code[3:]}", NOW, after=0) == step_of(NOW)


def test_the_address_says_what_an_authenticator_needs() -> None:
    address = urlsplit(address_of(SECRET, "Amina & أمينة"))

    assert (address.scheme, address.netloc) == ("otpauth", "totp")
    assert unquote(address.path) == "/Emberwatch:Amina & أمينة"
    assert parse_qs(address.query) == {
        "secret": ["GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"], "issuer": ["Emberwatch"],
    }  # fmt: skip
    assert written(SECRET) == "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
