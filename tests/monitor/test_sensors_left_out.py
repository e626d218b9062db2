"""Sensors left out: what fires and radar add to one and the same finding."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from aoi.interval import Interval
from monitor.blocks import block_sets
from monitor.detector_scores import lax
from monitor.detectors.burn import BurnSettings
from monitor.looks import Look
from monitor.sensors_left_out import (
    ALL,
    OPTICAL,
    QUIET_ODDS,
    WITHOUT_FIRES,
    WITHOUT_RADAR,
    SensorsLeftOut,
    unbounded,
)
from monitor.simulation.looks import radar_looks
from monitor.simulation.presets import preset
from monitor.simulation.world import World, build
from tests.builders import a_finding
from tests.monitor.test_detector_scores import a_reading

SETTINGS = unbounded(lax(BurnSettings()))


@pytest.fixture(scope="module")
def world() -> World:
    return build(preset("demo"), 1_003)


@pytest.fixture(scope="module")
def radar(world: World) -> list[Look]:
    end = world.settings.span.end
    return list(radar_looks(world, Interval(end - timedelta(days=500), end)))


def scores_of(world: World, radar: list[Look], at: datetime, rate: float) -> dict[str, list[float]]:
    """One finding of 30 days ago: 0.5 without fires, 0.8 with; the next village is quiet."""
    changed = at - timedelta(days=30)
    sets = block_sets(world.aoi, world.settlements)
    struck, other = (s.settlement_id for s in world.settlements[:2])
    found = a_finding(
        settlement_id=struck,
        first_seen=changed,
        happened=Interval(changed - timedelta(days=5), changed + timedelta(seconds=1)),
        indicators={"rate_per_village_year": rate},
        probability=0.5,
    )
    readings = [replace(a_reading(at), settlement_id=place) for place in (struck, other)]
    left_out = SensorsLeftOut(sets, radar, SETTINGS)
    left_out.take(at, readings, [replace(found, probability=0.8)], [found])
    return {one.rule: one.scores.score.tolist() for one in left_out.scored()}


def test_odds_of_four_to_one_and_even_odds_are_ranked_as_such(
    world: World, radar: list[Look]
) -> None:
    scores = scores_of(world, [], radar[-1].acquired_at, 0.001)

    assert scores[ALL] == scores[WITHOUT_RADAR] == [pytest.approx(np.log10(4.0)), QUIET_ODDS]
    assert scores[WITHOUT_FIRES] == scores[OPTICAL] == [pytest.approx(0.0), QUIET_ODDS]


def test_structures_that_radar_lost_raise_the_odds_where_radar_is_asked(
    world: World, radar: list[Look]
) -> None:
    # From the last 30 days on the village returns 10 dB less.
    at = radar[-1].acquired_at - timedelta(days=30)
    sets = block_sets(world.aoi, world.settlements)
    village = sets.watched[sets.settlements[0].own]
    struck = []
    for look in radar:
        bands = {name: band.copy() for name, band in look.bands.items()}
        if look.acquired_at >= at:
            for band in bands.values():
                band.flat[village] -= 10.0
        struck.append(replace(look, bands=bands))
    seen_at = radar[-1].acquired_at

    scores = scores_of(world, struck, seen_at, 0.001)

    assert scores[ALL][0] > scores[WITHOUT_RADAR][0]
    assert scores[WITHOUT_FIRES][0] > scores[OPTICAL][0]


def test_radar_is_not_asked_where_no_alarm_is_near(world: World, radar: list[Look]) -> None:
    scores = scores_of(world, radar, radar[-1].acquired_at, 5.0)

    assert scores[ALL] == scores[WITHOUT_RADAR]
