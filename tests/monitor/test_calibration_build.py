"""Building a calibration."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from monitor.calibration import Stratum
from monitor.calibration_build import (
    QuietLooks,
    built_calibration,
    persistent,
    rate_table,
    tail_of,
)
from monitor.evidence import EvidenceWeights

DRY = Stratum("series", "dry", "small", "full")


def quiet_looks(count: int, seed: int = 5) -> QuietLooks:
    rng = np.random.default_rng(seed)
    return QuietLooks(
        place=np.repeat(np.arange(count // 100), 100),
        day=np.tile(np.arange(100) * 5.0, count // 100),
        stratum=[DRY] * count,
        evidence=rng.standard_normal(count),
    )


def test_p_is_uniform_on_quiet_looks_that_were_not_calibrated_on() -> None:
    calibration = built_calibration(quiet_looks(20_000), "test", EvidenceWeights())
    fresh = quiet_looks(20_000, seed=6)

    p = [calibration.p(DRY, value) for value in fresh.evidence]

    assert stats.kstest(p, "uniform").statistic < 0.02


def test_a_pareto_tail_is_found_again() -> None:
    draws = stats.genpareto.rvs(0.2, scale=1.0, size=200_000, random_state=1)

    tail = tail_of(draws)

    true = stats.genpareto.sf(40.0, 0.2)
    assert tail.p(40.0) == pytest.approx(true, rel=0.6)
    assert tail.shape == pytest.approx(0.2, abs=0.08)


def test_few_quiet_looks_are_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        built_calibration(quiet_looks(100), "test", EvidenceWeights())


def test_persistence_takes_the_weaker_of_looks_that_are_near_enough() -> None:
    place = np.array([0, 0, 0, 0, 1])
    day = np.array([0.0, 5.0, 10.0, 40.0, 45.0])
    evidence = np.array([1.0, 3.0, 2.0, 5.0, 6.0])

    pair, triple = persistent(place, day, evidence)

    # 5 and 10 follow within 20 days; 40 is 30 days later; the last is another place.
    assert pair[1:3].tolist() == [1.0, 2.0]
    assert np.isnan(pair[[0, 3, 4]]).all()
    assert triple[2] == 1.0
    assert np.isnan(triple[[0, 1, 3, 4]]).all()


def test_a_rate_counts_episodes_per_village_year() -> None:
    table = rate_table(np.array([5.0, 4.0, 3.0, 2.0]), 100.0)

    assert table.rate(5.0) == pytest.approx(0.01)
    assert table.rate(2.0) == pytest.approx(0.04)


def test_a_small_stratum_is_merged_and_a_large_one_is_kept() -> None:
    large = built_calibration(quiet_looks(20_000), "test", EvidenceWeights())
    small = built_calibration(quiet_looks(1_000), "test", EvidenceWeights())

    assert DRY.key in large.strata
    assert list(small.strata) == ["any/any/any/any"]
