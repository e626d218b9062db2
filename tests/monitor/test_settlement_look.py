"""What is measured of one settlement in one look."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from monitor.baseline import watched_features
from monitor.blocks import block_sets
from monitor.change import changes_in
from monitor.features import FULL
from monitor.layout import layout_of
from monitor.looks import Look
from monitor.matched import templates_for
from monitor.reference import reference_from_looks
from monitor.settlement_look import SettlementLook, measured, medians_of
from tests.monitor.detectors.worlds import a_village, an_area, the_looks

AREA = an_area(1_000.0)
VILLAGES = [a_village(1, 540_120, 1_510_120), a_village(2, 540_620, 1_510_620)]
SETS = block_sets(AREA, VILLAGES)
LAYOUT = layout_of(SETS)


def looked_at(before: Look, after: Look, index: int) -> SettlementLook:
    observed = watched_features(after, SETS, FULL)
    stack = [watched_features(before, SETS, FULL)]
    reference = reference_from_looks(observed, stack, FULL, LAYOUT, mode="pair")
    assert reference is not None
    changes = changes_in(observed - reference.expected, reference, LAYOUT)
    medians = medians_of(changes, reference, LAYOUT)
    return measured(index, LAYOUT, reference, changes, medians, templates_for(FULL))


@pytest.mark.parametrize("share", [0.3, 1.0])
def test_the_burned_share_is_that_of_the_blocks_that_burned(share: float) -> None:
    before, after = the_looks(AREA, VILLAGES, 2, burned={"v1": (1, share)})

    place = looked_at(before, after, 0)

    # The footprint is widened by 20 m: its rim is land that did not burn.
    rim = 36 / len(SETS.settlements[0].own)
    assert place.burned_fraction == pytest.approx(share * rim, abs=0.15)
    assert place.values["burned_blocks"] == place.burned.sum()
    assert place.values["own_blocks"] == len(SETS.settlements[0].own)


def test_a_part_that_burned_shows_in_the_best_window_before_it_shows_in_the_median() -> None:
    before, after = the_looks(AREA, VILLAGES, 2, burned={"v1": (1, 0.3)})

    place = looked_at(before, after, 0)

    assert place.scan > 3.0
    assert place.scan > place.median_q


def test_a_quiet_village_has_nothing() -> None:
    before, after = the_looks(AREA, VILLAGES, 2, burned={"v1": (1, 1.0)})

    place = looked_at(before, after, 1)

    assert place.burned_fraction < 0.1
    assert abs(place.median_q) < 3.0
    assert place.clear == 1.0


def test_the_change_of_a_burned_village_points_to_fire() -> None:
    before, after = the_looks(AREA, VILLAGES, 2, burned={"v1": (1, 1.0)})

    direction = looked_at(before, after, 0).direction

    assert direction.burn > direction.other
    assert not direction.is_mimic


def test_a_village_under_cloud_has_no_share() -> None:
    before, after = the_looks(AREA, VILLAGES, 2)
    clear = np.where(AREA.blocks.inside(VILLAGES[0].footprint.buffer(0.001)), 0.0, 1.0)

    place = looked_at(before, replace(after, clear_fraction=clear.astype(np.float32)), 0)

    assert place.clear == 0.0
    assert np.isnan(place.burned_fraction)
