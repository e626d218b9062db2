from __future__ import annotations

from datetime import timedelta

import pytest

from aoi.area import Sensitivity
from aoi.errors import InvalidAoi
from aoi.properties import AREA_KEYS, SETTLEMENT_KEYS, Properties, duration


def given(**properties: object) -> Properties:
    return Properties(properties, SETTLEMENT_KEYS)


def test_keys_count_in_any_case_and_as_dbase_cuts_them() -> None:
    written = Properties({"NAME": "A", "admin_pcod": "SD03", "Sensitivit": "x"}, SETTLEMENT_KEYS)

    assert written.text("name") == "A"
    assert written.text("admin_pcode") == "SD03"
    assert Properties({"SENSITIVIT": "public"}, AREA_KEYS).text("sensitivity") == "public"


def test_a_misspelt_key_is_told() -> None:
    written = Properties({"sensitivty": "restricted", "province": "Ituri"}, AREA_KEYS)

    assert written.notices == ["the property 'sensitivty' is not used; meant 'sensitivity'?"]


@pytest.mark.parametrize(
    ("written", "identifier", "notices"),
    [
        ("sd-nyala-0042", "sd-nyala-0042", 0),
        ("relation/7157354", "relation-7157354", 1),
        ("SD03042", "sd03042", 1),
        (42, "42", 0),
        (None, "", 0),
    ],
)
def test_identifiers_are_slugs(written: object, identifier: str, notices: int) -> None:
    properties = given(id=written)

    assert properties.identifier() == identifier
    assert len(properties.notices) == notices


def test_an_identifier_without_a_letter_is_refused() -> None:
    with pytest.raises(InvalidAoi, match="the id 'نيالا' has no Latin letter"):
        given(id="نيالا").identifier()


@pytest.mark.parametrize("name", ["Shagra 13.6281", "13° N", "25,35123"])
def test_coordinates_in_a_name_are_told_E19(name: str) -> None:
    written = given(name=name)

    assert written.text("name") == name
    assert "seems to hold coordinates" in written.notices[0]


def test_numbers_in_a_name_are_no_coordinates() -> None:
    written = given(name="Village 15, block 2.5", id="13.62815")

    assert written.text("name") and written.identifier()
    assert written.notices == []


@pytest.mark.parametrize("value", [True, [1], {"a": 1}])
def test_a_name_is_a_text(value: object) -> None:
    with pytest.raises(InvalidAoi, match="its name is"):
        given(name=value).text("name")


def test_choices_are_refused_with_what_is_allowed() -> None:
    written = Properties({"sensitivity": "Secret"}, AREA_KEYS)

    with pytest.raises(InvalidAoi, match="its sensitivity is 'secret'") as refused:
        written.choice("sensitivity", Sensitivity, Sensitivity.PUBLIC)
    assert refused.value.hint == "sensitivity is one of public, partners, restricted"


def test_choices_count_in_any_case_and_have_a_default() -> None:
    written = Properties({"sensitivity": " RESTRICTED "}, AREA_KEYS)

    assert written.choice("sensitivity", Sensitivity, Sensitivity.PUBLIC) is Sensitivity.RESTRICTED
    assert given().choice("kind", Sensitivity, Sensitivity.PUBLIC) is Sensitivity.PUBLIC


@pytest.mark.parametrize(
    ("value", "count"), [(25, 25), ("25", 25), (25.0, 25), ("", None), (None, None), (" ", None)]
)
def test_counts(value: object, count: int | None) -> None:
    assert given(structures=value).count("structures", 1_000) == count


@pytest.mark.parametrize("value", [-1, 2.5, "~25", "nan", True, 1_001, float("inf"), [1]])
def test_what_is_no_count(value: object) -> None:
    with pytest.raises(InvalidAoi, match="structures"):
        given(structures=value).count("structures", 1_000)


@pytest.mark.parametrize("value", ["Burn, camp,burn", ["burn", "camp"]])
def test_words_are_a_list_or_have_commas(value: object) -> None:
    assert Properties({"detectors": value}, AREA_KEYS).words("detectors") == ("burn", "camp")


def test_words_are_words() -> None:
    with pytest.raises(InvalidAoi, match="its detectors are"):
        Properties({"detectors": ["burn", 1]}, AREA_KEYS).words("detectors")


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("1d", timedelta(days=1)),
        ("12h", timedelta(hours=12)),
        ("90m", timedelta(minutes=90)),
        ("2w", timedelta(days=14)),
        ("P1D", timedelta(days=1)),
        ("PT12H", timedelta(hours=12)),
        ("3 days", timedelta(days=3)),
        ("1h", timedelta(hours=1)),
        ("90d", timedelta(days=90)),
    ],
)
def test_durations(text: str, span: timedelta) -> None:
    assert duration(text, "revisit") == span


@pytest.mark.parametrize("text", ["daily", "0d", "59m", "91d", "-1d", "1", "1y", "9999999d"])
def test_what_is_no_revisit(text: str) -> None:
    with pytest.raises(InvalidAoi, match=f"the revisit is '{text}'"):
        duration(text, "revisit")
