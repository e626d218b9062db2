from __future__ import annotations

import re
from string import Formatter

import pytest

from alerts.alert import Status
from alerts.disclosure import AUDIENCES, Disclosure
from alerts.formats.text import Letter, Links, subject_of, text_of
from alerts.languages import en
from alerts.words import FIRST_STRONG_ISOLATE, LANGUAGES, POP_ISOLATE, Speech
from monitor.finding import FindingKind
from tests.alerts.test_alert import an_alert
from tests.alerts.test_disclosure import crowded
from tests.builders import NOW, a_finding, days_ago

OTHERS = [language for language in LANGUAGES if language != "en"]


def asked_for(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_is_translated_with_its_values(language: str) -> None:
    words = LANGUAGES[language].WORDS

    assert set(words) == set(en.WORDS)
    wrong = [key for key in words if asked_for(words[key]) != asked_for(en.WORDS[key])]
    assert wrong == []
    assert len(LANGUAGES[language].MONTHS) == 12


def every_text(language: str) -> list[str]:
    faults: list[str] = []
    speech = Speech(language, "Africa/Khartoum", faults.append)
    texts = []
    for kind in FindingKind:
        for status in Status:
            alert = an_alert(status=status, review_reason="false", finding=a_finding(kind=kind))
            for audience in ("named", "desk"):
                shown = Disclosure.for_(alert, AUDIENCES[audience], crowded)
                for reason in ("first", "confirmed", "retracted"):
                    letter = Letter(
                        shown, reason, status, ("A",), 17, (16, days_ago(3)),
                        Links("https://x/1", "https://x/2", "https://x/3", "https://x/4"),
                    )  # fmt: skip
                    texts += [text_of(letter, speech), subject_of(letter, speech)]
    assert faults == []
    return texts


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_every_message_can_be_said_whole(language: str) -> None:
    for text in every_text(language):
        assert len(text.encode()) <= 6_000 * (1 if language == "en" else 2)
        assert "{" not in text and "None" not in text


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_the_label_of_the_tlp_is_never_translated(language: str) -> None:
    subjects = [text for text in every_text(language) if "\n" not in text]

    assert all(re.match(r"\[TLP:[A-Z+]+\] ", subject) for subject in subjects)


def test_what_is_put_into_arabic_is_set_apart_and_every_isolate_is_closed() -> None:
    for text in every_text("ar"):
        assert text.count(FIRST_STRONG_ISOLATE) == text.count(POP_ISOLATE)
    speech = Speech("ar")
    assert f"{FIRST_STRONG_ISOLATE}17{POP_ISOLATE}" in speech.say("number.first", number="17")


@pytest.mark.parametrize(
    ("language", "day"),
    [
        ("en", "20 May 2024"),
        ("fr", "20 mai 2024"),
        ("ar", "20 مايو 2024"),
        ("my", "20 မေ 2024"),
    ],
)
def test_no_date_can_be_taken_for_another(language: str, day: str) -> None:
    assert Speech(language).day(NOW) == day


def test_burmese_is_unicode_and_not_zawgyi() -> None:
    # Zawgyi writes the vowel sign E before its consonant; Unicode writes it after.
    for sentence in LANGUAGES["my"].WORDS.values():
        assert re.search(r"(?:^|[\s(])\u1031", sentence) is None
