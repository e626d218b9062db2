"""What a look is compared with where there is little history."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.blocks import block_sets
from monitor.features import FULL, features_of
from monitor.layout import layout_of
from monitor.reference import SCALE_FLOOR, reference_from_looks
from tests.monitor.detectors.worlds import LAND, a_village, an_area
from tests.monitor.test_features import NAMES

LAYOUT = layout_of(block_sets(an_area(), [a_village(1, 540_420, 1_510_420)]))
COUNT = block_sets(an_area(), [a_village(1, 540_420, 1_510_420)]).watched.size


def a_look(brightness: float = 1.0, noise: float = 0.0, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    bands = {
        n: (v * brightness + rng.normal(0, noise, COUNT)).astype(np.float32)
        for n, v in zip(NAMES, LAND, strict=True)
    }
    return features_of(bands, FULL)


def test_without_an_earlier_look_there_is_no_reference() -> None:
    assert reference_from_looks(a_look(), [], FULL, LAYOUT, mode="pair") is None


def test_an_earlier_look_that_saw_nothing_is_none() -> None:
    unseen = np.full_like(a_look(), np.nan)

    assert reference_from_looks(a_look(), [unseen], FULL, LAYOUT, mode="pair") is None


def test_the_median_of_three_looks_keeps_a_shadow_in_one_of_them_out() -> None:
    earlier = [a_look(), a_look(brightness=0.3), a_look()]

    found = reference_from_looks(a_look(noise=0.004), earlier, FULL, LAYOUT, mode="pair")

    assert found is not None
    assert found.expected == pytest.approx(a_look(), abs=1e-5)
    assert found.look_count == 3


def test_the_scale_is_what_land_does_between_the_two_dates() -> None:
    found = reference_from_looks(a_look(noise=0.01), [a_look()], FULL, LAYOUT, mode="window")

    # Noise of .01 on a near-infrared reflectance of .29: .034 in the logarithm.
    assert found is not None
    assert found.scale[FULL.nir, 0] == pytest.approx(0.01 / 0.29, rel=0.15)
    assert found.mode == "window"


def test_two_equal_looks_have_the_smallest_scale_and_no_singular_matrix() -> None:
    found = reference_from_looks(a_look(), [a_look()], FULL, LAYOUT, mode="pair")

    assert found is not None
    assert found.scale.min() == pytest.approx(SCALE_FLOOR)
    assert np.isfinite(found.precision).all()
