"""Recalibration from readings of quiet places."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from monitor.evidence import EvidenceWeights
from monitor.persistence import PersistenceSettings, judge
from monitor.reading import Reading, Verdict
from monitor.recalibration import QuietPlace, episodes, recalibrated, rejudged, reweighed
from tests.builders import NOW
from tests.monitor.test_persistence import BLOCKS, a_hit, a_reading

DAY = timedelta(days=1)


# The evidence is the logarithm of one plus the scan, so that numbers stay small.
PLAIN = EvidenceWeights(0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def quiet_places(count: int = 20, looks: int = 150, seed: int = 4) -> list[QuietPlace]:
    rng = np.random.default_rng(seed)
    places = []
    for place in range(count):
        readings = [a_quiet(5.0 * day, place, *rng.standard_normal(2)) for day in range(looks)]
        burned = {r.look_id: BLOCKS for r in readings}
        places.append(QuietPlace(tuple(readings), burned, looks * 5 / 365.25))
    return places


def a_quiet(day: float, place: int, median_q: float, scan: float) -> Reading:
    reading = a_reading(day, 0.0, Verdict.QUIET)
    values = {
        **reading.values, "median_q_standard": median_q, "scan_standard": scan,
        "other_direction": 0.0,
    }  # fmt: skip
    return replace(reading, settlement_id=f"v{place}", values=values)


def test_an_alarm_at_the_highest_threshold_is_as_rare_as_one_in_all_the_years() -> None:
    places = quiet_places()
    years = sum(p.years for p in places)

    calibration = recalibrated(places, "simulated, test", PersistenceSettings(), PLAIN)

    # That of all rules together is raised by its standard error: 1 + 1.
    for rule, highest in (("single", 1), ("pair", 1), ("all", 2)):
        table = calibration.rates[rule]
        assert table.village_years == pytest.approx(years)
        assert table.rates[-1] == pytest.approx(highest / years)
    assert (calibration.made_from, calibration.weights) == ("simulated, test", PLAIN)


def test_what_all_rules_let_through_is_counted_not_added_up() -> None:
    places = quiet_places()
    calibration = recalibrated(places, "t", PersistenceSettings(), PLAIN)
    settings = PersistenceSettings(false_alarms_per_year=1.0)

    alarms = 0
    for place in places:
        readings = [rejudged(r, calibration) for r in reweighed(place.readings, PLAIN)]
        found = [
            readings[i].acquired_at
            for i in range(len(readings))
            if readings[i].verdict is Verdict.BURN_LIKE
            and judge(readings[max(0, i - 6) : i + 1], place.burned, (), settings, calibration)
        ]
        alarms += len(episodes([(at, 0.0) for at in found]))

    # 41 years; 35 alarms and their standard error of 5.9 are 41.
    assert alarms == pytest.approx(35, abs=5)


def test_the_last_count_is_made_with_weights_that_a_place_did_not_teach() -> None:
    places = quiet_places()
    doubled = EvidenceWeights(0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    apart = [replace(place, weights=doubled) for place in places]

    plain = recalibrated(places, "t", PersistenceSettings(), PLAIN)
    found = recalibrated(apart, "t", PersistenceSettings(), PLAIN)

    assert found.rates["single"].thresholds.tolist() == plain.rates["single"].thresholds.tolist()
    assert found.rates["all"].thresholds[-1] > plain.rates["all"].thresholds[-1]


def test_the_last_count_is_made_where_confounders_are_common() -> None:
    places = quiet_places()
    # Every look of the hard places stands out four times as far.
    loud = EvidenceWeights(0.0, 4.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    hard = [replace(place, weights=loud) for place in places[:5]]

    plain = recalibrated(places, "t", PersistenceSettings(), PLAIN)
    found = recalibrated(places, "t", PersistenceSettings(), PLAIN, hard)

    table = found.rates["all"]
    assert table.village_years == pytest.approx(sum(place.years for place in hard))
    assert found.rates["single"].rates.tolist() == plain.rates["single"].rates.tolist()
    assert found.version != plain.version
    # The same score alarms more often there.
    assert table.rate(1.0) > plain.rates["all"].rate(1.0)


def test_a_fire_beside_a_quiet_look_counts_as_a_false_hit() -> None:
    places = quiet_places()
    look = max(places[0].readings, key=lambda r: r.values["scan_standard"])
    near = replace(a_hit(0), acquired_at=look.acquired_at - DAY)
    burning = replace(places[0], hits={look.look_id: (near,)})
    years = sum(place.years for place in places)

    calibration = recalibrated([burning, *places[1:]], "t", PersistenceSettings(), PLAIN)

    # One such look in all the years, and, where there was none, no less is assumed.
    assert calibration.rates["hit"].rate(-9.0) == pytest.approx(1 / years)
    unseen = recalibrated(places, "t", PersistenceSettings(), PLAIN).rates["hit"]
    assert unseen.rate(-9.0) == pytest.approx(1 / years)


def test_scores_of_thirty_days_are_one_episode() -> None:
    scored = [(NOW, 1.0), (NOW + 10 * DAY, 3.0), (NOW + 29 * DAY, 2.0), (NOW + 31 * DAY, 1.5)]

    assert episodes(scored) == [3.0, 1.5]
