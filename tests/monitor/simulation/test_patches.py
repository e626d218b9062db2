from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from aoi.interval import Interval
from monitor.simulation.fields import block_means
from monitor.simulation.orbits import Acquisition, acquisitions
from monitor.simulation.patches import MEAN_REFLECTANCE, Patchiness
from monitor.simulation.world import World


def passes(world: World, count: int, start: datetime | None = None) -> list[Acquisition]:
    start = start or world.settings.start
    interval = Interval(start, start + timedelta(days=900))
    return list(acquisitions(world.settings, world.seed, interval))[:count]


def test_noise_has_the_size_of_the_settings(quiet_world: World) -> None:
    patchiness = Patchiness.of(quiet_world.land, 4)
    bright = np.array([patchiness.change(p)[0] for p in passes(quiet_world, 200)[::4]])

    # .006 from look to look and .008 from year to year, less what interpolation smooths.
    expected = np.hypot(0.006, 0.008) / MEAN_REFLECTANCE
    assert 0.7 * expected < bright.std() < 1.15 * expected


def test_neighbouring_looks_share_half_of_it(quiet_world: World) -> None:
    patchiness = Patchiness.of(quiet_world.land, 4)
    one, other = (patchiness.change(p)[0] for p in passes(quiet_world, 2))

    assert 0.5 < np.corrcoef(one.ravel(), other.ravel())[0, 1] < 0.95


def test_pixels_average_to_blocks(quiet_world: World) -> None:
    passing = passes(quiet_world, 1)[0]
    blocks = Patchiness.of(quiet_world.land, 4)
    pixels = Patchiness.of(quiet_world.land, 1)

    for block, pixel in zip(blocks.change(passing), pixels.change(passing), strict=True):
        assert np.abs(block_means(pixel, 4) - block).max() < 0.01
    assert np.allclose(block_means(pixels.static, 4), blocks.static, atol=1e-6)


def test_the_new_year_brings_no_jump(quiet_world: World) -> None:
    patchiness = Patchiness.of(quiet_world.land, 4)
    near = passes(quiet_world, 4, datetime(2021, 12, 29, tzinfo=UTC))
    before, after = (patchiness.change(p)[0] for p in near[:2])

    assert (before - after).std() < 2 * 0.006 / MEAN_REFLECTANCE


def test_settlements_move_as_a_whole_besides(quiet_world: World) -> None:
    patchiness = Patchiness.of(quiet_world.land, 4)
    village = quiet_world.land.villages[0]
    at = village.rows.start // 4 + 4, village.columns.start // 4 + 4
    series = np.array([patchiness.change(p)[0][at] for p in passes(quiet_world, 60)])

    assert series.std() > 0.006 / MEAN_REFLECTANCE
    assert series.mean() == pytest.approx(0.0, abs=0.06)
