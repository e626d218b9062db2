"""One look, all settlements: what the burn test refuses, and what it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from aoi.errors import GridMismatch
from monitor.blocks import block_sets
from monitor.calibration import shipped_calibration
from monitor.detectors.burn import BurnSettings, LookVerdict, burn_readings
from monitor.looks import Look
from monitor.reading import Verdict
from tests.monitor.detectors.worlds import START, a_village, an_area, the_looks

AREA = an_area(1_000.0)
VILLAGES = [a_village(1, 540_120, 1_510_120), a_village(2, 540_620, 1_510_620)]
SETS = block_sets(AREA, VILLAGES)
BEFORE, AFTER = the_looks(AREA, VILLAGES, 2, burned={"v1": (1, 1.0)})


def judged(look: Look, *earlier: Look) -> LookVerdict:
    return burn_readings(
        look, SETS, None, earlier, BurnSettings(), shipped_calibration(), look.acquired_at
    )


def test_with_one_look_before_it_a_burned_village_stands_out() -> None:
    burned, quiet = judged(AFTER, BEFORE).readings

    assert burned.verdict is Verdict.BURN_LIKE
    assert burned.mode == "pair"
    assert "baseline=weak" in burned.flags
    assert burned.burned_fraction > 0.6
    assert quiet.verdict is Verdict.QUIET
    assert burned.p < quiet.p


def test_the_first_look_of_all_has_nothing_to_compare_with() -> None:
    assert {r.verdict for r in judged(BEFORE).readings} == {Verdict.NO_BASELINE}


def test_equal_looks_burn_nothing() -> None:
    again = replace(BEFORE, look_id="again", acquired_at=AFTER.acquired_at)

    assert {r.verdict for r in judged(again, BEFORE).readings} <= {
        Verdict.QUIET,
        Verdict.NO_BASELINE,
    }


def test_a_recovering_shadow_is_not_a_burn() -> None:
    shade = {"blue": 0.55, "green": 0.48, "red": 0.42, "nir08": 0.33, "swir16": 0.3, "swir22": 0.28}
    inside = AREA.blocks.inside(VILLAGES[0].footprint)
    dark = {
        n: np.where(inside, v * shade[n], v).astype(np.float32) for n, v in BEFORE.bands.items()
    }

    (first, _) = judged(replace(AFTER, bands=BEFORE.bands), replace(BEFORE, bands=dark)).readings

    assert first.verdict is Verdict.QUIET


def test_a_shadow_over_the_village_is_not_a_burn() -> None:
    shade = {"blue": 0.55, "green": 0.48, "red": 0.42, "nir08": 0.33, "swir16": 0.3, "swir22": 0.28}
    inside = AREA.blocks.inside(VILLAGES[0].footprint.buffer(0.0005))
    dark = {
        n: np.where(inside, v * shade[n], v).astype(np.float32) for n, v in BEFORE.bands.items()
    }

    (first, _) = judged(replace(AFTER, bands=dark), BEFORE).readings

    assert first.verdict is Verdict.QUIET


def test_a_scene_without_the_bands_is_not_judged() -> None:
    poor = replace(AFTER, bands={"red": AFTER.bands["red"]})

    (first, _) = judged(poor, BEFORE).readings

    assert first.verdict is Verdict.NOT_CLEAR
    assert "bands" in first.reason


def test_without_the_long_short_wave_band_it_still_judges_and_says_so() -> None:
    reduced = [
        replace(k, bands={n: v for n, v in k.bands.items() if n not in ("swir22", "blue")})
        for k in (BEFORE, AFTER)
    ]

    (first, _) = judged(reduced[1], reduced[0]).readings

    assert "reduced_bands" in first.flags
    assert first.verdict is Verdict.BURN_LIKE


def test_a_suspect_scene_is_held_whole() -> None:
    verdict = judged(replace(AFTER, tags={"suspect_radiometry": "offset unclear"}), BEFORE)

    assert "offset unclear" in verdict.held_reason
    assert {r.verdict for r in verdict.readings} == {Verdict.HELD}


def test_another_grid_is_refused() -> None:
    elsewhere = next(the_looks(an_area(3_000.0), VILLAGES, 1))

    with pytest.raises(GridMismatch):
        judged(elsewhere, BEFORE)


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_a_half_seen_village_is_not_judged(share: float) -> None:
    clear = AFTER.clear_fraction.copy()
    rows, columns = np.nonzero(AREA.blocks.inside(VILLAGES[0].footprint))
    count = int(share * len(rows))
    clear[rows[:count], columns[:count]] = 0.0

    (first, _) = judged(replace(AFTER, clear_fraction=clear), BEFORE).readings

    assert first.verdict is Verdict.NOT_CLEAR
    assert "of the settlement was seen" in first.reason


def test_nothing_that_was_given_is_changed() -> None:
    kept = {n: v.copy() for n, v in AFTER.bands.items()}

    judged(AFTER, BEFORE)

    assert all(np.array_equal(kept[n], AFTER.bands[n], equal_nan=True) for n in kept)
    assert AFTER.acquired_at > START
