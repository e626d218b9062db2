from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from aoi.interval import Interval
from monitor.alarm import Alarm, ScoreRows, Scores
from monitor.skill import (
    TrueEvent,
    area_class,
    bootstrap_ratio,
    by_stratum,
    causes_of,
    curve,
    false_alarm_count,
    fraction_class,
    matched,
    poisson_rate,
    season_of,
    settlement_years,
    share,
    threshold_for,
)

START = datetime(2024, 1, 1, tzinfo=UTC)


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def an_alarm(place: str = "a", after: float = 95, before: float = 100) -> Alarm:
    return Alarm(place, day(before), day(after), day(before), 1.0)


def a_burn(
    place: str = "a", start: float = 98, end: float | None = None, **strata: str
) -> TrueEvent:
    return TrueEvent(place, "burned", day(start), day(start if end is None else end), 0.8, strata)


@pytest.mark.parametrize(
    ("alarm", "hit"),
    [
        pytest.param(an_alarm(after=95, before=100), True, id="the fire lies in the interval"),
        pytest.param(an_alarm(after=90, before=97), True, id="ends one day before the fire"),
        pytest.param(an_alarm(after=90, before=96.9), False, id="ends earlier than that"),
        pytest.param(an_alarm(after=158, before=163), True, id="begins sixty days after it"),
        pytest.param(an_alarm(after=158.1, before=163), False, id="begins later than that"),
        pytest.param(an_alarm(place="b"), False, id="in another settlement"),
    ],
)
def test_an_alarm_is_a_hit_if_its_interval_meets_the_event(alarm: Alarm, hit: bool) -> None:
    result = matched([alarm], [a_burn(start=98)])

    assert (result.found, len(result.false)) == ((1, 0) if hit else (0, 1))


def test_a_second_alarm_of_one_event_is_neither_hit_nor_false() -> None:
    result = matched([an_alarm(), an_alarm(after=125, before=130)], [a_burn()])

    assert (result.found, len(result.repeats), len(result.false)) == (1, 1, 0)


def test_two_fires_of_one_village_need_two_alarms() -> None:
    fires = [a_burn(start=98), a_burn(start=140)]

    once = matched([an_alarm()], fires)
    twice = matched([an_alarm(), an_alarm(after=138, before=143)], fires)

    assert (once.found, twice.found) == (1, 2)


def test_lag_runs_from_the_start_of_the_fire_to_the_decision() -> None:
    result = matched([an_alarm(before=107)], [a_burn(start=98), a_burn("b")])

    assert result.lags_days == [9.0]
    assert [result.found_within(days) for days in (7, 9, 14)] == [0, 1, 1]


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [
        # 0 of n: upper end 1 - 0.025^(1/n); n of n: lower end 0.025^(1/n).
        pytest.param(0, 10, 0.0, 1 - 0.025**0.1, id="none of ten"),
        pytest.param(10, 10, 0.025**0.1, 1.0, id="ten of ten"),
        pytest.param(5, 10, 0.1871, 0.8129, id="half of ten, from printed tables"),
    ],
)
def test_shares_have_exact_intervals(count: int, total: int, low: float, high: float) -> None:
    estimate = share(count, total)

    assert estimate.value == count / total
    assert (estimate.low, estimate.high) == pytest.approx((low, high), abs=1e-4)


def test_a_share_of_nothing_is_unknown() -> None:
    assert math.isnan(share(0, 0).value)


@pytest.mark.parametrize(
    ("count", "years", "low", "high"),
    [
        pytest.param(0, 1500, 0.0, 0.002, id="rule of three: none in 1500 bounds 0.002"),
        pytest.param(0, 300, 0.0, 0.01, id="rule of three: none in 300 bounds 0.01"),
        pytest.param(1, 1, 0.0253, 5.5716, id="one, from printed tables"),
        pytest.param(10, 1000, 0.004795, 0.018390, id="ten, from printed tables"),
    ],
)
def test_rates_have_exact_poisson_intervals(
    count: int, years: float, low: float, high: float
) -> None:
    rate = poisson_rate(count, years)

    assert rate.value == count / years
    assert (rate.low, rate.high) == pytest.approx((low, high), rel=2e-3, abs=1e-5)


