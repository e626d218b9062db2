from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from aoi.interval import Interval
from monitor.scene import Sensor
from monitor.simulation.changes import Course
from monitor.simulation.materials import Cover
from monitor.simulation.radar import (
    LOOKS_PER_M2,
    mixed,
    power_gained,
    radar_looks,
    radar_passes,
)
from monitor.simulation.streams import stream
from monitor.simulation.world import World

DRY = Interval(datetime(2022, 2, 1, tzinfo=UTC), datetime(2022, 4, 1, tzinfo=UTC))


def decibels(power: float) -> float:
    return float(10 * np.log10(power))


def test_two_orbits_pass_every_twelve_days() -> None:
    passes = list(radar_passes(3, DRY))

    # 59 days hold five passes of each orbit, or four.
    assert {p.relative_orbit for p in passes} == {22, 124}
    assert 8 <= len(passes) <= 10


def test_speckle_has_the_sigma_of_its_number_of_looks(quiet_world: World) -> None:
    same_orbit = [look for look in radar_looks(quiet_world, DRY) if look.track == "sentinel-1-022"]
    difference = same_orbit[1].bands["vv"] - same_orbit[0].bands["vv"]

    # 16 looks in 1,600 square metres: 4.34 / sqrt(16) = 1.085 dB, and .08 dB of drift.
    assert 1_600 * LOOKS_PER_M2 == 16
    assert difference.std() / np.sqrt(2) == pytest.approx(1.10, abs=0.06)


@pytest.mark.parametrize("looks", [4.4, 16.0])
def test_gamma_speckle_keeps_the_mean(looks: float) -> None:
    speckle = stream(1, "test").standard_gamma(looks, 200_000) / looks

    assert speckle.mean() == pytest.approx(1.0, abs=0.01)
    assert speckle.std() == pytest.approx(1 / np.sqrt(looks), rel=0.02)


def test_bare_sand_has_the_backscatter_of_the_table(quiet_world: World) -> None:
    shares = np.zeros((len(Cover), 1), dtype=np.float32)
    shares[Cover.SAND] = 1.0

    vv, vh = mixed(quiet_world.land, 8_000.0, shares)[:, 0]

    assert decibels(vv) == pytest.approx(-13.0, abs=1e-3)
    assert decibels(vh) == pytest.approx(-20.0, abs=1e-3)


def test_cover_mixes_in_linear_power(quiet_world: World) -> None:
    shares = np.zeros((len(Cover), 1), dtype=np.float32)
    shares[Cover.SAND], shares[Cover.WATER] = 0.5, 0.5

    vv = mixed(quiet_world.land, 8_000.0, shares)[0, 0]

    assert vv == pytest.approx((10**-1.3 + 10**-2.0) / 2, rel=1e-4)


@pytest.mark.parametrize(
    ("cover", "least_db", "most_db"),
    [
        pytest.param(Cover.THATCH, -0.5, 0.0, id="burned thatch hardly changes"),
        pytest.param(Cover.METAL, -2.5, -0.5, id="burned dense fabric does"),
    ],
)
def test_fire_lowers_backscatter(cover: Cover, least_db: float, most_db: float) -> None:
    course = Course(start=0.0, taking_days=0.1, char=0.7)
    before = {Cover.THATCH: 0.1, Cover.METAL: 10**-0.5}[cover]

    after = before + power_gained(course, [cover], 1.0)[0, 0]

    assert least_db <= decibels(after / before) < most_db


def test_a_new_camp_raises_backscatter_by_a_few_tenths() -> None:
    course = Course(start=0.0, taking_days=1.0, left={"tarpaulin": 1.0})

    after = 10**-1.3 + 0.12 * power_gained(course, [Cover.SAND], 5.0)[0, 0]

    # DETECTION 5.4: .2 to 2 dB.
    assert 0.2 <= decibels(after / 10**-1.3) <= 2.0


def test_looks_are_on_the_grid_and_in_hundredths_of_a_decibel(quiet_world: World) -> None:
    look = next(radar_looks(quiet_world, DRY))
    steps = look.bands["vh"].astype(np.float64) / 0.01

    assert look.sensor is Sensor.SENTINEL_1
    assert look.blocks == quiet_world.blocks
    assert np.abs(steps - np.rint(steps)).max() < 1e-2
    assert look.valid.all()
    assert np.isnan(look.texture).all()


def test_rain_raises_backscatter_over_the_dry_season(quiet_world: World) -> None:
    rains = Interval(datetime(2022, 7, 20, tzinfo=UTC), datetime(2022, 9, 10, tzinfo=UTC))
    dry, wet = (
        np.mean([float(look.bands["vv"].mean()) for look in radar_looks(quiet_world, interval)])
        for interval in (DRY, rains)
    )

    assert 0.1 < wet - dry < 2.5


def test_any_interval_gives_the_same_looks(quiet_world: World) -> None:
    late = Interval(DRY.start + timedelta(days=30), DRY.end)
    whole = [look for look in radar_looks(quiet_world, DRY) if late.contains(look.acquired_at)]

    for one, other in zip(whole, radar_looks(quiet_world, late), strict=True):
        assert one.bands["vv"].tobytes() == other.bands["vv"].tobytes()
