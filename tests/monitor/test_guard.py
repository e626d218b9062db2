"""The hold-a-scene guards."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from monitor.blocks import block_sets
from monitor.features import FULL, features_of
from monitor.guard import held_by_rejections, held_by_shift
from monitor.layout import layout_of
from monitor.reference import Reference, reference_from_looks
from tests.monitor.detectors.worlds import LAND, a_village, an_area
from tests.monitor.test_features import NAMES

SETS = block_sets(an_area(), [a_village(1, 540_420, 1_510_420)])
LAYOUT = layout_of(SETS)
COUNT = SETS.watched.size
BANDS = {n: np.full(COUNT, v, np.float32) for n, v in zip(NAMES, LAND, strict=True)}


def a_reference() -> Reference:
    noise = np.random.default_rng(1).normal(0, 0.002, COUNT).astype(np.float32)
    looked = features_of({n: v + noise for n, v in BANDS.items()}, FULL)
    found = reference_from_looks(looked, [features_of(BANDS, FULL)], FULL, LAYOUT, mode="pair")
    assert found is not None
    return found


def seen(change: dict[str, float]) -> np.ndarray:
    return features_of({n: v + change.get(n, 0.0) for n, v in BANDS.items()}, FULL)


@pytest.mark.parametrize("offset", [0.1, -0.08], ids=["forgotten", "doubled"])
def test_an_offset_on_every_band_holds_the_scene(offset: float) -> None:
    held = held_by_shift(seen(dict.fromkeys(NAMES, offset)), a_reference())

    assert held.startswith("suspect radiometry")


def test_rain_over_the_whole_scene_does_not_hold_it() -> None:
    factors = dict(zip(NAMES, (0.72, 0.72, 0.71, 0.70, 0.66, 0.60), strict=True))
    wet = {n: float(BANDS[n][0]) * (f - 1) for n, f in factors.items()}

    assert held_by_shift(seen(wet), a_reference()) == ""


def test_an_unchanged_scene_is_not_held() -> None:
    assert held_by_shift(seen({}), a_reference()) == ""


def test_water_everywhere_decides_nothing() -> None:
    reference = replace(a_reference(), usable=np.zeros(COUNT, np.bool_))

    assert held_by_shift(seen(dict.fromkeys(NAMES, 0.1)), reference) == ""


@pytest.mark.parametrize(
    ("settlements", "land", "held"),
    [
        pytest.param([1e-5] * 5 + [0.5] * 20, [0.5] * 25, False, id="many villages burned at once"),
        pytest.param([0.5] * 25, [1e-4] * 3 + [0.5] * 22, True, id="quiet land stands out"),
        pytest.param([0.5] * 25, [1e-4] * 2 + [0.5] * 22, False, id="two patches are chance"),
        pytest.param([0.5] * 25, [1e-4] * 3 + [0.5] * 60, False, id="three of 63 are 4.8 percent"),
        pytest.param([1e-5] * 5 + [0.5] * 20, [1e-4] * 2 + [0.5] * 23, True, id="land follows"),
        pytest.param([], [], False, id="nothing was seen"),
    ],
)
def test_many_rejections_hold_a_scene_only_if_land_rejects_too(
    settlements: list[float], land: list[float], held: bool
) -> None:
    assert bool(held_by_rejections(settlements, land)) is held
