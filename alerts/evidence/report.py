"""The alert on paper: what was seen, the plate, who decided what, and what it rests on."""

from __future__ import annotations

import io
import re
import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font
from PIL import Image

from alerts.alert import AlertEvent
from alerts.ports import AlertPicture
from monitor.area_job import ArchivedLook

A4_INCHES = (8.27, 11.69)
FONT = "DejaVu Sans"
LEFT, TOP, BOTTOM = 0.09, 0.95, 0.06
BODY_PT, HEAD_PT, TITLE_PT = 8.5, 11.0, 15.0
CHARACTERS = 96
"""Of the body, in one line."""

OTHER_SCRIPT = "[in another script: see event.json]"
_UNSHOWN = re.compile("\ufffd(?:[\\s\ufffd]*\ufffd)?")

# No dates: the same bytes each time.
NO_DATES: dict[str, Any] = {"Creator": None, "Producer": None, "CreationDate": None}


class Sheets:
    """Writes line after line, on as many sheets as it takes."""

    def __init__(self, foot: str) -> None:
        self._foot = foot
        self.figures: list[Figure] = []
        self._begin()

    def write(self, text: str, size: float = BODY_PT, *, weight: str = "normal") -> None:
        """Write a paragraph."""
        wide = int(CHARACTERS * BODY_PT / size)
        for line in textwrap.wrap(shown(text), wide) or [""]:
            self._line(line, size, weight)

    def head(self, text: str) -> None:
        """Write the head of a section."""
        self._at -= 0.012
        self.write(text, HEAD_PT, weight="bold")

    def picture(self, png: bytes) -> None:
        """Show a picture across the sheet."""
        pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
        width = 1 - 2 * LEFT
        height = width * pixels.shape[0] / pixels.shape[1] * A4_INCHES[0] / A4_INCHES[1]
        axes = self.figures[-1].add_axes((LEFT, self._at - height, width, height))
        axes.imshow(pixels, interpolation="none", aspect="auto")
        axes.set_axis_off()
        self._at -= height + 0.02

    def _line(self, text: str, size: float, weight: str) -> None:
        step = size * 1.35 / 72 / A4_INCHES[1]
        if self._at - step < BOTTOM:
            self._begin()
        self._put(LEFT, self._at, text, size, weight)
        self._at -= step

    def _begin(self) -> None:
        self.figures.append(Figure(figsize=A4_INCHES))
        self._at = TOP
        self._put(LEFT, 0.03, f"{self._foot} · {len(self.figures)}", 7.0, "normal")

    def _put(self, x: float, y: float, text: str, size: float, weight: str) -> None:
        # A dollar sign in a name is no formula.
        self.figures[-1].text(
            x, y, text, fontsize=size, fontweight=weight, va="top", parse_math=False
        )


def report_pdf(
    picture: AlertPicture, plate: bytes, events: Sequence[AlertEvent],
    looks: Iterable[ArchivedLook], fingerprint: str,
) -> bytes:  # fmt: skip
    """Return the report: A4, in English, the same bytes each time.

    Words in scripts that must be shaped (Arabic, Burmese) are not printed but
    named as such; they stand in event.json and on the map.
    """
    # Glyphs alone are embedded: fitting whole fonts takes seconds.
    with rc_context({"pdf.fonttype": 3, "pdf.compression": 6, "font.family": FONT}):
        sheets = Sheets(f"{picture.tlp} · Emberwatch · sealed with key {fingerprint}")
        sheets.write(picture.tlp, HEAD_PT, weight="bold")
        sheets.write(picture.title, TITLE_PT, weight="bold")
        sheets.write(picture.status_line, HEAD_PT)
        sheets.head("Before and after")
        sheets.picture(plate)
        for label, value in picture.facts:
            sheets.write(f"{label}: {value}")
        sheets.write(picture.coverage_line)
        sheets.write(picture.attribution)
        _history(sheets, events)
        _imagery(sheets, looks)
        return _bytes(sheets.figures, f"{picture.tlp} {picture.title}")


def shown(text: str) -> str:
    """Return text with what the font cannot set replaced by a note."""
    glyphs = get_font(findfont(FONT)).get_charmap()
    kept = (
        c if ord(c) in glyphs and unicodedata.bidirectional(c) not in ("R", "AL") else "\ufffd"
        for c in " ".join(text.split())
        if unicodedata.category(c) not in ("Cc", "Cf")
    )
    return _UNSHOWN.sub(OTHER_SCRIPT, "".join(kept))


def _history(sheets: Sheets, events: Sequence[AlertEvent]) -> None:
    sheets.head("What was decided")
    for event in events:
        note = f" — {event.note}" if event.note else ""
        sheets.write(
            f"{event.revision}. {event.at:%Y-%m-%d %H:%M} UTC, {event.actor}: "
            f"{event.action.value} ({event.reason}), {event.after.value}{note}"
        )


def _imagery(sheets: Sheets, looks: Iterable[ArchivedLook]) -> None:
    sheets.head("Imagery that it rests on, and imagery of the time that does not show it")
    for look in looks:
        sheets.write(
            f"{look.acquired_at:%Y-%m-%d %H:%M} UTC, {look.platform} by {look.provider}: "
            f"{', '.join(look.scene_ids)}; retrieved {look.known_at:%Y-%m-%d %H:%M} UTC; "
            f"SHA-256 {look.sha256[:16]}…"
        )


def _bytes(figures: Iterable[Figure], title: str) -> bytes:
    stream = io.BytesIO()
    with PdfPages(stream, metadata={"Title": shown(title), **NO_DATES}) as pages:
        for figure in figures:
            pages.savefig(figure)
    return stream.getvalue()
