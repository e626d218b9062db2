from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from monitor.detectors.fire_archive import counted, places_of
from monitor.detectors.fire_seasons import DayCount, FireSeasons, span_of
from monitor.detectors.heat_sources import cell_of
from tests.builders import NOW, a_square
from tests.monitor.detectors.fires import VILLAGE, a_fire, a_sky

TODAY = NOW.date()
EMPTY = FireSeasons("sd-test", places_of([VILLAGE]))


def test_each_day_counts_overpasses_near_and_square_kilometres_around() -> None:
    near = [a_fire(), a_fire(north_m=100), a_fire(satellite="N")]
    # Two pixels of one square kilometre, and one of another; the far ones are too far.
    around = [a_fire(east_m=1_500), a_fire(east_m=1_510), a_fire(east_m=2_700)]

    seasons = counted(EMPTY, [VILLAGE], a_sky(*near, *around), through=TODAY)

    assert seasons.waiting == {TODAY: {"sd-test-0001": DayCount(near=2, ring=2)}}
    assert seasons.latest == {"sd-test-0001": NOW}
    assert seasons.since == seasons.through == TODAY


def test_a_day_is_counted_once() -> None:
    sky = a_sky(a_fire())
    once = counted(EMPTY, [VILLAGE], sky, through=TODAY)

    twice = counted(once, [VILLAGE], sky, through=TODAY + timedelta(days=1))

    assert twice.waiting == once.waiting
    assert twice.cells == once.cells


def test_days_that_are_not_complete_wait() -> None:
    seasons = counted(EMPTY, [VILLAGE], a_sky(a_fire()), through=TODAY - timedelta(days=1))

    assert seasons.waiting == {}
    assert seasons.since is None


def test_a_day_with_fires_elsewhere_begins_the_archive_too() -> None:
    seasons = counted(EMPTY, [VILLAGE], a_sky(a_fire(east_m=3_900)), through=TODAY)

    assert seasons.since == TODAY
    assert seasons.latest == {}


def test_what_leaves_the_quarantine_becomes_the_norm() -> None:
    day = date(2024, 1, 5)
    hours = (day - TODAY).days * 24.0
    seasons = counted(EMPTY, [VILLAGE], a_sky(a_fire(hours=hours)), through=TODAY)

    assert seasons.near == {"sd-test-0001": {span_of(day): 1.0}}


def test_static_heat_is_no_norm_but_keeps_its_source_known() -> None:
    spot = a_sky(a_fire()).pixels
    cell = cell_of(float(spot.eastings[0]), float(spot.northings[0]))
    kiln = replace(EMPTY, cells={cell: {12 * 2023 + m: 1 for m in range(7)}})

    seasons = counted(kiln, [VILLAGE], a_sky(a_fire(), seasons=kiln), through=TODAY)

    assert seasons.waiting == {}
    assert sum(seasons.cells[cell].values()) == 8


def test_an_archive_is_for_the_settlements_that_it_was_counted_for() -> None:
    moved = replace(VILLAGE, footprint=a_square(400, east_m=40))

    assert places_of([VILLAGE]) == places_of([VILLAGE])
    assert places_of([VILLAGE]) != places_of([moved])
    assert places_of([VILLAGE]) != places_of([])
