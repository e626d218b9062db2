"""The one escaper of maps (ALERTS.md 6.2).

Folium puts text into HTML that stands inside JavaScript template literals, where
`html.escape` is not enough: ``${...}``, a backtick and ``\\x3c`` still run.
"""

from __future__ import annotations

import html
import re
import unicodedata
from typing import NewType

SafeHtml = NewType("SafeHtml", str)
"""Text that may stand in HTML, in an attribute, and in HTML inside JavaScript."""

MAX_MARKS = 8
"""Combining marks kept on one base character; no script needs more, stacks of 100 hide lines."""

# Persian, Kurdish and joined emoji are wrong without these two.
JOINERS = "\u200c\u200d"

_SPACES = "\u00a0\u202f"
"""No-break spaces, which French and numbers need, though `str.isprintable` refuses them."""

_IN_TEMPLATES = {ord(sign): f"&#{ord(sign)};" for sign in "`${}\\"}
_GAPS = re.compile("\ue000+")
_GAP = "\ue000"


def plain(text: str) -> str:
    """Return `text` without characters that act on their neighbours or on the reader.

    Bidirectional controls and other invisible signs go, except the two joiners;
    each run of control characters, line ends included, becomes one space.
    """
    kept: list[str] = []
    marks = 0
    for sign in text:
        category = unicodedata.category(sign)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if marks > MAX_MARKS:
            continue
        if sign in JOINERS or sign in _SPACES or sign.isprintable():
            kept.append(sign)
        elif category != "Cf":
            kept.append(_GAP)
    # A private-use character is itself unprintable, so none of the input can be taken for a gap.
    return _GAPS.sub(" ", "".join(kept)).strip()


def escaped(text: str) -> SafeHtml:
    """Return `text` as HTML that shows it and does nothing, also inside JavaScript.

    Use it for every string that is not written in this package. It is for HTML
    only: not for file names, CSV, logs or CAP.
    """
    return SafeHtml(html.escape(plain(text), quote=True).translate(_IN_TEMPLATES))


def isolated(text: str) -> SafeHtml:
    """Return `text` escaped, in its own direction: a Latin number inside Arabic stays whole."""
    return SafeHtml(f"<bdi>{escaped(text)}</bdi>")
