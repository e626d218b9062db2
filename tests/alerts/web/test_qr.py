from __future__ import annotations

import hashlib
import re

import numpy as np
import pytest

from alerts.web.qr import QUIET, Squares, drawing_of, penalty, squares_of

OURS = "otpauth://totp/Emberwatch%3Aamina?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Emberwatch"


def digest_of(dark: Squares) -> str:
    return hashlib.sha256(np.packbits(dark).tobytes()).hexdigest()[:16]


@pytest.mark.parametrize(
    ("text", "size", "expected"),
    [
        pytest.param("ember", 21, "144d9c27a7848a58", id="one block"),
        pytest.param(OURS, 41, "74040c0a92064573", id="what we draw: four blocks"),
        pytest.param("x" * 122, 45, "708e65b4a9c29489", id="the words of version 7"),
        pytest.param("y" * 152, 49, "7134f7e8a2798c5a", id="blocks of two lengths"),
        pytest.param("z" * 213, 57, "14312f9df19fe3ee", id="the most: a longer count"),
    ],
)
def test_it_is_square_for_square_what_another_program_draws(
    text: str, size: int, expected: str
) -> None:
    # Digests of what the package qrcode 8 draws with the same mask.
    dark = squares_of(text.encode())

    assert dark.shape == (size, size)
    assert digest_of(dark) == expected


def test_more_than_it_takes_is_refused() -> None:
    with pytest.raises(ValueError, match="214 bytes"):
        squares_of(b"x" * 214)


def test_the_drawing_has_white_around_it() -> None:
    drawing = drawing_of("ember")

    squares = [(int(x), int(y)) for x, y in re.findall(r"M(\d+),(\d+)h1v1h-1z", drawing.path)]
    assert drawing.size == 21 + 2 * QUIET
    assert min(x for x, _ in squares) == min(y for _, y in squares) == QUIET
    assert max(x for x, _ in squares) == QUIET + 20
    assert len(squares) == squares_of(b"ember").sum()


def test_an_even_pattern_is_easier_to_read_than_a_black_square() -> None:
    rng = np.random.default_rng(1)

    assert penalty(rng.random((21, 21)) < 0.5) < penalty(np.ones((21, 21), bool))


def test_the_penalty_of_a_small_white_square() -> None:
    # Every line is one run of six (4), 12 lines; 25 blocks of two by two (3); all white (100).
    assert penalty(np.zeros((6, 6), bool)) == 12 * 4 + 25 * 3 + 10 * 10
