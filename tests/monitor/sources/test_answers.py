from __future__ import annotations

from datetime import UTC, datetime

import pytest

from monitor.errors import SourceRefused, SourceUnavailable
from monitor.sources.answers import is_page, quoted, retry_after_s, verdict_of

NOON = datetime(2024, 5, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "kind", "again"),
    [
        pytest.param(429, SourceUnavailable, True, id="too many requests"),
        pytest.param(500, SourceUnavailable, True, id="server error"),
        pytest.param(502, SourceUnavailable, True, id="bad gateway"),
        pytest.param(503, SourceUnavailable, True, id="unavailable"),
        pytest.param(504, SourceUnavailable, True, id="gateway timeout"),
        pytest.param(507, SourceUnavailable, False, id="another server error"),
        pytest.param(400, SourceRefused, False, id="bad request"),
        pytest.param(401, SourceRefused, False, id="no token"),
        pytest.param(403, SourceRefused, False, id="forbidden"),
        pytest.param(404, SourceRefused, False, id="not there"),
        pytest.param(302, SourceRefused, False, id="redirect"),
    ],
)
def test_a_status_says_whether_trying_again_helps(
    status: int, kind: type[Exception], again: bool
) -> None:
    verdict = verdict_of(status, "provider, catalogue", "said so")

    assert isinstance(verdict.error, kind)
    assert verdict.again is again
    assert str(status) in verdict.error.message


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        pytest.param("2", 2.0, id="seconds"),
        pytest.param("0", 0.0, id="at once"),
        pytest.param("Mon, 20 May 2024 12:00:30 GMT", 30.0, id="a date"),
        pytest.param("Mon, 20 May 2024 11:00:00 GMT", 0.0, id="a date that has passed"),
        pytest.param("86400000", 86_400_000.0, id="absurd, for the caller to judge"),
        pytest.param(None, None, id="absent"),
        pytest.param("soon", None, id="garbled"),
        pytest.param("nan", None, id="not a number"),
        pytest.param("-5", None, id="negative"),
        pytest.param("inf", None, id="for ever"),
    ],
)
def test_retry_after_is_read_in_all_its_forms(value: str | None, seconds: float | None) -> None:
    assert retry_after_s(value, NOON, in_milliseconds=False) == seconds


def test_sentinel_hub_counts_milliseconds() -> None:
    assert retry_after_s("2500", NOON, in_milliseconds=True) == 2.5


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("text/html; charset=utf-8", b"", True),
        ("image/tiff", b"  <!DOCTYPE html>", True),
        ("", b"<html>", True),
        ("image/tiff", b"II*\x00", False),
        ("application/json", b"{}", False),
    ],
)
def test_a_web_page_is_told_from_an_answer(content_type: str, body: bytes, expected: bool) -> None:
    assert is_page(content_type, body) is expected


def test_a_quotation_is_one_short_line_without_secrets() -> None:
    body = b"Bad key\n 0123-KEY\x07 " + b"x" * 500

    text = quoted(body, secrets=("0123-KEY",))

    assert text.startswith("Bad key … x")
    assert len(text) == 160
