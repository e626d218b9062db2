"""The scan inside a settlement."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.scan import FEWEST_BLOCKS, scan, windows_of

ROWS, COLUMNS = (a.ravel().astype(np.int32) for a in np.mgrid[0:6, 0:6])
ALL = np.ones(36, dtype=np.bool_)


def a_village(**burned: slice) -> np.ndarray:
    q = np.zeros((6, 6), dtype=np.float32)
    if burned:
        q[burned["rows"], burned["columns"]] = 4.0
    return q.ravel()


def test_a_burned_quarter_is_found_exactly() -> None:
    q = a_village(rows=slice(0, 3), columns=slice(0, 3))

    found = scan(q, ALL, windows_of(ROWS, COLUMNS), 0.0)

    # 9 blocks of 4 above a median of 0, not correlated: 36 / sqrt(9).
    assert found.blocks == 9
    assert found.value == pytest.approx(12.0)


def test_correlated_blocks_count_for_less() -> None:
    q = a_village(rows=slice(0, 3), columns=slice(0, 3))

    found = scan(q, ALL, windows_of(ROWS, COLUMNS), 0.5)

    assert found.value <= 36 / np.sqrt(9 + 81 * 0.5) + 1e-6


def test_a_change_of_the_whole_village_is_no_contrast() -> None:
    found = scan(np.full(36, 5.0, np.float32), ALL, windows_of(ROWS, COLUMNS), 0.1)

    assert found.value == pytest.approx(0.0)


def test_no_window_exceeds_sixty_percent_of_the_village() -> None:
    q = a_village(rows=slice(0, 6), columns=slice(0, 5))

    assert scan(q, ALL, windows_of(ROWS, COLUMNS), 0.0).blocks <= 0.6 * 36


def test_clouded_blocks_count_neither_for_nor_against() -> None:
    q = a_village(rows=slice(0, 3), columns=slice(0, 3))
    seen = ALL.copy()
    seen[:2] = False
    q[:2] = np.nan

    found = scan(np.nan_to_num(q), seen, windows_of(ROWS, COLUMNS), 0.0)

    assert found.blocks == 7
    assert found.value == pytest.approx(28 / np.sqrt(7))


@pytest.mark.parametrize("count", [0, 1, FEWEST_BLOCKS - 1])
def test_a_hamlet_has_no_window(count: int) -> None:
    rows = np.arange(count, dtype=np.int32)

    found = scan(
        np.ones(count, np.float32), np.ones(count, np.bool_), windows_of(rows, rows * 0), 0.0
    )

    assert np.isnan(found.value)
