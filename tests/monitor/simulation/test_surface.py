from __future__ import annotations

import numpy as np
import pytest

from monitor.simulation.materials import CLOUD, SAND, SHADOW_FACTOR, WET_SOIL_FACTOR
from monitor.simulation.surface import (
    ALL_BANDS,
    Missed,
    drifted,
    hazed,
    joined,
    noise_level,
    shifted,
)


def sand(cells: int) -> np.ndarray:
    return np.repeat(SAND[:, np.newaxis], cells, axis=1)


def test_rain_darkens_soil_and_spares_roofs() -> None:
    halves = np.concatenate([sand(3), sand(3)])
    wetness = np.array([0.0, 0.5, 1.0], dtype=np.float32)

    seen = joined(halves, wetness, ALL_BANDS)

    assert np.allclose(seen[:, 0], 2 * SAND)
    assert np.allclose(seen[:, 1], SAND * (1 + np.sqrt(WET_SOIL_FACTOR)))
    assert np.allclose(seen[:, 2], SAND * (1 + WET_SOIL_FACTOR))


def test_dry_ground_is_the_sum_of_its_halves() -> None:
    assert np.allclose(joined(np.concatenate([sand(2), sand(2)]), None, ALL_BANDS), 2 * sand(2))


def test_a_chosen_band_keeps_its_own_factors() -> None:
    halves = np.array([[0.4], [0.0]], dtype=np.float32)

    seen = joined(halves, np.ones(1, dtype=np.float32), [5])

    assert seen[0, 0] == pytest.approx(0.4 * 0.60)


def test_greenness_raises_near_infrared_and_lowers_red() -> None:
    zero, green = np.zeros(1, dtype=np.float32), np.full(1, 0.1, dtype=np.float32)

    ratio = drifted(sand(1), zero, green, ALL_BANDS)[:, 0] / SAND

    assert ratio[3] == pytest.approx(1.07)
    assert ratio[2] == pytest.approx(0.91)


def test_haze_brightens_the_visible_and_lowers_contrast() -> None:
    haze = np.ones(1, dtype=np.float32)

    seen = hazed(sand(1), haze, ALL_BANDS)[:, 0]

    # 0.85 x 0.10 + 0.060 in blue, 0.85 x 0.38 + 0.010 in B12.
    assert seen[0] == pytest.approx(0.145)
    assert seen[5] == pytest.approx(0.333)


def test_missed_shadow_darkens_and_missed_cloud_brightens() -> None:
    # At .65 above the threshold it is at its worst; .15 above, half as strong.
    height = np.array([[-0.1, 0.65, 0.65, 0.15]], dtype=np.float32)
    is_shadow = np.array([[1.0, 1.0, 0.0, 1.0]], dtype=np.float32)

    seen = Missed.of(height, 1.0, is_shadow).over(sand(4), ALL_BANDS)

    assert np.allclose(seen[:, 0], SAND)
    assert np.allclose(seen[:, 1], SAND * SHADOW_FACTOR)
    # A veil of 0.35 at full strength.
    assert np.allclose(seen[:, 2], 0.65 * SAND + 0.35 * CLOUD)
    assert np.allclose(seen[:, 3], SAND * (1 + SHADOW_FACTOR) / 2)


def test_shadow_lowers_the_near_infrared_more_than_blue() -> None:
    shade = Missed.of(np.ones((1, 1), dtype=np.float32), 1.0, np.ones((1, 1), dtype=np.float32))

    ratio = shade.over(sand(1), ALL_BANDS)[:, 0] / SAND

    assert ratio[3] < ratio[0]


def test_a_shift_moves_a_picture_by_part_of_a_cell() -> None:
    picture = np.zeros((1, 1, 4), dtype=np.float32)
    picture[0, 0] = [0.0, 1.0, 2.0, 3.0]

    # Ten of forty metres eastward: a quarter of a block.
    shifted(picture, (0.0, 1.0), 4)

    assert picture[0, 0].tolist() == [0.25, 1.25, 2.25, 3.0]


def test_noise_falls_with_the_root_of_the_pixels() -> None:
    values = np.full((2, 1), 0.4, dtype=np.float32)

    level = noise_level(values, np.array([1, 16], dtype=np.float32))

    # .004 + 1.5 % of .4
    assert level[:, 0].tolist() == pytest.approx([0.010, 0.0025])
