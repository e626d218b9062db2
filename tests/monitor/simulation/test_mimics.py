from __future__ import annotations

from collections import Counter

import numpy as np

from monitor.simulation.events import TARGETS, EventKind
from monitor.simulation.mimics import MAKERS, OF_CAMP_SIZE, mimics
from monitor.simulation.streams import stream
from monitor.simulation.world import World

KINDS = set(MAKERS)


def test_there_is_no_mimic_where_none_was_asked_for(quiet_world: World) -> None:
    assert not list(mimics(quiet_world.land))


def test_mimics_are_no_targets(camp_world: World) -> None:
    assert not KINDS & set(TARGETS)
    assert any(event.kind in KINDS for event in camp_world.truth)


def test_a_settlement_keeps_the_kind_of_its_mimic(camp_world: World) -> None:
    found = Counter(
        (event.settlement_id, event.kind) for event in camp_world.truth if event.kind in KINDS
    )

    assert len({settlement for settlement, _ in found}) == len(found)


def test_every_maker_changes_ground_near_but_not_in_a_village(quiet_world: World) -> None:
    land = quiet_world.land
    for kind, make in MAKERS.items():
        course, change = make(land, land.villages[0], 2022, stream(5, kind.value))
        touched_m = land.distance_m[change.rows, change.columns][change.touched > 0]

        assert len(change.blocks) > 0, kind
        assert course.recovers_at > course.start
        if kind is EventKind.NEW_ROOFS:
            assert np.median(touched_m) == 0
        else:
            assert touched_m.min() > 0


def test_a_kiln_burns_again_every_year_at_the_same_place(quiet_world: World) -> None:
    land, make = quiet_world.land, MAKERS[EventKind.KILN]
    places = [
        make(land, land.villages[1], year, stream(5, "kiln", year))[1].blocks.mean()
        for year in (2021, 2022)
    ]

    assert abs(places[0] - places[1]) < 5 * quiet_world.blocks.width


def test_mimics_of_the_size_of_camps_cover_a_hectare_or_more_of_land(quiet_world: World) -> None:
    land = quiet_world.land
    for kind, make in OF_CAMP_SIZE.items():
        sizes = []
        for number in range(6):
            course, change = make(land, land.villages[0], 2022, stream(number, kind.value))
            sizes.append(len(change.blocks))
            touched_m = land.distance_m[change.rows, change.columns][change.touched > 0]

            assert course.recovers_at > course.start
            assert touched_m.min() > 0, kind

        assert max(sizes) >= 7, kind


def test_a_fair_comes_back_to_its_place_in_the_same_weeks(quiet_world: World) -> None:
    land, make = quiet_world.land, OF_CAMP_SIZE[EventKind.MARKET]
    (first, before), (second, after) = (
        make(land, land.villages[1], year, stream(5, "fair", year)) for year in (2021, 2022)
    )

    assert abs(second.start - first.start - 365.0) < 40
    assert np.median(before.blocks) == np.median(after.blocks)
