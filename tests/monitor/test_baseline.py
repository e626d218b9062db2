"""Baseline states: what is normal for each block at this time of year."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from monitor.baseline import (
    Baseline,
    BaselineSettings,
    absorb,
    design,
    packed,
    season_of,
    wants_refit,
    watched_features,
)
from monitor.baseline_file import read_baseline, write_baseline
from monitor.baseline_fit import fit_baseline
from monitor.blocks import block_sets
from monitor.errors import ArchiveError
from monitor.features import FULL
from monitor.looks import Look
from tests.monitor.detectors.worlds import REVISIT, START, a_village, an_area, the_looks

AREA = an_area(1_000.0)
VILLAGES = [a_village(1, 540_120, 1_510_120), a_village(2, 540_620, 1_510_620)]
SETS = block_sets(AREA, VILLAGES)
COUNT = 40


@cache
def looks() -> tuple[Look, ...]:
    return tuple(the_looks(AREA, VILLAGES, COUNT + 4))


@cache
def fitted() -> Baseline:
    found = fit_baseline(looks()[:COUNT], SETS, looks()[COUNT].acquired_at)
    assert found is not None
    return found


def test_a_look_of_the_same_kind_is_expected() -> None:
    look = looks()[COUNT]
    observed = watched_features(look, SETS, FULL)

    residual = observed - fitted().expected(look.acquired_at)

    # Noise of .006 and .004 on a near-infrared reflectance of .27 to .29 is about .026 in ln.
    assert np.nanmedian(np.abs(residual[FULL.nir])) < 0.04


def test_the_scale_is_that_of_the_noise() -> None:
    scale = fitted().scale(looks()[COUNT].acquired_at)

    assert 0.01 <= np.median(scale[FULL.nir]) <= 0.05


def taught_for(days: int) -> Baseline:
    """A state that saw every block once in five days, beginning with START."""
    seen = np.array([design(START + timedelta(days=day)) for day in range(0, days, 5)])
    sums = packed((seen.T @ seen)[:, :, None])
    return replace(fitted(), gram=np.repeat(sums, fitted().usable.size, axis=1))


def test_a_day_of_a_year_that_was_seen_has_the_leverage_of_five_numbers() -> None:
    state = taught_for(365)

    # Five coefficients from 73 looks, evenly spread: 5 / 73 = 0.068 on every day.
    assert state.leverage(START + timedelta(days=400)) == pytest.approx(5 / 73, rel=0.1)


def test_a_season_that_was_never_seen_has_a_leverage_far_above_one() -> None:
    state = taught_for(160)

    assert state.leverage(START + timedelta(days=80)) < 0.5
    assert state.leverage(START + timedelta(days=220)) > 10.0


def test_who_never_saw_a_block_knows_no_season() -> None:
    blind = replace(fitted(), usable=np.zeros_like(fitted().usable))

    assert math.isinf(blind.leverage(START))


def test_absorbing_a_look_changes_its_counts_and_nothing_of_the_given_state() -> None:
    before = fitted().gram.copy()

    after = absorb(fitted(), looks()[COUNT], SETS)

    assert after.look_count == fitted().look_count + 1
    assert after.through == looks()[COUNT].acquired_at
    assert np.array_equal(before, fitted().gram)


def test_a_look_that_comes_late_does_not_rewrite_the_state() -> None:
    assert absorb(fitted(), looks()[3], SETS) is fitted()


def test_a_burned_look_hardly_teaches_the_blocks_that_burned() -> None:
    *_, burned = the_looks(AREA, VILLAGES, COUNT + 1, burned={"v1": (COUNT, 1.0)})
    on = burned.acquired_at
    own = SETS.settlements[0].own

    taught = absorb(fitted(), burned, SETS)

    shift = np.abs(taught.expected(on) - fitted().expected(on))[FULL.nir, own]
    assert np.median(shift) < 0.03  # a burn moves it by 0.25


def test_frozen_blocks_learn_nothing() -> None:
    frozen = np.ones(SETS.watched.size, dtype=np.bool_)

    after = absorb(fitted(), looks()[COUNT], SETS, frozen)

    decay = np.exp(-(looks()[COUNT].acquired_at - fitted().through) / timedelta(days=1095))
    assert after.gram == pytest.approx(fitted().gram * decay)


def test_the_state_does_not_grow_with_the_history() -> None:
    state = fitted()
    for look in looks()[COUNT:]:
        state = absorb(state, look, SETS)

    assert state.gram.shape == fitted().gram.shape
    assert state.theta.nbytes == fitted().theta.nbytes


@pytest.mark.parametrize(
    ("baseline", "count", "age_d", "wanted"),
    [
        pytest.param(False, 24, 0, False, id="too few looks"),
        pytest.param(False, 25, 0, True, id="enough, and none yet"),
        pytest.param(True, 40, 10, False, id="fresh"),
        pytest.param(True, 40, 365, True, id="a year old"),
        pytest.param(True, 60, 10, True, id="half as many looks again"),
    ],
)
def test_when_a_refit_is_wanted(baseline: bool, count: int, age_d: int, wanted: bool) -> None:
    now = fitted().fitted_at + timedelta(days=age_d)

    assert wants_refit(fitted() if baseline else None, SETS, count, now) is wanted


def test_other_settlements_want_a_refit() -> None:
    other = block_sets(AREA, VILLAGES[:1])

    assert wants_refit(fitted(), other, COUNT, fitted().fitted_at)


def test_a_season_returns_after_a_year() -> None:
    later = START + timedelta(days=365.25)

    assert season_of(later) == pytest.approx(season_of(START), abs=1e-9)
    assert design(later) == pytest.approx(design(START), abs=1e-6)
    assert 0.0 <= season_of(START + 100 * REVISIT) < 1.0


def test_a_state_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    write_baseline(tmp_path, fitted())

    again = read_baseline(tmp_path, AREA.aoi_id, fitted().track)

    assert again is not None
    assert (again.through, again.look_count) == (fitted().through, fitted().look_count)
    assert again.features is FULL
    assert np.array_equal(again.theta, fitted().theta)
    assert np.array_equal(again.expected(START), fitted().expected(START), equal_nan=True)


def test_a_damaged_state_is_refused_with_a_hint(tmp_path: Path) -> None:
    path = write_baseline(tmp_path, fitted())
    path.write_bytes(path.read_bytes()[:1_000])

    with pytest.raises(ArchiveError, match="cannot be read") as refused:
        read_baseline(tmp_path, AREA.aoi_id, fitted().track)
    assert "fitted anew" in refused.value.hint


def test_no_state_is_no_error(tmp_path: Path) -> None:
    assert read_baseline(tmp_path, AREA.aoi_id, "sentinel-2-001") is None


def test_a_state_that_cannot_be_written_leaves_no_part_behind(tmp_path: Path) -> None:
    (tmp_path / AREA.aoi_id).write_text("a file where a folder should be")

    with pytest.raises(ArchiveError, match="cannot write"):
        write_baseline(tmp_path, fitted())
    assert list(tmp_path.glob("**/*.part")) == []


def test_looks_without_the_bands_fit_nothing() -> None:
    poor = [replace(k, bands={"red": k.bands["red"]}) for k in looks()[:3]]

    assert fit_baseline(poor, SETS, START) is None


def test_clouds_alone_fit_a_baseline_that_knows_nothing() -> None:
    unseen = list(the_looks(AREA, VILLAGES, 26, cloudy=range(26)))

    found = fit_baseline(unseen, SETS, unseen[-1].acquired_at)

    assert found is None or not found.usable.any()


def test_the_defaults_are_those_of_the_specification() -> None:
    settings = BaselineSettings()

    assert settings.least_looks == 25
    assert settings.quarantine == timedelta(days=60)
