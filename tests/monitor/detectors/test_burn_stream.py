"""The whole burn test over a stream of looks with known truth."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from monitor.calibration import shipped_calibration
from monitor.detectors.burn import BurnSettings
from monitor.detectors.burn_stream import stream_alarms, stream_findings
from monitor.finding import Finding, FindingKind, Tier
from monitor.reading import Reading, Verdict
from tests.monitor.detectors.worlds import REVISIT, START, a_village, an_area, the_looks

AREA = an_area(1_000.0)
WHOLE, PART, QUIET = (
    a_village(1, 540_120, 1_510_120),
    a_village(2, 540_620, 1_510_120),
    a_village(3, 540_620, 1_510_620),
)
VILLAGES = [WHOLE, PART, QUIET]
TRAINED, FIRE, END = 75, 82, 87
"""Numbers of looks: the first that is scored, the first after the fires, the end. Five days
apart, the first of them lie in the same season a year before."""

YOUNG = 30
"""Looks earlier: the baseline has seen half a year, and never this season."""


@cache
def the_run(earlier: int = 0) -> tuple[list[Reading], list[Finding]]:
    fire, start = FIRE - earlier, START + (TRAINED - earlier) * REVISIT
    looks = the_looks(AREA, VILLAGES, END - earlier, burned={"v1": (fire, 1.0), "v2": (fire, 0.4)})
    readings: list[Reading] = []
    findings: list[Finding] = []
    for _, seen, found in stream_findings(
        looks, AREA, VILLAGES, [], BurnSettings(), shipped_calibration(), start
    ):
        readings += seen
        findings += found
    return readings, findings


def test_both_burned_villages_are_found_and_the_quiet_one_is_not() -> None:
    _, findings = the_run()

    assert {f.settlement_id for f in findings} == {"v1", "v2"}
    assert {f.kind for f in findings} == {FindingKind.BURN}


@pytest.mark.parametrize("village", ["v1", "v2"])
def test_one_look_is_a_first_sign_and_a_second_makes_more_of_it(village: str) -> None:
    first, second = [f for f in the_run()[1] if f.settlement_id == village][:2]

    assert (first.looks_agreeing, first.tier) == (1, Tier.C)
    assert first.last_seen == START + FIRE * REVISIT
    assert (second.looks_agreeing, second.tier) == (2, Tier.B)
    assert second.last_seen == START + (FIRE + 1) * REVISIT


@pytest.mark.parametrize("village", ["v1", "v2"])
def test_in_a_season_that_was_never_seen_one_look_says_nothing_and_two_do(village: str) -> None:
    readings, findings = the_run(YOUNG)
    first = next(f for f in findings if f.settlement_id == village)

    assert {r.mode for r in readings} == {"series"}
    assert min(r.values["leverage"] for r in readings) > 0.5
    assert first.looks_agreeing == 2
    assert first.last_seen == START + (FIRE - YOUNG + 1) * REVISIT


@pytest.mark.parametrize("village", ["v1", "v2"])
def test_findings_date_the_fire_between_two_looks(village: str) -> None:
    for found in [f for f in the_run()[1] if f.settlement_id == village][:2]:
        assert found.happened.start == START + (FIRE - 1) * REVISIT
        assert found.first_seen == START + FIRE * REVISIT


def test_the_burned_share_is_that_of_the_village() -> None:
    first = {f.settlement_id: f for f in reversed(the_run()[1])}

    assert first["v1"].settlement_fraction is not None
    assert first["v2"].settlement_fraction is not None
    # The footprint is widened by 20 m, so some of its edge is land that did not burn.
    assert 0.6 <= first["v1"].settlement_fraction <= 1.0
    assert 0.25 <= first["v2"].settlement_fraction <= 0.5


def test_the_outline_lies_in_the_village() -> None:
    first = next(f for f in the_run()[1] if f.settlement_id == "v2")

    assert first.geometry.intersects(PART.footprint)
    assert not first.geometry.intersects(QUIET.footprint)
    assert first.area_m2 == pytest.approx(1_600 * round(first.area_m2 / 1_600))


def test_every_look_leaves_a_reading_of_every_village_with_its_reason() -> None:
    readings, _ = the_run()

    assert len(readings) == 3 * (END - TRAINED)
    assert all(r.reason for r in readings)


def test_one_sensor_alone_is_never_tier_a() -> None:
    assert all(f.tier.value in "BC" for f in the_run()[1])


def test_running_again_gives_the_same_identifiers() -> None:
    first = [f.finding_id for f in the_run()[1]]
    the_run.cache_clear()

    assert [f.finding_id for f in the_run()[1]] == first


def test_alarms_are_declustered_and_every_clear_look_has_a_score() -> None:
    looks = the_looks(AREA, VILLAGES, END, burned={"v1": (FIRE, 1.0)})

    alarms, scores = stream_alarms(
        looks, AREA, VILLAGES, [], BurnSettings(), shipped_calibration(), START + TRAINED * REVISIT
    )

    assert [a.settlement_id for a in alarms] == ["v1"]
    assert len(scores) == 3 * (END - TRAINED)
    assert scores.score[scores.settlement == 2].max() == -3.0


def test_a_forgotten_offset_holds_the_look_and_finds_nothing() -> None:
    looks = the_looks(AREA, VILLAGES, END, added={TRAINED + 5: 0.1, TRAINED + 6: 0.1})

    results = list(
        stream_findings(
            looks, AREA, VILLAGES, [], BurnSettings(), shipped_calibration(),
            START + TRAINED * REVISIT,
        )
    )  # fmt: skip

    assert [f for _, _, found in results for f in found] == []
    assert {r.verdict for r in results[5][1]} == {Verdict.HELD}
    assert "suspect radiometry" in results[5][1][0].reason


def test_cloud_is_not_clear_and_never_quiet() -> None:
    looks = the_looks(AREA, VILLAGES, TRAINED + 2, cloudy=[TRAINED + 1])

    *_, (_, readings, found) = stream_findings(
        looks, AREA, VILLAGES, [], BurnSettings(), shipped_calibration(), START + TRAINED * REVISIT
    )

    assert found == []
    assert {r.verdict for r in readings} == {Verdict.NOT_CLEAR}
    assert all(np.isnan(r.score) and r.p == 1.0 for r in readings)
