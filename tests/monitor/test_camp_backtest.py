from __future__ import annotations

from datetime import timedelta

import pytest

from aoi.grid import to_metres
from aoi.interval import Interval
from aoi.settlement import SettlementKind
from monitor.camp_backtest import camp_alarms, replayed_camps
from monitor.camp_skill import EMPTYING, NEW, CampEvent
from monitor.finding import Finding, FindingKind
from tests.builders import (
    CENTRE_M,
    EPSG,
    NOW,
    a_finding,
    a_settlement,
    a_square,
    an_aoi,
    days_ago,
)

INTERVAL = Interval(NOW - timedelta(days=365.25), NOW)


def a_new_camp(**changes: object) -> Finding:
    values: dict[str, object] = {
        "kind": FindingKind.CAMP_NEW, "settlement_id": None, "settlement_fraction": None,
        "geometry": a_square(200, east_m=300), "indicators": {"area_ha": 4.0},
    }  # fmt: skip
    return a_finding(**{**values, **changes})


def an_event(kind: str = NEW, place: str = "") -> CampEvent:
    return CampEvent(kind, place, days_ago(20), days_ago(10), 0.5, *CENTRE_M, area_ha=4.0)


def test_an_area_that_looks_for_no_camps_has_no_result() -> None:
    assert replayed_camps([an_aoi()], [a_settlement()], [a_new_camp()], [], INTERVAL) == ()


def test_new_camps_are_matched_by_place_over_the_ground_that_was_watched() -> None:
    aoi = an_aoi(detectors=("burn", "camp"))
    far = a_new_camp(geometry=a_square(200, east_m=2_000))

    new, _, _ = replayed_camps([aoi], [a_settlement()], [a_new_camp(), far], [an_event()], INTERVAL)

    assert (new.found.count, new.false_alarms) == (1, 1)
    # 2 x 2 km for a year: .004 of a thousand km2-years.
    assert new.false_rate.exposure == pytest.approx(0.004, rel=0.01)


def test_what_happened_before_the_replay_is_no_miss() -> None:
    aoi = an_aoi(detectors=("camp",))
    week = Interval(NOW - timedelta(days=7), NOW)

    assert replayed_camps([aoi], [], [], [an_event()], week)[0].events == 0


def test_emptying_is_counted_by_camp() -> None:
    aoi = an_aoi(detectors=("camp",))
    camp = a_settlement(kind=SettlementKind.CAMP)
    finding = a_finding(kind=FindingKind.CAMP_EMPTYING, settlement_fraction=0.5)

    *_, emptying = replayed_camps(
        [aoi], [camp], [finding], [an_event(EMPTYING, camp.settlement_id)], INTERVAL
    )

    assert emptying.found.value == 1.0
    assert emptying.area_error == pytest.approx(0.0)
    assert emptying.false_rate.exposure == pytest.approx(1.0, rel=0.01)


def test_growth_is_a_share_of_the_outline_and_other_kinds_are_left_out() -> None:
    said = {"area_ha": 15.0, "outline_ha": 10.0}
    growth = a_finding(kind=FindingKind.CAMP_GROWTH, indicators=said)

    (alarm,) = camp_alarms([growth, a_finding()], EPSG)

    assert alarm.change == pytest.approx(0.5)
    middle = to_metres(growth.geometry, EPSG).centroid
    assert (alarm.x_m, alarm.y_m) == (middle.x, middle.y)
