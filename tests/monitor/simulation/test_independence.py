"""Changing one part of a world leaves the others as they were, to the last bit."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from aoi.interval import Interval
from monitor.looks import OPTICAL_BANDS
from monitor.simulation.hotspots import hotspots
from monitor.simulation.looks import looks
from monitor.simulation.presets import Confounders
from monitor.simulation.world import World, build
from tests.monitor.simulation.conftest import SEED, small

FEBRUARY = Interval(datetime(2022, 2, 1, tzinfo=UTC), datetime(2022, 2, 20, tzinfo=UTC))
NONE = Confounders(0, 0, 0, 0, 0, 0, 0)


@pytest.fixture(scope="module")
def plain() -> World:
    return build(small(confounders=NONE), SEED)


def test_missed_clouds_leave_all_other_blocks_alone(plain: World) -> None:
    clean = build(small(confounders=NONE, artefact_rate=1e-9), SEED)
    for one, other in zip(looks(plain, FEBRUARY), looks(clean, FEBRUARY), strict=True):
        same = np.ones(plain.blocks.shape, dtype=np.bool_)
        for band in OPTICAL_BANDS:
            same &= np.isclose(one.bands[band], other.bands[band], atol=1e-6, equal_nan=True)

        assert np.array_equal(one.flags, other.flags)
        assert np.array_equal(one.clear_fraction, other.clear_fraction)
        # What differs is the missed part, and one look of it is bad at most.
        assert same.mean() > 0.4
    spoilt = [
        float((one.bands["nir08"] != other.bands["nir08"])[one.valid & other.valid].mean())
        for one, other in zip(looks(plain, FEBRUARY), looks(clean, FEBRUARY), strict=True)
        if one.valid.any()
    ]
    assert min(spoilt) < 0.01
    assert max(spoilt) > 0


def test_quieter_villages_have_the_same_sky(plain: World) -> None:
    calm = build(small(confounders=NONE, village_noise=0.0), SEED)
    for one, other in zip(looks(plain, FEBRUARY), looks(calm, FEBRUARY), strict=True):
        assert np.array_equal(one.flags, other.flags)
        assert one.look_id == other.look_id


def test_customs_leave_fires_and_hotspots_alone(plain: World) -> None:
    busy = build(small(confounders=replace(NONE, straw_removed=1.0, thatch_renewed=1.0)), SEED)

    assert len(busy.truth) > len(plain.truth)
    assert hotspots(busy, FEBRUARY) == hotspots(plain, FEBRUARY)


def test_more_fires_leave_the_land_alone(plain: World) -> None:
    fiery = build(small(confounders=replace(NONE, ring_fires=1.0, free_fires=2.0)), SEED)

    assert fiery.block_shares.tobytes() == plain.block_shares.tobytes()
    assert fiery.land.weather.haze.tobytes() == plain.land.weather.haze.tobytes()
    assert fiery.land.seasons.years == plain.land.seasons.years


def test_villages_and_the_land_around_are_equally_noisy(plain: World) -> None:
    """Else placebo patches would be no model of quiet villages."""
    year = Interval(datetime(2021, 1, 5, tzinfo=UTC), datetime(2021, 6, 1, tzinfo=UTC))
    clear = [look for look in looks(plain, year) if look.valid.mean() > 0.99]
    series = {
        band: np.log(np.stack([look.bands[band] for look in clear])) for band in ("nir08", "swir16")
    }
    inside = np.zeros(plain.blocks.shape, dtype=np.bool_)
    for settlement in plain.settlements:
        inside |= plain.blocks.inside(settlement.footprint)
    for values in series.values():
        jumps = np.diff(values - np.median(values, axis=(1, 2), keepdims=True), axis=0)
        spread = 1.4826 * np.median(np.abs(jumps), axis=0)
        ratio = float(np.median(spread[inside]) / np.median(spread[~inside]))
        assert 0.8 < ratio < 1.4
