from __future__ import annotations

import numpy as np
import pytest

from monitor.detectors.sar_patches import Site, whole_and_part


def a_site(side: int = 5, land: int = 60) -> Site:
    """Return a square place in the middle of a square of land."""
    own = np.zeros((land, land), np.bool_)
    middle = land // 2
    own[middle : middle + side, middle : middle + side] = True
    away = np.ones_like(own)
    away[middle - 4 : middle + side + 4, middle - 4 : middle + side + 4] = False
    return Site((slice(0, land), slice(0, land)), own, away)


def noise(seed: int, land: int = 60) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.random.default_rng(seed).normal(0.0, 1.0, (2, land, land)).astype(np.float32)


def test_places_that_did_not_change_score_as_chance_would_have_it() -> None:
    site = a_site()

    scores = np.array([whole_and_part(noise(seed), site) for seed in range(60)], np.float64)

    # The larger of two normal scores lies around 0.6.
    assert 0.2 < np.median(scores) < 1.0
    assert (scores > 3.0).mean() < 0.06


@pytest.mark.parametrize("shift", [-1.5, 1.5])
def test_a_place_that_moved_stands_out_whichever_way(shift: float) -> None:
    z, site = noise(1), a_site()
    z[:, site.own] += shift

    score = whole_and_part(z, site)

    assert score is not None and score > 4.0


def test_polarisations_that_move_apart_stand_out_too() -> None:
    z, site = noise(1), a_site()
    z[0, site.own] += 1.5
    z[1, site.own] -= 1.5

    score = whole_and_part(z, site)

    assert score is not None and score > 4.0


def test_wide_swings_of_the_land_make_it_less_of_a_surprise() -> None:
    z, site = noise(1), a_site()
    swings = np.random.default_rng(3).normal(0.0, 2.0, (6, 6)).repeat(10, 0).repeat(10, 1)
    calm, moved = z.copy(), z + swings.astype(np.float32)
    for values in (calm, moved):
        values[:, site.own] = z[:, site.own] - 1.5

    quiet, restless = whole_and_part(calm, site), whole_and_part(moved, site)

    assert quiet is not None and restless is not None
    assert restless < quiet / 2


def test_one_polarisation_is_judged_alone() -> None:
    z, site = noise(1), a_site()
    z[1] = np.nan
    z[0, site.own] -= 2.0

    score = whole_and_part(z, site)

    assert score is not None and score > 4.0


def test_without_land_to_compare_with_there_is_no_score() -> None:
    assert whole_and_part(noise(1, land=16), a_site(land=16)) is None
