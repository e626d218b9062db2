from __future__ import annotations

import numpy as np
import pytest

from monitor.detectors.sar_stack import RadarStack, held_looks, stacks_of
from tests.builders import days_ago
from tests.monitor.detectors.test_sar import a_radar_look


def test_looks_are_stacked_by_orbit_oldest_first() -> None:
    looks = [a_radar_look(6), a_radar_look(18), a_radar_look(12, track="sentinel-1-123")]

    first, second = stacks_of(looks)

    assert first.look_ids == ("sentinel-1-021-18", "sentinel-1-021-6")
    assert first.decibel.shape == (2, 2, 60, 60)
    assert second.track == "sentinel-1-123"


def test_blocks_that_were_hardly_measured_and_missing_bands_are_nan() -> None:
    look = a_radar_look(6, bands=("vv",))
    look.clear_fraction[:5] = 0.5

    (stack,) = stacks_of([look])

    assert np.isnan(stack.decibel[0, 0, :5]).all()
    assert np.isfinite(stack.decibel[0, 0, 5:]).all()
    assert np.isnan(stack.decibel[0, 1]).all()


def levels(*shifts_db: float) -> RadarStack:
    draws = np.random.default_rng(2).normal(0.0, 0.3, (len(shifts_db), 2, 20, 20))
    decibel = (draws - 12.0 + np.array(shifts_db)[:, None, None, None]).astype(np.float32)
    ids = tuple(f"look-{n}" for n in range(len(shifts_db)))
    times = tuple(days_ago(12 * (len(shifts_db) - n)) for n in range(len(shifts_db)))
    return RadarStack("sentinel-1-021", ids, times, decibel)


@pytest.mark.parametrize(
    ("shifts", "held"),
    [
        pytest.param((0, 0, 0, 0, 0, 0), [], id="as ever"),
        pytest.param((0, 0, 0, 0, 0.4, 0), [], id="less than half a decibel"),
        pytest.param((0, 0, 0, 0.9, 0, 0), ["look-3"], id="one look moved"),
        pytest.param((0, 0, -0.9, 0, 0, 0), [], id="too early to say"),
        pytest.param((0, 0, 0, 0, 0, 0, *(1,) * 8), [f"look-{n}" for n in (6, 7, 8, 9)],
                     id="a step that stays becomes the new level"),
    ],
)  # fmt: skip
def test_a_scene_whose_steady_blocks_moved_is_held(
    shifts: tuple[float, ...], held: list[str]
) -> None:
    found = held_looks(levels(*shifts))

    assert list(found) == held
    assert all("steady blocks moved by" in reason for reason in found.values())
