"""The change of places in one look, their local control removed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from monitor.baseline import watched_features
from monitor.blocks import block_sets
from monitor.change import Changes, changes_in, controlled, own_change
from monitor.control import Control
from monitor.features import FULL
from monitor.layout import layout_of
from monitor.looks import Look
from monitor.reference import Reference, reference_from_looks
from tests.monitor.detectors.worlds import a_village, an_area, the_looks

AREA = an_area(1_000.0)
VILLAGES = [a_village(1, 540_120, 1_510_120), a_village(2, 540_620, 1_510_620)]
SETS = block_sets(AREA, VILLAGES)
LAYOUT = layout_of(SETS)
BEFORE, AFTER = the_looks(AREA, VILLAGES, 2, burned={"v1": (1, 1.0)})


def against_before(look: Look) -> tuple[np.ndarray, Reference]:
    observed = watched_features(look, SETS, FULL)
    stack = [watched_features(BEFORE, SETS, FULL)]
    reference = reference_from_looks(observed, stack, FULL, LAYOUT, mode="pair")
    assert reference is not None
    return observed - reference.expected, reference


def changed(look: Look) -> Changes:
    residual, reference = against_before(look)
    return changes_in(residual, reference, LAYOUT)


def of_place(values: np.ndarray, index: int) -> np.ndarray:
    return values[..., LAYOUT.starts[index] : LAYOUT.starts[index + 1]]


def test_blocks_of_a_burned_village_look_burned_and_those_of_a_quiet_one_do_not() -> None:
    burned = changed(AFTER).burned

    assert of_place(burned, 0).mean() > 0.6
    assert of_place(burned, 1).mean() < 0.1


def test_what_village_and_land_do_together_is_no_change() -> None:
    darker = replace(
        AFTER, bands={n: (v * 0.9).astype(np.float32) for n, v in BEFORE.bands.items()}
    )

    change = changed(darker).change

    # A tenth less light is 0.105 in every logarithm; the ring did the same.
    residual, _ = against_before(darker)
    assert np.nanmedian(residual[FULL.nir]) == pytest.approx(-np.log(0.9), abs=0.002)
    assert np.nanmedian(of_place(change, 1)[FULL.nir]) == pytest.approx(0.0, abs=0.002)


def test_a_control_that_is_known_is_not_looked_for_again() -> None:
    residual, reference = against_before(AFTER)
    control = controlled(residual, reference, LAYOUT)

    given = changes_in(residual, reference, LAYOUT, control)

    assert given.control is control
    assert np.array_equal(given.filtered.q, changes_in(residual, reference, LAYOUT).filtered.q)


def test_own_change_is_the_residual_less_the_followed_part_of_the_control() -> None:
    residual, reference = against_before(AFTER)
    control = controlled(residual, reference, LAYOUT)
    known = Control(np.full_like(control.change, 0.1), *_rest(control))
    half = replace(reference, beta=np.full_like(reference.beta, 0.5))

    change = own_change(residual, known, half, LAYOUT)

    assert change == pytest.approx(residual[:, LAYOUT.own] - 0.05, abs=1e-6, nan_ok=True)


def _rest(control: Control) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return control.seen, control.unburned, control.borrowed


def test_blocks_that_were_not_seen_are_not_valid() -> None:
    half = AFTER.clear_fraction.copy()
    half[:, : half.shape[1] // 2] = 0.0

    changes = changed(replace(AFTER, clear_fraction=half))

    assert changes.valid.any() and not changes.valid.all()
    assert not changes.burned[~changes.valid].any()
