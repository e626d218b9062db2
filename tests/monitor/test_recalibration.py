"""Recalibration from readings of quiet places."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from monitor.persistence import PersistenceSettings
from monitor.reading import Reading, Verdict
from monitor.recalibration import QuietPlace, episodes, recalibrated, rejudged
from tests.builders import NOW
from tests.monitor.test_persistence import BLOCKS, a_reading

DAY = timedelta(days=1)


def quiet_places(count: int = 20, looks: int = 150, seed: int = 4) -> list[QuietPlace]:
    rng = np.random.default_rng(seed)
    places = []
    for place in range(count):
        readings = [a_quiet(5.0 * day, place, *rng.standard_normal(2)) for day in range(looks)]
        burned = {r.look_id: BLOCKS for r in readings}
        places.append(QuietPlace(tuple(readings), burned, looks * 5 / 365.25))
    return places


def a_quiet(day: float, place: int, median_q: float, scan: float, mimic: float = 0.0) -> Reading:
    reading = a_reading(day, 0.0, Verdict.QUIET)
    values = {
        **reading.values, "median_q_standard": median_q, "scan_standard": scan, "mimic": mimic,
    }  # fmt: skip
    return replace(reading, settlement_id=f"v{place}", values=values)


def test_an_alarm_at_the_highest_threshold_is_as_rare_as_one_in_all_the_years() -> None:
    places = quiet_places()
    years = sum(p.years for p in places)

    calibration = recalibrated(places, "simulated, test", PersistenceSettings())

    table = calibration.rates["pair"]
    assert table.village_years == pytest.approx(years)
    assert table.rates[-1] == pytest.approx(1 / years)
    assert calibration.made_from == "simulated, test"


def test_a_shadow_never_scores_and_is_no_yardstick() -> None:
    places = quiet_places()
    shadows = [a_quiet(2_000.0 + n, 99, 80.0, 90.0, mimic=1.0) for n in range(400)]
    plain = recalibrated(places, "t", PersistenceSettings())

    with_shadows = recalibrated(
        [*places, QuietPlace(tuple(shadows), {}, 1.0)], "t", PersistenceSettings()
    )
    judged = rejudged(shadows[0], plain)

    assert (judged.verdict, judged.p) == (Verdict.QUIET, 1.0)
    key = "any/any/any/any"
    assert with_shadows.strata[key].median_q.knots == pytest.approx(
        plain.strata[key].median_q.knots
    )


def test_scores_of_thirty_days_are_one_episode() -> None:
    scored = [(NOW, 1.0), (NOW + 10 * DAY, 3.0), (NOW + 29 * DAY, 2.0), (NOW + 31 * DAY, 1.5)]

    assert episodes(scored) == [3.0, 1.5]
