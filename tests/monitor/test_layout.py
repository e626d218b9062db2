"""Block sets as rectangular arrays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.blocks import block_sets
from monitor.layout import layout_of
from tests.monitor.detectors.worlds import a_village, an_area

VILLAGES = [a_village(1, 540_420, 1_510_420), a_village(2, 541_220, 1_511_220, side_m=100.0)]
LAYOUT = layout_of(block_sets(an_area(), VILLAGES))


@given(st.integers(0, 2**32 - 1), st.floats(0, 0.6))
def test_the_median_of_a_place_is_the_median_of_its_own_blocks(seed: int, missing: float) -> None:
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((2, LAYOUT.own.size)).astype(np.float32)
    values[:, rng.random(LAYOUT.own.size) < missing] = np.nan

    found = LAYOUT.medians(values)

    for place, part in enumerate(LAYOUT.by_place(values)):
        seen = np.isfinite(part[0])
        for row in range(2):
            if seen.any():
                assert found[row, place] == pytest.approx(np.median(part[row, seen]), abs=1e-6)
            else:
                assert np.isnan(found[row, place])


def test_settlements_come_before_placebos() -> None:
    assert [p.is_placebo for p in LAYOUT.places] == sorted(p.is_placebo for p in LAYOUT.places)
    assert LAYOUT.settlement_count == 2


def test_counts_are_by_place() -> None:
    everything = np.ones(LAYOUT.own.size, dtype=np.bool_)

    assert (LAYOUT.counts(everything) == np.diff(LAYOUT.starts)).all()
