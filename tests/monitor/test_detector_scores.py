from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from aoi.interval import Interval
from monitor.alarm import alarms_at
from monitor.detector_scores import FULL, QUIET_SCORE, DetectorScores, lax, native_score
from monitor.detectors.burn import BurnSettings
from monitor.finding import Finding
from monitor.reading import Reading, Verdict
from monitor.rivals.rule import Scored
from tests.builders import a_finding
from tests.monitor.worlds import a_burn, day

PLACE = "village"
SETTINGS = BurnSettings()


def a_reading(at: datetime, verdict: Verdict = Verdict.QUIET, median: float = 0.5) -> Reading:
    return Reading(
        settlement_id=PLACE,
        look_id=f"look-{at:%j}",
        aoi_id="area",
        track="sentinel-2-093",
        acquired_at=at,
        known_at=at,
        detector="burn/2",
        mode="series",
        verdict=verdict,
        reason="",
        p=0.3,
        score=median / 2,
        burned_fraction=0.0,
        values={"median_q_standard": median},
    )


def the_finding(first: datetime, rate: float) -> Finding:
    return a_finding(
        settlement_id=PLACE,
        first_seen=first,
        happened=Interval(first - timedelta(days=5), first + timedelta(seconds=1)),
        indicators={"rate_per_village_year": rate},
        probability=0.7,
    )


def gathered(*looks: tuple[float, Verdict, float, float | None]) -> DetectorScores:
    """Looks as (day, verdict, median, rate of a finding that began the look before)."""
    scores = DetectorScores([PLACE], SETTINGS)
    before = day(0)
    for number, verdict, median, rate in looks:
        findings = [] if rate is None else [the_finding(before, rate)]
        scores.take(day(number), [a_reading(day(number), verdict, median)], findings)
        before = day(number)
    return scores


def the_rule(scores: DetectorScores, name: str) -> Scored:
    return {scored.rule: scored for scored in scores.scored()}[name]


def test_without_the_long_short_wave_band_ten_times_less_is_allowed() -> None:
    found = replace(the_finding(day(0), 0.001), flags=("reduced_bands",))
    scores = DetectorScores([PLACE], SETTINGS)
    scores.take(day(5), [a_reading(day(5), Verdict.BURN_LIKE)], [found])

    # 0.001 counts as 0.01 does with all bands.
    assert the_rule(scores, FULL).scores.score.tolist() == [pytest.approx(2.0)]


def test_a_rarer_finding_scores_higher_than_a_quiet_look() -> None:
    looks = [
        (5.0, Verdict.QUIET, 0.5, None),
        (10.0, Verdict.BURN_LIKE, 6.0, None),
        (15.0, Verdict.BURN_LIKE, 5.0, 0.001),
    ]

    scores = the_rule(gathered(*looks), FULL).scores

    # One false alarm in a thousand village-years is 3.
    assert scores.score.tolist() == [QUIET_SCORE, QUIET_SCORE, pytest.approx(3.0)]
    (alarm,) = alarms_at(scores, 2.5)
    assert (alarm.at, alarm.observed_before, alarm.observed_after) == (day(15), day(10), day(5))
    assert alarm.probability == 0.7


@pytest.mark.parametrize(("rate", "alarms"), [(0.0099, 1), (0.01, 1), (0.0101, 0)])
def test_the_native_threshold_is_the_budget_of_false_alarms(rate: float, alarms: int) -> None:
    scored = the_rule(gathered((5.0, Verdict.BURN_LIKE, 6.0, rate)), FULL)

    assert len(alarms_at(scored.scores, scored.native)) == alarms


def test_lax_settings_change_the_threshold_and_nothing_else() -> None:
    changed = lax(SETTINGS)

    assert native_score(SETTINGS) > native_score(changed)
    assert changed.sign_p == SETTINGS.sign_p


def test_steps_are_scored_for_one_look_and_for_two() -> None:
    looks = [(5.0, Verdict.QUIET, 2.0, None), (10.0, Verdict.QUIET, 4.0, None)]

    scores = gathered(*looks)

    assert the_rule(scores, "did1").scores.score.tolist() == [2.0, 4.0]
    assert the_rule(scores, "did2").scores.score.tolist() == [2.0]
    assert the_rule(scores, "scan2").scores.score.tolist() == [1.0]
    assert the_rule(scores, "did2").scores.first.tolist() == [day(5).replace(tzinfo=None)]


def test_looks_that_measured_nothing_leave_no_score_but_are_counted_if_held() -> None:
    looks = [(5.0, Verdict.HELD, 9.0, None), (10.0, Verdict.NOT_CLEAR, np.nan, None)]

    scores = gathered(*looks)

    assert len(the_rule(scores, FULL).scores) == 0
    assert (scores.clear_looks, scores.held_looks) == (0, 1)


def test_p_of_a_burned_village_is_not_quiet_until_its_aftermath_is_over() -> None:
    looks = [(float(n), Verdict.QUIET, 1.0, None) for n in (96, 98, 150, 230)]

    quiet = gathered(*looks).quiet_p([a_burn(PLACE, 98)], timedelta(days=120))

    assert len(quiet) == 2
