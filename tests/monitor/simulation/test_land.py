from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from monitor.simulation.land import block_window
from monitor.simulation.world import World


def test_pixels_inside_settlements_are_at_distance_nought(quiet_world: World) -> None:
    land = quiet_world.land
    row, column = (int(position) for position in land.villages[0].centre)

    assert land.distance_m[row, column] == 0
    assert land.distance_m.max() > 1_000


def test_a_settlement_that_burned_is_left_alone_for_a_while(quiet_world: World) -> None:
    land = replace(quiet_world.land, burned_on={2: (1_000.0,)})

    assert not land.is_free(2, 1_100.0)
    assert not land.is_free(2, 950.0)
    assert land.is_free(2, 1_251.0)
    assert land.is_free(1, 1_100.0)


def test_settlements_are_named_after_their_area(quiet_world: World) -> None:
    assert quiet_world.land.settlement_id(3) == f"{quiet_world.aoi.aoi_id}-003"


@pytest.mark.parametrize(
    ("centre", "reach", "expected"),
    [
        pytest.param((50.0, 50.0), 10, (slice(40, 60), slice(40, 60)), id="inside"),
        pytest.param((3.0, 97.0), 10, (slice(0, 12), slice(84, 100)), id="at a corner"),
    ],
)
def test_windows_are_whole_blocks_inside_the_land(
    centre: tuple[float, float], reach: int, expected: tuple[slice, slice]
) -> None:
    assert block_window(centre, reach, (100, 100)) == expected


def test_the_cover_of_the_land_adds_up_to_one(quiet_world: World) -> None:
    assert np.allclose(quiet_world.land.shares.sum(axis=0), 1.0, atol=1e-4)
