"""The local control: what land of the same kind, within 1.5 km, did in the same look.

A dry year, rain, haze and a low sun move a block and the land around it together, more
where more grows and where the ground is brighter. A local regression on these two takes
it off; a camp is small among 5,000 blocks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

Array = NDArray[np.float32]

CELL = 6
"""Blocks along the side of a cell in which moments are gathered: 240 m."""

REACH_CELLS = 13
"""Cells along the side of the window: 3.1 km, a ring of 1.5 km about its middle."""

OUTLIER = 4.0
MOST_SAMPLES = 8_000
"""Blocks that a median over the region is taken from."""

RIDGE = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Covariates:
    """What decides how strongly a block follows its surroundings, shape (n,)."""

    swing: Array
    """Seasonal amplitude of NDVI."""

    brightness: Array
    """Expected ln visible."""


@dataclass(frozen=True, slots=True, eq=False)
class Controlled:
    """One look without what the land around shared."""

    residual: Array
    """Shape (features, n); NaN where not seen."""

    scale: Array
    """Robust sigma of this look over the region, shape (features,)."""

    shift: Array
    """What was taken off, median over the region, shape (features,)."""


def controlled(
    residual: Array,
    covariates: Covariates,
    shape: tuple[int, int],
    left_out: NDArray[np.bool_] | None = None,
) -> Controlled:
    """Return the residuals of one look without the local control.

    Parameters
    ----------
    residual : array
        Observed minus expected, shape (features, n); NaN where not seen.
    covariates : Covariates
    shape : (int, int)
        Rows and columns of the region.
    left_out : array, optional
        True for blocks that must not serve as control, shape (n,): camps.
    """
    seen = np.isfinite(residual).all(axis=0) & np.isfinite(covariates.brightness)
    if not seen.any():
        nothing = np.full(len(residual), np.nan, dtype=np.float32)
        return Controlled(np.full_like(residual, np.nan), nothing, nothing)
    usable = seen if left_out is None else seen & ~left_out
    usable = usable & _is_typical(residual, usable)
    regressors = _regressors(covariates, seen)
    shared = _shared(residual, regressors, usable, shape)
    left = np.where(seen, residual - shared, np.nan).astype(np.float32)
    # Once more without what stands out now: fires, clouds and camps in the window.
    usable &= _is_typical(left, usable)
    shared = _shared(residual, regressors, usable, shape)
    left = np.where(seen, residual - shared, np.nan).astype(np.float32)
    at = np.flatnonzero(seen)
    part = left[:, at[:: 1 + at.size // MOST_SAMPLES]]
    middle = np.median(part, axis=1, keepdims=True)
    return Controlled(
        residual=left,
        scale=(1.4826 * np.median(np.abs(part - middle), axis=1)).astype(np.float32),
        shift=np.median(shared[:, at[:: 1 + at.size // MOST_SAMPLES]], axis=1).astype(np.float32),
    )


def _is_typical(values: Array, among: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return True where no feature stands out from the whole region."""
    at = np.flatnonzero(among)
    if at.size == 0:
        return among
    part = values[:, at[:: 1 + at.size // MOST_SAMPLES]]
    centre = np.median(part, axis=1, keepdims=True)
    spread = 1.4826 * np.median(np.abs(part - centre), axis=1, keepdims=True) + 1e-4
    with np.errstate(invalid="ignore"):
        typical: NDArray[np.bool_] = (np.abs(values - centre) < OUTLIER * spread).all(axis=0)
    return typical & among


def _regressors(covariates: Covariates, seen: NDArray[np.bool_]) -> Array:
    """Return 1 and the standardised covariates, shape (3, n)."""
    rows = [np.ones(seen.shape, dtype=np.float32)]
    for values in (covariates.swing, covariates.brightness):
        part = values[seen]
        spread = max(float(np.std(part)), 1e-6)
        scaled = np.clip((values - float(np.mean(part))) / spread, -3.0, 3.0)
        rows.append(np.nan_to_num(scaled).astype(np.float32))
    return np.stack(rows)


def _shared(
    residual: Array, regressors: Array, usable: NDArray[np.bool_], shape: tuple[int, int]
) -> Array:
    """Return what local regression expects of each block, shape (features, n)."""
    cells = _cell_shape(shape)
    weighted = regressors * usable.astype(np.float32)
    terms, count = len(regressors), len(residual)
    pairs = [(i, j) for i in range(terms) for j in range(i, terms)]
    values = np.where(usable, residual, np.float32(0))
    fields = np.empty((len(pairs) + terms * count, residual.shape[1]), dtype=np.float32)
    for row, (i, j) in enumerate(pairs):
        np.multiply(weighted[i], regressors[j], out=fields[row])
    for i in range(terms):
        np.multiply(values, regressors[i], out=fields[len(pairs) + i * count :][:count])
    sums = _windowed(fields, shape)
    sums /= np.maximum(sums[0], 1e-6)
    square = np.empty((sums.shape[1], terms, terms))
    for row, (i, j) in enumerate(pairs):
        square[:, i, j] = square[:, j, i] = sums[row]
    square += RIDGE * np.diag([1e-2, 1.0, 1.0])
    moment = np.moveaxis(sums[len(pairs) :].reshape(terms, count, -1), 2, 0)
    solution = np.moveaxis(np.linalg.solve(square, moment), 0, 2).astype(np.float32)
    spread = solution.reshape(terms, count, *cells).repeat(CELL, axis=2).repeat(CELL, axis=3)
    spread = spread[:, :, : shape[0], : shape[1]].reshape(terms, count, -1)
    shared: Array = spread[0]
    for i in range(1, terms):
        shared = shared + spread[i] * regressors[i]
    return shared


def _cell_shape(shape: tuple[int, int]) -> tuple[int, int]:
    return -(-shape[0] // CELL), -(-shape[1] // CELL)


def _windowed(fields: Array, shape: tuple[int, int]) -> Array:
    """Return sums over windows about each cell, shape (k, cells)."""
    rows, columns = _cell_shape(shape)
    padded = np.zeros((len(fields), rows * CELL, columns * CELL), dtype=np.float32)
    padded[:, : shape[0], : shape[1]] = fields.reshape(len(fields), *shape)
    cells = padded.reshape(len(fields), rows, CELL, columns, CELL).sum(axis=(2, 4))
    wide: Array = uniform_filter(cells, size=(1, REACH_CELLS, REACH_CELLS), mode="constant")
    return wide.reshape(len(fields), -1)
