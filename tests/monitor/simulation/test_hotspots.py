from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from shapely.geometry import Point

from aoi.grid import to_metres
from aoi.interval import Interval
from monitor.simulation.hotspots import firms_csv, hotspots
from monitor.simulation.presets import Burns, PlannedBurn
from monitor.simulation.world import World, build
from monitor.sources.firms_csv import parse_firms
from tests.monitor.simulation.conftest import small

WINTER = Interval(datetime(2021, 11, 1, tzinfo=UTC), datetime(2022, 2, 1, tzinfo=UTC))


def test_detections_come_in_order_and_inside_the_interval(quiet_world: World) -> None:
    spots = hotspots(quiet_world, WINTER)
    times = [spot.acquired_at for spot in spots]

    assert len(spots) > 5
    assert times == sorted(times)
    assert all(WINTER.contains(time) for time in times)
    assert {spot.satellite for spot in spots} <= {"N", "N20", "N21"}


def test_any_interval_gives_the_same_detections(quiet_world: World) -> None:
    late = Interval(datetime(2021, 12, 15, tzinfo=UTC), WINTER.end)
    whole = [spot for spot in hotspots(quiet_world, WINTER) if late.contains(spot.acquired_at)]

    assert hotspots(quiet_world, late) == whole


def test_passes_are_near_half_past_one_by_day_and_by_night(quiet_world: World) -> None:
    for spot in hotspots(quiet_world, WINTER):
        # Local solar time at 25.3 degrees east is 1.7 h ahead of UTC.
        local = (spot.acquired_at + timedelta(hours=25.3 / 15)).time()
        minutes = local.hour * 60 + local.minute
        middle = 90 if spot.is_night else 13 * 60 + 30
        assert abs(minutes - middle) <= 55
        assert timedelta(hours=1) < spot.available_at - spot.acquired_at <= timedelta(hours=3)


def test_a_long_fire_over_a_pass_is_often_seen_where_it_burns() -> None:
    seen = near = 0
    for seed in range(1_200, 1_206):
        at = datetime(2021, 12, 10, 22, tzinfo=UTC)
        burns = Burns(planned=(PlannedBurn(rank=0, at=at, fraction=1.0),))
        world = build(small(burns=burns), seed)
        (burn,) = world.targets
        bare = replace(world, truth=(burn,))
        night = Interval(at - timedelta(hours=1), at + timedelta(hours=16))
        centre = to_metres(world.outline(burn), world.blocks.epsg).centroid
        spots = [s for s in hotspots(bare, night) if s.confidence != "low"]
        distances = [
            to_metres(Point(s.longitude, s.latitude), world.blocks.epsg).distance(centre)
            for s in spots
        ]
        seen += bool(spots)
        near += any(distance < 700 for distance in distances)

    # Fires of one to ten hours from 22:00, passes around 23:50: most are met.
    assert near >= 2
    assert near <= seen


def test_a_fire_gives_no_detection_before_it_burns_or_a_day_after(burning_world: World) -> None:
    (burn,) = burning_world.targets
    bare = replace(burning_world, truth=())
    day = timedelta(days=1)
    for start, end in (
        (burn.interval.start - 20 * day, burn.interval.start),
        (burn.interval.end + day, burn.interval.end + 20 * day),
    ):
        quiet = Interval(start, end)
        assert hotspots(burning_world, quiet) == hotspots(bare, quiet)


def test_nothing_scripted_means_a_few_field_fires_at_most(burning_world: World) -> None:
    bare = replace(burning_world, truth=())

    # .15 per square kilometre and year on 52 square kilometres, and two glints.
    assert len(hotspots(bare, WINTER)) < 25


@pytest.mark.parametrize("archive", [False, True])
def test_our_own_reader_reads_both_spellings(quiet_world: World, archive: bool) -> None:
    spots = hotspots(quiet_world, WINTER)

    read = parse_firms(firms_csv(spots, archive=archive), "simulated.csv")

    assert not read.impossible
    assert len(read.hotspots) == len(spots)
    for one, other in zip(read.hotspots, spots, strict=True):
        assert one.acquired_at == other.acquired_at
        assert (one.satellite, one.confidence) == (other.satellite, other.confidence)
        assert np.allclose([one.longitude, one.frp_mw], [other.longitude, other.frp_mw])


def test_columns_are_those_of_firms() -> None:
    assert firms_csv([]).strip().split(",") == [
        "latitude", "longitude", "brightness", "scan", "track", "acq_date", "acq_time",
        "satellite", "instrument", "confidence", "version", "bright_t31", "frp", "daynight",
    ]  # fmt: skip
