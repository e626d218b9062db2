"""From readings of one settlement to a finding."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from aoi.interval import Interval
from monitor.calibration import shipped_calibration
from monitor.detectors.burn import BurnSettings
from monitor.detectors.burn_events import burn_finding, fires_at
from monitor.detectors.burn_reading import VERSION
from monitor.detectors.fires import fire_sky
from monitor.finding import Finding, SensorFamily, Tier
from monitor.fusion import ONE_LOOK, burn_probability
from monitor.reading import Reading, Verdict
from monitor.scene import Hotspot
from tests.monitor.detectors.worlds import START, a_village, an_area

AREA = an_area(1_000.0)
VILLAGE = a_village(1, 540_120, 1_510_120)
DAY = timedelta(days=1)
BLOCKS = np.array([5, 6, 7, 8, 9], dtype=np.int32)
VALUES = {
    "own_blocks": 20.0, "reference_looks": 60.0, "median_q_standard": 8.0, "scan_standard": 20.0,
    "ring_unburned": 1.0, "green": 0.1, "settlement_clear": 1.0, "burned_low": 0.2,
    "burned_high": 0.7, "q_median": 4.0, "scan_max": 9.0, "visible_change": 0.1,
}  # fmt: skip


def a_reading(day: float, score: float, verdict: Verdict = Verdict.BURN_LIKE) -> Reading:
    return Reading(
        settlement_id=VILLAGE.settlement_id, look_id=f"look-{day:g}", aoi_id=AREA.aoi_id,
        track="t", acquired_at=START + day * DAY, known_at=START + day * DAY, detector=VERSION,
        mode="series", verdict=verdict, reason="", p=1e-4, score=score, burned_fraction=0.5,
        values=VALUES,
    )  # fmt: skip


BEFORE = [a_reading(d, -6.0, Verdict.QUIET) for d in (-15, -10, -5)]


def found(
    *readings: Reading, hotspots: tuple[Hotspot, ...] = (), **changes: object
) -> Finding | None:
    settings = BurnSettings()
    settings = replace(settings, fusion=replace(settings.fusion, **changes))  # type: ignore[arg-type]
    burned = {r.look_id: BLOCKS for r in readings if r.verdict is Verdict.BURN_LIKE}
    sky = fire_sky(hotspots, AREA.blocks.outline, AREA.epsg)
    return burn_finding(
        AREA, VILLAGE, readings, burned, sky, settings, shipped_calibration(), AREA.blocks
    )


def a_hotspot(day: float, east_deg: float = 0.0) -> Hotspot:
    at = VILLAGE.footprint.centroid
    return Hotspot(
        longitude=at.x + east_deg, latitude=at.y, acquired_at=START + day * DAY, satellite="N20",
        instrument="VIIRS", confidence="high", frp_mw=20, brightness_k=360, scan_km=0.4,
        track_km=0.4, is_night=True, available_at=START + day * DAY,
    )  # fmt: skip


def test_one_strong_look_is_a_first_sign_of_tier_c_however_probable() -> None:
    finding = found(*BEFORE, a_reading(0, 6.0))

    assert finding is not None
    assert (finding.tier, finding.looks_agreeing) == (Tier.C, 1)
    assert ONE_LOOK in finding.flags
    assert finding.probability > 0.9


def test_a_second_look_makes_it_tier_b_and_keeps_the_interval() -> None:
    finding = found(*BEFORE, a_reading(0, 6.0), a_reading(5, 5.0))

    assert finding is not None
    assert (finding.tier, finding.looks_agreeing) == (Tier.B, 2)
    assert ONE_LOOK not in finding.flags
    assert finding.happened.start == START - 5 * DAY
    assert (finding.first_seen, finding.last_seen) == (START, START + 5 * DAY)


def test_the_area_is_that_of_the_blocks_that_look_burned() -> None:
    finding = found(*BEFORE, a_reading(0, 6.0))

    assert finding is not None
    assert finding.area_m2 == pytest.approx(len(BLOCKS) * 1_600)
    assert finding.settlement_fraction == 0.5


def test_what_is_less_probable_than_tier_c_is_not_raised() -> None:
    assert found(*BEFORE, a_reading(0, 6.0), burns_per_village_year=1e-7) is None


def test_a_detected_fire_makes_one_look_evidence_of_two_sensors() -> None:
    finding = found(*BEFORE, a_reading(0, 1.0), hotspots=(a_hotspot(-2),))

    assert finding is not None
    assert {e.family for e in finding.evidence} == {SensorFamily.OPTICAL, SensorFamily.HOTSPOTS}
    assert finding.tier in (Tier.A, Tier.B)
    # The fire began at most half a day before it was seen.
    assert finding.happened.start == START - 2.5 * DAY


def test_a_fire_before_the_last_quiet_look_is_no_witness() -> None:
    sky = fire_sky([a_hotspot(-7)], AREA.blocks.outline, AREA.epsg)

    _, believed = fires_at(VILLAGE, [*BEFORE, a_reading(0, 1.0)], sky)

    assert believed == ()


def test_the_same_looks_make_the_same_finding() -> None:
    first, again = (found(*BEFORE, a_reading(0, 6.0), a_reading(5, 5.0)) for _ in range(2))

    assert first is not None and again is not None
    assert first.finding_id == again.finding_id


def test_quiet_looks_make_none() -> None:
    assert found(*BEFORE) is None


def test_a_faint_look_before_the_burn_widens_the_interval_and_does_not_end_it() -> None:
    finding = found(*BEFORE[:2], a_reading(-5, 0.5), a_reading(0, 6.0))

    assert finding is not None
    assert finding.looks_agreeing == 2
    assert finding.happened == Interval(START - 10 * DAY, START + timedelta(seconds=1))
    assert finding.first_seen == START


def test_a_first_look_nearly_as_sure_dates_the_burn() -> None:
    # 6.0 and 4.0 log-odds: within 2.5.
    finding = found(*BEFORE[:2], a_reading(-5, 4.0), a_reading(0, 6.0))

    assert finding is not None
    assert finding.first_seen == START - 5 * DAY


def test_looks_that_say_more_beside_a_fire_than_the_rule_of_one_look_and_a_fire_are_counted() -> (
    None
):
    looks = (*BEFORE, a_reading(0, 6.0))
    alone, beside = found(*looks), found(*looks, hotspots=(a_hotspot(-2),))

    assert alone is not None and beside is not None
    assert beside.evidence[0].score_unit == "log-odds of the hit rule"
    fires = next(e for e in beside.evidence if e.family is SensorFamily.HOTSPOTS)
    rate = alone.indicators["rate_per_village_year"]
    assert beside.indicators["rate_per_village_year"] < rate
    expected = burn_probability(rate, [fires], BurnSettings().fusion)
    assert beside.probability == pytest.approx(expected)
    counted = frozenset({SensorFamily.HOTSPOTS})
    by_rule = beside.indicators["rate_per_village_year"]
    assert expected >= burn_probability(by_rule, [fires], BurnSettings().fusion, counted)


def test_a_fire_that_lies_mostly_beside_the_village_says_less() -> None:
    looks = (*BEFORE, a_reading(0, 1.0))
    beside = tuple(a_hotspot(-2, east_deg=0.012 + 0.001 * n) for n in range(3))

    inside = found(*looks, hotspots=(a_hotspot(-2),), highest=1.0)
    front = found(*looks, hotspots=(a_hotspot(-2), *beside), highest=1.0)

    assert inside is not None and front is not None
    assert front.evidence[1].values["inside_share"] == 0.25
    assert front.probability < inside.probability
