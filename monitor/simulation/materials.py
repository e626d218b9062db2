"""What the ground is made of, and what each material reflects.

Reflectance of DETECTION 5.2, customary values, order of `BANDS`.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from monitor.looks import OPTICAL_BANDS
from monitor.simulation.streams import stream

BANDS = OPTICAL_BANDS
"""Order of every spectrum here: B2, B3, B4, B8A, B11, B12."""

VISIBLE = slice(0, 3)
NIR = 3

Spectrum = NDArray[np.float32]
"""Reflectance 0 to 1, shape (6,)."""


class Cover(IntEnum):
    """Kinds of cover whose share of each pixel a world keeps. They add up to 1."""

    SAND = 0
    CLAY = 1
    GRASS_EARLY = 2
    """Grassland that greens a week before the rest."""

    GRASS_LATE = 3
    BUSH = 4
    FIELD = 5
    WOODLAND = 6
    THATCH = 7
    STRAW = 8
    """Fences, stacks and litter of compounds: dry all year."""

    MUD_BRICK = 9
    TIMBER = 10
    METAL = 11
    TARPAULIN = 12
    WATER = 13


def _spectrum(*reflectance: float) -> Spectrum:
    return np.array(reflectance, dtype=np.float32)


SAND = _spectrum(0.10, 0.15, 0.22, 0.30, 0.42, 0.38)
CLAY = _spectrum(0.06, 0.09, 0.14, 0.23, 0.33, 0.27)
STRAW = _spectrum(0.08, 0.12, 0.17, 0.30, 0.36, 0.26)
THATCH = _spectrum(0.07, 0.10, 0.14, 0.25, 0.32, 0.24)
GREEN = _spectrum(0.03, 0.06, 0.04, 0.40, 0.20, 0.10)
MUD_BRICK = _spectrum(0.11, 0.16, 0.22, 0.31, 0.40, 0.35)
TIMBER = _spectrum(0.07, 0.10, 0.13, 0.25, 0.29, 0.23)
METAL = _spectrum(0.25, 0.26, 0.27, 0.30, 0.33, 0.31)
TARPAULIN = _spectrum(0.58, 0.58, 0.54, 0.53, 0.47, 0.38)
CHAR = _spectrum(0.040, 0.045, 0.050, 0.075, 0.12, 0.13)
ASH = _spectrum(0.28, 0.30, 0.31, 0.34, 0.38, 0.36)

# Not in DETECTION 5.2: clear open water, and cloud as seen from above.
WATER = _spectrum(0.06, 0.06, 0.05, 0.03, 0.02, 0.015)
CLOUD = _spectrum(0.55, 0.54, 0.54, 0.55, 0.42, 0.34)

SHADOW_FACTOR = _spectrum(0.55, 0.48, 0.42, 0.33, 0.30, 0.28)
WET_SOIL_FACTOR = _spectrum(0.72, 0.72, 0.71, 0.70, 0.66, 0.60)
HAZE_ADDED = _spectrum(0.060, 0.055, 0.050, 0.040, 0.020, 0.010)
HAZE_CONTRAST = 0.85

MATERIALS: dict[str, Spectrum] = {
    "sand": SAND, "clay": CLAY, "straw": STRAW, "thatch": THATCH, "green": GREEN,
    "mud_brick": MUD_BRICK, "timber": TIMBER, "metal": METAL, "tarpaulin": TARPAULIN,
    "water": WATER, "char": CHAR, "ash": ASH,
}  # fmt: skip

DUST_ON_TARPAULIN = 0.35
"""Share of old tarpaulin that dust hides; fresh tarpaulin is brighter (DETECTION 4d)."""

JITTER = 0.08
"""Standard deviation of the factor by which a material differs from place to place."""

JITTER_CORRELATION = 0.8
"""Correlation of that factor between two bands."""


def jittered(seed: int, *counters: int, scale: float = 1.0) -> dict[str, Spectrum]:
    """Return the materials as one place has them.

    Each material is multiplied by a factor per band, standard deviation 8 %,
    correlated 0.8 between bands. Char keeps half of it: soot is soot.

    Parameters
    ----------
    seed, counters : int
        Root seed, and which place.
    scale : float
        Multiplies the standard deviation; 0 gives the table itself.
    """
    place = {}
    for index, (name, spectrum) in enumerate(MATERIALS.items()):
        draws = stream(seed, "materials", index, *counters)
        shared, own = draws.standard_normal(), draws.standard_normal(len(BANDS))
        deviation = np.sqrt(JITTER_CORRELATION) * shared + np.sqrt(1 - JITTER_CORRELATION) * own
        width = JITTER * scale * (0.5 if name == "char" else 1.0)
        factor = np.clip(1.0 + width * deviation, 0.6, 1.4)
        place[name] = (spectrum * factor).astype(np.float32)
    dust = np.float32(DUST_ON_TARPAULIN)
    place["dusty_tarpaulin"] = (1 - dust) * place["tarpaulin"] + dust * place["sand"]
    return place
