from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from monitor.simulation.events import Event, EventKind
from monitor.simulation.fires import bush_fires, compound_fires, village_burns
from monitor.simulation.land import Land
from monitor.simulation.presets import Burns, Confounders, PlannedBurn
from monitor.simulation.world import World

MIDNIGHT = datetime(2022, 3, 1, tzinfo=UTC)


def with_burns(world: World, **burns: object) -> Land:
    settings = replace(world.settings, burns=Burns(**burns))  # type: ignore[arg-type]
    return replace(world.land, settings=settings)


def with_confounders(world: World, **confounders: float) -> Land:
    none = Confounders(0, 0, 0, 0, 0, 0, 0)
    settings = replace(world.settings, confounders=replace(none, **confounders))
    return replace(world.land, settings=settings)


def settlements_of(events: list[Event]) -> set[str | None]:
    return {event.settlement_id for event in events}


def test_a_planned_burn_takes_the_village_of_its_rank_at_its_time(quiet_world: World) -> None:
    planned = PlannedBurn(rank=0, at=MIDNIGHT, fraction=0.5)
    (burn,) = village_burns(with_burns(quiet_world, planned=(planned,)))
    counts = [len(village.structures) for village in quiet_world.land.villages]

    assert burn.settlement_id == quiet_world.land.settlement_id(int(np.argmax(counts)))
    assert burn.interval.start == MIDNIGHT
    assert timedelta(hours=1) <= burn.interval.length <= timedelta(hours=10)
    assert burn.fraction == pytest.approx(0.5, abs=0.01)


def test_every_village_burns_in_a_year_whose_rate_is_one(quiet_world: World) -> None:
    burns = list(village_burns(with_burns(quiet_world, rate_per_year=(0.0, 1.0))))

    assert len(settlements_of(burns)) == 4
    assert all(burn.interval.start >= datetime(2021, 12, 31, tzinfo=UTC) for burn in burns)
    assert all(0.1 <= burn.fraction <= 1.0 for burn in burns)
    assert all(10 <= burn.tau_days <= 30 for burn in burns)


def test_a_burn_changes_its_village_and_nothing_else(quiet_world: World) -> None:
    planned = PlannedBurn(rank=0, at=MIDNIGHT, fraction=1.0)
    (burn,) = village_burns(with_burns(quiet_world, planned=(planned,)))
    rows, columns = np.unravel_index(burn.blocks(0.05), quiet_world.blocks.shape)

    # Structures at the edge reach at most two pixels beyond the outline.
    assert quiet_world.land.distance_m[rows * 4 + 2, columns * 4 + 2].max() < 60


@pytest.mark.parametrize("fraction", [0.15, 0.5, 1.0])
def test_the_share_of_burned_ground_follows_the_share_of_structures(
    quiet_world: World, fraction: float
) -> None:
    def burned(share: float) -> float:
        planned = PlannedBurn(rank=0, at=MIDNIGHT, fraction=share)
        (burn,) = village_burns(with_burns(quiet_world, planned=(planned,)))
        return float(burn.changes[0].changed_share.sum())

    assert burned(fraction) / burned(1.0) == pytest.approx(fraction, abs=0.12)


def test_a_burned_compound_is_smaller_than_four_blocks(quiet_world: World) -> None:
    fires = list(compound_fires(with_confounders(quiet_world, compound_fires=1.0)))

    assert len(fires) >= 8
    assert {fire.kind for fire in fires} == {EventKind.COMPOUND_FIRE}
    assert all(len(fire.blocks(0.15)) < 4 for fire in fires)


def test_without_rates_nothing_burns(quiet_world: World) -> None:
    land = with_confounders(quiet_world)

    assert not list(compound_fires(land))
    assert not list(village_burns(with_burns(quiet_world)))
    assert not list(bush_fires(land))


def test_bush_fires_come_in_the_months_of_fire(quiet_world: World) -> None:
    fires = list(bush_fires(with_confounders(quiet_world, ring_fires=1.0, free_fires=1.0)))

    assert len(fires) > 10
    # From day 300 for 150 days, and a few days of spread.
    assert all(fire.interval.start.month in (10, 11, 12, 1, 2, 3, 4) for fire in fires)


def test_bush_fires_spare_settlements_unless_they_spill(quiet_world: World) -> None:
    distance = quiet_world.land.distance_m
    for spill in (0.0, 1.0):
        land = with_confounders(quiet_world, ring_fires=1.0, spill=spill)
        inside = [
            float(change.touched[distance[change.rows, change.columns] == 0].sum())
            for fire in bush_fires(land)
            for change in fire.changes
        ]
        assert (max(inside) > 0) is (spill == 1.0)


def test_spilling_fires_take_six_percent_of_a_settlement_at_most(quiet_world: World) -> None:
    land = with_confounders(quiet_world, ring_fires=1.0, spill=1.0)
    for fire in bush_fires(land):
        index = int((fire.settlement_id or "0").rsplit("-", 1)[-1])
        village = land.villages[index]
        whole = np.zeros(land.shape, dtype=np.float32)
        (change,) = fire.changes
        whole[change.rows, change.columns] = change.touched
        own = whole[village.rows, village.columns][village.inside() > 0.5]
        assert (own > 0).mean() <= 0.07


def test_no_ground_burns_twice_in_one_season(quiet_world: World) -> None:
    land = with_confounders(quiet_world, ring_fires=1.0, free_fires=3.0)
    season = [fire for fire in bush_fires(land) if fire.event_id.startswith("fire-2021")]
    burned = np.zeros(land.shape, dtype=np.int32)
    for fire in season:
        (change,) = fire.changes
        burned[change.rows, change.columns] += change.touched > 0

    assert len(season) > 3
    assert burned.max() == 1


def test_burned_bush_recovers_with_the_next_rains(quiet_world: World) -> None:
    land = with_confounders(quiet_world, ring_fires=1.0)
    for fire in bush_fires(land):
        (change,) = fire.changes
        assert change.course.recovers_at == land.seasons.next_onset(change.course.start)
