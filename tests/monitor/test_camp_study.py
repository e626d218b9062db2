"""The records of one small simulated world."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from monitor import camp_study
from monitor.camp_study import one_ha_at, records_path, records_to_file, true_area_ha
from monitor.simulation.events import EventKind
from monitor.simulation.presets import Camps, WorldSettings
from monitor.simulation.world import build
from tests.monitor.simulation.conftest import small


def camps_only() -> WorldSettings:
    return small(
        villages=3, camps=Camps(growing=1, emptied=1, new=1, from_share=0.5, until_share=0.7)
    )


def test_true_areas_follow_growth_and_dismantling() -> None:
    world = build(camps_only(), 5)
    growth, emptied = (
        next(e for e in world.truth if e.kind is kind)
        for kind in (EventKind.CAMP_GROWTH, EventKind.CAMP_EMPTIED)
    )
    grown, gone = (
        [s.settlement_id for s in world.settlements].index(str(e.settlement_id))
        for e in (growth, emptied)
    )

    before = world.land.villages[grown].area_ha
    assert true_area_ha(world, grown, growth.start - 10) == pytest.approx(before)
    assert true_area_ha(world, grown, growth.start + 100) > before
    left = world.land.villages[gone].area_ha * (1.0 - emptied.fraction)
    assert true_area_ha(world, gone, emptied.start + 100) == pytest.approx(left)


def test_the_day_on_which_a_new_camp_measured_a_hectare() -> None:
    world = build(camps_only(), 5)
    new = next(e for e in world.truth if e.kind is EventKind.CAMP_NEW)
    growth = next(e for e in world.truth if e.kind is EventKind.CAMP_GROWTH)

    reached = one_ha_at(new, world.blocks.width)

    assert one_ha_at(growth, world.blocks.width) is None
    # Forty hectares fill in eighteen days: slow, fast, slow. In three days a fourteenth of its
    # shelters stand, and so the densest of its blocks count.
    assert new.area_m2 == 398_400 and new.interval.length.days == 18
    assert reached == new.interval.start + timedelta(days=3)


def test_a_world_that_has_its_file_is_left_alone(tmp_path: Path) -> None:
    path = records_path("camp_bench", 1_000, "tuning", tmp_path)
    path.write_text("{}")

    assert records_to_file("camp_bench", 1_000, "tuning", tmp_path) == path
    assert path.read_text() == "{}"


@pytest.mark.slow
def test_a_world_becomes_records_with_its_truth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camp_study, "preset", lambda _: replace(camps_only(), years=2.0))

    world = camp_study.world_records("camp", 1_005, "tuning", train_years=1.0)
    again = json.loads(json.dumps(world))

    assert again["km2_years"] == pytest.approx(7.2 * 7.2, rel=0.01)
    assert {row["kind"] for row in again["events"]} >= {"camp_new", "camp_growth", "camp_emptied"}
    assert again["camps"] and {"reading", "true_ha"} <= set(again["camps"][0])
