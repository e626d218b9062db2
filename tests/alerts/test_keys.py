from __future__ import annotations

import pytest

from alerts.keys import Keyring, base36
from tests.builders import NOW

KEYS, OTHERS = Keyring(b"0123456789abcdef"), Keyring(b"fedcba9876543210")


def test_the_same_delivery_has_the_same_message_id_and_nobody_else_can_make_it() -> None:
    given = ("fire-a", 2, "p1", "email", "alerts.example.org")

    assert KEYS.message_id(*given) == KEYS.message_id(*given)
    assert KEYS.message_id(*given).endswith(".r2@alerts.example.org>")
    assert KEYS.message_id(*given) != OTHERS.message_id(*given)


def test_two_people_never_share_an_identifier() -> None:
    mine = KEYS.message_id("fire-a", 2, "p1", "email", "x.org")
    yours = KEYS.message_id("fire-a", 2, "p2", "email", "x.org")

    assert mine != yours
    assert KEYS.thread_root("fire-a", "p1", "x.org") != KEYS.thread_root("fire-a", "p2", "x.org")


def test_a_bounce_address_fits_into_64_characters_and_is_signed() -> None:
    address = KEYS.bounce_address("cd0d48816dcfea83d2694871", NOW, "bounces.example.org")
    local, _, domain = address.partition("@")
    stem, _, signature = local.removeprefix("b+").rpartition(".")

    assert domain == "bounces.example.org"
    assert len(local) <= 64
    assert KEYS.bounce_signature(stem) == signature != OTHERS.bounce_signature(stem)


def test_a_short_key_is_refused_and_no_key_is_printed() -> None:
    with pytest.raises(ValueError, match="16 bytes or more, got 3"):
        Keyring(b"abc")

    assert "0123456789" not in repr(KEYS)


@pytest.mark.parametrize(("number", "text"), [(0, "0"), (35, "z"), (36, "10"), (1_296, "100")])
def test_base_36(number: int, text: str) -> None:
    assert base36(number) == text
