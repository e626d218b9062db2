"""Text written by people: what is taken out of it, and what is refused."""

from __future__ import annotations

import re
import unicodedata

from aoi.errors import InvalidAoi

MAX_NAME = 200
MAX_ID = 60

MAX_MARKS = 8
"""Combining marks that one letter may carry; real scripts need at most four."""

# Overrides, embeddings, isolates and marks of direction; spaces without width. The joiners
# U+200C and U+200D stay: Persian, Burmese and emoji need them.
INVISIBLE = re.compile("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]")
BREAKS = re.compile("[\t\n\v\f\r\x85\u2028\u2029]+")
NOT_SLUG = re.compile(r"[^a-z0-9._]+")
SLUG = re.compile(r"[a-z0-9][a-z0-9._-]*")


def cleaned(text: str, what: str, limit: int = MAX_NAME) -> tuple[str, bool]:
    """Return `text` fit to be stored and shown, and whether anything was changed.

    Control characters, marks that turn the direction of what follows and
    invisible characters go; breaks of line become one space. What the text
    says stays, markup and formulas too: every way out escapes for itself.

    Parameters
    ----------
    text : str
        As it came from a file, a form or the command line.
    what : str
        Name of the field, for messages.
    limit : int
        Greatest number of characters.

    Raises
    ------
    InvalidAoi
        If it is too long.
    """
    if len(text) > limit:
        raise InvalidAoi(
            f"the {what} has {len(text)} characters", hint=f"shorten it to {limit} or fewer"
        )
    if text.isascii() and text.isprintable():
        return text.strip(), False
    shown = INVISIBLE.sub("", BREAKS.sub(" ", unicodedata.normalize("NFC", text)))
    shown = "".join(sign for sign in shown if unicodedata.category(sign) not in {"Cc", "Co", "Cs"})
    shown = _without_heaps(shown)
    kept = shown.strip()
    return kept, kept != unicodedata.normalize("NFC", text).strip(" ")


def slug(text: str) -> str:
    """Return an identifier made from `text`; empty if it holds no Latin letter or digit."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return NOT_SLUG.sub("-", plain).strip("-._")[:MAX_ID].strip("-._")


def is_slug(text: str) -> bool:
    """Return True if `text` can be an identifier as it is."""
    return len(text) <= MAX_ID and SLUG.fullmatch(text) is not None


def _without_heaps(text: str) -> str:
    kept, marks = [], 0
    for sign in text:
        marks = marks + 1 if unicodedata.combining(sign) else 0
        if marks <= MAX_MARKS:
            kept.append(sign)
    return "".join(kept)
