"""The recent past."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from monitor.features import REDUCED
from monitor.recent import KEPT_LOOKS, Recent
from tests.monitor.detectors.worlds import START

DAY = timedelta(days=1)


def of_looks(*levels: float, every_d: float = 5.0) -> Recent:
    recent = Recent.empty("v", REDUCED, 3)
    for number, level in enumerate(levels):
        residual = np.full((4, 3), level, dtype=np.float32)
        recent = recent.followed_by(START + number * every_d * DAY, residual, [])
    return recent


def test_what_four_looks_share_is_taken_off_whole() -> None:
    recent = of_looks(0.2, 0.2, 0.2, 0.2)

    assert recent.level(START + 20 * DAY) == pytest.approx(np.full((4, 3), 0.2), abs=1e-3)


def test_two_looks_are_believed_by_half_and_one_not_at_all() -> None:
    assert of_looks(0.2, 0.2).level(START + 10 * DAY)[0, 0] == pytest.approx(0.1, abs=1e-3)
    assert of_looks(0.2).level(START + 10 * DAY)[0, 0] == 0.0


def test_one_cloudy_look_does_not_move_the_level() -> None:
    recent = of_looks(0.0, 0.0, 0.9, 0.0, 0.0)

    assert recent.level(START + 25 * DAY)[0, 0] == 0.0


def test_looks_of_the_same_day_and_of_long_ago_do_not_count() -> None:
    recent = of_looks(0.3, 0.3, 0.3, 0.3)

    assert recent.level(START)[0, 0] == 0.0
    assert recent.level(START + 200 * DAY)[0, 0] == 0.0


def test_a_settlement_that_shows_a_sign_keeps_its_level_before_it() -> None:
    recent = of_looks(0.1, 0.1, 0.1, 0.1)
    burned = np.full((4, 3), 5.0, dtype=np.float32)
    for number in range(4, 10):
        signed = [np.array([0], dtype=np.int32)]
        recent = recent.followed_by(START + number * 5 * DAY, burned, signed)

    level = recent.level(START + 50 * DAY)[0]

    assert level[0] < 0.12  # the burned block still measures against what was before
    assert level[1] == pytest.approx(5.0, abs=0.01)


def test_a_look_that_comes_late_changes_nothing() -> None:
    recent = of_looks(0.1, 0.1, 0.1)

    assert recent.followed_by(START, np.ones((4, 3), np.float32), []) is recent


def test_no_more_than_the_last_six_looks_are_kept() -> None:
    assert len(of_looks(*[0.1] * 20).at) == KEPT_LOOKS


def test_a_block_that_was_never_seen_has_level_zero() -> None:
    recent = Recent.empty("v", REDUCED, 1)
    for number in range(4):
        unseen = np.full((4, 1), np.nan, dtype=np.float32)
        recent = recent.followed_by(START + number * DAY, unseen, [])

    assert (recent.level(START + 9 * DAY) == 0.0).all()
