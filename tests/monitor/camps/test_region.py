from __future__ import annotations

import numpy as np
import pytest
from shapely.geometry import Point

from aoi.settlement import SettlementKind
from monitor.camps.region import camp_of, region_of
from tests.builders import a_settlement, a_square
from tests.monitor.camps.worlds import BLOCKS, a_camp, a_region, blocks_of, outline_of


def test_the_region_is_the_area_and_the_land_that_controls_it() -> None:
    # 4 x 4 blocks in the middle; 1,500 m are 38 blocks, more than the grid has on any side.
    region = region_of(BLOCKS, outline_of(np.s_[28:32], np.s_[28:32]), [])

    assert region.shape == BLOCKS.shape
    assert region.inside.sum() == 16


def test_a_region_at_a_corner_is_cut() -> None:
    region = region_of(BLOCKS, outline_of(np.s_[0:4], np.s_[0:4]), [])

    assert region.shape == (4 + 38, 4 + 38)
    assert region.grid.left_m == BLOCKS.left_m
    assert region.crop(np.zeros(BLOCKS.shape)).shape == region.shape


def test_villages_are_settled_and_only_camps_are_camps() -> None:
    village = a_settlement(footprint=outline_of(np.s_[40:44], np.s_[40:44]))

    region = a_region([village, a_camp(np.s_[10:20], np.s_[10:20])])

    assert [camp.camp_id for camp in region.camps] == ["camp-1"]
    assert region.settled[blocks_of(np.s_[41:43], np.s_[41:43])].all()
    assert region.settled[blocks_of(np.s_[12:18], np.s_[12:18])].all()


def test_a_settlement_outside_the_area_is_no_camp_of_it() -> None:
    far = a_settlement(kind=SettlementKind.CAMP, footprint=a_square(400, east_m=-9_000))

    assert a_region([far]).camps == ()


def test_a_camp_smaller_than_a_block_is_the_block_of_its_middle() -> None:
    # A disc of 2 m about the corner region of block (30, 30), far from its middle.
    west, south, east, north = outline_of(np.s_[30:31], np.s_[30:31]).bounds
    spot = Point(west + 0.1 * (east - west), south + 0.9 * (north - south)).buffer(1e-6)
    tiny = a_settlement(kind=SettlementKind.CAMP, footprint=spot)

    (camp,) = a_region([tiny]).camps

    assert np.flatnonzero(camp.own).tolist() == [30 * BLOCKS.width + 30]


def test_near_is_three_hundred_metres_and_the_ring_leaves_settlements_out() -> None:
    own = blocks_of(np.s_[30:31], np.s_[30:31])
    settled = blocks_of(np.s_[30:31], np.s_[36:37])

    camp = camp_of("c", own, 1_600.0, settled, BLOCKS.shape, 40.0)

    assert camp.near[blocks_of(np.s_[30:31], np.s_[37:38])].all()
    assert not camp.near[blocks_of(np.s_[30:31], np.s_[38:39])].any()
    assert not camp.ring[settled].any()
    assert camp.ring[blocks_of(np.s_[30:31], np.s_[40:41])].all()


def test_a_camp_of_no_block_has_no_land() -> None:
    nothing = np.zeros(BLOCKS.height * BLOCKS.width, dtype=np.bool_)

    camp = camp_of("c", nothing, 0.0, nothing, BLOCKS.shape, 40.0)

    assert not camp.near.any() and not camp.ring.any()


def test_blocks_become_an_outline() -> None:
    outline = a_region().outline(blocks_of(np.s_[10:12], np.s_[10:12]))

    assert outline.area == pytest.approx(outline_of(np.s_[10:12], np.s_[10:12]).area, rel=1e-3)
