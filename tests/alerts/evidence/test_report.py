from __future__ import annotations

import io
import re
import zlib

import pytest
from PIL import Image

from alerts.alert import Action, AlertEvent, Status
from alerts.evidence.report import OTHER_SCRIPT, report_pdf, shown
from alerts.ports import AlertPicture
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


def report(count: int = 1, note: str = "") -> bytes:
    events = [
        AlertEvent("fire-x", n, Action.UNSURE, "amina", NOW, "unsure", note, None, Status.FIRST)
        for n in range(1, count + 1)
    ]
    return report_pdf(PICTURE, a_plate(), events, [an_archived_look()], "0123abcd")


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
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", report(), re.DOTALL)
    texts = []
    for stream in streams:
        try:
            texts.append(zlib.decompress(stream))
        except zlib.error:
            continue
    pieces = (piece for text in texts for piece in re.findall(rb"\((.*?)\)", text))
    drawn = b"".join(pieces)

    assert b"TLP:AMBER" in drawn
    assert b"62 %" in drawn
    assert b"amina: unsure" in drawn


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("Zalingei – São", "Zalingei – São"),
        ("شقرا", OTHER_SCRIPT),
        ("name ကျေးရွာ here", f"name {OTHER_SCRIPT} here"),
        ("two\nlines\u202e", "two lines"),
    ],
)
def test_what_the_font_cannot_set_is_said(text: str, printed: str) -> None:
    assert shown(text) == printed
