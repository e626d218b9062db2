"""The HTML part of a message: the paragraphs of the text part, set for a phone."""

from __future__ import annotations

from functools import cache

import css_inline
from jinja2 import Environment, PackageLoader, StrictUndefined

from alerts.disclosure import Tlp
from alerts.formats.text import (
    Letter,
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
    links = letter.links
    page = _environment().get_template("alert.html").render(
        speech=speech,
        title=f"{label_of(letter, speech)}, {shown.ref}",
        tlp=str(shown.tlp),
        tlp_colour=TLP_COLOURS[shown.tlp],
        tlp_line=speech.say(f"tlp.{shown.tlp}"),
        colour=SEVERITY_COLOURS[shown.severity],
        status=status_line(letter, speech),
        plate_cid=plate_cid,
        plate_alt=speech.say("plate.alt", what=what_line(shown, speech)),
        parts=[part for part in parts if part.role not in ("status", "why", "links")],
        why=next(part for part in parts if part.role == "why"),
        number=number_line(letter, speech),
        links=[
            (speech.say(f"name.{name}"), url)
            for name, url in (("open", links.open), ("feedback", links.feedback),
                              ("manage", links.manage), ("unsubscribe", links.unsubscribe))
            if url
        ],
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
