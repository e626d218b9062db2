"""How far a look lies beside those before it: a shift of the picture is no change. Pure.

Two pictures of one scene that lie half a pixel apart differ at every edge, most of all at
the edges of villages (DETECTION 4f, item 5).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import shift as shifted

from monitor.looks import Look

Array = NDArray[np.float64]

BANDS = ("nir08", "red")
"""Both must say the same: water levels and harvests move edges in one of them."""

LOOKS = 5
REACH = timedelta(days=60)
"""The picture is held against the median of so many looks of its track in this time."""

LEAST_LOOKS = 3
LEAST_BLOCKS = 2_000
"""Fewer blocks that all saw decide nothing."""

HELD_FROM_M = 10.0
"""One pixel of 10 m. A script that was not kept held pixels of 20 m against those of 90 days
(1 km2 of forest in Romania, *real*: too small for `LEAST_BLOCKS`): two of 57 looks lay so far off
in both bands, alike. In two *simulated* tuning worlds, 0.8 pixels off at most, none of 1,460."""

AGREE_M = 5.0
STEPS = 4
SETTLED = 0.1
"""Blocks: the median is moved and the fit repeated until a step is less."""

OUTLIER_SIGMA = 3.0
LEAST_CONTRAST = 0.3
"""A picture that has so little of the usual contrast is haze: its shift is no shift."""


@dataclass(frozen=True, slots=True)
class Shift:
    """How far the ground of one picture lies from that of others."""

    east_m: float
    south_m: float

    @property
    def length_m(self) -> float:
        """Distance, metres."""
        return float(np.hypot(self.east_m, self.south_m))


def held_by_misregistration(look: Look, earlier: Sequence[Look]) -> str:
    """Return why the picture lies in the wrong place, empty if it does not.

    Parameters
    ----------
    look : Look
    earlier : sequence of Look
        Looks of the same track and grid, oldest first; no more are read than are needed.
    """
    latest = _latest(look, earlier)
    if len(latest) < LEAST_LOOKS:
        return ""
    one = shift_between(look, latest, BANDS[0])
    if one is None or one.length_m <= HELD_FROM_M:
        return ""
    other = shift_between(look, latest, BANDS[1])
    if other is None or other.length_m <= HELD_FROM_M:
        return ""
    if np.hypot(one.east_m - other.east_m, one.south_m - other.south_m) > AGREE_M:
        return ""
    return f"held: the picture lies {one.length_m:.0f} m beside the looks before it"


def _latest(look: Look, earlier: Sequence[Look]) -> list[Look]:
    latest: list[Look] = []
    for one in reversed(earlier):
        if look.acquired_at - one.acquired_at > REACH or len(latest) == LOOKS:
            break
        if one.acquired_at < look.acquired_at:
            latest.append(one)
    return latest


def shift_between(look: Look, earlier: Sequence[Look], band: str) -> Shift | None:
    """Return how far a look lies from the median of others in one band, None if unknown.

    Parameters
    ----------
    look : Look
    earlier : sequence of Look
        On the same grid.
    band : str

    Notes
    -----
    Least squares of the picture on the median, its slopes to the south and to the east, and
    a constant: the two slopes' parts are the shift, in blocks; outliers (what changed) are
    left out, and the median is moved and the fit repeated. Clouds leave gaps, which phase
    correlation would have to fill.

    References
    ----------
    .. [1] Lucas, B. D., Kanade, T. (1981). An iterative image registration technique.
       Proc. 7th IJCAI, 674-679.
    """
    if any(band not in one.bands for one in (look, *earlier)):
        return None
    stack = np.stack([_seen(one, band) for one in earlier])
    # A block that one of them did not see would be a median of other days than its neighbour.
    usual = np.where(np.isfinite(stack).sum(axis=0) >= len(stack) - 1, _median(stack), np.nan)
    picture = _seen(look, band)
    moved = np.zeros(2)
    for _ in range(STEPS):
        step = _step(picture, _at(usual, moved))
        if step is None:
            return None
        moved += step
        if np.hypot(*step) < SETTLED:
            break
    return Shift(
        east_m=float(moved[1]) * look.blocks.resolution_m,
        south_m=float(moved[0]) * look.blocks.resolution_m,
    )


def _seen(look: Look, band: str) -> Array:
    return np.where(look.valid, look.bands[band], np.nan).astype(np.float64)


def _median(stack: Array) -> Array:
    ordered = np.sort(stack, axis=0)  # NaN last
    count = np.isfinite(stack).sum(axis=0)
    middle = np.maximum(count - 1, 0) // 2
    return np.asarray(np.take_along_axis(ordered, middle[np.newaxis], axis=0)[0])


def _at(picture: Array, moved: Array) -> Array:
    if not moved.any():
        return picture
    return np.asarray(shifted(picture, moved, order=1, mode="constant", cval=np.nan))


def _step(picture: Array, usual: Array) -> Array | None:
    """Return by how many rows and columns the picture lies beyond the usual one."""
    down, right = np.asarray(np.gradient(usual), dtype=np.float64)
    known = np.isfinite(picture) & np.isfinite(usual) & np.isfinite(down) & np.isfinite(right)
    if np.count_nonzero(known) < LEAST_BLOCKS:
        return None
    values: Array = picture[known]
    terms = np.column_stack([down[known], right[known], usual[known], np.ones(values.size)])
    fit = _fitted(terms, values)
    error: Array = np.abs(values - terms @ np.array(fit))
    kept = error <= OUTLIER_SIGMA * 1.4826 * max(float(np.median(error)), 1e-6)
    along, across, contrast, _ = _fitted(terms[kept], values[kept])
    # Moving a picture by s changes it by -s times its slope, as contrasted as it is today.
    return -np.array([along, across]) / max(contrast, LEAST_CONTRAST)


def _fitted(terms: Array, values: Array) -> list[float]:
    """Return least squares by the normal equations: four terms, well apart, many rows."""
    square = terms.T @ terms + 1e-9 * np.eye(terms.shape[1])
    return [float(part) for part in np.linalg.solve(square, terms.T @ values)]
