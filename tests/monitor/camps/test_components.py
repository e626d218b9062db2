from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from monitor.camps.components import (
    as_of,
    covered,
    first_sign,
    gain_of,
    numbered,
    patches_of,
    persistence_of,
    shown_share,
)
from monitor.camps.settings import CampSettings
from monitor.camps.sign import UNSEEN, LookSign

START = datetime(2024, 1, 1, tzinfo=UTC)
SHAPE = (10, 10)
N = 100
ALL = np.ones(N, dtype=np.bool_)
SETTINGS = CampSettings()

YES, HALF, NO = 180, 80, 0


def signs(*levels: Sequence[int] | int, step_days: float = 5.0) -> list[LookSign]:
    """Looks with one level for the first 16 blocks (four rows of four), land elsewhere."""
    return [
        LookSign(
            f"look-{n}", "t", START + timedelta(days=step_days * n),
            _painted(level), np.where(_painted(level) == YES, 80, 0).astype(np.uint8),
        )
        for n, level in enumerate(levels)
    ]  # fmt: skip


def _painted(level: Sequence[int] | int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    field = np.zeros(SHAPE, dtype=np.uint8)
    field[:4, :4] = np.reshape(level, (4, 4)) if not isinstance(level, int) else level
    return field.ravel()


@pytest.mark.parametrize(
    ("levels", "step", "lasts"),
    [
        pytest.param((YES, YES, YES, YES), 5, True, id="four looks over fifteen days"),
        pytest.param((YES, YES, NO, YES), 5, True, id="three of four"),
        pytest.param((YES, NO, NO, YES), 5, False, id="two of four"),
        pytest.param((NO, YES, YES, YES), 5, True, id="three over ten days"),
        pytest.param((NO, NO, YES, YES), 5, False, id="two over five days"),
        pytest.param((YES, YES, YES, YES), 2.5, False, id="four over a week"),
        pytest.param((YES,) * 5, 2.5, True, id="five over ten days"),
        pytest.param((YES, YES, UNSEEN, UNSEEN, YES), 5, True, id="three of three, clouds between"),
        pytest.param((YES, YES, YES, YES, NO, NO), 5, False, id="gone again"),
        pytest.param((YES, YES), 15, False, id="two looks"),
        pytest.param((YES,) * 4, 40, False, id="further apart than what is remembered"),
    ],
)
def test_a_sign_must_last(levels: tuple[int, ...], step: float, lasts: bool) -> None:
    found = persistence_of(signs(*levels, step_days=step), SETTINGS)

    assert bool(found.lasted[0]) is lasts
    assert not found.lasted[50]


def test_one_missed_cloud_is_not_the_middle_of_three() -> None:
    assert persistence_of(signs(NO, NO, YES), SETTINGS).level[0] == 0.0
    assert persistence_of(signs(NO, YES, YES), SETTINGS).level[0] == pytest.approx(0.9)
    assert persistence_of(signs(YES), SETTINGS).level[0] == 0.0


def test_one_look_alone_says_what_it_shows_and_that_nothing_has_lasted() -> None:
    (look,) = signs(YES)

    found = as_of(replace(look, level=np.where(np.arange(N) == 50, UNSEEN, look.level)))

    # 180 and 80 of 200 steps.
    assert found.level[0] == pytest.approx(0.9) and found.strength[0] == pytest.approx(0.4)
    assert found.level[50] == 0.0
    assert not found.lasted.any()


def test_a_patch_holds_the_weaker_blocks_that_it_touches() -> None:
    field = np.full((4, 4), YES)
    field[3] = HALF  # .4: above .35, below .5

    found = persistence_of(signs(*[field.ravel().tolist()] * 4), SETTINGS)
    (patch,) = patches_of(found, ALL, SHAPE, SETTINGS)

    assert patch.own.sum() == 16 and patch.core.sum() == 12


def test_two_looks_running_are_an_early_patch() -> None:
    found = persistence_of(signs(NO, YES, YES), SETTINGS)
    (patch,) = patches_of(found, ALL, SHAPE, SETTINGS)

    assert patch.early and patch.own.sum() == 16 and not patch.core.any()


@pytest.mark.parametrize(
    ("levels", "step"),
    [
        pytest.param((NO, YES, NO, YES), 5, id="the look between does not show it"),
        pytest.param((NO, NO, YES), 5, id="one look"),
        pytest.param((NO, YES, YES, NO), 5, id="gone again"),
        pytest.param((NO, YES, YES), 2.5, id="within days, from two orbits"),
    ],
)
def test_what_is_less_than_two_looks_running_is_no_patch(
    levels: tuple[int, ...], step: float
) -> None:
    found = persistence_of(signs(*levels, step_days=step), SETTINGS)

    assert list(patches_of(found, ALL, SHAPE, SETTINGS)) == []


def test_a_patch_of_which_little_has_lasted_is_early() -> None:
    # Seven rows of seven show it in two looks; four blocks of them in a third one before.
    field = np.zeros(SHAPE, dtype=np.uint8)
    field[:7, :7] = YES
    fresh = [replace(s, level=field.ravel(), strength=field.ravel()) for s in signs(NO, NO, NO)]
    few = np.zeros(SHAPE, dtype=np.uint8)
    few[:2, :2] = YES
    fresh[0] = replace(fresh[0], level=few.ravel(), strength=few.ravel())

    (patch,) = patches_of(persistence_of(fresh, SETTINGS), ALL, SHAPE, SETTINGS)

    assert patch.core.sum() == 4 and patch.own.sum() == 49
    assert patch.early


def test_a_patch_that_has_lasted_is_early_no_more() -> None:
    (patch,) = patches_of(persistence_of(signs(YES, YES, YES), SETTINGS), ALL, SHAPE, SETTINGS)

    assert not patch.early


def test_weak_blocks_alone_are_no_patch_nor_are_three_strong_ones() -> None:
    weak = persistence_of(signs(*[HALF] * 4), SETTINGS)
    field = np.zeros((4, 4), dtype=int)
    field[0, :3] = YES
    three = persistence_of(signs(*[field.ravel().tolist()] * 4), SETTINGS)

    assert list(patches_of(weak, ALL, SHAPE, SETTINGS)) == []
    assert list(patches_of(three, ALL, SHAPE, SETTINGS)) == []


def test_blocks_that_are_not_allowed_belong_to_no_patch() -> None:
    found = persistence_of(signs(*[YES] * 4), SETTINGS)

    assert list(patches_of(found, ~ALL, SHAPE, SETTINGS)) == []


def test_a_block_with_half_the_strength_is_wholly_covered() -> None:
    own = np.array([True, True, True, True, False])

    weight = covered(np.array([0.4, 0.4, 0.2, 0.1, 0.4], dtype=np.float32), own)

    # The median is .3: from .15 on a block is full, and .1 of .15 is two thirds.
    assert weight == pytest.approx([1, 1, 1, 2 / 3, 0])


def test_a_camp_gains_the_whole_patch_that_reaches_it() -> None:
    found = persistence_of(signs(*[YES] * 4), SETTINGS)
    near = np.zeros(N, dtype=np.bool_)
    near[0] = True

    gain = gain_of(found, numbered(found, ALL, SHAPE, SETTINGS), near, SETTINGS)

    assert gain.sum() == pytest.approx(16)


def test_a_patch_elsewhere_is_no_gain() -> None:
    found = persistence_of(signs(*[YES] * 4), SETTINGS)
    near = np.zeros(N, dtype=np.bool_)
    near[99] = True

    gain = gain_of(found, numbered(found, ALL, SHAPE, SETTINGS), near, SETTINGS)

    assert gain.sum() == 0


def test_the_first_sign_is_that_of_the_unbroken_end() -> None:
    own = np.zeros(N, dtype=np.bool_)
    own[:4] = True

    shows, quiet = first_sign(signs(YES, NO, UNSEEN, YES, YES), own, SETTINGS)

    assert [s.look_id for s in shows] == ["look-3", "look-4"]
    assert quiet[-1].look_id == "look-1"


def test_a_look_that_saw_less_than_half_of_a_patch_says_nothing_of_it() -> None:
    (sign,) = signs([UNSEEN] * 9 + [YES] * 7)
    own = np.zeros(SHAPE, dtype=np.bool_)
    own[:4, :4] = True

    assert np.isnan(shown_share(sign, own.ravel(), 0.35))
