"""Addresses that people type, made safe to send to, or refused with the part that is wrong."""

from __future__ import annotations

import re
import unicodedata

from alerts.errors import InvalidAddress

MAX_ADDRESS_LENGTH = 254
"""Of a path in SMTP without its brackets (RFC 5321, 4.5.3.1.3)."""

MAX_LOCAL_LENGTH = 64

LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")

HINT = "write one address, such as name@example.org"


def clean_address(text: str) -> str:
    """Return a mail address, its domain in lower case and as A-labels.

    Raises
    ------
    InvalidAddress
        Names the part that is wrong. Names before the address, lists of
        addresses and quoted local parts are refused.
    """
    address = text.strip()
    if len(address) > MAX_ADDRESS_LENGTH:
        raise InvalidAddress(
            f"an address has at most {MAX_ADDRESS_LENGTH} characters, got {len(address):,}", HINT
        )
    for character, what in ((",", "a comma"), (";", "a semicolon"), ("<", "a name before it")):
        if character in address:
            raise InvalidAddress(f"{address!r} holds {what}", HINT)
    local, at, domain = address.rpartition("@")
    if not at or not domain:
        raise InvalidAddress(f"{address!r} has no @ with a domain after it", HINT)
    if len(local) > MAX_LOCAL_LENGTH or LOCAL.fullmatch(local) is None:
        raise InvalidAddress(f"the part before the @ cannot be used: {local!r}", HINT)
    return f"{local}@{_clean_domain(domain)}"


# What a reader takes for another letter: digits; Cyrillic, Armenian, Greek letters.
_LOOKS_LIKE = str.maketrans(
    {"0": "o", "1": "l", "i": "l", "5": "s", "\u0430": "a", "\u0435": "e", "\u043e": "o",
     "\u0440": "p", "\u0441": "c", "\u0445": "x", "\u0443": "y", "\u0456": "l", "\u0455": "s",
     "\u0578": "n", "\u03bf": "o", "\u03b1": "a", "\u03bd": "v"}
)  # fmt: skip


def appearance_of(address: str) -> str:
    """Return what the domain of an address looks like: equal for look-alikes."""
    domain = address.rpartition("@")[2].lower()
    try:
        shown = domain.encode("ascii").decode("idna")
    except UnicodeError:
        shown = domain
    bare = "".join(c for c in unicodedata.normalize("NFKD", shown) if not unicodedata.combining(c))
    return bare.translate(_LOOKS_LIKE).replace("rn", "m").replace("vv", "w")


def _clean_domain(domain: str) -> str:
    try:
        labels = domain.encode("idna").decode().lower().split(".")
    except UnicodeError as error:
        raise InvalidAddress(f"the domain cannot be used: {domain!r}", HINT) from error
    if len(labels) < 2 or not all(LABEL.fullmatch(label) for label in labels):
        raise InvalidAddress(f"the domain cannot be used: {domain!r}", HINT)
    return ".".join(labels)
