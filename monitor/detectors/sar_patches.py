"""A settlement among copies of its own shape, laid on the land around it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve
from scipy.special import fdtrc, ndtri

from monitor.scan import Windows, scan, windows_of

LEAST_PATCHES = 12
MOST_SCANNED = 40
LAND_SHARE = 0.9
"""Least share of a copy that must lie on land."""

CORRELATION = 0.02
"""Between blocks of a quiet settlement, for the scan: speckle is independent, moisture is not."""

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """A window of the grid around one settlement."""

    window: tuple[slice, slice]
    own: Bools
    """True for its blocks, shape (height, width) of the window."""

    land: Bools
    """True for the land that it is compared with."""


def whole_and_part(z: Floats, site: Site) -> float | None:
    """Return how far a settlement stands out of the land, in sigma; None without enough land.

    The larger of two: its mean among the means of copies of its shape, over VV and VH
    together (Hotelling), and the contrast of its most conspicuous part among theirs.

    Parameters
    ----------
    z : array
        Signed normal score of each block, shape (2, height, width); a polarisation that
        was not measured is NaN throughout.
    site : Site
    """
    known = [band for band in z if np.isfinite(band[site.own]).any()]
    bands = np.stack(known)
    places, means = _copies(bands, site)
    if len(places) < LEAST_PATCHES:
        return None
    own = np.array([np.nanmean(band[site.own]) for band in bands])
    whole = _hotelling(own, means)
    part = _part(bands, site, places)
    return max(whole, part) if part is not None else whole


def _copies(bands: Floats, site: Site) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return where copies of the shape fit, and their means, shape (copies, bands)."""
    shape = _shape(site.own)
    kernel = shape[::-1, ::-1].astype(np.float64)
    free = site.land & np.isfinite(bands).all(axis=0)
    count = fftconvolve(free.astype(np.float64), kernel, mode="valid")
    fits = count >= LAND_SHARE * shape.sum()
    # Copies that overlap say the same twice.
    step = max(min(shape.shape) // 2, 1)
    chosen = np.zeros_like(fits)
    chosen[::step, ::step] = True
    places = np.argwhere(fits & chosen)
    sums = [fftconvolve(np.where(free, b, 0.0), kernel, mode="valid") for b in bands]
    means = np.stack([s[tuple(places.T)] / count[tuple(places.T)] for s in sums], axis=1)
    return places, means


def _hotelling(own: NDArray[np.float64], means: NDArray[np.float64]) -> float:
    """Return the normal score of a mean among those of the copies, any direction."""
    copies, bands = means.shape
    centre = np.median(means, axis=0)
    spread = np.cov(means - centre, rowvar=False).reshape(bands, bands)
    spread = spread + 1e-6 * np.trace(spread) * np.eye(bands) + 1e-12 * np.eye(bands)
    apart = own - centre
    squared = float(apart @ np.linalg.solve(spread, apart)) / (1.0 + 1.0 / copies)
    scaled = squared * (copies - bands) / (bands * (copies - 1))
    tail = max(float(fdtrc(bands, copies - bands, scaled)), 1e-15)
    return float(-ndtri(tail))


def _part(bands: Floats, site: Site, places: NDArray[np.intp]) -> float | None:
    """Return the score of the most conspicuous part among those of the copies, up or down."""
    total = _along(bands)
    shape = _shape(site.own)
    windows = windows_of(*(axis.astype(np.int32) for axis in np.nonzero(shape)))
    top, left = (int(axis.min()) for axis in np.nonzero(site.own))
    own = _contrast(total[top : top + shape.shape[0], left : left + shape.shape[1]], shape, windows)
    if not np.isfinite(own):
        return None
    chosen = places[:: max(len(places) // MOST_SCANNED, 1)]
    height, width = shape.shape
    among = np.array(
        [_contrast(total[r : r + height, c : c + width], shape, windows) for r, c in chosen]
    )
    among = among[np.isfinite(among)]
    if among.size < LEAST_PATCHES:
        return None
    return float((own - among.mean()) / max(float(among.std(ddof=1)), 1e-6))


def _along(bands: Floats) -> Floats:
    """Return one signed score a block: the sum over polarisations, of variance one."""
    if len(bands) == 1:
        return np.asarray(bands[0], dtype=np.float32)
    known = np.isfinite(bands).all(axis=0)
    shared = float(np.corrcoef(bands[0][known], bands[1][known])[0, 1]) if known.any() else 0.0
    return np.asarray(bands.sum(axis=0) / np.sqrt(2.0 + 2.0 * shared), dtype=np.float32)


def _contrast(score: Floats, shape: Bools, windows: Windows) -> float:
    values = score[shape]
    valid = np.isfinite(values)
    filled = np.where(valid, values, np.float32(0))
    up = scan(filled, valid, windows, CORRELATION).value
    down = scan(-filled, valid, windows, CORRELATION).value
    return max(up, down) if np.isfinite(up) and np.isfinite(down) else float("nan")


def _shape(own: Bools) -> Bools:
    rows, columns = np.nonzero(own)
    return own[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
