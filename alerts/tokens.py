"""Signed tokens of the links in messages: unsubscribe, manage, feedback, confirm."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from alerts.keys import Keyring, base36

SIGNATURE_BYTES = 16


class Purpose(StrEnum):
    """What a token allows; a token of one purpose is worthless for another."""

    UNSUBSCRIBE = "unsubscribe"
    MANAGE = "manage"
    FEEDBACK = "feedback"
    CONFIRM = "confirm"


LIFETIMES: dict[Purpose, timedelta | None] = {
    Purpose.UNSUBSCRIBE: None,
    Purpose.MANAGE: timedelta(days=90),
    Purpose.FEEDBACK: timedelta(days=90),
    Purpose.CONFIRM: timedelta(days=3),
}
"""How long each kind works; None is for ever."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a token says, once its signature was found good."""

    person_id: str
    scope: str
    """What it is about: an event, a profile; empty for the whole person."""


def signed_token(
    keys: Keyring, purpose: Purpose, person_id: str, at: datetime, scope: str = ""
) -> str:
    """Return a token for a link; `at` is when its lifetime begins."""
    body = f"1|{person_id}|{scope}|{base36(int(at.timestamp()))}".encode()
    return _encoded(body + _signature(keys, purpose, body))


def claim_of(keys: Keyring, purpose: Purpose, token: str, now: datetime) -> Claim | None:
    """Return what a token claims, None if it is forged, truncated, foreign or too old."""
    try:
        blob = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    body, signature = blob[:-SIGNATURE_BYTES], blob[-SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _signature(keys, purpose, body)):
        return None
    # Signed by us, so it is written as we write it.
    _, person_id, scope, made = body.decode().split("|")
    lifetime = LIFETIMES[purpose]
    if lifetime is not None and now.timestamp() - int(made, 36) > lifetime.total_seconds():
        return None
    return Claim(person_id, scope)


def _signature(keys: Keyring, purpose: Purpose, body: bytes) -> bytes:
    key = keys.derived(f"token|{purpose}")
    return hmac.new(key, body, hashlib.sha256).digest()[:SIGNATURE_BYTES]


def _encoded(blob: bytes) -> str:
    return base64.urlsafe_b64encode(blob).decode().rstrip("=")
