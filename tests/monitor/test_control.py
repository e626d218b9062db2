"""The local control."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.control import biweight_mean, borrow_control, masked_quantile, ring_control

RING = np.arange(100)[None, :]
IN_RING = np.ones((1, 100), dtype=np.bool_)


def test_what_the_land_shares_is_the_control() -> None:
    residual = np.full((2, 100), 0.2, dtype=np.float32)

    control = ring_control(residual, np.zeros(100, np.float32), RING, IN_RING)

    assert control.change[:, 0] == pytest.approx([0.2, 0.2])
    assert control.seen[0] == 1.0
    assert control.unburned[0] == 1.0


def test_a_bush_fire_through_half_of_the_ring_does_not_move_the_control() -> None:
    residual = np.full((1, 100), 0.1, dtype=np.float32)
    score = np.zeros(100, dtype=np.float32)
    residual[:, :50], score[:50] = 0.9, 12.0

    control = ring_control(residual, score, RING, IN_RING)

    assert control.unburned[0] == 0.5
    assert control.change[0, 0] == pytest.approx(0.1)


def test_a_ring_that_burned_wholly_is_no_control_without_other_settlements() -> None:
    residual = np.full((1, 100), 0.9, dtype=np.float32)
    score = np.full(100, 12.0, dtype=np.float32)
    score[:26] = 0.0  # the 25th percentile still stands on unburned land
    control = ring_control(residual, score, RING, IN_RING)

    alone = borrow_control(control, np.zeros((1, 1), np.float32), np.ones(1, np.bool_))

    assert control.unburned[0] == pytest.approx(0.26)
    assert alone.seen[0] == 0.0


def test_other_settlements_serve_where_a_ring_burned() -> None:
    ring = np.tile(RING, (6, 1))
    in_ring = np.ones(ring.shape, np.bool_)
    control = ring_control(np.zeros((1, 100), np.float32), np.zeros(100, np.float32), ring, in_ring)
    control.unburned[0] = 0.1
    own = np.full((1, 6), 0.3, dtype=np.float32)

    borrowed = borrow_control(control, own, np.ones(6, np.bool_))

    assert borrowed.borrowed.tolist() == [True] + [False] * 5
    assert borrowed.change[0, 0] == pytest.approx(0.3)
    assert borrowed.seen[0] > 0


def test_an_unseen_ring_says_that_it_was_not_seen() -> None:
    unseen = np.full(100, np.nan, dtype=np.float32)

    control = ring_control(unseen[None], unseen, RING, IN_RING)

    assert control.seen[0] == 0.0
    assert control.change[0, 0] == 0.0


@given(st.lists(st.floats(-5, 5, width=32), min_size=1, max_size=30), st.floats(0, 1))
def test_a_masked_quantile_is_the_quantile_of_what_is_valid(
    values: list[float], share: float
) -> None:
    line = np.array([*values, 99.0], dtype=np.float32)
    valid = np.arange(len(line)) < len(values)

    found = masked_quantile(line, valid, share)

    assert found == pytest.approx(np.quantile(np.array(values, np.float32), share), abs=1e-4)


def test_the_biweight_mean_ignores_a_gross_outlier() -> None:
    line = np.array([1.0, 1.1, 0.9, 1.0, 1.05, 0.95, 50.0], dtype=np.float32)

    assert biweight_mean(line, np.ones(7, np.bool_)) == pytest.approx(1.0, abs=0.02)
