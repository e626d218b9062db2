from __future__ import annotations

from dataclasses import replace

import numpy as np

from monitor.simulation.clock import day_of_year
from monitor.simulation.customs import customs
from monitor.simulation.events import EventKind
from monitor.simulation.presets import Confounders
from monitor.simulation.world import World


def yearly(world: World, **rates: float) -> list[tuple[str, float]]:
    """Settlement and day of the year of each custom."""
    none = Confounders(0, 0, 0, 0, 0, 0, 0)
    settings = replace(world.settings, confounders=replace(none, **rates))
    land = replace(world.land, settings=settings)
    return [(e.settlement_id or "", day_of_year(e.start)) for e in customs(land)]


def test_each_settlement_is_swept_in_the_same_weeks_of_every_year(quiet_world: World) -> None:
    swept = yearly(quiet_world, straw_removed=1.0)

    assert len(swept) == 4 * len(quiet_world.land.years)
    for name in {name for name, _ in swept}:
        days = [day for other, day in swept if other == name]
        assert np.ptp(days) < 40


def test_no_custom_without_a_rate(quiet_world: World) -> None:
    assert not yearly(quiet_world)


def test_sweeping_bares_the_soil_and_leaves_no_char(quiet_world: World) -> None:
    sweeping = [e for e in quiet_world.truth if e.kind is EventKind.STRAW_REMOVED]

    assert sweeping
    for event in sweeping:
        (change,) = event.changes
        assert change.course.char == 0
        assert not change.course.left


def test_new_thatch_is_straw(quiet_world: World) -> None:
    renewed = [e for e in quiet_world.truth if e.kind is EventKind.THATCH_RENEWED]

    assert all(dict(e.changes[0].course.left) == {"straw": 1.0} for e in renewed)


def test_a_burned_settlement_is_not_swept(burning_world: World) -> None:
    (burn,) = burning_world.targets
    settings = replace(burning_world.settings, confounders=Confounders(0, 0, 0, 1.0, 1.0, 0, 0))
    index = int((burn.settlement_id or "").rsplit("-", 1)[-1])
    land = replace(burning_world.land, settings=settings, burned_on={index: (burn.start,)})

    own = [e for e in customs(land) if e.settlement_id == burn.settlement_id]

    assert all(not -60 < e.start - burn.start < 250 for e in own)
