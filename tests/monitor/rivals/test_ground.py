from __future__ import annotations

import numpy as np
import pytest

from aoi.errors import GridMismatch
from monitor.rivals.ground import largest, medians, seen
from tests.builders import a_look
from tests.monitor.rivals.builders import BLOCKS, cloudy_village, shown, the_ground

NAN = np.nan


@pytest.mark.parametrize(
    ("row", "median"),
    [
        pytest.param([3.0, 1.0, 2.0], 2.0, id="odd"),
        pytest.param([4.0, 1.0, 2.0, 3.0], 2.5, id="even"),
        pytest.param([NAN, 5.0, NAN, 7.0], 6.0, id="gaps are left out"),
        pytest.param([NAN, NAN], NAN, id="nothing"),
    ],
)
def test_medians_are_over_what_was_seen(row: list[float], median: float) -> None:
    found = medians(np.array([row], dtype=np.float32))

    np.testing.assert_array_equal(found, np.array([median], dtype=np.float32))


def test_the_third_largest_needs_three_values() -> None:
    values = np.array([[1.0, 4.0, 2.0, 3.0], [1.0, NAN, NAN, 2.0]], dtype=np.float32)

    np.testing.assert_array_equal(largest(values, 3), np.array([2.0, NAN], dtype=np.float32))


def test_each_row_may_ask_for_its_own_rank() -> None:
    values = np.array([[1.0, 2.0], [3.0, 4.0]], dtype=np.float32)

    assert largest(values, np.array([1, 2])).tolist() == [2.0, 3.0]


def test_a_look_is_clear_for_a_village_from_seventy_percent_of_its_blocks() -> None:
    assert shown(0).clear.tolist() == [True]
    # Two of four blocks are hidden.
    assert shown(0, clear=cloudy_village()).clear.tolist() == [False]


def test_a_look_is_not_clear_where_the_ring_is_hidden() -> None:
    clear = np.ones(BLOCKS.shape, dtype=np.bool_)
    clear[0] = False
    just_enough = shown(0, clear=clear)
    clear[1, 0] = False

    assert just_enough.clear.tolist() == [True]
    assert shown(0, clear=clear).clear.tolist() == [False]


def test_burn_ratios_are_those_of_the_bands() -> None:
    nbr = shown(0, nir=0.10, swir=0.30).nbr

    assert nbr is not None
    # (0.10 - 0.30) / (0.10 + 0.30), and equal bands around it.
    assert nbr[4, 4] == pytest.approx(-0.5)
    assert nbr[0, 0] == 0.0


def test_a_sensor_without_swir_has_no_burn_ratio() -> None:
    look = a_look(BLOCKS)
    bands = {name: values for name, values in look.bands.items() if name != "swir22"}

    assert seen(a_look(BLOCKS, bands=bands), the_ground()).nbr is None


def test_a_look_on_another_grid_is_refused() -> None:
    with pytest.raises(GridMismatch):
        seen(a_look(), the_ground())
