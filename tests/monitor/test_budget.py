from __future__ import annotations

from datetime import timedelta

import pytest
from shapely.affinity import translate

from aoi.area import Aoi
from monitor.budget import (
    firms_requests_a_month,
    overpasses_a_month,
    sentinel_hub_cost,
    stac_cost,
    tiles_expected,
)
from tests.builders import a_square, an_aoi

THREE_YEARS = timedelta(days=1080)
HOURLY = 720.0


def area(side_km: float) -> Aoi:
    return an_aoi(geometry=a_square(side_km * 1_000))


@pytest.mark.parametrize(
    ("latitude_deg", "width_km", "expected"),
    [
        # 40,075 km / 143 orbits are 280.2 km at the equator; 2 satellites x 3 repeats.
        pytest.param(0, 0, 6.2, id="a point on the equator"),
        pytest.param(60, 0, 12.4, id="twice as often at 60 degrees"),
        pytest.param(-60, 0, 12.4, id="north or south"),
        pytest.param(0, 280.2, 12.2, id="an area as wide as an orbit"),
    ],
)
def test_satellites_pass_about_every_five_days_and_more_often_towards_the_poles(
    latitude_deg: float, width_km: float, expected: float
) -> None:
    assert overpasses_a_month(latitude_deg, width_km) == pytest.approx(expected, abs=0.05)


def test_a_small_area_meets_a_tile_and_a_bit() -> None:
    # A point lies in 1.098 x 1.098 tiles on average, for they overlap by 9.8 km of 100.
    assert tiles_expected(0, 0) == pytest.approx(1.2056, abs=1e-4)
    assert tiles_expected(90.2, 90.2) == 4.0


def test_a_month_of_a_small_area_from_a_catalogue() -> None:
    cost = stac_cost(area(10), runs_a_month=HOURLY, history=THREE_YEARS)

    # 16 km with margins: (290 + 16) / (280.2 x cos 13.66) x 6 overpasses of 1.58 tiles.
    assert cost.scenes_a_month == pytest.approx(6.74 * 1.58, rel=0.02)
    # At 10 m 1,600 px meet 2.57 tiles: 3 bands x 2.57 x 2.57 x 1,024 x 1,024 x 1.5 bytes;
    # at 20 m 800 px meet 1.79.
    fetched = 3 * (2.57**2 + 1.79**2) * 1_024**2 * 1.5 + 8 * 65_536
    assert cost.bytes_a_month == pytest.approx(cost.scenes_a_month * fetched, rel=0.02)
    # Heads and rows of tiles of four files at both resolutions.
    requests = 4 * (1 + 2.57) + 4 * (1 + 1.79)
    assert cost.requests_a_month == pytest.approx(cost.scenes_a_month * requests + 720, rel=0.02)
    assert cost.units_a_month == 0
    assert cost.history_scenes == pytest.approx(36 * cost.scenes_a_month)


def test_a_month_of_a_small_area_through_sentinel_hub() -> None:
    cost = sentinel_hub_cost(area(10), runs_a_month=HOURLY, history=THREE_YEARS)

    # 1,600 x 1,600 px of four bands and 800 x 800 of four, in units of 262,144 px x 3.
    units = (1_600**2 + 800**2) * 4 / 3 / 262_144
    assert cost.units_a_month == pytest.approx(6.74 * units, rel=0.03)
    # Each overpass takes two requests, however many tiles it has.
    assert cost.requests_a_month == pytest.approx(6.74 * 2 + 720, rel=0.02)
    assert cost.history_units == pytest.approx(36 * cost.units_a_month)


def test_radar_is_counted_where_it_is_asked_for() -> None:
    plain = sentinel_hub_cost(area(10), runs_a_month=HOURLY, history=THREE_YEARS)
    aoi = an_aoi(geometry=a_square(10_000), detectors=("burn", "sar"))

    cost = sentinel_hub_cost(aoi, runs_a_month=HOURLY, history=THREE_YEARS)

    # 40,075 km x cos 13.66 / 175 are 222.5 km; 2 satellites x 2 directions x 2.5 repeats.
    passes = 10 * (250 + 16) / 222.5
    assert cost.scenes_a_month - plain.scenes_a_month == pytest.approx(passes, rel=0.02)
    # 1,600 x 1,600 px of two bands of three, twice for the terrain.
    units = 1_600**2 * 2 / 3 * 2 / 262_144
    assert cost.units_a_month - plain.units_a_month == pytest.approx(passes * units, rel=0.03)
    # One image an overpass, and another catalogue to search.
    more = cost.requests_a_month - plain.requests_a_month
    assert more == pytest.approx(passes + HOURLY, rel=0.02)


def test_a_large_area_takes_several_images() -> None:
    small, large = (
        sentinel_hub_cost(area(side), runs_a_month=0, history=THREE_YEARS) for side in (10, 40)
    )

    # 46 km are 4,600 px at 10 m, of which an image holds 2,500 a side, and 2,300 px at 20 m.
    assert large.requests_a_month / large.scenes_a_month == 4 + 1
    assert small.requests_a_month / small.scenes_a_month == 1 + 1


def test_hiding_the_village_costs_a_multiple() -> None:
    aoi = area(2)

    plain, hidden = (
        stac_cost(aoi, runs_a_month=0, history=THREE_YEARS, whole_tiles=whole)
        for whole in (False, True)
    )

    assert 3 < hidden.bytes_a_month / plain.bytes_a_month < 10


def test_the_cost_of_a_hidden_village_does_not_depend_on_its_place() -> None:
    aoi = area(2)
    moved = an_aoi(geometry=translate(aoi.geometry, 0.01, 0.01))

    costs = {
        sentinel_hub_cost(a, runs_a_month=0, history=THREE_YEARS, whole_tiles=True).requests_a_month
        for a in (aoi, moved)
    }

    assert max(costs) == pytest.approx(min(costs), rel=1e-3)


def test_hotspots_cost_the_fresh_days_of_each_run_and_the_past_once() -> None:
    # Ten days that may still change lie in up to three spans of five; 90 days are 18 spans.
    assert firms_requests_a_month(products=3, runs_a_month=30) == 3 * (30 * 3 + 18)
