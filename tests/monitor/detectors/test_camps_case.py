"""What was said of camps before, and what every finding about one is made from."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from aoi.interval import Interval
from monitor.camps.calibration import shipped_camp_calibration
from monitor.camps.settings import CampSettings
from monitor.detectors.camps_case import (
    CampCase,
    finding_of,
    found_camps,
    probability_of,
    reported_about,
)
from monitor.finding import Finding, FindingKind, Tier
from tests.builders import NOW, a_finding, days_ago, some_evidence
from tests.monitor.camps.worlds import a_camp, a_region, blocks_of, outline_of

NEW = FindingKind.CAMP_NEW
HERE, BESIDE, AWAY = (
    outline_of(np.s_[20:24], columns) for columns in (np.s_[20:24], np.s_[23:28], np.s_[40:44])
)
REGION = a_region()


def a_new_camp(**changes: Any) -> Finding:
    return a_finding(**{"kind": NEW, "settlement_id": None, "geometry": HERE, **changes})


def a_case(**changes: Any) -> CampCase:
    values: dict[str, Any] = {
        "aoi_id": "t-area", "region": REGION, "camps": (), "reported": (),
        "settings": CampSettings(), "calibration": shipped_camp_calibration(), "known_at": NOW,
    }  # fmt: skip
    return CampCase(**{**values, **changes})


def test_findings_of_one_place_are_one_camp_whose_name_stays() -> None:
    first = a_new_camp(finding_id="first", known_at=days_ago(20), area_m2=25_600.0)
    later = a_new_camp(finding_id="later", known_at=days_ago(5), geometry=BESIDE, area_m2=50_000.0)
    other = a_new_camp(finding_id="other", known_at=days_ago(2), geometry=AWAY)

    camps = found_camps([later, other, first], REGION)

    assert [camp.camp_id for camp in camps] == ["new/first", "new/other"]
    # Four rows of columns 20 to 27.
    assert camps[0].own.sum() == 32
    assert camps[0].area_m2 == 50_000.0


def test_a_camp_that_was_added_as_a_settlement_is_no_longer_found() -> None:
    region = a_region([a_camp(np.s_[18:26], np.s_[18:26])])

    assert found_camps([a_new_camp()], region) == []


def test_burns_and_growth_are_no_new_camps() -> None:
    growth = a_new_camp(kind=FindingKind.CAMP_GROWTH)

    assert found_camps([a_finding(geometry=HERE), growth], REGION) == []


def test_what_was_said_is_known_by_settlement_or_by_place() -> None:
    camp = REGION.camp("new/first", blocks_of(np.s_[20:24], np.s_[20:24]), 25_600.0)
    here, far = a_new_camp(finding_id="here"), a_new_camp(finding_id="far", geometry=AWAY)
    old = a_new_camp(finding_id="old", last_seen=days_ago(90))
    named = a_new_camp(finding_id="named", settlement_id="camp-1")

    case = a_case(reported=(here, far, old, named))

    about = [f.finding_id for f in reported_about(NEW, camp, days_ago(60), case)]
    assert about == ["here"]


@pytest.mark.parametrize(("rate", "probability"), [(0.5, 0.5), (0.125, 0.8), (1e-9, 0.97)])
def test_probability_weighs_a_prior_against_a_rate(rate: float, probability: float) -> None:
    # Odds of 1 / (2 rate), never surer than .97.
    assert probability_of(1.0, rate) == pytest.approx(probability)


@pytest.mark.parametrize(
    ("flags", "tier"),
    [
        ((), Tier.B),
        (("no_earlier_season",), Tier.C),
        (("texture_unknown",), Tier.C),
        (("coming_unseen",), Tier.C),
    ],
)
def test_what_lacks_history_or_texture_is_tier_c(flags: tuple[str, ...], tier: Tier) -> None:
    evidence = some_evidence(
        happened=Interval(days_ago(9), days_ago(8) + timedelta(seconds=1)), look_ids=("b", "a")
    )

    found = finding_of(
        a_case(), kind=NEW, camp_id="", geometry=HERE, area_m2=2.0, fraction=None,
        probability=0.9, evidence=evidence, seen=[days_ago(8), days_ago(3)], indicators={},
        flags=flags, clear=1.0,
    )  # fmt: skip

    assert found.tier is tier
    assert found.settlement_id is None
    assert (found.first_seen, found.last_seen) == (days_ago(8), days_ago(3))
    assert found.looks_agreeing == 2
