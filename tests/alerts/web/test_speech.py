from __future__ import annotations

import string
from datetime import timedelta

import pytest

from alerts.alert import REJECTION_REASONS, RETRACTION_CLASSES, Action, Status
from alerts.grading import Severity
from alerts.web.speech import NAMES, SiteSpeech, language_of, words_of
from aoi.area import Sensitivity
from monitor.finding import FindingKind, Tier

OTHERS = [language for language in NAMES if language != "en"]


def places(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_has_every_sentence(language: str) -> None:
    assert set(words_of(language)) == set(words_of("en"))


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_uses_the_same_values(language: str) -> None:
    english = words_of("en")

    wrong = {
        key for key, text in words_of(language).items() if places(text) != places(english[key])
    }

    assert wrong == set()


@pytest.mark.parametrize(
    ("prefix", "words"),
    [
        ("kind", list(FindingKind)), ("status", list(Status)), ("tier", list(Tier)),
        ("severity", list(Severity)), ("sensitivity", list(Sensitivity)),
        ("action", list(Action)), ("reason", REJECTION_REASONS), ("class", RETRACTION_CLASSES),
    ],
)  # fmt: skip
def test_every_word_of_the_trade_can_be_said(prefix: str, words: list[str]) -> None:
    assert [word for word in words if f"{prefix}.{word}" not in words_of("en")] == []


@pytest.mark.parametrize(
    ("asked", "accepted", "expected"),
    [
        pytest.param("ar", "fr", "ar", id="what was chosen wins"),
        pytest.param("", "fr-CA,en;q=0.8", "fr", id="the region does not matter"),
        pytest.param("", "de;q=1, my;q=0.3", "my", id="the first that we speak"),
        pytest.param("", "en;q=0.1, fr;q=0.9", "fr", id="by weight, not by order"),
        pytest.param("<script>", "*", "en", id="nonsense is the language of the service"),
        pytest.param("", "fr;q=much", "fr", id="a weight that is none is the last"),
    ],
)
def test_the_language_of_a_page(asked: str, accepted: str, expected: str) -> None:
    assert language_of(asked, accepted, "en") == expected


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (timedelta(minutes=59), "59 min"),
        (timedelta(hours=47, minutes=59), "47 h"),
        (timedelta(hours=48), "2 d"),
        (timedelta(seconds=-5), "0 min"),
    ],
)
def test_a_length_of_time_is_said_in_its_largest_unit(length: timedelta, expected: str) -> None:
    assert SiteSpeech("en").span(length) == expected


def test_names_inside_arabic_are_set_apart() -> None:
    said = SiteSpeech("ar").say("queue.second", name="Amina\u202e<b>")

    assert "\u2068Amina<b>\u2069" in said
