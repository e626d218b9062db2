"""Block sets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from aoi.grid import to_metres
from monitor.blocks import BlockSettings, block_sets, ring_of
from tests.monitor.detectors.worlds import a_village, an_area

AREA = an_area()
# 200 m and a margin of 20 m on every side is 240 m: with its corner 20 m inside a block
# boundary it holds exactly 6 x 6 blocks of 40 m.
VILLAGE = a_village(1, 541_020, 1_511_020, side_m=200.0)


def test_a_village_of_240_metres_has_36_blocks() -> None:
    (found,) = block_sets(AREA, [VILLAGE]).settlements

    assert found.own.size == 36
    assert (found.rows.max(), found.columns.max()) == (5, 5)


def test_a_hamlet_smaller_than_a_block_is_the_block_that_holds_it() -> None:
    hamlet = a_village(1, 541_010, 1_511_010, side_m=2.0)
    settings = BlockSettings(dilation_m=0.0)

    (found,) = block_sets(AREA, [hamlet], settings).settlements

    assert found.own.size == 1


def test_a_ring_keeps_away_from_its_village_and_from_others() -> None:
    other = a_village(2, 541_820, 1_511_020, side_m=200.0)
    sets = block_sets(AREA, [VILLAGE, other])
    ring = sets.watched[sets.settlements[0].ring]
    shape = sets.blocks.shape
    selected = np.zeros(shape, dtype=np.bool_)
    selected.ravel()[ring] = True

    near = sets.blocks.inside(VILLAGE.footprint.buffer(0.001))  # about 110 m
    assert not (selected & near).any()
    assert not (selected & sets.blocks.inside(other.footprint)).any()
    assert 200 <= ring.size <= 400


def test_a_placebo_has_the_shape_of_its_village_and_none_of_its_ground() -> None:
    sets = block_sets(AREA, [VILLAGE])

    for placebo in sets.placebos:
        assert placebo.own.size == 36
        assert not set(placebo.own.tolist()) & set(sets.settlements[0].own.tolist())
        assert not set(placebo.own.tolist()) & set(placebo.ring.tolist())


def test_the_version_tells_sets_apart_and_is_stable() -> None:
    again = block_sets(AREA, [VILLAGE])
    moved = block_sets(AREA, [a_village(1, 541_060, 1_511_020, side_m=200.0)])

    assert again.version == block_sets(AREA, [VILLAGE]).version
    assert again.version != moved.version


def test_an_area_without_settlements_watches_nothing() -> None:
    sets = block_sets(AREA, [])

    assert sets.watched.size == 0
    assert sets.settlements == ()


def test_a_settlement_far_outside_the_window_has_no_blocks() -> None:
    outside = replace(VILLAGE, footprint=a_village(9, 700_000, 1_511_000).footprint)

    (found,) = block_sets(AREA, [outside]).settlements

    assert found.own.size == 0
    assert found.ring.size == 0


def test_taking_picks_the_watched_blocks() -> None:
    sets = block_sets(AREA, [VILLAGE])
    numbered = np.arange(sets.blocks.height * sets.blocks.width).reshape(sets.blocks.shape)

    assert (sets.take(numbered) == sets.watched).all()
    assert sets.take(np.stack([numbered, numbered])).shape == (2, sets.watched.size)


def test_a_drawn_ring_starts_at_150_and_ends_at_1500_metres() -> None:
    ring = to_metres(ring_of(VILLAGE.footprint), AREA.epsg)
    village = to_metres(VILLAGE.footprint, AREA.epsg)

    assert ring.distance(village) == pytest.approx(150, abs=1)
    west, _, east, _ = ring.bounds
    assert east - west == pytest.approx(200 + 2 * 1_500, abs=5)
