"""Passwords: which are taken, and how they are kept."""

from __future__ import annotations

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from alerts.web.errors import InvalidAccount

MIN_LENGTH, MAX_LENGTH = 12, 200
MIN_DISTINCT = 6

# The usual ones of twelve characters and more; shorter ones are refused for their length.
COMMON = frozenset(
    """administrator changeme1234 correcthorsebatterystaple iloveyouforever letmein12345
    letmeinplease passw0rd1234 password1234 password12345 password123456 passwordpassword
    qazwsxedcrfv qwerty123456 qwertyqwerty qwertyuiop12 qwertyuiop123 welcome12345
    zaq12wsxcde3 1q2w3e4r5t6y 123456789abc 1234567890ab abcdef123456 abcdefghijkl
    emberwatch123 emberwatch2024 emberwatch2025 emberwatch2026 humanitarian1""".split()
)
SEQUENCES = ("abcdefghijklmnopqrstuvwxyz", "01234567890123456789", "qwertyuiopasdfghjklzxcvbnm")

# t=3, 64 MiB, p=2 (ALERTS, T15).
_HASHER = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=2)

# Each check takes 64 MiB: a crowd at the door waits instead of filling the memory.
_AT_A_TIME = threading.BoundedSemaphore(2)

# What an unknown name is checked against, so that the time tells nobody who exists.
_NOBODY = (
    "$argon2id$v=19$m=65536,t=3,p=2$c29tZXNhbHRzb21lc2FsdA"
    "$Zm9yIG5vYm9keSBhdCBhbGwsIG5ldmVyIGVxdWFsLi4"
)


def require_strong(password: str, name: str) -> None:
    """Refuse a password that others would try first.

    Raises
    ------
    InvalidAccount
    """
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise InvalidAccount(
            f"the password has {len(password)} characters",
            hint=f"use {MIN_LENGTH} to {MAX_LENGTH}; four or five words are easy to keep",
        )
    lowered = password.lower()
    usual = (
        lowered in COMMON
        or len(set(lowered)) < MIN_DISTINCT
        or name.lower() in lowered
        or any(lowered in sequence for sequence in SEQUENCES)
    )
    if usual:
        raise InvalidAccount(
            "the password is one that others try first",
            hint="use four or five words that have nothing to do with you or this service",
        )


def hashed(password: str) -> str:
    """Return what is kept of a password; takes a fifth of a second on purpose."""
    with _AT_A_TIME:
        return _HASHER.hash(password)


def matches(password: str, kept: str | None) -> bool:
    """Return True if the password is the kept one; as slow for nobody's (None)."""
    with _AT_A_TIME:
        try:
            return _HASHER.verify(kept or _NOBODY, password[:MAX_LENGTH]) and kept is not None
        except (VerificationError, InvalidHashError):
            return False
