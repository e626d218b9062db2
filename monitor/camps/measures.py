"""What is measured of a patch of shelters before anything is said of it. Pure (DETECTION 4d)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monitor.camps.coming import coming_of
from monitor.camps.components import Patch, Persistence
from monitor.camps.control import Controlled
from monitor.camps.features import FEATURES, TEXTURE
from monitor.camps.season import Season
from monitor.camps.verdict import CampState, NewPatch

Array = NDArray[np.float32]

AREA_WEIGHT, STRENGTH_WEIGHT = 0.6, 5.0
"""Herders and their animals cover much ground and change it little, camps of a hectare change it
much: chosen on tuning worlds among area weights from .4 to 1.2."""

MOST_STRENGTH = 0.8
"""Beyond it brightness is snow, salt or cloud, and says no more."""

FILLING_DAYS, MOST_FILLING = 15.0, 0.2
"""A patch that grew stronger from look to look is taken as it will be in two weeks: camps fill
over weeks, herders and fairs come in days, building sites rise over months."""


def patch_measured(
    patch: Patch,
    persistence: Persistence,
    left: Controlled,
    z: Array,
    state: CampState,
    season: Season,
    block_m2: float,
) -> NewPatch:
    """Return a patch with its measures; earlier years are not looked at yet.

    Parameters
    ----------
    patch : Patch
    persistence : Persistence
        As of the newest look.
    left : Controlled
        The newest look without what land around it shared.
    z : array
        Its standardised features, shape (features, n); NaN where not seen.
    state : CampState
        With the sign of the newest look.
    season : Season
    block_m2 : float
        Area of a block, square metres.
    """
    own = patch.own
    seen = own & np.isfinite(z[0])
    strengths = persistence.strength[own].astype(np.float64)
    strength = float(strengths.mean())
    area_m2 = patch.area_blocks * block_m2
    coming = coming_of(state.signs, own, strength)
    return NewPatch(
        patch=patch,
        area_m2=area_m2,
        dense_m2=dense_blocks(strengths) * block_m2,
        strength=strength,
        score=score_of(area_m2, strength, coming.per_day),
        texture_sigma=float(np.median(z[TEXTURE, seen])) if seen.any() else float("nan"),
        has_texture=season.has_texture,
        coming=coming,
        clear=float(seen.sum() / max(own.sum(), 1)),
        years_checked=0,
        recurrent_years=0,
        means={
            f"{name}_change": float(left.residual[row, seen].mean()) if seen.any() else float("nan")
            for row, name in enumerate(FEATURES)
        },
        refused="",
    )


def dense_blocks(strengths: NDArray[np.float64]) -> float:
    """Return how many equal blocks would hold the strengths: (sum s)^2 / sum s^2, 0 to their count.

    Participation ratio, as of eigenvalues: ten equal blocks are ten, one among ten is one.
    """
    squares = float((strengths**2).sum())
    return float(strengths.sum()) ** 2 / squares if squares > 0 else 0.0


def score_of(area_m2: float, strength: float, per_day: float) -> float:
    """Return .6 of ln hectares plus five times the strength that a patch will have in two weeks.

    Parameters
    ----------
    area_m2 : float
        More than 0.
    strength : float
        Rise of brightness and blueness, 0 to 1.
    per_day : float
        What it gains in a day while it fills, 0 or more.
    """
    filling = min(FILLING_DAYS * per_day, MOST_FILLING)
    shown = min(strength + filling, MOST_STRENGTH)
    return float(AREA_WEIGHT * np.log(area_m2 / 1e4) + STRENGTH_WEIGHT * shown)
