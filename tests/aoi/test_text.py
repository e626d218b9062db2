from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aoi.errors import InvalidAoi
from aoi.text import cleaned, is_slug, slug


@pytest.mark.parametrize(
    ("written", "kept", "changed"),
    [
        ("Shagra", "Shagra", False),
        ("  Shagra ", "Shagra", False),
        ("Sha\r\nBcc: x@y", "Sha Bcc: x@y", True),
        ("a\u2028b", "a b", True),
        ("\u202ekcatta", "kcatta", True),
        ("a\u200bb\u2066c", "abc", True),
        ("a\x00\x1b[31mb", "a[31mb", True),
        ("نامه\u200cها", "نامه\u200cها", False),
        ("👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧", False),
        ("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>", False),
        ("=HYPERLINK(1)", "=HYPERLINK(1)", False),
        ("'); DROP TABLE aois;--", "'); DROP TABLE aois;--", False),
        ("e" + "\u0301" * 100, unicodedata.normalize("NFC", "e\u0301") + "\u0301" * 8, True),
        ("\x00", "", True),
    ],
    ids=[
        "plain", "spaces", "E9-header", "E10-separator", "E10-override", "E10-isolate",
        "E18-escape", "E10-joiner-stays", "E12-emoji", "E1-markup-stays", "E8-formula-stays",
        "E20-sql-stays", "E12-marks", "E15-nul",
    ],
)  # fmt: skip
def test_text_is_cleaned_and_says_whether(written: str, kept: str, changed: bool) -> None:
    assert cleaned(written, "name") == (kept, changed)


def test_a_long_text_is_refused_with_its_length() -> None:
    with pytest.raises(InvalidAoi, match="the name has 2000 characters") as refused:
        cleaned("x" * 2_000, "name")
    assert "200 or fewer" in refused.value.hint


@given(st.text(max_size=200))
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    kept, _ = cleaned(text, "name")

    assert cleaned(kept, "name") == (kept, False)
    kept.encode()
    assert "\n" not in kept and "\x00" not in kept and "\u202e" not in kept


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("South Darfur", "south-darfur"),
        ("Ségou / Markala", "segou-markala"),
        ("relation/7157354", "relation-7157354"),
        ("../../x", "x"),
        ("الفاشر", ""),
        ("a" * 100, "a" * 60),
    ],
)
def test_slugs(name: str, made: str) -> None:
    assert slug(name) == made


@given(st.text(max_size=100))
def test_a_slug_is_a_slug(text: str) -> None:
    made = slug(text)

    assert made == "" or is_slug(made)
    assert slug(made) == made
