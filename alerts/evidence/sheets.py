"""Sheets of A4, written line by line in any of our scripts; Arabic from the right."""

from __future__ import annotations

import io
import re
import textwrap
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.textpath import TextToPath
from matplotlib.transforms import Affine2D
from PIL import Image

from alerts.words import FIRST_STRONG_ISOLATE, POP_ISOLATE

A4_INCHES = (8.27, 11.69)
POINTS = 72
LEFT, TOP, BOTTOM = 0.09, 0.95, 0.06
BODY_PT, HEAD_PT, TITLE_PT, FOOT_PT = 8.5, 11.0, 15.0, 7.0
CHARACTERS = 96
"""Of the body, in one line of Latin letters."""

FONTS = ("DejaVu Sans", "Noto Sans Myanmar")
"""The first comes with matplotlib and has Arabic; the second is Debian's fonts-noto-core."""

NEEDED: dict[str, str] = {"my": "Noto Sans Myanmar"}
"""Fonts without which a language cannot be printed."""

OTHER_SCRIPT = "[in another script: see event.json]"
_UNSHOWN = re.compile("\ufffd(?:[\\s\ufffd]*\ufffd)?")

ISOLATES = "\u2066\u2067\u2068\u2069"
RIGHT_TO_LEFT_MARK = "\u200f"
BURMESE = re.compile("[\u1000-\u109f\uaa60-\uaa7f]")

# Burmese writes no spaces: a line may end before a letter that begins a syllable.
SYLLABLE = re.compile("(?<!\u1039)(?=[\u1000-\u102a\u103f\u104c-\u104f](?![\u1039\u103a]))")

# No dates: the same bytes each time.
NO_DATES: dict[str, Any] = {"Creator": None, "Producer": None, "CreationDate": None}


def can_print(language: str) -> bool:
    """Return True if this computer has the font that a language needs."""
    return NEEDED.get(language, FONTS[0]) in fonts_here()


@cache
def fonts_here() -> tuple[str, ...]:
    """Return the families of ours that this computer has."""
    return tuple(family for family in FONTS if _is_here(family))


def _is_here(family: str) -> bool:
    try:
        findfont(FontProperties(family=family), fallback_to_default=False)
    except ValueError:
        return False
    return True


@cache
def _glyphs() -> frozenset[int]:
    """Return the characters that can be drawn."""
    found = [get_font(findfont(FontProperties(family=family))) for family in fonts_here()]
    return frozenset(code for font in found for code in font.get_charmap())


def shown(text: str) -> str:
    """Return text with what no font can set replaced by a note."""
    kept = (
        c if ord(c) in _glyphs() or c in ISOLATES else "\ufffd"
        for c in " ".join(text.split())
        if c in ISOLATES or unicodedata.category(c) not in ("Cc", "Cf")
    )
    return _UNSHOWN.sub(OTHER_SCRIPT, "".join(kept))


def apart(text: str) -> str:
    """Return a text whose direction is its own, whatever stands around it."""
    return f"{FIRST_STRONG_ISOLATE}{text}{POP_ISOLATE}"


def is_shaped(text: str) -> bool:
    """Return True if the letters of a text join or change places: they are drawn as outlines."""
    return bool(BURMESE.search(text)) or any(
        unicodedata.bidirectional(character) in ("R", "AL") for character in text
    )


class Sheets:
    """Writes line after line, on as many sheets as it takes.

    Latin letters are text that can be searched and copied. What must be shaped is
    drawn as outlines: matplotlib's PDF places joined glyphs wrongly as text.
    """

    def __init__(self, foot: str, direction: str = "ltr") -> None:
        self._foot = foot
        self._from_right = direction == "rtl"
        self.figures: list[Figure] = []
        self._begin()

    def write(self, text: str, size: float = BODY_PT, *, weight: str = "normal") -> None:
        """Write a paragraph."""
        said = shown(text)
        if is_shaped(said):
            lines = list(_broken(said, _font(weight, size)))
        else:
            # Latin words beside Arabic need no isolates of their own.
            said = "".join(character for character in said if character not in ISOLATES)
            lines = textwrap.wrap(said, int(CHARACTERS * BODY_PT / size))
        for line in lines or [""]:
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
        # Marks stand above and below the letters.
        step = size * (1.75 if is_shaped(text) else 1.35) / POINTS / A4_INCHES[1]
        if self._at - step < BOTTOM:
            self._begin()
        self._put(self._at, text, size, weight)
        self._at -= step

    def _begin(self) -> None:
        self.figures.append(Figure(figsize=A4_INCHES))
        self._at = TOP
        self._put(0.03, f"{self._foot} · {len(self.figures)}", FOOT_PT, "normal")

    def _put(self, y: float, text: str, size: float, weight: str) -> None:
        x = 1 - LEFT if self._from_right else LEFT
        if not is_shaped(text):
            # A dollar sign in a name is no formula.
            self.figures[-1].text(
                x, y, text, fontsize=size, fontweight=weight, va="top", parse_math=False,
                ha="right" if self._from_right else "left",
            )  # fmt: skip
            return
        font = _font(weight, size)
        if self._from_right:
            text = RIGHT_TO_LEFT_MARK + text
        corners, codes = _LETTERS.get_text_path(font, text, ismath=False)
        outline = Path(corners, codes)
        left = A4_INCHES[0] * POINTS * x - (_width(text, font) if self._from_right else 0)
        baseline = A4_INCHES[1] * POINTS * y - size
        figure = self.figures[-1]
        place = (
            Affine2D().scale(size / _LETTERS.FONT_SCALE).translate(left, baseline)
            .scale(1 / POINTS) + figure.dpi_scale_trans
        )  # fmt: skip
        figure.add_artist(PathPatch(outline, color="black", linewidth=0, transform=place))


def _font(weight: str, size: float) -> FontProperties:
    return FontProperties(family=list(fonts_here()), weight=weight, size=size)


_LETTERS = TextToPath()


def _width(text: str, font: FontProperties) -> float:
    """Return how wide a line is, in points."""
    width, _, _ = _LETTERS.get_text_width_height_descent(text, font, ismath=False)
    return float(width)


def _broken(text: str, font: FontProperties) -> Iterator[str]:
    """Give the lines of a text, none wider than the sheet."""
    line = ""
    for word in text.split(" "):
        for part in [f" {word}"] if _fits(word, font) else _torn(f" {word}"):
            if line and not _fits(line + part, font):
                yield line.strip()
                line = ""
            line += part
    if line.strip():
        yield line.strip()


def _torn(word: str) -> Sequence[str]:
    """Return the pieces of a word that is wider than a sheet."""
    if BURMESE.search(word):
        return SYLLABLE.split(word)
    return [word[start : start + 8] for start in range(0, len(word), 8)]


def _fits(text: str, font: FontProperties) -> bool:
    return _width(text.strip(), font) <= (1 - 2 * LEFT) * A4_INCHES[0] * POINTS


def printed(figures: Iterable[Figure], title: str) -> bytes:
    """Return the sheets as PDF: the same bytes each time."""
    stream = io.BytesIO()
    # Glyphs alone are embedded: fitting whole fonts takes seconds.
    settings: dict[Any, Any] = {"pdf.fonttype": 3, "pdf.compression": 6, "font.family": FONTS[0]}
    with (
        rc_context(settings),
        PdfPages(stream, metadata={"Title": shown(title), **NO_DATES}) as pages,
    ):
        for figure in figures:
            pages.savefig(figure)
    return stream.getvalue()
