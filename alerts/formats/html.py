"""The HTML part of a message: the paragraphs of the text part, set for a phone."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import css_inline
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import escape

from alerts.disclosure import Tlp
from alerts.formats.text import (
    Letter,
    Links,
    Paragraph,
    event_paragraphs,
    label_of,
    own_paragraphs,
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

FOOT_MARK = "[the foot of the reader]"
"""A line of the template of its own, where each reader's lines are put in."""

LINE_STYLE = "margin: 2px 0;overflow-wrap: anywhere;"

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
    before, after = event_page(letter, speech, plate_cid)
    return before + own_foot(own_paragraphs(letter, speech), letter, speech) + after


def event_page(letter: Letter, speech: Speech, plate_cid: str) -> tuple[str, str]:
    """Return the page before and after the reader's own foot."""
    shown = letter.disclosure
    parts = event_paragraphs(letter, speech)
    return page_of(
        speech,
        tlp=shown.tlp,
        colour=SEVERITY_COLOURS[shown.severity],
        title=f"{label_of(letter, speech)}, {shown.ref}",
        status=status_line(letter, speech),
        parts=[part for part in parts if part.role != "status"],
        plate=(plate_cid, speech.say("plate.alt", what=what_line(shown, speech))),
    )


def own_foot(parts: Sequence[Paragraph], letter: Letter, speech: Speech) -> str:
    """Return what is this reader's own: why they get it, its number, and their links.

    Parameters
    ----------
    parts : sequence of Paragraph
        As `own_paragraphs` gives them.
    """
    why, offered = parts
    return foot_of(speech, [*why.lines, offered.lines[0]], letter.links)


def page_of(
    speech: Speech, *, tlp: Tlp, colour: str, title: str, status: str,
    parts: Sequence[Paragraph], plate: tuple[str, str] = ("", ""),
) -> tuple[str, str]:  # fmt: skip
    """Return a page for a mail before and after its foot, its styles inline.

    Parameters
    ----------
    plate : tuple of str
        Content-ID of a picture and its words; empty for none.
    """
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
        foot_mark=FOOT_MARK,
    )  # fmt: skip
    before, _, after = _inliner().inline(page).rpartition(f"{FOOT_MARK}\n")
    return before, after


def foot_of(speech: Speech, lines: Sequence[str], links: Links) -> str:
    """Return the lines and links at the end of a page, their styles written out."""
    offered = (("confirm", links.confirm), ("open", links.open), ("feedback", links.feedback),
               ("manage", links.manage), ("unsubscribe", links.unsubscribe))  # fmt: skip
    named = [
        f'<a href="{escape(url)}" style="color: #0b4f8a;">{escape(speech.say(f"name.{name}"))}</a>'
        for name, url in offered
        if url
    ]
    shown = [*(str(escape(line)) for line in lines), *([" ·\n".join(named)] if named else [])]
    return "".join(
        f'<p style="margin: 2px 0;overflow-wrap: anywhere;">{line}</p>\n' for line in shown
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("alerts.formats"), autoescape=True, undefined=StrictUndefined
    )


@cache
def _inliner() -> css_inline.CSSInliner:
    # Nothing is fetched: a stylesheet link in a name would be a request of ours.
    return css_inline.CSSInliner(load_remote_stylesheets=False, keep_style_tags=False)
