from __future__ import annotations

import math

import numpy as np
import pytest

from monitor.reliability import (
    brier_score,
    expected_calibration_error,
    reliability,
    uniformity_gap,
)


def test_reliability_compares_stated_with_observed() -> None:
    stated = [0.1, 0.1, 0.1, 0.1, 0.9, 0.9]
    came_true = [True, False, False, False, True, True]

    diagram = reliability(stated, came_true, bins=10)

    assert [(b.stated, b.observed) for b in diagram] == [
        pytest.approx((0.1, 0.25)),
        pytest.approx((0.9, 1.0)),
    ]
    # (4 * 0.15 + 2 * 0.10) / 6
    assert expected_calibration_error(diagram) == pytest.approx(0.8 / 6)
    # (3 * 0.01 + 0.81 + 2 * 0.01) / 6
    assert brier_score(stated, came_true) == pytest.approx(0.86 / 6)


def test_weights_restore_the_rate_that_was_stated_for() -> None:
    # One burn and one false alarm at 0.5: with the burn at a quarter, one of five is true.
    (only,) = reliability([0.5, 0.5], [True, False], [0.25, 1.0])

    assert only.observed == pytest.approx(0.2)
    assert (only.count, only.weight) == (2, 1.25)
    assert expected_calibration_error([only]) == pytest.approx(0.3)
    assert brier_score([0.5, 0.5], [True, False], [0.25, 1.0]) == pytest.approx(0.25)


def test_certainty_belongs_to_the_last_bin() -> None:
    (only,) = reliability([1.0], [True])

    assert (only.low, only.high) == (0.9, 1.0)


def test_no_statement_has_no_calibration() -> None:
    assert math.isnan(expected_calibration_error([]))
    assert math.isnan(brier_score([], []))


def test_even_p_values_are_uniform_and_small_ones_are_not() -> None:
    even = (np.arange(100) + 0.5) / 100

    assert uniformity_gap(even) == pytest.approx(0.005)
    # All at 0.1: the empirical curve jumps from 0 to 1 there.
    assert uniformity_gap(np.full(10, 0.1)) == pytest.approx(0.9)
