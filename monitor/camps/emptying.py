"""What is left of the sign that sets a camp apart from the land around it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from monitor.camps.features import FEATURES, IN_PROPORTION, NDVI, TEXTURE
from monitor.camps.reading import CampReading
from monitor.camps.region import Chosen

Array = NDArray[np.float32]

STRUCTURE = tuple(FEATURES.index(name) for name in IN_PROPORTION)
"""Features that shelters raise in proportion: visible, blue over red."""

LEAST_CONTRAST = 1.5
"""Contrast with the land, in sigmas of a block: a camp of less cannot be seen to empty."""

LEAST_TEXTURE_CONTRAST = 0.3
TEXTURE_KEPT = 0.05
"""Fall of texture up to which brightness may have gone by dust alone."""

GREENING = 0.04
"""Rise of NDVI over the land around from which plants are taking over."""

SUDDEN = timedelta(days=35)
LEAST_ESTABLISHED = 3
LEAST_RISE = 0.05
LITTLE = 0.15
"""Fall below which a camp counts as whole: what looks scatter by."""


class EmptyingClass(StrEnum):
    """How a camp lost its shelters."""

    BURNED = "burned"
    DISMANTLED = "dismantled"
    OVERGROWN = "overgrown"
    UNDETERMINED = "undetermined"


def contrast_of(expected: Array, camp: Chosen, land: Chosen) -> Array | None:
    """Return what sets each block of a camp apart from the land, shape (features, own).

    Parameters
    ----------
    expected : array
        Of the season, shape (features, n).
    camp, land : array
        Blocks of the camp, and of the land around it.
    """
    around = expected[:, land]
    around = around[:, np.isfinite(around).all(axis=0)]
    if around.shape[1] < 30:
        return None
    apart: Array = expected[:, camp] - np.median(around, axis=1, keepdims=True)
    return apart


def texture_fall_of(residual: Array, apart: Array) -> float:
    """Return the fall of a camp's texture as a share of its contrast; NaN if it has none.

    Not in proportion: half of the shelters keep a block uneven. But dust dulls tarpaulin
    and leaves its texture, and people who go do not.
    """
    contrast = float(np.nanmedian(apart[TEXTURE]))
    changes = residual[TEXTURE][np.isfinite(residual[TEXTURE])]
    if not contrast > LEAST_TEXTURE_CONTRAST or changes.size == 0:
        return float("nan")
    return float(-np.median(changes) / contrast)


def fall_of(residual: Array, scale: Array, apart: Array) -> tuple[float, float]:
    """Return the share of its contrast that a camp lost, and its greening.

    Parameters
    ----------
    residual : array
        What the control left, shape (features, own); NaN where not seen.
    scale : array
        Sigma, same shape.
    apart : array
        From `contrast_of`, same shape: the direction in which shelters changed the ground.

    Notes
    -----
    The change projected on the contrast, weighted by precision: a fall of 1 means that
    the camp looks like the land around it. Single blocks are cut, so that a missed cloud
    over a corner does not decide.
    """
    rows = list(STRUCTURE)
    change = np.clip(residual[rows] / scale[rows], -20.0, 20.0)
    size = np.clip(apart[rows] / scale[rows], -20.0, 20.0)
    # Only what stands out upwards is shelter; a dark yard is none.
    size = np.maximum(size, 0.0)
    seen = np.isfinite(change).all(axis=0) & np.isfinite(size).all(axis=0)
    strength = float((size[:, seen] ** 2).sum())
    if seen.sum() == 0 or strength < LEAST_CONTRAST**2 * seen.sum():
        return float("nan"), float("nan")
    lost = (-change[:, seen] * size[:, seen]).sum(axis=0)
    whole = (size[:, seen] ** 2).sum(axis=0)
    lost = np.clip(lost, -0.5 * whole, 1.5 * whole)
    return float(lost.sum() / strength), float(np.median(residual[NDVI, seen]))


def lost_strength(series: Sequence[CampReading], strength: float) -> float:
    """Return the share of its own sign that a camp lost which was not always there.

    Its season knows the ground before it; what it had raised stands in its earlier looks.
    NaN before three of them.
    """
    known = [r.strength for r in series if not math.isnan(r.strength)]
    if len(known) < LEAST_ESTABLISHED or math.isnan(strength):
        return math.nan
    established = float(np.quantile(known, 0.8))
    return 1.0 - strength / established if established > LEAST_RISE else math.nan


def class_of(
    series: Sequence[CampReading], burned_at: datetime | None, least: float
) -> EmptyingClass:
    """Return how a camp emptied.

    Parameters
    ----------
    series : sequence of Fall
        Clear looks, oldest first; the last ones show the fall.
    burned_at : datetime, optional
        First look of a burn finding at the camp, in the same weeks.
    least : float
        Fall that counts.
    """
    if burned_at is not None:
        return EmptyingClass.BURNED
    low = [f for f in series if f.fall >= least]
    whole = [f.at for f in series if f.fall < LITTLE and f.at < low[0].at] if low else []
    texture = [f.texture_fall for f in low[-3:] if not math.isnan(f.texture_fall)]
    if not whole or (texture and float(np.median(texture)) < TEXTURE_KEPT):
        return EmptyingClass.UNDETERMINED
    green = float(np.median([f.greening for f in low[-3:]]))
    if green >= GREENING:
        return EmptyingClass.OVERGROWN
    if low[0].at - max(whole) <= SUDDEN:
        return EmptyingClass.DISMANTLED
    return EmptyingClass.UNDETERMINED


def lasting_fall(
    series: Sequence[CampReading], least: float, looks: int
) -> tuple[CampReading, ...]:
    """Return the run of falls at the end, empty if it is shorter than `looks`.

    A single look in between does not break it: a missed cloud is as bright as a camp.
    """
    run: list[CampReading] = []
    for index in range(len(series) - 1, -1, -1):
        if series[index].fall >= least:
            run.append(series[index])
        elif not run or index == 0 or not series[index - 1].fall >= least:
            break
    return tuple(reversed(run)) if len(run) >= looks else ()
