from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from monitor.detectors.sar_calibration import (
    RadarCalibration,
    radar_calibration_from,
    radar_calibration_table,
    radar_tail,
    shipped_radar_calibration,
    size_of,
)

NORMAL = np.random.default_rng(7).normal(0.0, 1.0, 20_000)


@pytest.mark.parametrize("score", [0.0, 1.0, 2.0, 3.0])
def test_normal_scores_have_the_tail_of_the_normal_law(score: float) -> None:
    assert radar_tail(NORMAL).p(score) == pytest.approx(norm.sf(score), rel=0.35)


def test_p_falls_with_the_score_and_never_to_nothing() -> None:
    p = [radar_tail(NORMAL).p(score) for score in np.linspace(-3, 30, 200)]

    assert np.all(np.diff(p) <= 0)
    assert 0 < p[-1] < 1e-6


def test_few_scores_carry_no_tail_and_bound_p_by_their_number() -> None:
    assert radar_tail(NORMAL[:199]).p(50.0) == pytest.approx(1 / 200)


def test_a_size_without_scores_of_its_own_is_ranked_among_all() -> None:
    tails = {"any": radar_tail(NORMAL), "tiny": radar_tail(NORMAL + 3.0)}
    calibration = RadarCalibration("test", tails)

    assert calibration.p(3.0, blocks=100) < 0.01
    assert calibration.p(3.0, blocks=3) == pytest.approx(0.5, abs=0.02)


def test_without_a_calibration_nothing_is_a_surprise() -> None:
    assert RadarCalibration("none", {}).p(9.0, 10) == 1.0


@pytest.mark.parametrize(
    ("blocks", "size"),
    [(1, "tiny"), (6, "tiny"), (7, "small"), (15, "small"), (16, "medium"), (50, "large")],
)
def test_places_are_ranked_by_their_blocks(blocks: int, size: str) -> None:
    assert size_of(blocks) == size


def test_a_table_is_read_back_as_it_was() -> None:
    calibration = RadarCalibration("v", {"any": radar_tail(NORMAL)})

    again = radar_calibration_from(radar_calibration_table(calibration))

    assert again.p(2.5, 20) == calibration.p(2.5, 20)


def test_the_shipped_one_was_made_from_thousands_of_real_placebo_looks() -> None:
    shipped = shipped_radar_calibration()

    assert shipped.tails["any"].count > 5_000
    assert shipped.p(0.0, 20) > 0.3
    assert shipped.p(8.0, 20) < 1e-3
