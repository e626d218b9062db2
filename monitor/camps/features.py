"""The features of a block that shelters change (DETECTION 4d)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monitor.camps.region import Region
from monitor.features import MIN_REFLECTANCE
from monitor.looks import Look

Array = NDArray[np.float32]

FEATURES = ("visible", "blue_red", "bsi", "ndvi", "texture")
"""ln visible brightness, ln(B2/B4), bare-soil index, NDVI, ln sigma10."""

IN_PROPORTION = ("visible", "blue_red")
"""Features that rise in proportion to the ground under shelters."""

BANDS = ("blue", "green", "red", "nir08", "swir16")
TEXTURE = FEATURES.index("texture")
NDVI = FEATURES.index("ndvi")
VISIBLE = FEATURES.index("visible")
BLUE_RED = FEATURES.index("blue_red")
COUNT = len(FEATURES)

MIN_TEXTURE = 1e-3
"""Below the noise of the instrument; a logarithm needs a floor."""

NO_TEXTURE = 0.01
"""Stands for an unknown texture: the same everywhere, it says nothing."""

MIN_SWIR = 0.08
"""Water is darker at 1.6 um than any land, char included."""


def camp_features(look: Look, region: Region) -> Array | None:
    """Return the features of the blocks of a region in one look.

    Parameters
    ----------
    look : Look
        Block means of Sentinel-2 B2, B3, B4, B8A (865 nm) and B11 (1610 nm), and the
        spread of the 10 m pixels inside each block.
    region : Region

    Returns
    -------
    array or None
        Shape (features, blocks of the region), float32; NaN where too little of a block
        is clear, and on water. None if the look lacks a band.

    Notes
    -----
    Tarpaulin is brighter and bluer than soil or straw, its rows make blocks uneven, and
    ground is cleared for it: visible, blue over red and texture rise, NDVI falls. The
    bare-soil index falls with tarpaulin and rises with clearing.
    """
    if any(band not in look.bands for band in BANDS):
        return None
    blue, green, red, nir, swir = (
        np.maximum(region.crop(look.bands[band]), MIN_REFLECTANCE) for band in BANDS
    )
    texture = region.crop(look.texture)
    texture = np.where(np.isfinite(texture), np.maximum(texture, MIN_TEXTURE), NO_TEXTURE)
    values = np.stack(
        [
            np.log((blue + green + red) / 3),
            np.log(blue / red),
            ((swir + red) - (nir + blue)) / ((swir + red) + (nir + blue)),
            (nir - red) / (nir + red),
            np.log(texture),
        ]
    ).astype(np.float32)
    with np.errstate(invalid="ignore"):
        values[:, ~(region.crop(look.valid) & (swir > MIN_SWIR))] = np.nan
    return values.reshape(COUNT, -1)


def has_texture(look: Look) -> bool:
    """Return True if the look knows the spread inside its blocks."""
    return bool(np.isfinite(look.texture).any())
