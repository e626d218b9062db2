from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from aoi.interval import Interval
from aoi.settlement import SettlementKind
from monitor.detectors.sar import RadarReading
from monitor.detectors.sar_events import (
    HIGHEST,
    damage_finding,
    radar_evidence,
    raised,
    with_radar,
)
from monitor.finding import FindingKind, SensorFamily, Tier
from monitor.fusion import FusionSettings
from tests.builders import NOW, a_finding, a_settlement, days_ago, some_evidence

HAPPENED = Interval(days_ago(24), days_ago(12))
TOWN = a_settlement(kind=SettlementKind.TOWN)
BURN = a_finding(
    indicators={"rate_per_village_year": 0.004}, probability=0.5, tier=Tier.C,
    evidence=(some_evidence(score_unit="normal score of the pair rule"),),
)  # fmt: skip


def a_reading(**changes: Any) -> RadarReading:
    reading = RadarReading(
        settlement_id="sd-test-0001", reason="2 looks after", p=1e-4, score=5.0, label="loss",
        change_db={"vv": -1.8, "vh": -1.2}, z={"vv": -3.0, "vh": -2.5}, lost_fraction=0.25,
        last_at=days_ago(1), calibration="test", before_ids=("a", "b"), after_ids=("c", "d"),
        orbits=2,
    )  # fmt: skip
    return replace(reading, **changes)


def test_a_loss_is_evidence_with_what_was_measured() -> None:
    evidence = radar_evidence(a_reading(), HAPPENED)

    assert evidence.family is SensorFamily.RADAR
    assert evidence.p == 1e-4
    assert evidence.look_ids == ("c", "d")
    assert evidence.values["change_db_vv"] == -1.8


@pytest.mark.parametrize("label", ["gain", "mixed"])
def test_what_is_no_loss_shows_nothing(label: str) -> None:
    evidence = radar_evidence(a_reading(label=label), HAPPENED)

    assert evidence.p == 1.0
    assert evidence.look_ids == ()
    assert evidence.quiet_look_ids == ("c", "d")
    assert evidence.values["p_two_sided"] == 1e-4


def test_a_loss_raises_the_probability_of_a_burn_and_counts_as_a_family() -> None:
    found = with_radar(BURN, a_reading(), FusionSettings())

    assert found.probability > BURN.probability
    assert [e.family for e in found.evidence] == [SensorFamily.OPTICAL, SensorFamily.RADAR]


def test_silence_of_radar_lowers_nothing_and_is_kept() -> None:
    found = with_radar(BURN, a_reading(label="gain", p=0.6), FusionSettings())

    assert found.probability == BURN.probability
    assert found.tier is BURN.tier
    assert len(found.evidence) == 2


def test_a_single_look_without_history_stays_provisional() -> None:
    cold = replace(BURN, evidence=(some_evidence(score_unit="normal score of the cold rule"),))

    assert with_radar(cold, a_reading(), FusionSettings()).probability == BURN.probability


@pytest.mark.parametrize(
    ("finding", "reading"),
    [
        pytest.param(BURN, RadarReading("x", "there is no radar look"), id="nothing to compare"),
        pytest.param(replace(BURN, kind=FindingKind.CAMP_NEW), a_reading(), id="no burn"),
    ],
)
def test_where_radar_says_nothing_the_finding_stays(finding: Any, reading: RadarReading) -> None:
    assert with_radar(finding, reading, FusionSettings()) is finding


def test_a_town_that_lost_structures_is_a_provisional_finding() -> None:
    found = damage_finding(TOWN, a_reading(), HAPPENED, NOW)

    assert found is not None
    assert found.kind is FindingKind.STRUCTURE_DAMAGE
    assert found.tier is Tier.C
    assert found.happened == HAPPENED
    # A quarter of 400 x 400 m.
    assert found.area_m2 == pytest.approx(40_000, rel=0.01)
    assert found.settlement_fraction == 0.25
    assert found.probability == HIGHEST


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"p": 2e-3}, id="not sure enough"),
        pytest.param({"label": "gain"}, id="a gain"),
        pytest.param({"label": "mixed"}, id="polarisations disagree"),
        pytest.param({"after_ids": ("c",)}, id="one look only"),
        pytest.param({"label": ""}, id="not judged"),
    ],
)
def test_what_is_not_told_of_a_town(changes: dict[str, Any]) -> None:
    assert damage_finding(TOWN, a_reading(**changes), HAPPENED, NOW) is None


def test_odds_grow_by_the_root_of_the_e_value() -> None:
    # p of 1e-4 carries 118 (DETECTION 4e), its root is 10.9: odds of one become 10.9.
    assert raised(0.5, 1e-4, FusionSettings()) == pytest.approx(10.86 / 11.86, abs=0.002)
    assert raised(0.5, 0.5, FusionSettings()) == 0.5
    assert raised(0.99, 1e-9, FusionSettings()) == 0.99
