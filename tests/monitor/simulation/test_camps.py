from __future__ import annotations

import math
from datetime import timedelta

import numpy as np
import pytest

from aoi.settlement import SettlementKind
from monitor.simulation.camps import tents
from monitor.simulation.changes import Course
from monitor.simulation.events import Event, EventKind
from monitor.simulation.presets import Camps
from monitor.simulation.streams import stream
from monitor.simulation.villages import lobed
from monitor.simulation.world import World, build
from tests.monitor.simulation.conftest import small


def only(world: World, kind: EventKind) -> Event:
    (event,) = [event for event in world.truth if event.kind is kind]
    return event


def test_camps_of_every_fate_exist(camp_world: World) -> None:
    kinds = [settlement.kind for settlement in camp_world.settlements]

    assert kinds.count(SettlementKind.CAMP) == 3
    assert only(camp_world, EventKind.CAMP_GROWTH).settlement_id
    assert only(camp_world, EventKind.CAMP_EMPTIED).settlement_id
    assert only(camp_world, EventKind.CAMP_NEW).settlement_id is None


def test_a_new_camp_keeps_away_from_settlements(camp_world: World) -> None:
    event = only(camp_world, EventKind.CAMP_NEW)
    row, column = (int(position) for position in event.centre)

    assert camp_world.land.distance_m[row, column] > 250


def test_a_camp_fills_in_ten_to_sixty_days(camp_world: World) -> None:
    for kind in (EventKind.CAMP_NEW, EventKind.CAMP_GROWTH):
        length = only(camp_world, kind).interval.length
        assert timedelta(days=10) <= length <= timedelta(days=60)


def test_ground_is_cleared_before_shelters_stand(camp_world: World) -> None:
    clearing, shelters = only(camp_world, EventKind.CAMP_NEW).changes

    assert clearing.course.start == shelters.course.start - 3.0
    assert not clearing.course.left
    assert dict(shelters.course.left) == {"tarpaulin": 1.0}


@pytest.mark.parametrize("cover", [0.09, 0.14])
def test_shelters_cover_as_much_ground_as_was_asked_for(quiet_world: World, cover: float) -> None:
    land = quiet_world.land
    outline = lobed(stream(1, "test"), (360.0, 300.0), 20.0)

    change = tents(land, outline, cover, Course(0.0, 1.0), stream(2, "test"))

    covered_m2 = float(change.changed_share.sum()) * 1_600
    assert covered_m2 / (outline.area * 100) == pytest.approx(cover, rel=0.25)


def test_clearing_and_shelters_together_never_take_more_than_there_is(camp_world: World) -> None:
    for kind in (EventKind.CAMP_NEW, EventKind.CAMP_GROWTH):
        clearing, shelters = only(camp_world, kind).changes
        window = camp_world.land.shares[:, clearing.rows, clearing.columns]
        assert (clearing.rows, clearing.columns) == (shelters.rows, shelters.columns)
        for cover in clearing.covers:
            taken = clearing.weights[cover] * clearing.touched
            taken = taken + shelters.weights.get(cover, 0.0) * shelters.touched
            assert taken.max() <= 1.0
        assert np.allclose(window.sum(axis=0), 1.0, atol=1e-4)


def test_growth_gains_the_share_that_truth_says(camp_world: World) -> None:
    event = only(camp_world, EventKind.CAMP_GROWTH)
    index = int((event.settlement_id or "").rsplit("-", 1)[-1])
    before_ha = camp_world.land.villages[index].area_ha

    clearing, _ = event.changes
    grown_ha = float((clearing.touched > 0.5).sum()) / 100

    assert grown_ha == pytest.approx(event.fraction * before_ha, rel=0.1)


def test_nothing_burns_when_a_camp_is_dismantled(camp_world: World) -> None:
    event = only(camp_world, EventKind.CAMP_EMPTIED)

    assert math.isnan(event.tau_days)
    assert all(change.course.char == 0 for change in event.changes)


def test_a_deserted_camp_keeps_shelters_for_months_and_greens_with_the_rain() -> None:
    world = build(small(villages=3, camps=Camps(deserted=1, from_share=0.3, until_share=0.35)), 5)
    event = only(world, EventKind.CAMP_EMPTIED)
    shelters, ground = event.changes

    assert event.pattern == "deserted"
    assert event.interval.length >= timedelta(days=120)
    assert shelters.course.amount(event.start + 30) < 0.3
    soil = world.land.seasons.spectra(0.0)
    assert ground.difference(event.start + 20, soil, world.land.seasons).shape == (12, 2)
