"""The evidence of one look."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.evidence import EvidenceWeights, evidence_of, fitted_weights, measured_of

VALUES = {
    "median_q_standard": math.e - 1.0, "scan_standard": 1.0 - math.e**2, "ring_unburned": 0.75,
    "other_direction": 0.5, "green": 0.25,
}  # fmt: skip


def test_each_thing_measured_has_its_place_and_scale() -> None:
    # The scan is cut at -3 before its logarithm: -ln 4.
    expected = [1.0, -math.log(4.0), 0.6, 0.75, 0.5, 0.25]

    assert measured_of(VALUES, 0.36) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("scan", "burned", "counted"),
    [
        pytest.param(1.0, 0.6, 10.0, id="burned evenly: half of the median"),
        pytest.param(1.0, 0.59, 1.0, id="not all of it: what the windows say"),
        pytest.param(12.0, 1.0, 12.0, id="burned unevenly: the windows say more"),
        pytest.param(math.nan, 1.0, 10.0, id="too small for windows"),
    ],
)
def test_a_village_that_burned_evenly_has_no_part_that_stands_out(
    scan: float, burned: float, counted: float
) -> None:
    even = {**VALUES, "median_q_standard": 20.0, "scan_standard": scan}

    assert measured_of(even, burned)[1] == pytest.approx(math.log1p(counted))


def test_the_evidence_is_their_weighted_sum() -> None:
    weights = EvidenceWeights(1.0, 0.0, 10.0, 4.0, -2.0, -4.0, -5.0)

    # 1 + 6 + 3 - 1 - 1 - 5
    assert evidence_of(VALUES, 0.36, weights) == pytest.approx(3.0)


def test_nothing_measured_is_no_evidence_and_a_part_of_it_counts_as_nothing_there() -> None:
    nothing = {**VALUES, "median_q_standard": math.nan, "scan_standard": math.nan}
    half = {**VALUES, "scan_standard": math.nan}
    weights = EvidenceWeights(1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0)

    assert math.isnan(evidence_of(nothing, 0.5, weights))
    assert evidence_of(half, 0.5, weights) == pytest.approx(1.0)


@given(st.floats(-3, 40), st.floats(0, 5), st.floats(0, 1), st.floats(0, 0.5))
def test_more_of_the_sign_is_never_weaker_evidence(
    scan: float, more: float, burned: float, further: float
) -> None:
    values, higher = {**VALUES, "scan_standard": scan}, {**VALUES, "scan_standard": scan + more}

    assert evidence_of(higher, burned, EvidenceWeights()) >= evidence_of(
        values, burned, EvidenceWeights()
    )
    assert evidence_of(values, burned + further, EvidenceWeights()) >= evidence_of(
        values, burned, EvidenceWeights()
    )


def test_weights_are_found_again_and_looks_of_no_weight_teach_nothing() -> None:
    random = np.random.default_rng(2)
    rows = random.normal(size=(40_000, 6))
    true = np.array([1.0, 2.0, -1.0, 0.0, 0.5, -0.5])
    burned = (random.random(40_000) < 1.0 / (1.0 + np.exp(-(rows @ true - 1.0)))).astype(float)
    weight = np.ones(40_000)
    burned[:500], weight[:500] = 1.0, 0.0

    found = fitted_weights(rows, burned, weight)

    slopes = [found.median, found.scan, found.burned, found.ring_unburned, found.other_direction]
    assert slopes == pytest.approx(true[:5], abs=0.1)
    assert found.constant == pytest.approx(-1.0, abs=0.1)
