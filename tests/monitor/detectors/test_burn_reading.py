"""What is kept of one place in one look."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from monitor.blocks import block_sets
from monitor.calibration import shipped_calibration
from monitor.detectors.burn import BurnSettings, burn_readings
from monitor.detectors.burn_reading import VERSION, held_reading, unread
from monitor.evidence import evidence_of
from monitor.looks import Look
from monitor.observation import Flag
from monitor.reading import Reading, Verdict
from tests.monitor.detectors.worlds import a_village, an_area, the_looks

AREA = an_area(1_000.0)
VILLAGES = [a_village(1, 540_120, 1_510_120), a_village(2, 540_620, 1_510_620)]
SETS = block_sets(AREA, VILLAGES)
BEFORE, AFTER = the_looks(AREA, VILLAGES, 2, burned={"v1": (1, 1.0)})


def read(look: Look = AFTER, settings: BurnSettings | None = None) -> tuple[Reading, ...]:
    chosen = settings or BurnSettings()
    return burn_readings(
        look, SETS, None, [BEFORE], chosen, shipped_calibration(), look.acquired_at
    ).readings


def test_the_score_is_the_evidence_of_what_was_measured() -> None:
    burned, _ = read()

    weights = shipped_calibration().weights
    assert burned.score == pytest.approx(
        evidence_of(burned.values, burned.burned_fraction, weights)
    )
    assert burned.detector == VERSION


def test_the_interval_of_the_burned_share_holds_it_and_is_wider_for_few_blocks() -> None:
    for reading in read():
        low, high = reading.values["burned_low"], reading.values["burned_high"]
        assert 0.0 <= low <= reading.burned_fraction <= high <= 1.0
        # 36 to 49 blocks in fours are some ten observations: never surer than a tenth.
        assert high - low > 0.1


def test_the_reason_says_what_was_seen_and_what_is_needed() -> None:
    inside = AREA.blocks.inside(VILLAGES[0].footprint)
    rows = np.nonzero(inside)[0]
    clear = AFTER.clear_fraction.copy()
    clear[: int(np.median(rows)) + 1] = 0.0

    reading, _ = read(replace(AFTER, clear_fraction=clear))

    assert reading.verdict is Verdict.NOT_CLEAR
    assert reading.reason.endswith("% of the settlement was seen, 70 % needed")
    assert reading.p == 1.0


def test_pixels_without_a_cloud_class_are_flagged() -> None:
    unknown = np.full(AFTER.flags.shape, Flag.UNCLASSIFIED, dtype=np.uint16)

    assert all("cloud_unknown" in r.flags for r in read(replace(AFTER, flags=unknown)))


def test_a_stricter_sign_leaves_the_numbers_and_changes_the_verdict() -> None:
    (usual, _), (strict, _) = read(), read(settings=BurnSettings(sign_p=1e-12))

    assert (usual.verdict, strict.verdict) == (Verdict.BURN_LIKE, Verdict.QUIET)
    assert (usual.score, usual.p) == (strict.score, strict.p)


def test_a_held_look_keeps_what_was_not_seen_as_not_seen() -> None:
    burned, quiet = read()
    unseen = replace(quiet, verdict=Verdict.NOT_CLEAR)

    assert held_reading(burned, "haze").verdict is Verdict.HELD
    assert held_reading(burned, "haze").reason == "haze"
    assert held_reading(unseen, "haze") is unseen


def test_a_look_that_cannot_be_judged_leaves_a_reading_for_each_settlement() -> None:
    readings = unread(AFTER, SETS, AFTER.available_at, Verdict.NO_BASELINE, "nothing before")

    assert [r.settlement_id for r in readings] == ["v1", "v2"]
    assert {(r.verdict, r.p, r.reason) for r in readings} == {
        (Verdict.NO_BASELINE, 1.0, "nothing before")
    }
    assert all(np.isnan(r.score) for r in readings)
