from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from monitor.camps.features import FEATURES
from monitor.camps.season import Season
from monitor.camps.sign import STEPS, UNSEEN, shelter_probability, sign_of

AT = datetime(2024, 1, 1, tzinfo=UTC)


def z(**values: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.array([[values.get(name, 0.0)] for name in FEATURES], dtype=np.float32)


def test_quiet_ground_is_no_shelter() -> None:
    assert shelter_probability(z())[0] < 0.01


def test_bright_blue_and_uneven_ground_is() -> None:
    assert shelter_probability(z(visible=4.0, blue_red=4.0, texture=6.0))[0] > 0.6


@pytest.mark.parametrize("name", FEATURES)
def test_no_single_feature_decides(name: str) -> None:
    # Cut at eight sigmas: the strongest, texture, gives -7.4 + 0.87 * 8 = -0.44.
    assert shelter_probability(z(**{name: 100.0}))[0] < 0.5


def test_levels_hold_probability_and_what_was_not_seen() -> None:
    nothing = np.zeros((5, 5, 2), dtype=np.float32)
    season = Season(
        "t", "r", AT, AT, 30, np.zeros((15, 2), np.float32), nothing, nothing,
        np.ones((5, 2), np.float32), has_texture=True,
    )  # fmt: skip
    residual = np.array([[0.3, np.nan]] * 5, dtype=np.float32)

    sign, found = sign_of("look", season, AT, residual, np.ones(5, np.float32))

    assert sign.level[1] == UNSEEN and sign.strength[1] == 0
    # .3 of brightness and .3 of blueness.
    assert sign.strength[0] == round(0.6 * STEPS)
    assert found[:, 0] == pytest.approx(0.3)


def test_a_track_without_texture_leaves_it_out() -> None:
    nothing = np.zeros((5, 5, 1), dtype=np.float32)
    season = Season(
        "t", "r", AT, AT, 30, np.zeros((15, 1), np.float32), nothing, nothing,
        np.ones((5, 1), np.float32), has_texture=False,
    )  # fmt: skip

    _, found = sign_of("look", season, AT, np.full((5, 1), 2.0, np.float32), np.ones(5, np.float32))

    assert found[FEATURES.index("texture"), 0] == 0.0
