from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from aoi.interval import Interval
from monitor.simulation.clock import day_number, new_year
from monitor.simulation.fields import Upsampler, block_means
from monitor.simulation.orbits import Acquisition, acquisitions
from monitor.simulation.presets import WorldSettings, preset
from monitor.simulation.weather import Storm, Weather

CELLS = (40, 40)
SEEDS = range(1_100, 1_108)


def passes(settings: WorldSettings, seed: int) -> list[Acquisition]:
    return list(acquisitions(settings, seed, settings.span))


def test_clear_looks_are_as_common_in_each_season_as_the_climate_says() -> None:
    settings = preset("quiet")
    hidden: dict[bool, list[float]] = {True: [], False: []}
    for seed in SEEDS:
        weather = Weather.of(settings, seed, CELLS)
        for passing in passes(settings, seed):
            hidden[weather.is_wet_season(passing.day)].append(weather.cover(passing))

    assert np.mean(hidden[False]) == pytest.approx(0.18, abs=0.03)
    assert np.mean(hidden[True]) == pytest.approx(0.65, abs=0.03)


@pytest.mark.parametrize("rate", [0.004, 0.02, 0.04])
def test_as_many_clear_looks_of_villages_are_spoilt_as_was_asked_for(rate: float) -> None:
    """A look of a village is spoilt if half of what was clear of it was not clear in truth."""
    settings = replace(preset("quiet"), artefact_rate=rate)
    to_blocks = Upsampler.between(CELLS, (120, 120))
    clear = spoilt = 0
    ground = bad = 0.0
    for seed in SEEDS[:3]:
        weather = Weather.of(settings, seed, CELLS)
        for passing in passes(settings, seed):
            sky = weather.sky(passing)
            # Villages of 4 x 4 blocks, 2.6 ha, everywhere.
            seen = block_means((to_blocks(sky.covered) < 0).astype(np.float32), 4)
            missed = (to_blocks(sky.missed) > 0) & (to_blocks(sky.covered) < 0)
            share = block_means(missed.astype(np.float32), 4)
            usable = seen >= 0.7
            ground, bad = ground + float(seen.sum()), bad + float(share.sum())
            clear += int(usable.sum())
            spoilt += int((share[usable] >= 0.5 * seen[usable]).sum())

    assert bad / ground == pytest.approx(rate, rel=0.2)
    # The rarest patches are smaller than villages, which half of a village does not show.
    assert spoilt / clear == pytest.approx(rate, rel=0.2 if rate > 0.01 else 0.4)


def test_what_is_missed_is_never_where_something_was_flagged() -> None:
    settings = preset("quiet")
    weather = Weather.of(settings, 3, CELLS)
    for passing in passes(settings, 3)[:40]:
        sky = weather.sky(passing)
        assert not (sky.missed[sky.covered >= 0] > 0).any()


def test_exactly_the_drawn_share_of_the_window_is_hidden() -> None:
    settings = preset("quiet")
    weather = Weather.of(settings, 3, CELLS)
    for passing in passes(settings, 3)[:40]:
        share = float((weather.sky(passing).covered > 0).mean())
        # The cells around a peak and its shadow are equally high: 18 of 1600 at a time.
        assert share == pytest.approx(weather.cover(passing), abs=18 / 1600)


def test_clouds_and_shadows_are_always_inside_what_is_covered() -> None:
    settings = preset("rakhine_wood")
    weather = Weather.of(settings, 3, CELLS)
    for passing in passes(settings, 3)[:40]:
        sky = weather.sky(passing)
        assert np.all(sky.covered >= sky.cloud)
        assert np.all(sky.covered >= sky.shadow)


def test_a_duplicate_has_the_sky_of_its_first_delivery() -> None:
    settings = preset("quiet")
    weather = Weather.of(settings, 3, CELLS)
    first = passes(settings, 3)[5]

    again = weather.sky(replace(first, duplicate=True, baseline="05.11"))

    assert np.array_equal(again.covered, weather.sky(first).covered)


def test_it_rains_in_the_rainy_months_alone() -> None:
    weather = Weather.of(preset("quiet"), 3, CELLS)

    assert weather.wetness(new_year(2023) + 40) is None
    wet = [weather.wetness(new_year(2023) + day) for day in range(190, 260, 5)]
    assert sum(field is not None for field in wet) >= 10
    assert all(field.min() >= 0 and field.max() <= 1 for field in wet if field is not None)


def test_soil_dries_to_a_third_in_three_days() -> None:
    weather = one_storm(rain_mm=20.0)

    first, later = weather.wetness(100.001), weather.wetness(103.001)

    assert first is not None
    assert later is not None
    assert first[10, 10] == pytest.approx(1.0, abs=0.01)
    assert later[10, 10] == pytest.approx(np.exp(-1), abs=0.01)


def test_a_storm_washes_char_away_only_where_enough_of_it_falls() -> None:
    weather = one_storm(rain_mm=20.0)

    assert weather.first_washing(90.0, 10.0, 10.0) == 100.0
    # At 1.2 of its radius only 20 exp(-0.72) = 9.7 mm fall.
    assert weather.first_washing(90.0, 10.0 + 1.2 * 4_000 / 120, 10.0) == np.inf
    assert weather.first_washing(101.0, 10.0, 10.0) == np.inf


def test_dust_is_thicker_in_winter() -> None:
    weather = Weather.of(preset("quiet"), 3, CELLS)
    days = np.arange(len(weather.haze)) + weather.first_day
    phase = np.array([(day - new_year(2021)) % 365.25 for day in days])

    winter = weather.haze[(phase < 45) | (phase > 330)].mean()
    summer = weather.haze[(phase > 150) & (phase < 240)].mean()

    assert winter > 2 * summer
    assert weather.haze.max() <= 1.2


def test_any_day_can_be_drawn_without_the_days_before_it() -> None:
    settings = preset("quiet")
    passing = next(
        acquisitions(settings, 3, Interval(datetime(2023, 2, 1, tzinfo=UTC), settings.span.end))
    )
    asked_before = Weather.of(settings, 3, CELLS)
    for other in passes(settings, 3)[:10]:
        asked_before.sky(other)

    fresh = Weather.of(settings, 3, CELLS).sky(passing)

    assert np.array_equal(asked_before.sky(passing).missed, fresh.missed)
    assert day_number(passing.acquired_at) == passing.day


def one_storm(*, rain_mm: float) -> Weather:
    """A storm of 4 km on day 100 over cell (10, 10), and nothing else."""
    weather = Weather.of(preset("quiet"), 3, CELLS)
    storm = Storm(100.0, 10.0, 10.0, 4_000.0, rain_mm)
    return replace(weather, storms=(storm,), storm_days=np.array([100.0]))
