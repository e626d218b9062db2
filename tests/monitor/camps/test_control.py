from __future__ import annotations

import numpy as np
import pytest

from monitor.camps.control import Covariates, controlled

SHAPE = (60, 60)
N = SHAPE[0] * SHAPE[1]
RNG = np.random.default_rng(5)
SWING = RNG.uniform(0, 0.3, N).astype(np.float32)
BRIGHT = RNG.normal(-1.8, 0.2, N).astype(np.float32)
COVARIATES = Covariates(SWING, BRIGHT)


def noise(scale: float = 0.01) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return (scale * np.random.default_rng(6).standard_normal((5, N))).astype(np.float32)


def test_what_the_land_shares_is_taken_off() -> None:
    shared = 0.2 + 0.5 * SWING + 0.3 * (BRIGHT + 1.8)

    left = controlled(noise() + shared, COVARIATES, SHAPE)

    assert np.abs(left.residual).mean() == pytest.approx(0.01 * 0.8, rel=0.1)
    assert left.scale == pytest.approx(np.full(5, 0.01), rel=0.1)


def test_a_camp_stays_and_does_not_pull_its_own_control() -> None:
    camp = np.zeros(SHAPE, dtype=np.bool_)
    camp[20:30, 20:30] = True
    change = noise()
    change[:, camp.ravel()] += 0.3

    left = controlled(change, COVARIATES, SHAPE)

    assert left.residual[:, camp.ravel()].mean() == pytest.approx(0.3, abs=0.01)


def test_a_slope_over_the_area_is_followed_locally() -> None:
    slope = np.linspace(-0.1, 0.1, N).astype(np.float32)

    left = controlled(noise() + slope, COVARIATES, SHAPE)

    assert np.abs(left.residual.mean()) < 0.01


def test_unseen_blocks_stay_unseen() -> None:
    change = noise()
    change[:, :100] = np.nan

    left = controlled(change, COVARIATES, SHAPE)

    assert np.isnan(left.residual[:, :100]).all()
    assert np.isfinite(left.residual[:, 100:]).all()


def test_of_nothing_nothing_is_said() -> None:
    left = controlled(np.full((5, N), np.nan, dtype=np.float32), COVARIATES, SHAPE)

    assert np.isnan(left.residual).all() and np.isnan(left.scale).all()


def test_no_argument_is_written_to() -> None:
    change = noise()
    before = change.copy()

    controlled(change, COVARIATES, SHAPE)

    assert np.array_equal(change, before)
