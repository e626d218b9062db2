from __future__ import annotations

from aoi.area import WINDOW_MARGIN_M, AoiState, Sensitivity
from tests.builders import an_aoi


def test_the_blocks_of_an_area_reach_a_margin_beyond_it() -> None:
    # 2 km and 3 km on either side are 8 km: 200 blocks of 40 m, and what alignment adds.
    blocks = an_aoi().blocks

    assert WINDOW_MARGIN_M == 3_000
    assert blocks.resolution_m == 40
    assert 200 <= blocks.height <= 202
    assert 200 <= blocks.width <= 202


def test_an_area_is_for_partners_and_active_unless_said() -> None:
    area = an_aoi()

    assert area.sensitivity is Sensitivity.PARTNERS
    assert area.state is AoiState.ACTIVE
    assert area.group_id == ""
