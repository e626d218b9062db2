from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from maps.overlay import COMPOSITES
from maps.palette import ROLES
from maps.words import CATALOGUE, DRAFT_LANGUAGES, ENGLISH, Words, latin_date

JULY = datetime(2016, 7, 7, 17, 38, tzinfo=UTC)


@pytest.mark.parametrize("language", CATALOGUE)
def test_a_language_has_every_word(language: str) -> None:
    assert set(CATALOGUE[language]) == set(ENGLISH)


@pytest.mark.parametrize("language", CATALOGUE)
def test_a_translation_keeps_the_places_for_values(language: str) -> None:
    for key, text in CATALOGUE[language].items():
        assert set(re.findall(r"\{\d\}", text)) == set(re.findall(r"\{\d\}", ENGLISH[key])), key


def test_drafts_say_on_the_page_that_they_are_drafts() -> None:
    told = {language for language in CATALOGUE if Words.of(language)("draft")}

    assert told == DRAFT_LANGUAGES == {"ar", "my"}


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [("fr", "fr"), ("ar-SD", "ar"), ("FR", "fr"), ("sw", "en"), ("", "en")],
)
def test_an_unknown_language_falls_back_to_english(asked: str, spoken: str) -> None:
    assert Words.of(asked).language == spoken


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "7 Jul 2016"),
        ("fr", "7 juil. 2016"),
        ("ar", "7 يوليو 2016"),
        ("my", "7 Jul 2016"),
    ],
)
def test_months_are_words_so_that_no_reader_swaps_day_and_month(language: str, text: str) -> None:
    assert Words.of(language).date(JULY) == text


def test_a_moment_names_its_time_scale() -> None:
    assert Words.of("en").moment(JULY) == "7 Jul 2016, 17:38 UTC"
    assert Words.of("ar").moment(JULY) == "7 يوليو 2016، 17:38 UTC"


def test_a_number_in_a_sentence_keeps_its_direction() -> None:
    assert Words.of("ar").as_html("pixel", "20 m").endswith(" <bdi>20 m</bdi>.")
    assert "&lt;b&gt;" in Words.of("en").as_html("pixel", "<b>")


def test_only_arabic_runs_from_right_to_left() -> None:
    directions = {language: Words.of(language).direction for language in CATALOGUE}

    assert directions == {"en": "ltr", "fr": "ltr", "ar": "rtl", "my": "ltr"}


def test_every_composite_and_role_has_a_word_and_how_to_read_it() -> None:
    for composite in COMPOSITES:
        assert composite.name in ENGLISH
        assert f"{composite.name}_read" in ENGLISH
    assert set(ROLES) - {"alert"} <= set(ENGLISH)


def test_the_date_on_the_plate_needs_no_shaping() -> None:
    assert latin_date(JULY) == "7 Jul 2016"
    assert latin_date(JULY).isascii()
