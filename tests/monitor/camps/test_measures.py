from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.camps.measures import dense_blocks, score_of


@pytest.mark.parametrize(
    ("strengths", "blocks"),
    [
        pytest.param([0.4] * 10, 10.0, id="ten equal blocks"),
        pytest.param([0.4] + [0.0] * 9, 1.0, id="one of ten"),
        # (.4 + .4 + .2 + .2)^2 / (.16 + .16 + .04 + .04)
        pytest.param([0.4, 0.4, 0.2, 0.2], 3.6, id="two full ones, two halves"),
        pytest.param([0.0, 0.0], 0.0, id="nothing"),
    ],
)
def test_dense_blocks_are_as_many_equal_ones_as_would_hold_it(
    strengths: list[float], blocks: float
) -> None:
    assert dense_blocks(np.array(strengths)) == pytest.approx(blocks)


@given(st.lists(st.floats(0.01, 1.0), min_size=1, max_size=30), st.floats(0.1, 10.0))
def test_dense_blocks_follow_the_shape_and_not_the_strength(
    strengths: list[float], scale: float
) -> None:
    found = dense_blocks(np.array(strengths))

    assert 1.0 - 1e-9 <= found <= len(strengths) + 1e-9
    assert dense_blocks(scale * np.array(strengths)) == pytest.approx(found)


def test_a_patch_that_fills_is_taken_as_it_will_be_in_two_weeks() -> None:
    # .6 ln 2 + 5 x .3, and .01 a day for 15 days more.
    assert score_of(2e4, 0.3, 0.0) == pytest.approx(0.6 * math.log(2) + 1.5)
    assert score_of(2e4, 0.3, 0.01) == pytest.approx(0.6 * math.log(2) + 2.25)


def test_neither_filling_nor_brightness_counts_without_end() -> None:
    assert score_of(1e4, 0.3, 1.0) == pytest.approx(5 * 0.5)
    assert score_of(1e4, 5.0, 0.0) == pytest.approx(5 * 0.8)
