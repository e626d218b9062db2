from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache

import numpy as np
import pytest

from monitor.camps.features import TEXTURE, VISIBLE, camp_features
from monitor.camps.season import Season, absorbed, fitted, history_of
from tests.monitor.camps.worlds import (
    REVISIT,
    START,
    TRACK,
    Stay,
    a_look,
    a_region,
    blocks_of,
    the_looks,
)

REGION = a_region()
COUNT = 100
PLACE = np.s_[20:24], np.s_[30:34]


def pairs(count: int, stays: tuple[Stay, ...] = ()) -> list[tuple[object, ...]]:
    return [(k.acquired_at, camp_features(k, REGION)) for k in the_looks(count, stays)]


def season_after(count: int, stays: tuple[Stay, ...] = ()) -> Season:
    found = fitted(history_of(TRACK, pairs(count, stays), has_texture=True), REGION)  # type: ignore[arg-type]
    assert found is not None
    return found


@cache
def quiet() -> Season:
    return season_after(COUNT)


def test_a_look_of_the_same_kind_is_expected() -> None:
    at = START + COUNT * REVISIT
    values = camp_features(a_look(COUNT, [], at=at), REGION)
    assert values is not None

    residual = values - quiet().expected(at)

    # Noise of 1.5 % in each of three bands leaves .009 in the logarithm of their mean.
    assert np.median(np.abs(residual[VISIBLE])) < 0.012


def test_the_scale_has_a_floor_and_follows_the_noise() -> None:
    scale = np.median(quiet().scale, axis=1)

    assert scale[VISIBLE] == pytest.approx(0.02, rel=0.05)
    # Texture is drawn with 15 % noise.
    assert scale[TEXTURE] == pytest.approx(0.15, rel=0.2)


def test_too_few_looks_give_no_season() -> None:
    assert fitted(history_of(TRACK, pairs(24), has_texture=True), REGION) is None  # type: ignore[arg-type]


def test_looks_in_any_order_give_the_same_season() -> None:
    forward = history_of(TRACK, pairs(30), has_texture=True)  # type: ignore[arg-type]
    backward = history_of(TRACK, pairs(30)[::-1], has_texture=True)  # type: ignore[arg-type]

    assert forward.at == backward.at
    assert np.array_equal(forward.values, backward.values, equal_nan=True)


def test_shelters_of_a_few_looks_do_not_teach_the_season() -> None:
    seldom = season_after(COUNT, (Stay(*PLACE, first=40, until=44),))
    own = blocks_of(*PLACE)
    at = START + COUNT * REVISIT

    moved = seldom.expected(at)[VISIBLE, own] - quiet().expected(at)[VISIBLE, own]

    assert np.abs(moved).max() < 0.02


def test_a_look_is_absorbed_and_an_old_one_changes_nothing() -> None:
    season = quiet()
    at = season.through + timedelta(days=40)
    values = camp_features(a_look(COUNT + 8, [], at=at), REGION)
    assert values is not None

    later = absorbed(season, at, values)

    assert later.look_count == season.look_count + 1
    assert later.through == later.solved_through == at
    assert absorbed(later, at, values) is later


def test_frozen_blocks_learn_nothing() -> None:
    season, own = quiet(), blocks_of(*PLACE)
    at = season.through + timedelta(days=40)
    values = camp_features(a_look(COUNT + 8, [], at=at), REGION)
    assert values is not None

    later = absorbed(season, at, values, own)

    # The sums only decay, by one factor for all.
    ratio = later.gram[0, own] / season.gram[0, own]
    assert ratio.max() == pytest.approx(float(ratio.min()), rel=1e-5) and ratio.max() < 1
    assert (later.gram[0, ~own] > season.gram[0, ~own] * ratio.max()).mean() > 0.9


def test_a_look_that_saw_nothing_is_not_absorbed() -> None:
    season = quiet()
    nothing = np.full_like(season.expected(START), np.nan)

    assert absorbed(season, season.through + timedelta(days=5), nothing) is season


def test_a_track_without_texture_does_not_judge_by_it() -> None:
    history = replace(history_of(TRACK, pairs(30), has_texture=False))  # type: ignore[arg-type]
    found = fitted(history, REGION)

    assert found is not None and not found.has_texture
    assert (found.variance[TEXTURE] == 1.0).all()
