"""Persistence: when looks become a finding."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from monitor.calibration import Calibration, RateTable, Scores
from monitor.persistence import PersistenceSettings, candidates, judge, last_quiet, rate_of_all
from monitor.reading import Reading, Verdict
from monitor.scene import Hotspot
from tests.builders import NOW
from tests.monitor.test_calibration import TAIL

DAY = timedelta(days=1)
SETTINGS = PersistenceSettings(false_alarms_per_year=0.01)
# Each rule's own rate is 1 at log-odds 0 and falls by e for each unit, beside a fire by e
# squared. Of the 0.01 of all rules a single look may have 0.45, a pair 0.30, three looks 0.10,
# a look beside a fire 0.15: thresholds ln(1 / 0.0045) = 5.40, ln(1 / 0.003) = 5.81, 6.91, and
# 6.50 / 2 = 3.25, above the drift.
FALLING = RateTable(np.array([0.0, 12.0]), np.array([1.0, np.exp(-12.0)]), 1e4)
CALIBRATION = Calibration(
    "cal-test",
    "hand",
    {"any/any/any/any": Scores(TAIL, TAIL, TAIL)},
    {
        **dict.fromkeys(("single", "pair", "triple"), FALLING),
        "hit": RateTable(np.array([0.0, 12.0]), np.array([1.0, np.exp(-24.0)]), 1e4),
    },
)
BLOCKS = np.arange(10, dtype=np.int32)


def a_reading(
    day: float, score: float, verdict: Verdict = Verdict.BURN_LIKE, ring: float = 1.0
) -> Reading:
    values = {
        "own_blocks": 20.0, "reference_looks": 40.0, "median_q_standard": score,
        "scan_standard": score, "ring_unburned": ring, "green": 0.2, "settlement_clear": 1.0,
    }  # fmt: skip
    return Reading(
        settlement_id="v1", look_id=f"look-{day:g}", aoi_id="a", track="t",
        acquired_at=NOW + day * DAY, known_at=NOW + day * DAY, detector="burn/2", mode="series",
        verdict=verdict, reason="", p=0.001, score=score, burned_fraction=0.5, values=values,
    )  # fmt: skip


def in_season(score: float, leverage: float) -> Reading:
    reading = a_reading(0, score)
    return replace(reading, values={**reading.values, "leverage": leverage})


def judged(*readings: Reading, blocks: dict[str, np.ndarray] | None = None, hits=()):  # type: ignore[no-untyped-def]
    shown = {r.look_id: BLOCKS for r in readings} if blocks is None else blocks
    return judge(readings, shown, hits, SETTINGS, CALIBRATION)


QUIET = Verdict.QUIET


@pytest.mark.parametrize(
    ("readings", "rule"),
    [
        pytest.param([a_reading(0, 6.2)], "single", id="5.40 and half the usual drift of 1.5"),
        pytest.param([a_reading(0, 6.1)], None, id="just below"),
        pytest.param([replace(a_reading(0, 6.2), mode="window")], None, id="no history"),
        pytest.param([in_season(6.2, 0.5)], "single", id="a season that was seen"),
        pytest.param([in_season(6.2, 0.51)], None, id="a season that was never seen"),
        pytest.param(
            [*(a_reading(d, 4, QUIET) for d in (-15, -10, -5)), a_reading(0, 9)], None,
            id="a season that came slowly",
        ),
        pytest.param(
            [*(a_reading(d, -8, QUIET) for d in (-15, -10, -5)), a_reading(0, 5.45)], "single",
            id="a step from nothing",
        ),
        pytest.param(
            [*(a_reading(d, -6, QUIET) for d in (-15, -10, -5)), a_reading(0, 5.3),
             a_reading(5, 6.4)], "pair", id="two looks, their mean above 5.81",
        ),
        pytest.param(
            [*(a_reading(d, -6, QUIET) for d in (-15, -10, -5)), a_reading(0, 5.3),
             a_reading(1, 6.4)], None, id="one day apart",
        ),
        pytest.param(
            [*(a_reading(d, -6, QUIET) for d in (-15, -10, -5)), a_reading(0, 5.3),
             a_reading(21, 6.4)], None, id="three weeks apart",
        ),
        pytest.param([], None, id="nothing seen"),
    ],
)  # fmt: skip
def test_rules(readings: list[Reading], rule: str | None) -> None:
    found = judged(*readings)

    assert (found.rule if found else None) == rule


def test_other_blocks_in_the_next_look_are_clouds_and_no_fire() -> None:
    before = [a_reading(d, -6, QUIET) for d in (-15, -10, -5)]
    first, second = a_reading(0, 8), a_reading(5, 6.5)
    elsewhere = {first.look_id: BLOCKS, second.look_id: BLOCKS + 10}

    assert judged(*before, first, second).rule == "pair"
    assert judged(*before, first, second, blocks=elsewhere) is None


@pytest.mark.parametrize(("shared", "found"), [(2, True), (1, False)])
def test_at_least_two_blocks_and_a_tenth_of_the_village_must_persist(
    shared: int, found: bool
) -> None:
    first, second = a_reading(0, 9), a_reading(5, 9)
    blocks = {first.look_id: BLOCKS, second.look_id: BLOCKS + 10 - shared}

    assert ("pair" in candidates([first, second], blocks, SETTINGS)) is found


def a_hit(day: float, confidence: str = "nominal") -> Hotspot:
    return Hotspot(
        longitude=0, latitude=0, acquired_at=NOW + day * DAY, satellite="N20", instrument="VIIRS",
        confidence=confidence, frp_mw=5, brightness_k=340, scan_km=0.4, track_km=0.4,
        is_night=True, available_at=NOW + day * DAY,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("hit", "rule"),
    [
        pytest.param(a_hit(7), "hit", id="between the quiet look and the burned one"),
        pytest.param(a_hit(3), None, id="before the last quiet look"),
        pytest.param(a_hit(11), None, id="after the look"),
        pytest.param(a_hit(7, "low"), None, id="low confidence"),
    ],
)
def test_a_detected_fire_may_stand_for_a_second_look(hit: Hotspot, rule: str | None) -> None:
    found = judged(
        a_reading(0, -6, Verdict.QUIET),
        a_reading(5, -6, Verdict.QUIET),
        a_reading(10, 3.3),
        hits=[hit],
    )

    assert (found.rule if found else None) == rule


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        pytest.param({}, "cold", id="strong and large"),
        pytest.param({"burned_fraction": 0.29}, None, id="too small a part"),
        pytest.param({"mode": "series"}, "single", id="there is history"),
    ],
)
def test_without_history_one_look_may_raise_a_provisional_alarm(
    changes: dict[str, object], rule: str | None
) -> None:
    cold = replace(a_reading(0, 9), mode="pair")
    cold = replace(cold, values={**cold.values, "reference_looks": 1.0}, **changes)  # type: ignore[arg-type]

    found = judged(cold)

    assert (found.rule if found else None) == rule


def test_late_looks_are_put_in_their_place() -> None:
    before = [a_reading(d, -6, QUIET) for d in (-5, -15, -10)]

    assert judged(a_reading(5, 6.4), *before, a_reading(0, 5.3)).rule == "pair"


def test_the_last_quiet_look_before_an_instant() -> None:
    readings = [a_reading(0, 0, Verdict.QUIET), a_reading(3, 0, Verdict.NOT_CLEAR), a_reading(5, 9)]

    assert last_quiet(readings, NOW + 5 * DAY) == NOW


def test_candidates_give_scores_below_any_threshold_too() -> None:
    readings = [a_reading(0, 1.7), a_reading(5, 1.9)]
    burned = {r.look_id: BLOCKS for r in readings}

    assert candidates(readings, burned, SETTINGS)["pair"] == pytest.approx(1.8 - 0.75)


def test_the_rate_of_all_rules_is_that_counted_for_what_is_as_rare() -> None:
    counted = RateTable(np.array([0.0, 6.0]), np.array([1.0, 0.001]), 1e4)
    joint = replace(CALIBRATION, rates={**CALIBRATION.rates, "all": counted})

    # exp(-3) of a share of 0.3 is 0.166 of all: minus its logarithm, 1.796, lies 0.2993 of
    # the way down three decades.
    assert rate_of_all("pair", 3.0, CALIBRATION) == pytest.approx(np.exp(-3.0) / 0.3)
    assert rate_of_all("pair", 3.0, joint) == pytest.approx(10 ** (-3 * 0.29934), rel=1e-3)
