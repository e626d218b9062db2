from __future__ import annotations

import pytest

from alerts.web.sentences import PLACE, in_words_of, pattern_of, told_of
from alerts.web.speech import NAMES, SiteSpeech

OTHERS = [language for language in NAMES if language != "en"]


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_tells_the_same_sentences(language: str) -> None:
    assert set(told_of(language)) == set(told_of("fr"))
    assert told_of("en") == {}


@pytest.mark.parametrize("language", OTHERS)
def test_a_sentence_says_the_values_of_its_english_once_each(language: str) -> None:
    wrong = {
        english
        for english, said in told_of(language).items()
        if sorted(PLACE.findall(english)) != sorted(PLACE.findall(said))
    }

    assert wrong == set()


@pytest.mark.parametrize("language", OTHERS)
def test_no_sentence_is_left_in_english(language: str) -> None:
    same = {english for english, said in told_of(language).items() if english == said}

    # French words that are English ones too, and a sentence of two others.
    assert same <= {"active", "public", "{where}: {why}"}


@pytest.mark.parametrize(
    ("english", "french"),
    [
        pytest.param("no scene was listed for this day",
                     "aucune scène n'est répertoriée pour ce jour", id="word for word"),
        pytest.param("83% of the area was clear to sentinel-2a",
                     "83 % de la zone était dégagée pour sentinel-2a", id="with its values"),
        pytest.param("cloud shadow: possible, only one look shows it",
                     "ombre de nuage : possible, une seule observation le montre",
                     id="a sentence within a sentence"),
        pytest.param("2 new looks, 97% of the area clear in the best; S2 did not answer: HTTP 503",
                     "2 nouvelles observations, 97 % de la zone dégagée dans la meilleure; "
                     "S2 n'a pas répondu : HTTP 503", id="one after the other"),
        pytest.param("the moon was in the way", "the moon was in the way", id="not known"),
        pytest.param("", "", id="nothing"),
    ],
)  # fmt: skip
def test_what_the_service_wrote_is_said_in_french(english: str, french: str) -> None:
    assert in_words_of("fr", english) == french
    assert SiteSpeech("en").told(english) == english


def test_a_sentence_of_a_person_with_braces_stays_as_it_is() -> None:
    assert in_words_of("fr", "see {0} and {why}") == "see {0} and {why}"
    assert in_words_of("fr", "held back: {why}") == "retenue : {why}"


def test_what_looks_like_a_pattern_in_a_sentence_is_text() -> None:
    assert pattern_of("a (b) {x}?").fullmatch("a (b) 7?") is not None
    assert pattern_of("a (b) {x}?").fullmatch("a b 7") is None


def test_values_stand_apart_in_arabic() -> None:
    said = SiteSpeech("ar").told("83% of the area was clear to sentinel-2a")

    assert "\u2068sentinel-2a\u2069" in said


def test_a_code_without_a_word_is_shown_as_it_is() -> None:
    assert SiteSpeech("fr").word("run", "too_cloudy") == "trop nuageux"
    assert SiteSpeech("fr").word("run", "something_new") == "something_new"
