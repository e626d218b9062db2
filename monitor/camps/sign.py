"""How much each block of one look resembles fresh shelters (DETECTION 4d)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from monitor.camps.features import FEATURES
from monitor.camps.season import Season

Array = NDArray[np.float32]
Levels = NDArray[np.uint8]

# Fitted on blocks of the tuning worlds 1000 and 1001 of `camp_bench`, positive from 2.5 % of
# the ground under tarpaulin; negatives are land, bush fires, mines, building sites and threshing.
WEIGHTS = {"visible": 0.29, "blue_red": 0.68, "bsi": 0.24, "ndvi": 0.21, "texture": 0.87}
OFFSET = -7.4
LEAST, MOST = -4.0, 8.0

STEPS = 200
UNSEEN = 255
"""Level of a block that the look did not see."""


@dataclass(frozen=True, slots=True, eq=False)
class LookSign:
    """One look over a region: levels of 0 to 200 for 0 to 1."""

    look_id: str
    track: str
    at: datetime
    level: Levels
    """P(shelters) of each block, shape (n,); 255 where not seen."""

    strength: Levels
    """Rise of brightness and blueness, 0 to 1, shape (n,); 0 where not seen."""


def sign_of(
    look_id: str, season: Season, at: datetime, residual: Array, scale: Array
) -> tuple[LookSign, Array]:
    """Return the sign of a look, and its standardised features.

    Parameters
    ----------
    residual : array
        What the local control left, shape (features, n); NaN where not seen.
    scale : array
        Sigma of the look over the region, shape (features,).
    """
    sigma = np.sqrt(0.5 * (season.scale**2 + scale[:, np.newaxis] ** 2))
    with np.errstate(invalid="ignore"):
        z = (residual / sigma).astype(np.float32)
    if not season.has_texture:
        z[FEATURES.index("texture")] *= 0.0
    probability = shelter_probability(z)
    seen = np.isfinite(probability)
    level = np.where(seen, np.round(np.nan_to_num(probability) * STEPS), UNSEEN)
    rise = np.nan_to_num(residual[0] + residual[1])
    strength = np.round(np.clip(rise, 0.0, 1.0) * STEPS)
    return (
        LookSign(look_id, season.track, at, level.astype(np.uint8), strength.astype(np.uint8)),
        z,
    )


def shelter_probability(z: Array) -> Array:
    """Return P(shelters) of standardised features (features, n), shape (n,).

    A logistic function of the features, each cut so that no single one decides.
    """
    weights = np.array([WEIGHTS[name] for name in FEATURES], dtype=np.float32)
    total = OFFSET + weights @ np.clip(z, LEAST, MOST)
    probability: Array = (1.0 / (1.0 + np.exp(-total))).astype(np.float32)
    return probability
