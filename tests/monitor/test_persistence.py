"""Persistence: when looks become a finding."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from monitor.calibration import Calibration, RateTable, Scores
from monitor.persistence import PersistenceSettings, candidates, judge, last_quiet
from monitor.reading import Reading, Verdict
from monitor.scene import Hotspot
from tests.builders import NOW
from tests.monitor.test_calibration import TAIL

DAY = timedelta(days=1)
SETTINGS = PersistenceSettings(false_alarms_per_year=0.01)
# An alarm needs a rate of 0.005: exactly the score 3 for pairs, 2 for triples, 2 for hits.
CALIBRATION = Calibration(
    "cal-test",
    "hand",
    {"any/any/any/any": Scores(TAIL, TAIL, TAIL, TAIL, TAIL)},
    {
        "pair": RateTable(np.array([1.0, 3.0, 5.0]), np.array([1.0, 0.005, 1e-5]), 1e4),
        "triple": RateTable(np.array([1.0, 2.0, 5.0]), np.array([1.0, 0.005, 1e-5]), 1e4),
        "hit": RateTable(np.array([1.0, 2.0, 5.0]), np.array([1.0, 0.005, 1e-5]), 1e4),
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
        acquired_at=NOW + day * DAY, known_at=NOW + day * DAY, detector="burn/1", mode="series",
        verdict=verdict, reason="", p=0.001, score=score, burned_fraction=0.5, values=values,
    )  # fmt: skip


def judged(*readings: Reading, blocks: dict[str, np.ndarray] | None = None, hits=()):  # type: ignore[no-untyped-def]
    shown = {r.look_id: BLOCKS for r in readings} if blocks is None else blocks
    return judge(readings, shown, hits, SETTINGS, CALIBRATION)


@pytest.mark.parametrize(
    ("readings", "rule"),
    [
        pytest.param([a_reading(0, 9)], None, id="one look never decides where there is history"),
        pytest.param([a_reading(0, 3.5), a_reading(5, 3.7)], "pair", id="3.6 less usual drift"),
        pytest.param([a_reading(0, 3.4), a_reading(5, 3.4)], None, id="just below"),
        pytest.param(
            [*(a_reading(d, 4, Verdict.QUIET) for d in (-15, -10, -5)), a_reading(0, 4.9),
             a_reading(5, 4.9)], None, id="a season that came slowly",
        ),
        pytest.param(
            [*(a_reading(d, 0, Verdict.QUIET) for d in (-15, -10, -5)), a_reading(0, 3.1),
             a_reading(5, 3.1)], "pair", id="the same step from nothing",
        ),
        pytest.param(
            [a_reading(0, 4), a_reading(5, 4, ring=0.5)], None, id="half of the land burns too"
        ),
        pytest.param([a_reading(0, 9), a_reading(1, 9)], None, id="one day apart"),
        pytest.param([a_reading(0, 9), a_reading(21, 9)], None, id="three weeks apart"),
        pytest.param(
            [a_reading(0, 2.6), a_reading(5, 2.6), a_reading(10, 2.6)], "triple",
            id="three weaker looks",
        ),
        pytest.param(
            [a_reading(0, 9), a_reading(5, 0, Verdict.QUIET), a_reading(10, 9)], None,
            id="a quiet look between breaks the run",
        ),
        pytest.param(
            [a_reading(0, 9), a_reading(5, 0, Verdict.NOT_CLEAR), a_reading(10, 9)], "pair",
            id="a cloudy look between does not",
        ),
        pytest.param([], None, id="nothing seen"),
    ],
)  # fmt: skip
def test_rules(readings: list[Reading], rule: str | None) -> None:
    found = judged(*readings)

    assert (found.rule if found else None) == rule


def test_other_blocks_in_the_next_look_are_clouds_and_no_fire() -> None:
    first, second = a_reading(0, 9), a_reading(5, 9)
    elsewhere = {first.look_id: BLOCKS, second.look_id: BLOCKS + 10}

    assert judged(first, second, blocks=elsewhere) is None


@pytest.mark.parametrize(("shared", "found"), [(2, True), (1, False)])
def test_at_least_two_blocks_and_a_tenth_of_the_village_must_persist(
    shared: int, found: bool
) -> None:
    first, second = a_reading(0, 9), a_reading(5, 9)
    blocks = {first.look_id: BLOCKS, second.look_id: BLOCKS + 10 - shared}

    assert (judged(first, second, blocks=blocks) is not None) is found


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
        a_reading(0, 0, Verdict.QUIET),
        a_reading(5, 0, Verdict.QUIET),
        a_reading(10, 2.5),
        hits=[hit],
    )

    assert (found.rule if found else None) == rule


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        pytest.param({}, True, id="strong and large"),
        pytest.param({"burned_fraction": 0.29}, False, id="too small a part"),
        pytest.param({"mode": "series"}, False, id="there is history"),
    ],
)
def test_without_history_one_look_may_raise_a_provisional_alarm(
    changes: dict[str, object], found: bool
) -> None:
    cold = replace(a_reading(0, 9), mode="pair")
    cold = replace(cold, values={**cold.values, "reference_looks": 1.0}, **changes)  # type: ignore[arg-type]

    assert (judged(cold) is not None) is found


def test_late_looks_are_put_in_their_place() -> None:
    assert judged(a_reading(5, 9), a_reading(0, 9)).rule == "pair"


def test_the_last_quiet_look_before_an_instant() -> None:
    readings = [a_reading(0, 0, Verdict.QUIET), a_reading(3, 0, Verdict.NOT_CLEAR), a_reading(5, 9)]

    assert last_quiet(readings, NOW + 5 * DAY) == NOW


def test_candidates_give_scores_below_any_threshold_too() -> None:
    readings = [a_reading(0, 1.7), a_reading(5, 1.9)]
    burned = {r.look_id: BLOCKS for r in readings}

    assert candidates(readings, burned, SETTINGS)["pair"] == pytest.approx(1.8 - 0.5)
