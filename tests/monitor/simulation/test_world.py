from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from monitor.simulation.events import EventKind
from monitor.simulation.presets import PRESETS
from monitor.simulation.world import PAIRS, World, build
from tests.monitor.simulation.conftest import SEED, small


def test_the_same_seed_gives_the_same_world(quiet_world: World) -> None:
    again = build(small(), SEED)

    assert again.settlements == quiet_world.settlements
    assert [e.event_id for e in again.truth] == [e.event_id for e in quiet_world.truth]
    assert again.block_shares.tobytes() == quiet_world.block_shares.tobytes()
    assert again.scatter.tobytes() == quiet_world.scatter.tobytes()


def test_another_seed_gives_another_world(quiet_world: World) -> None:
    other = build(small(), SEED + 1)

    assert other.settlements != quiet_world.settlements


def test_looks_are_on_the_grid_of_the_area(quiet_world: World) -> None:
    assert quiet_world.blocks == quiet_world.aoi.blocks
    assert quiet_world.blocks.shape == (180, 180)


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_has_room_for_its_villages(name: str) -> None:
    settings = PRESETS[name]

    assert settings.window_km * 1_000 > 6_040
    assert settings.window_km * 1_000 > 2 * settings.village_margin_m


def test_a_window_without_room_for_an_area_is_refused() -> None:
    with pytest.raises(ValueError, match="a window of 4000 m holds no area"):
        build(replace(small(), window_km=4.0), SEED)


def test_truth_is_in_order_of_time(camp_world: World) -> None:
    starts = [event.start for event in camp_world.truth]

    assert starts == sorted(starts)
    assert len({event.event_id for event in camp_world.truth}) == len(starts)


def test_targets_are_what_a_detector_should_find(burning_world: World) -> None:
    (burn,) = burning_world.targets

    assert burn.kind is EventKind.BURNED
    assert burning_world.truth == (burn,)


def test_a_new_burn_changes_no_other_part_of_the_world(
    burning_world: World, quiet_world: World
) -> None:
    assert burning_world.settlements == quiet_world.settlements
    assert burning_world.block_shares.tobytes() == quiet_world.block_shares.tobytes()
    assert burning_world.land.weather.storms == quiet_world.land.weather.storms


def test_the_outline_of_a_burn_lies_over_its_village(burning_world: World) -> None:
    (burn,) = burning_world.targets
    index = int((burn.settlement_id or "").rsplit("-", 1)[-1])
    outline, village = burning_world.outline(burn), burning_world.true_footprint(index)

    assert outline.intersection(village).area / village.area > 0.9
    assert outline.area < 3 * village.area


def test_given_footprints_are_near_the_true_ones(quiet_world: World) -> None:
    for index, settlement in enumerate(quiet_world.settlements):
        true = quiet_world.true_footprint(index)
        assert settlement.footprint.intersection(true).area / true.area > 0.6
        assert settlement.footprint != true


def test_scatter_is_the_covariance_of_cover_inside_a_block(quiet_world: World) -> None:
    row, column = 80, 90
    pixels = quiet_world.land.shares[:, row * 4 : row * 4 + 4, column * 4 : column * 4 + 4]
    covariance = np.cov(pixels.reshape(14, 16).astype(np.float64), bias=True)
    weights = np.linspace(0.05, 0.3, 14)

    number = row * quiet_world.blocks.width + column
    pairs = weights[PAIRS[0]] * weights[PAIRS[1]]
    found = float(pairs @ quiet_world.scatter[:, number])

    assert found == pytest.approx(weights @ covariance @ weights, rel=1e-3, abs=1e-7)


def test_events_stand_while_they_show(burning_world: World) -> None:
    (burn,) = burning_world.targets

    assert not list(burning_world.standing(burn.start - 0.1))
    assert list(burning_world.standing(burn.start + 1.0)) == [burn]
