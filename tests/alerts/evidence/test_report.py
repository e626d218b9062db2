from __future__ import annotations

import io
import re
import zlib
from dataclasses import replace

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from alerts.alert import Action, AlertEvent, Status
from alerts.evidence.report import language_on_paper, report_pdf
from alerts.evidence.sheets import OTHER_SCRIPT, Sheets, can_print, shown
from alerts.ports import AlertPicture
from alerts.web.speech import NAMES, SiteSpeech, words_of
from alerts.words import LANGUAGES
from tests.builders import NOW
from tests.monitor.values import an_archived_look

PICTURE = AlertPicture(
    title="Burned settlement: Shagra $x$, K7QF", status_line="CONFIRMED by an analyst",
    kind="burn", severity="severe", outlines=(), before=None, after=None,
    facts=(("What", "burn signature over 62 %"),), attribution="Copernicus",
    coverage_line="seen 3 times", tlp="TLP:AMBER",
)  # fmt: skip


def a_plate() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (640, 318), "grey").save(file, "PNG")
    return file.getvalue()


def report(count: int = 1, note: str = "", language: str = "en", asked: str = "") -> bytes:
    events = [
        AlertEvent("fire-x", n, Action.UNSURE, "amina", NOW, "unsure", note, None, Status.FIRST)
        for n in range(1, count + 1)
    ]
    picture = replace(PICTURE, language=language)
    looks = [an_archived_look()]
    return report_pdf(picture, a_plate(), events, looks, "0123abcd", asked=asked)


def drawn_in(pdf: bytes) -> bytes:
    """Return the words that stand in it as text."""
    texts = []
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            texts.append(zlib.decompress(stream))
        except zlib.error:
            continue
    pieces = (piece for text in texts for piece in re.findall(rb"\((.*?)\)", text))
    return b"".join(pieces)


def pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b", pdf))


def test_it_is_a_pdf_of_one_page_without_a_date() -> None:
    pdf = report()

    assert pdf.startswith(b"%PDF-1.")
    assert pages(pdf) == 1
    assert b"CreationDate" not in pdf
    assert b"TLP:AMBER Burned settlement: Shagra" in pdf


def test_it_is_the_same_bytes_each_time() -> None:
    assert report() == report()


def test_a_long_history_goes_on_overleaf() -> None:
    assert pages(report(count=120, note="seen again " * 10)) > 2


def test_the_words_are_drawn() -> None:
    drawn = drawn_in(report())

    assert b"TLP:AMBER" in drawn
    assert b"62 %" in drawn
    assert b"amina: unsure" in drawn


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("Zalingei – São", "Zalingei – São"),
        ("شقرا", "شقرا"),
        ("name ቃሊቲ here", f"name {OTHER_SCRIPT} here"),
        ("two\nlines\u202e", "two lines"),
    ],
)
def test_what_no_font_can_set_is_said(text: str, printed: str) -> None:
    assert shown(text) == printed


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", b"What was decided"), ("fr", b"Ce qui a "), ("fr", b"demande un second avis")],
)
def test_it_speaks_its_language(language: str, words: bytes) -> None:
    assert words in drawn_in(report(language=language))


@pytest.mark.parametrize(
    "language", ["ar", pytest.param("my", marks=pytest.mark.skipif(
        not can_print("my"), reason="needs a font of Debian's fonts-noto-core"))],
)  # fmt: skip
def test_letters_that_join_are_drawn_as_outlines_and_others_as_text(language: str) -> None:
    pdf = report(language=language, note="a note")

    assert pdf == report(language=language, note="a note"), "the same bytes each time"
    assert b"TLP:AMBER" in drawn_in(pdf)
    assert b"SHA-256" not in drawn_in(pdf), "it stands in a line with words of the language"


@pytest.mark.parametrize("language", list(NAMES))
def test_every_word_of_a_report_can_be_set(language: str) -> None:
    if not can_print(language):
        pytest.skip("needs a font of Debian's fonts-noto-core")
    sentences = [*words_of(language).items(), *LANGUAGES[language].WORDS.items()]
    unset = [key for key, said in sentences if OTHER_SCRIPT in shown(said)]
    assert unset == []


def test_without_a_font_it_is_in_english_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alerts.evidence.sheets.fonts_here", lambda: ("DejaVu Sans",))

    assert [language_on_paper(language) for language in NAMES] == ["en", "fr", "ar", "en"]
    words = drawn_in(report(language=language_on_paper("my"), asked="my"))
    assert b"Asked for in another language" in words
    assert b"fonts-noto-core" in words


@pytest.mark.parametrize("language", ["ar", "fr", "my"])
def test_no_line_is_wider_than_the_sheet(language: str) -> None:
    if not can_print(language):
        pytest.skip("needs a font of Debian's fonts-noto-core")
    speech = SiteSpeech(language)
    sheets = Sheets("foot", speech.direction)
    sheets.write(" ".join([speech.say("report.imagery"), "Latin words", "شقرا"] * 12))
    sheets.write(speech.say("report.imagery").replace(" ", "") * 6)

    (figure,) = sheets.figures
    FigureCanvasAgg(figure)
    shapes = [*figure.patches[1:], *figure.texts, *figure.artists]
    assert len(shapes) > 6
    for shape in shapes:
        extent = shape.get_window_extent()
        assert extent.x0 >= 0.05 * figure.bbox.width
        assert extent.x1 <= 0.95 * figure.bbox.width
