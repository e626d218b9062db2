from __future__ import annotations

from typing import Any

import pytest

from monitor.detectors.camps_radar import with_camp_radar
from monitor.detectors.sar import RadarReading
from monitor.finding import Finding, FindingKind, SensorFamily, Tier
from monitor.fusion import FusionSettings
from tests.builders import a_finding

NEW, EMPTYING = FindingKind.CAMP_NEW, FindingKind.CAMP_EMPTYING


def a_camp(kind: FindingKind = NEW, **changes: Any) -> Finding:
    values: dict[str, Any] = {"kind": kind, "probability": 0.7, "tier": Tier.B}
    return a_finding(**{**values, **changes})


def a_radar_reading(label: str, p: float = 1e-3) -> RadarReading:
    return RadarReading(
        "place", "compared", p, 4.0, label, {"vv": 1.2}, {"vv": 4.0}, after_ids=("radar-1",)
    )


@pytest.mark.parametrize(
    ("kind", "label", "agrees"),
    [(NEW, "gain", True), (NEW, "loss", False), (EMPTYING, "loss", True),
     (EMPTYING, "gain", False), (NEW, "mixed", False)],
)  # fmt: skip
def test_only_the_right_sign_speaks_for_a_camp(kind: FindingKind, label: str, agrees: bool) -> None:
    found = with_camp_radar(a_camp(kind), a_radar_reading(label), FusionSettings())

    radar = found.evidence[-1]
    assert radar.family is SensorFamily.RADAR
    assert (found.probability > 0.7) is agrees
    assert radar.p == (1e-3 if agrees else 1.0)
    assert (radar.look_ids if agrees else radar.quiet_look_ids) == ("radar-1",)


def test_two_families_that_agree_may_make_tier_a() -> None:
    # p 1e-3 carries 21, its root 4.6: odds 7/3 become 10.7.
    found = with_camp_radar(a_camp(), a_radar_reading("gain"), FusionSettings())

    assert found.probability == pytest.approx(10.7 / 11.7, abs=0.01)
    assert found.tier is Tier.A


def test_a_weak_baseline_stays_tier_c() -> None:
    weak = a_camp(flags=("no_earlier_season",), tier=Tier.C)

    assert with_camp_radar(weak, a_radar_reading("gain"), FusionSettings()).tier is Tier.C


def test_radar_that_could_not_judge_or_another_kind_changes_nothing() -> None:
    silent = RadarReading("place", "no look after")
    burn = a_finding()

    assert with_camp_radar(a_camp(), silent, FusionSettings()) == a_camp()
    assert with_camp_radar(burn, a_radar_reading("gain"), FusionSettings()) == burn