def test_the_bootstrap_draws_whole_clusters() -> None:
    # Two clusters, 0 of 10 and 10 of 10: a draw of two gives 0, one half or 1.
    low, high = bootstrap_ratio([0, 10], [10, 10], np.random.default_rng(1))

    assert (low, high) == (0.0, 1.0)
    assert bootstrap_ratio([5, 5], [10, 10], np.random.default_rng(1)) == (0.5, 0.5)


def test_the_bootstrap_of_no_exposure_is_unknown() -> None:
    assert all(math.isnan(v) for v in bootstrap_ratio([0], [0], np.random.default_rng(1)))


def quiet_scores_and_one_fire() -> tuple[Scores, list[TrueEvent]]:
    """Two villages, five looks 40 days apart; `b` burns before the third with score 6."""
    rows = {0: (1.0, 0.5), 40: (2.0, 0.5), 80: (3.0, 6.0), 120: (4.0, 0.5), 160: (5.0, 0.5)}
    scores = Scores.of(
        ("a", "b"), [ScoreRows.at_look(np.array(v), day(d)) for d, v in rows.items()]
    )
    return scores, [a_burn("b", start=78)]


def test_false_alarms_are_counted_at_a_threshold() -> None:
    scores, events = quiet_scores_and_one_fire()

    # Above 2.5 village `a` is in alarm on days 80, 120 and 160: more than 30 days apart.
    assert [false_alarm_count(scores, events, t) for t in (2.5, 3.5, 4.5, 5.5)] == [3, 2, 1, 0]


@pytest.mark.parametrize(
    ("target", "threshold"),
    [
        pytest.param(0.0, 5.0, id="none allowed: the highest quiet score"),
        pytest.param(0.5, 4.0, id="one in two years"),
        pytest.param(1.0, 3.0, id="two in two years"),
    ],
)
def test_the_threshold_is_the_lowest_that_keeps_the_rate(target: float, threshold: float) -> None:
    scores, events = quiet_scores_and_one_fire()

    assert threshold_for(scores, events, years=2.0, target_per_year=target) == threshold


def test_nothing_to_learn_from_gives_a_threshold_that_never_alarms() -> None:
    assert threshold_for(Scores.of(("a",), []), [], 1.0, 0.01) == math.inf


def test_the_curve_goes_from_strict_to_lax_and_stops_at_its_limit() -> None:
    scores, events = quiet_scores_and_one_fire()

    points = curve(scores, events, years=2.0, most_per_year=1.0)

    rates = [point.false_per_year for point in points]
    assert rates == sorted(rates)
    assert max(rates) == 1.0
    assert (points[1].false_per_year, points[1].recall) == (0.0, 1.0)


def test_strata_divide_the_events() -> None:
    events = [a_burn("a", season="dry"), a_burn("b", season="wet"), a_burn("c", season="dry")]

    parts = by_stratum(matched([an_alarm("a")], events), "season")

    assert {name: (m.found, len(m.events)) for name, m in parts.items()} == {
        "dry": (1, 2),
        "wet": (0, 1),
    }


def test_false_alarms_go_to_the_confounder_that_began_last() -> None:
    harvest = TrueEvent("a", "harvest", day(60), day(61))
    bush_fire = TrueEvent("a", "bush_fire", day(97), day(98))

    causes = causes_of([an_alarm("a"), an_alarm("b")], [bush_fire, harvest])

    assert causes == {"bush_fire": 1, "none": 1}


@pytest.mark.parametrize(
    ("fraction", "label"),
    [(0.24, "<25%"), (0.25, "25-50%"), (0.5, "50-75%"), (0.75, ">=75%"), (math.nan, "unknown")],
)
def test_burned_fractions_fall_into_classes(fraction: float, label: str) -> None:
    assert fraction_class(fraction) == label


@pytest.mark.parametrize(
    ("area_ha", "label"),
    [(0.9, "<1 ha"), (1.0, "1-2 ha"), (2.0, "2-5 ha"), (5.0, ">=5 ha"), (math.nan, "unknown")],
)
def test_areas_fall_into_classes(area_ha: float, label: str) -> None:
    assert area_class(area_ha) == label


def test_seasons_follow_the_months_of_the_rains() -> None:
    assert season_of(datetime(2024, 8, 1, tzinfo=UTC)) == "wet"
    assert season_of(datetime(2024, 10, 1, tzinfo=UTC)) == "dry"


def test_exposure_is_settlements_times_years() -> None:
    assert settlement_years(10, Interval(day(0), day(730.5))) == pytest.approx(20.0)
