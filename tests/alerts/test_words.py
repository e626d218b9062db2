from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import words
from alerts.languages import en
from alerts.words import Speech, plain


@pytest.mark.parametrize(
    ("given_text", "kept"),
    [
        pytest.param("a\r\nBcc: x@y", "a Bcc: x@y", id="E9 no line breaks"),
        pytest.param("\u202eevil\u2066", "evil", id="E10 no turning of the direction"),
        pytest.param("a\u2028b\u200bc", "a bc", id="E10 separators and zero width"),
        pytest.param("می\u200cخواهم", "می\u200cخواهم", id="the joiner that Persian needs"),
        pytest.param("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧", id="E12 emoji stay whole"),
        pytest.param("e" + "\u0301" * 100, "e" + "\u0301" * 4, id="E12 few marks on a letter"),
        pytest.param("\x1b[31mred\x00", "[31mred", id="E18 no escapes"),
        pytest.param("ကျေးရွာ", "ကျေးရွာ", id="Burmese as it was"),
        pytest.param("x" * 300, "x" * 199 + "…", id="E11 an end to names"),
        pytest.param("  ", "", id="E15 spaces only"),
    ],
)
def test_untrusted_text_becomes_one_plain_line(given_text: str, kept: str) -> None:
    assert plain(given_text) == kept


@given(st.text(max_size=400))
def test_a_plain_line_stays_as_it_is_and_is_one_line(text: str) -> None:
    line = plain(text)

    assert plain(line) == line
    assert "\n" not in line and "\r" not in line and len(line) <= 200


def test_a_value_is_no_format() -> None:
    assert Speech().say("number.first", number="{number} %s") == (
        "Message {number} %s to you, the first."
    )


def test_a_sentence_that_is_missing_is_said_in_english_and_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    faults: list[str] = []
    broken = type("broken", (), {"WORDS": {"number.first": "Nr. {nummer}"}, "MONTHS": en.MONTHS})
    monkeypatch.setattr(words, "LANGUAGES", {"en": en, "xx": broken})
    speech = Speech("xx", report=faults.append)

    assert speech.say("number.first", number="3") == "Message 3 to you, the first."
    assert speech.say("head.when") == "When"
    assert faults == ["xx: number.first: KeyError", "xx: head.when: KeyError"]


def test_dates_have_their_month_in_words() -> None:
    instant = datetime(2026, 11, 2, 23, 30, tzinfo=UTC)

    assert Speech().instant(instant) == "2 Nov 2026 23:30"
    assert Speech(time_zone="Africa/Khartoum").local(instant) == (
        "3 Nov 2026 01:30 (Africa/Khartoum)"
    )
