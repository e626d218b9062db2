from __future__ import annotations

import numpy as np
import pytest

from monitor.simulation.streams import stream


def test_the_same_name_and_counters_draw_the_same_numbers() -> None:
    one, other = stream(7, "clouds", 8_000, 93), stream(7, "clouds", 8_000, 93)

    assert np.array_equal(one.standard_normal(100), other.standard_normal(100))


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param((8, "clouds", 8_000, 93), id="another seed"),
        pytest.param((7, "noise", 8_000, 93), id="another part"),
        pytest.param((7, "clouds", 8_001, 93), id="another day"),
        pytest.param((7, "clouds", 8_000, 136), id="another orbit"),
    ],
)
def test_anything_else_draws_other_numbers(changed: tuple[int, str, int, int]) -> None:
    usual = stream(7, "clouds", 8_000, 93).standard_normal(1_000)
    other = stream(changed[0], changed[1], *changed[2:]).standard_normal(1_000)

    assert abs(np.corrcoef(usual, other)[0, 1]) < 0.15
