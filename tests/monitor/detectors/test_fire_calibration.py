from __future__ import annotations

import numpy as np
import pytest

from monitor.detectors.fire_calibration import (
    SMALLEST_P,
    UNCALIBRATED,
    FireCalibration,
    fire_calibration_from,
    fire_calibration_table,
    ranks_of,
    shipped_fire_calibration,
    stratum_of,
)

# 999 quiet windows, and one that saw a fire with a tail of 0.01.
ONE_IN_A_THOUSAND = np.array([1.0] * 999 + [0.01])


def test_a_tail_as_rare_as_the_rarest_placebo_is_two_in_a_thousand_and_one() -> None:
    assert ranks_of(ONE_IN_A_THOUSAND).p(0.01) == pytest.approx(2 / 1001)


def test_beyond_the_rarest_placebo_p_falls_with_the_root_of_the_tail() -> None:
    assert ranks_of(ONE_IN_A_THOUSAND).p(0.0001) == pytest.approx(2 / 1001 / 10)
    assert ranks_of(ONE_IN_A_THOUSAND).p(0.0) == SMALLEST_P


def test_placebos_that_saw_nothing_bound_p_by_their_number() -> None:
    assert ranks_of(np.ones(99)).p(1e-9) == pytest.approx(0.01)


def test_ranks_rise_with_the_tail() -> None:
    draws = np.random.default_rng(1).uniform(1e-6, 1.0, 5_000)
    ranks = ranks_of(draws)

    p = [ranks.p(tail) for tail in np.geomspace(1e-8, 0.99, 50)]

    assert np.all(np.diff(p) >= 0)
    # Tails that are uniform are their own ranks.
    assert ranks.p(0.3) == pytest.approx(0.3, abs=0.03)


def test_nothing_seen_is_no_surprise_whatever_the_ranks() -> None:
    calibration = FireCalibration("test", {"assumed/0": ranks_of(np.ones(9))})

    assert calibration.p(1.0, 1e-4, 0.0) == 1.0
    assert UNCALIBRATED.p(0.2, 1e-4, 0.0) == 0.2


@pytest.mark.parametrize(
    ("expected", "days", "stratum"),
    [(1e-4, 0.0, "assumed/0"), (5e-3, 0.0, "assumed/1"), (0.02, 80.0, "archive/2"),
     (0.5, 40.0, "archive/3"), (0.5, 39.9, "assumed/3")],
)  # fmt: skip
def test_windows_are_ranked_among_their_like(expected: float, days: float, stratum: str) -> None:
    assert stratum_of(expected, days) == stratum


def test_a_table_is_read_back_as_it_was() -> None:
    table = fire_calibration_table("v", {"assumed/0": ONE_IN_A_THOUSAND.tolist()})

    assert fire_calibration_from(table).strata == {"assumed/0": ranks_of(ONE_IN_A_THOUSAND)}


def test_the_shipped_one_knows_every_stratum_from_thousands_of_windows() -> None:
    shipped = shipped_fire_calibration()

    assert {stratum_of(e, d) for e in (0, 5e-3, 2e-2, 1) for d in (0, 99)} <= set(shipped.strata)
    assert sum(ranks.windows for ranks in shipped.strata.values()) > 100_000
