"""Fusion: probability and tier."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.audit import e_value
from monitor.finding import Evidence, SensorFamily, Tier
from monitor.fusion import FusionSettings, burn_probability, fire_ratio, tier_of, weighted
from tests.builders import some_evidence

OPTICAL = some_evidence(p=1e-4)
FIRES = replace(OPTICAL, family=SensorFamily.HOTSPOTS, p=1e-3)
SETTINGS = FusionSettings(burns_per_village_year=0.01, local_odds=8.0)


@pytest.mark.parametrize(("p", "lr"), [(1e-2, 4.5), (1e-3, 21.0), (1e-4, 118.0)])
def test_the_evidence_of_a_p_value_is_that_of_the_specification(p: float, lr: float) -> None:
    assert e_value(p) == pytest.approx(lr, rel=0.05)


@given(st.floats(1e-12, 1.0))
def test_a_p_value_never_carries_more_than_it_can(p: float) -> None:
    ceiling = -1.0 / (math.e * p * math.log(p)) if p < 1.0 / math.e else 1.0

    assert e_value(p) <= ceiling


@given(st.floats(1e-12, 1.0), st.floats(1e-12, 1.0))
def test_a_smaller_p_never_carries_less_evidence(p: float, other: float) -> None:
    assert (e_value(p) >= e_value(other)) or p >= other


def test_the_base_rate_decides() -> None:
    # 0.01 / (8 x 0.00125) = 1: as many burns as false alarms at this score.
    assert burn_probability(0.00125, [OPTICAL], SETTINGS) == pytest.approx(0.5)
    rare = replace(SETTINGS, burns_per_village_year=0.001)
    assert burn_probability(0.00125, [OPTICAL], rare) == pytest.approx(0.1 / 1.1)


def fires(p: float, inside_share: float) -> Evidence:
    return replace(FIRES, p=p, values={"inside_share": inside_share})


@pytest.mark.parametrize("weight", [0.8, 1.0])
def test_a_detected_fire_multiplies_the_odds_by_its_weighted_evidence(weight: float) -> None:
    expected = e_value(1e-3) ** weight
    settings = replace(SETTINGS, hotspot_weight=weight)

    assert burn_probability(0.00125, [OPTICAL, FIRES], settings) == pytest.approx(
        expected / (1 + expected)
    )


def test_a_fire_weighs_by_the_share_of_its_pixels_that_touch_the_settlement() -> None:
    # e(1e-3) = 20.8; a quarter of it is 5.2.
    assert fire_ratio(fires(1e-3, 1.0), SETTINGS) == pytest.approx(20.8, abs=0.1)
    assert fire_ratio(fires(1e-3, 0.25), SETTINGS) == pytest.approx(5.2, abs=0.03)


def test_a_front_beside_a_settlement_never_counts_for_less_than_silence_may() -> None:
    # e(0.02) = 3.0; a twentieth of it would be 0.15.
    assert fire_ratio(fires(0.02, 0.05), SETTINGS) == 0.7


def test_where_a_fire_lies_counts_even_if_the_rule_rests_on_it() -> None:
    counted = frozenset({SensorFamily.HOTSPOTS})

    front = burn_probability(0.00125, [OPTICAL, fires(1e-4, 0.8)], SETTINGS, counted)

    assert front == pytest.approx(0.8 / 1.8)


@given(st.floats(1e-12, 1.0), st.floats(0.0, 3.0))
def test_no_weight_lets_a_p_value_carry_more_than_it_can(p: float, weight: float) -> None:
    ceiling = -1.0 / (math.e * p * math.log(p)) if p < 1.0 / math.e else 1.0

    assert weighted(p, weight) <= ceiling * (1.0 + 1e-12)


def test_a_front_beside_a_settlement_is_no_second_witness() -> None:
    evidence = [OPTICAL, fires(0.02, 0.1)]

    assert tier_of(0.95, evidence, (), SETTINGS) is Tier.B
    assert tier_of(0.95, evidence, ("one_look",), SETTINGS) is Tier.C


def test_a_fire_that_the_rule_rests_on_is_not_counted_twice() -> None:
    counted = frozenset({SensorFamily.HOTSPOTS})

    assert burn_probability(0.00125, [OPTICAL, FIRES], SETTINGS, counted) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("probability", "families", "flags", "tier"),
    [
        pytest.param(0.95, 2, (), Tier.A, id="sure and two families"),
        pytest.param(0.95, 1, (), Tier.B, id="sure by one family"),
        pytest.param(0.95, 2, ("baseline=weak",), Tier.C, id="no history is never more than C"),
        pytest.param(0.95, 2, ("reduced_bands",), Tier.C, id="a band is missing"),
        pytest.param(0.95, 1, ("one_look",), Tier.C, id="one look of one sensor"),
        pytest.param(0.95, 2, ("one_look",), Tier.A, id="one look beside a fire"),
        pytest.param(0.90, 2, (), Tier.A, id="exactly at A"),
        pytest.param(0.60, 1, (), Tier.B, id="exactly at B"),
        pytest.param(0.59, 2, (), Tier.C, id="just below B"),
    ],
)
def test_tiers(probability: float, families: int, flags: tuple[str, ...], tier: Tier) -> None:
    evidence = [OPTICAL, FIRES][:families]

    assert tier_of(probability, evidence, flags, SETTINGS) is tier
