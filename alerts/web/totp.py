"""Codes of half a minute from a secret that two sides share: TOTP (RFC 6238). Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

DIGITS = 6
STEP_S = 30
SECRET_BYTES = 20
ISSUER = "Emberwatch"

DRIFT = 1
"""Steps that the clock of a telephone may be ahead or behind."""


def step_of(now: datetime) -> int:
    """Return the number of the half minute that an instant lies in."""
    return int(now.timestamp()) // STEP_S


def code_at(
    secret: bytes, step: int, digits: int = DIGITS, digest: Callable[..., Any] = hashlib.sha1
) -> str:
    """Return the code of one step (RFC 4226, section 5.3)."""
    made = hmac.new(secret, step.to_bytes(8, "big"), digest).digest()
    offset = made[-1] & 0x0F
    number = int.from_bytes(made[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**digits:0{digits}d}"


def step_that_made(secret: bytes, code: str, now: datetime, after: int) -> int | None:
    """Return the step of a code that is good now; None if none made it.

    Parameters
    ----------
    after : int
        The last step whose code was taken: neither it nor an earlier one is taken again.
    """
    typed = "".join(code.split()).encode()
    here = step_of(now)
    found = None
    # All steps are compared, so that the time tells nothing of which one it was.
    for step in range(here - DRIFT, here + DRIFT + 1):
        same = hmac.compare_digest(code_at(secret, step).encode(), typed)
        if same and step > after and found is None:
            found = step
    return found


def written(secret: bytes) -> str:
    """Return a secret as people type it."""
    return base64.b32encode(secret).decode().rstrip("=")


def address_of(secret: bytes, name: str) -> str:
    """Return the ``otpauth:`` address that an authenticator reads."""
    label = quote(f"{ISSUER}:{name}", safe="")
    asked = {"secret": written(secret), "issuer": ISSUER}
    return f"otpauth://totp/{label}?{urlencode(asked)}"
