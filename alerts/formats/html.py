"""The HTML part of a message: the paragraphs of the text part, set for a phone."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import css_inline
from jinja2 import Environment, PackageLoader, StrictUndefined

from alerts.disclosure import Tlp
from alerts.formats.text import (
    Letter,
    Links,
    Paragraph,
    label_of,
    number_line,
    paragraphs_of,
    status_line,
    what_line,
)
from alerts.grading import Severity
from alerts.words import Speech

# Bright on black, as FIRST prints the labels of TLP 2.0.
TLP_COLOURS = {
    Tlp.CLEAR: "#ffffff",
    Tlp.GREEN: "#33ff00",
    Tlp.AMBER: "#ffc000",
    Tlp.AMBER_STRICT: "#ffc000",
    Tlp.RED: "#ff2b2b",
}

NEUTRAL_COLOUR = "#4d6a7d"
"""Of messages that tell no event."""

# Told apart by lightness too; the word stands beside the colour.
SEVERITY_COLOURS = {
    Severity.MINOR: "#8a8a80",
    Severity.MODERATE: "#c58a00",
    Severity.SEVERE: "#c24a00",
    Severity.EXTREME: "#8f0d14",
}


def html_of(letter: Letter, speech: Speech, plate_cid: str) -> str:
    """Return the HTML part; `plate_cid` names the picture inside the message, or is empty."""
    shown = letter.disclosure
    parts = paragraphs_of(letter, speech)
    return page_of(
        speech,
        tlp=shown.tlp,
        colour=SEVERITY_COLOURS[shown.severity],
        title=f"{label_of(letter, speech)}, {shown.ref}",
        status=status_line(letter, speech),
        parts=[part for part in parts if part.role not in ("status", "why", "links")],
        foot=[
            *next(part for part in parts if part.role == "why").lines,
            number_line(letter, speech),
        ],
        links=letter.links,
        plate=(plate_cid, speech.say("plate.alt", what=what_line(shown, speech))),
    )


def page_of(
    speech: Speech, *, tlp: Tlp, colour: str, title: str, status: str,
    parts: Sequence[Paragraph], foot: Sequence[str], links: Links,
    plate: tuple[str, str] = ("", ""),
) -> str:  # fmt: skip
    """Return a page for a mail, its styles inline; `plate` is a Content-ID and its words."""
    offered = (("confirm", links.confirm), ("open", links.open), ("feedback", links.feedback),
               ("manage", links.manage), ("unsubscribe", links.unsubscribe))  # fmt: skip
    page = _environment().get_template("alert.html").render(
        speech=speech,
        title=title,
        tlp=str(tlp),
        tlp_colour=TLP_COLOURS[tlp],
        tlp_line=speech.say(f"tlp.{tlp}"),
        colour=colour,
        status=status,
        plate_cid=plate[0],
        plate_alt=plate[1],
        parts=parts,
        foot=foot,
        links=[(speech.say(f"name.{name}"), url) for name, url in offered if url],
    )  # fmt: skip
    return _inliner().inline(page)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("alerts.formats"), autoescape=True, undefined=StrictUndefined
    )


@cache
def _inliner() -> css_inline.CSSInliner:
    # Nothing is fetched: a stylesheet link in a name would be a request of ours.
    return css_inline.CSSInliner(load_remote_stylesheets=False, keep_style_tags=False)
