"""What answers of web servers mean for us: try again, come back later, or give up. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

from monitor.errors import SourceError, SourceRefused, SourceUnavailable

TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses after which the same request may succeed within seconds."""

GONE = frozenset({404, 410})
UNAUTHORISED = frozenset({401, 403})

SAID_CHARACTERS = 160
"""Of a server's own words, how much a message quotes."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer that was not wanted means."""

    error: SourceError
    """What is raised in the end."""

    again: bool = False
    """True if the same request is worth another try now."""

    wait_s: float | None = None
    """How long the server asked to wait before it, None if it did not say."""

    status: int | None = None
    """Of the answer; None if there was none."""


def verdict_of(status: int, what: str, said: str, wait_s: float | None = None) -> Verdict:
    """Return what a status that is no success means.

    Parameters
    ----------
    status : int
    what : str
        Who was asked for what, as messages name it: no key, no position.
    said : str
        Beginning of the answer's text, secrets removed.
    wait_s : float, optional
        What the server's ``Retry-After`` asks for.
    """
    quoted = f": {said}" if said else ""
    if status == 429:
        return Verdict(
            SourceUnavailable(
                f"{what}: too many requests, status 429{quoted}",
                hint="the next run tries again; a lower rate or a higher quota avoids it",
            ),
            again=True,
            wait_s=wait_s,
            status=status,
        )
    if status in TRY_AGAIN:
        error = SourceUnavailable(f"{what}: the server failed, status {status}{quoted}")
        return Verdict(error, again=True, wait_s=wait_s, status=status)
    return Verdict(_refusal(status, what, quoted), status=status)


def _refusal(status: int, what: str, quoted: str) -> SourceError:
    if status in UNAUTHORISED:
        return SourceRefused(
            f"{what}: access refused, status {status}{quoted}",
            hint="the key, secret or signature is wrong, expired, or lacks this right",
        )
    if status in GONE:
        return SourceRefused(
            f"{what}: not there, status {status}{quoted}",
            hint="the catalogue lists what its store has lost; another catalogue may have it",
        )
    if 300 <= status < 400:
        return SourceRefused(
            f"{what}: sent elsewhere, status {status}",
            hint="redirects are not followed; a login page is the usual reason",
        )
    if status >= 500:
        return SourceUnavailable(f"{what}: the server failed, status {status}{quoted}")
    return SourceRefused(f"{what}: refused, status {status}{quoted}")


def retry_after_s(value: str | None, now: datetime, *, in_milliseconds: bool) -> float | None:
    """Return the seconds that a ``Retry-After`` asks for; None if it is absent or garbled.

    Parameters
    ----------
    value : str or None
        A number, or an HTTP date.
    now : datetime
        Time on this machine, for dates.
    in_milliseconds : bool
        True for Sentinel Hub, whose number counts milliseconds against RFC 9110.
    """
    text = (value or "").strip()
    try:
        number = float(text)
    except ValueError:
        return _until(text, now)
    # float() also reads "nan", "inf" and "-3".
    if not 0 <= number < float("inf"):
        return None
    return number / 1000 if in_milliseconds else number


def _until(text: str, now: datetime) -> float | None:
    try:
        instant = parsedate_to_datetime(text)
    except ValueError:
        return None
    if instant.tzinfo is None:
        return None
    return max(0.0, (instant - now).total_seconds())


def is_page(content_type: str, body: bytes) -> bool:
    """Return True for a page made for people, such as an error or login page with status 200."""
    return "html" in content_type.lower() or body[:64].lstrip().lower().startswith(
        (b"<!doctype", b"<html", b"<?xml")
    )


def quoted(body: bytes, secrets: tuple[str, ...] = ()) -> str:
    """Return the beginning of a server's text on one line, with secrets blanked."""
    text = body[:2_000].decode("utf-8", errors="replace")
    printable = "".join(c if c.isprintable() else " " for c in without_secrets(text, secrets))
    line = " ".join(printable.split())
    return line if len(line) <= SAID_CHARACTERS else line[: SAID_CHARACTERS - 1] + "…"


def without_secrets(text: str, secrets: tuple[str, ...]) -> str:
    """Return `text` with each secret blanked."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "…")
    return text
