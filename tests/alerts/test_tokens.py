from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.keys import Keyring
from alerts.tokens import Claim, Purpose, claim_of, signed_token
from tests.builders import NOW

KEYS = Keyring(b"0123456789abcdef")


def test_a_token_says_who_and_what_about() -> None:
    token = signed_token(KEYS, Purpose.FEEDBACK, "p1", NOW, "fire-a")

    assert claim_of(KEYS, Purpose.FEEDBACK, token, NOW) == Claim("p1", "fire-a")


@pytest.mark.parametrize(
    ("purpose", "age", "good"),
    [
        pytest.param(Purpose.UNSUBSCRIBE, timedelta(days=4_000), True, id="leaving never expires"),
        pytest.param(Purpose.MANAGE, timedelta(days=90), True, id="settings for 90 days"),
        pytest.param(Purpose.MANAGE, timedelta(days=90, seconds=1), False, id="and no longer"),
        pytest.param(Purpose.CONFIRM, timedelta(days=4), False, id="confirming for 3 days"),
    ],
)
def test_a_token_lives_as_long_as_its_purpose(purpose: Purpose, age: timedelta, good: bool) -> None:
    token = signed_token(KEYS, purpose, "p1", NOW)

    assert (claim_of(KEYS, purpose, token, NOW + age) is not None) is good


def test_a_token_of_one_purpose_is_worthless_for_another() -> None:
    token = signed_token(KEYS, Purpose.FEEDBACK, "p1", NOW)

    assert claim_of(KEYS, Purpose.UNSUBSCRIBE, token, NOW) is None


def test_a_token_of_another_house_is_worthless() -> None:
    token = signed_token(Keyring(b"fedcba9876543210"), Purpose.MANAGE, "p1", NOW)

    assert claim_of(KEYS, Purpose.MANAGE, token, NOW) is None


@given(st.integers(0, 200), st.characters(codec="ascii"))
def test_changing_any_character_makes_a_token_worthless(position: int, character: str) -> None:
    token = signed_token(KEYS, Purpose.MANAGE, "p1", NOW, "x")
    position %= len(token)
    # The last character has spare bits that decode to the same bytes.
    if character == token[position] or position == len(token) - 1:
        return

    forged = token[:position] + character + token[position + 1 :]

    assert claim_of(KEYS, Purpose.MANAGE, forged, NOW) in (None, Claim("p1", "x"))
    if character.isalnum():
        assert claim_of(KEYS, Purpose.MANAGE, forged, NOW) is None


@given(st.text(max_size=80))
def test_what_was_never_signed_says_nothing(text: str) -> None:
    assert claim_of(KEYS, Purpose.MANAGE, text, NOW) is None
