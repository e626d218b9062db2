"""The scan inside a settlement: where, if anywhere, does a part of it stand out?

A village-wide mean saturates, since village-level noise does not average out. The
contrast between a part and the rest of the same village cancels that noise, and so
finds partial burns (DETECTION 4a, step 5).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

LONGEST_SIDE = 12
"""Longest side of a window, in blocks."""

FEWEST_BLOCKS = 4
"""Smallest window, in valid blocks: 0.64 ha."""

LARGEST_SHARE = 0.6
"""Largest window, as a share of the settlement: more of it is no contrast."""

MOST_WINDOWS = 20_000
"""Windows of a very large town are thinned to about this many."""


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """All rectangles of a settlement, as corners in its summed-area table."""

    shape: tuple[int, int]
    """Bounding box of the settlement, (height, width) in blocks."""

    rows: NDArray[np.int32]
    columns: NDArray[np.int32]
    corners: NDArray[np.int32]
    """Flat indices of the four corners of each window, shape (4, windows)."""


@dataclass(frozen=True, slots=True, eq=False)
class ScanResult:
    """The window that stands out most."""

    value: float
    """Contrast of the best window, about normal under no change; NaN without a window."""

    blocks: int
    """Valid blocks in it."""


def windows_of(rows: NDArray[np.int32], columns: NDArray[np.int32]) -> Windows:
    """Return every rectangle up to 12 x 12 blocks over a settlement's own blocks."""
    if rows.size == 0:
        return Windows((0, 0), rows, columns, np.empty((4, 0), dtype=np.int32))
    height, width = int(rows.max()) + 1, int(columns.max()) + 1
    tops, bottoms = _spans(height)
    lefts, rights = _spans(width)
    top, left = (a.ravel() for a in np.meshgrid(tops, lefts, indexing="ij"))
    bottom, right = (a.ravel() for a in np.meshgrid(bottoms, rights, indexing="ij"))
    across = width + 1
    corners = np.stack(
        [bottom * across + right, top * across + right, bottom * across + left, top * across + left]
    )
    area = (bottom - top) * (right - left)
    corners = corners[:, (area >= FEWEST_BLOCKS) & (area <= LONGEST_SIDE**2)]
    stride = 1 + corners.shape[1] // MOST_WINDOWS
    return Windows((height, width), rows, columns, corners[:, ::stride].astype(np.int32))


def scan(q: Array, valid: NDArray[np.bool_], windows: Windows, correlation: float) -> ScanResult:
    """Return the window whose blocks exceed the settlement's median most.

    Parameters
    ----------
    q : array
        Matched-filter score of each own block, shape (m,), about N(0, 1) under no change.
    valid : array
        True where `q` was measured, shape (m,).
    windows : Windows
        Of the same settlement, blocks in the same order.
    correlation : float
        Correlation between blocks of the settlement in quiet times, 0 to 1.

    Returns
    -------
    ScanResult
        ``sum(q - median) / sqrt(n + n^2 correlation)`` of the best window with at least
        4 valid blocks and at most 60 % of them.
    """
    count = int(valid.sum())
    if count < FEWEST_BLOCKS or windows.corners.shape[1] == 0:
        return ScanResult(float("nan"), 0)
    # `np.median` takes a hundred times as long for so few; the numbers are the same.
    ordered = np.sort(q[valid])
    middle = 0.5 * (ordered[(count - 1) // 2] + ordered[count // 2])
    centred = np.where(valid, q - middle, 0.0)
    sums = _in_windows(centred, windows)
    sizes = _in_windows(valid.astype(np.float64), windows)
    allowed = (sizes >= FEWEST_BLOCKS) & (sizes <= LARGEST_SHARE * count)
    if not allowed.any():
        return ScanResult(float("nan"), 0)
    sizes = np.maximum(sizes, 1.0)
    contrast = np.where(allowed, sums / np.sqrt(sizes + sizes**2 * correlation), -np.inf)
    best = int(np.argmax(contrast))
    return ScanResult(float(contrast[best]), int(sizes[best]))


def _spans(length: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    first, last = np.meshgrid(np.arange(length), np.arange(1, length + 1), indexing="ij")
    allowed = (last > first) & (last - first <= LONGEST_SIDE)
    return first[allowed], last[allowed]


def _in_windows(values: NDArray[np.floating], windows: Windows) -> NDArray[np.float64]:
    height, width = windows.shape
    table = np.zeros((height + 1, width + 1))
    table[windows.rows + 1, windows.columns + 1] = values
    flat = table.cumsum(axis=0).cumsum(axis=1).ravel()
    corners = windows.corners
    total: NDArray[np.float64] = (
        flat[corners[0]] - flat[corners[1]] - flat[corners[2]] + flat[corners[3]]
    )
    return total
