"""Hold-a-scene guards: a catalogue change or a haze is not a burned village. Pure.

A held look raises no alert; the ledger says "held" and why (DETECTION 4a step 9, 4f).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.reference import Reference

Array = NDArray[np.float32]

OFFSET = (0.07, 0.13)
"""A forgotten or doubled offset moves every band by 0.1; noise and season by 0.03."""

VISIBLE_SHIFT = 0.05
NIR_SHIFT = 0.12
"""Rain over a whole scene darkens near infrared by up to 0.09 and is no fault."""

RATIO_UNCHANGED = 0.03

SUSPECT_RADIOMETRY = "suspect radiometry"
"""How the reason begins where values and their description disagree: operators are told."""

REJECTED_P = 1e-3
REJECTED_SHARE = 0.05
LEAST_REJECTED = 3
LEAST_LAND = 2
"""One patch of land that stands out beside burned villages is the next bush fire."""


def held_by_shift(observed: Array, reference: Reference) -> str:
    """Return why the radiometry of a look is suspect, empty if it is not.

    Parameters
    ----------
    observed : array
        Features of the watched blocks, shape (features, n).
    reference : Reference

    Notes
    -----
    The median over all watched land: most of it does not change between looks, and no
    fire, harvest or storm moves visible and near infrared by the same amount in the
    same direction everywhere.
    """
    features = reference.features
    seen = reference.usable & np.isfinite(observed).all(axis=0)
    if seen.sum() < 30:
        return ""
    shift = {
        index: float(
            np.median(np.exp(-observed[index, seen]) - np.exp(-reference.expected[index, seen]))
        )
        for index in (features.nir, features.visible)
    }
    nir, visible = shift[features.nir], shift[features.visible]
    moved = f"near infrared {nir:+.2f}, visible {visible:+.2f} over the whole scene"
    if nir * visible > 0 and all(OFFSET[0] <= abs(s) <= OFFSET[1] for s in (nir, visible)):
        return f"{SUSPECT_RADIOMETRY}: {moved}, as an offset of 0.1 would"
    ratio = float(
        np.median(observed[features.ndvi, seen] - reference.expected[features.ndvi, seen])
    )
    large = abs(visible) > VISIBLE_SHIFT or abs(nir) > NIR_SHIFT
    if large and abs(ratio) < RATIO_UNCHANGED:
        return f"{SUSPECT_RADIOMETRY}: {moved} with band ratios unchanged"
    return ""


def held_by_rejections(settlements: Sequence[float], quiet_land: Sequence[float]) -> str:
    """Return why too many places stand out at once, empty if they do not.

    Parameters
    ----------
    settlements : sequence of float
        p of each settlement that was seen.
    quiet_land : sequence of float
        p of placebo patches whose surroundings do not burn.

    Notes
    -----
    Many settlements alone are no reason: villages do burn together, and that is the
    day the service exists for. Land without settlements must stand out as well.
    """
    land = sum(p < REJECTED_P for p in quiet_land)
    if land >= LEAST_REJECTED and land > REJECTED_SHARE * len(quiet_land):
        return f"held: {land} of {len(quiet_land)} patches of quiet land stand out as well"
    rejected = sum(p < REJECTED_P for p in settlements)
    many = rejected >= LEAST_REJECTED and rejected > REJECTED_SHARE * len(settlements)
    if many and land >= LEAST_LAND and land * len(settlements) >= 0.25 * rejected * len(quiet_land):
        return (
            f"held: {rejected} of {len(settlements)} settlements and {land} of "
            f"{len(quiet_land)} patches of quiet land stand out at once"
        )
    return ""
