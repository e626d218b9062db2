from __future__ import annotations

import html
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maps.escaping import MAX_MARKS, escaped, isolated, plain
from tests.maps.hostile import PAYLOADS

ANY_TEXT = st.text(max_size=200)


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_a_hostile_text_leaves_nothing_that_html_or_a_template_literal_reads(payload: str) -> None:
    safe = escaped(payload)

    assert not set(safe) & set("<>\"'`${}\\")


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_the_reader_sees_the_text_that_was_written(payload: str) -> None:
    assert html.unescape(escaped(payload)) == plain(payload)


@given(ANY_TEXT)
def test_no_text_at_all_leaves_a_sign_that_acts(text: str) -> None:
    assert not set(escaped(text)) & set("<>\"'`${}\\")
    assert html.unescape(escaped(text)) == plain(text)


@given(ANY_TEXT)
def test_plain_text_is_plain_already(text: str) -> None:
    assert plain(plain(text)) == plain(text)


@given(ANY_TEXT)
def test_no_invisible_sign_is_left_but_the_joiners(text: str) -> None:
    left = {sign for sign in plain(text) if unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Co")}

    assert left <= set("\u200c\u200d")


def test_the_joiners_of_persian_and_of_emoji_stay() -> None:
    assert plain("می\u200cخواهم") == "می\u200cخواهم"
    assert plain("👩\u200d🚒") == "👩\u200d🚒"


def test_bidirectional_controls_and_zero_width_signs_go() -> None:
    assert plain("a\u202eb\u2066c\u200bd\ufeffe") == "abcde"


def test_line_ends_and_controls_become_one_space() -> None:
    assert plain("Shagra\r\nBcc: x@example.org") == "Shagra Bcc: x@example.org"
    assert plain("a\u2028b\x00c\x1b[31m") == "a b c [31m"


def test_spaces_of_french_numbers_stay() -> None:
    assert plain("62\u202f% de\u00a0la") == "62\u202f% de\u00a0la"


def test_a_tower_of_marks_is_cut_and_real_scripts_are_not() -> None:
    assert plain("a" + "\u0301" * 100) == "a" + "\u0301" * MAX_MARKS
    for word in ("ကျွန်ုပ်တို့", "القَرْيَةُ", "क्षत्रिय"):
        assert plain(word) == word


def test_a_value_stands_in_its_own_direction() -> None:
    assert isolated("K7QF <b>") == "<bdi>K7QF &lt;b&gt;</bdi>"
