from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest
from shapely.geometry import shape

from monitor.simulation import exports
from monitor.simulation.world import World


def test_areas_have_the_properties_of_the_contract(quiet_world: World) -> None:
    (feature,) = exports.areas(quiet_world)["features"]

    assert set(feature["properties"]) == {"id", "name", "sensitivity", "revisit", "detectors"}
    assert feature["properties"]["revisit"] == "1d"
    assert feature["properties"]["id"] == quiet_world.aoi.aoi_id


def test_the_written_area_holds_every_settlement(quiet_world: World) -> None:
    (feature,) = exports.areas(quiet_world)["features"]
    area = shape(feature["geometry"])
    inner = replace(quiet_world, settlements=())

    assert all(area.covers(place.footprint) for place in quiet_world.settlements)
    # Without settlements near the edge it is the area whose window the world is.
    (feature,) = exports.areas(inner)["features"]
    assert shape(feature["geometry"]).equals(quiet_world.aoi.geometry)


def test_settlements_carry_the_given_outline_and_not_the_true_one(quiet_world: World) -> None:
    features = exports.settlements(quiet_world)["features"]

    assert len(features) == 4
    for index, feature in enumerate(features):
        assert shape(feature["geometry"]) != quiet_world.true_footprint(index)
        assert feature["properties"]["kind"] == "village"
        assert 60 <= feature["properties"]["structures"] <= 150


def test_truth_names_the_burned_village(burning_world: World) -> None:
    (burn,) = burning_world.targets
    text = exports.truth_csv(burning_world, burning_world.settings.span)

    (row,) = csv.DictReader(io.StringIO(text))

    assert row["settlement_id"] == burn.settlement_id
    assert row["kind"] == "burned"
    assert row["started_at"] == "2021-11-10T20:00:00Z"
    assert float(row["fraction"]) == 1.0
    assert row["longitude"] == ""


def test_a_new_camp_has_a_place_instead_of_an_id(camp_world: World) -> None:
    text = exports.truth_csv(camp_world, camp_world.settings.span)
    rows = {row["kind"]: row for row in csv.DictReader(io.StringIO(text))}

    assert set(rows) == {"camp_new", "camp_growth", "camp_emptied"}
    assert rows["camp_new"]["settlement_id"] == ""
    assert float(rows["camp_new"]["longitude"]) == pytest.approx(25.3, abs=0.05)
    assert rows["camp_growth"]["settlement_id"]


def test_confounders_are_told_apart_from_targets(camp_world: World) -> None:
    span = camp_world.settings.span
    targets = exports.events(camp_world, span, targets=True)["features"]
    others = exports.events(camp_world, span, targets=False)["features"]

    assert {f["properties"]["kind"] for f in targets} == {
        "camp_new", "camp_growth", "camp_emptied",
    }  # fmt: skip
    assert "bush_fire" in {f["properties"]["kind"] for f in others}
    assert not {f["properties"]["id"] for f in targets} & {f["properties"]["id"] for f in others}


def test_each_village_is_shown_as_it_is_and_as_it_is_given(quiet_world: World) -> None:
    features = exports.villages(quiet_world)["features"]

    assert [f["properties"]["outline"] for f in features] == ["true", "given"] * 4


def test_text_is_json_without_numbers_that_json_lacks(camp_world: World) -> None:
    events = exports.events(camp_world, camp_world.settings.span, targets=True)

    assert json.loads(exports.as_text(events))["features"][0]["properties"]["tau_days"] is None
