"""The signed features of a block: burning raises each of them (DETECTION 4a).

All are pure functions of the six block means of a look, so that any number in
an alert can be derived again from the archived look.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

# Deep shadow and noise reach zero and below; a logarithm needs a floor (DETECTION 4.0).
MIN_REFLECTANCE = 0.005


@dataclass(frozen=True, slots=True)
class FeatureSet:
    """Which features can be had from the bands of a sensor."""

    name: str
    bands: tuple[str, ...]
    features: tuple[str, ...]

    @property
    def count(self) -> int:
        """Number of features."""
        return len(self.features)

    @property
    def nir(self) -> int:
        """Index of -ln NIR."""
        return self.features.index("nir")

    @property
    def visible(self) -> int:
        """Index of -ln visible."""
        return self.features.index("visible")

    @property
    def ndvi(self) -> int:
        """Index of -NDVI."""
        return self.features.index("ndvi")


FULL = FeatureSet(
    name="full",
    bands=("blue", "green", "red", "nir08", "swir16", "swir22"),
    features=("nir", "visible", "mirbi", "nbr2", "nbr", "ndvi"),
)
REDUCED = FeatureSet(
    # Backgrounds without B12 (DETECTION 5.7.5): B12 is never invented.
    name="reduced",
    bands=("green", "red", "nir08", "swir16"),
    features=("nir", "visible", "ndmi", "ndvi"),
)


def feature_set_of(bands: Mapping[str, Array]) -> FeatureSet | None:
    """Return the richest feature set that `bands` allow, None if they allow none."""
    for candidate in (FULL, REDUCED):
        if all(name in bands for name in candidate.bands):
            return candidate
    return None


def features_of(bands: Mapping[str, Array], chosen: FeatureSet) -> Array:
    """Return the features of blocks, each signed so that a burn raises it.

    Parameters
    ----------
    bands : mapping
        Surface reflectance 0 to 1, each of one shape; NaN where not seen. Sentinel-2
        B2, B3, B4, B8A (865 nm), B11 (1610 nm), B12 (2190 nm) by their common names.
    chosen : FeatureSet
        Which features, in which order.

    Returns
    -------
    array
        Shape (features, *shape of a band), float32; NaN where a band is NaN.

    Notes
    -----
    ``nir`` is -ln B8A, ``visible`` -ln of the mean of the visible bands, ``mirbi``
    10 B12 - 9.8 B11 + 2 (Trigg and Flasse 2001), ``nbr2`` -(B11-B12)/(B11+B12), ``nbr``
    -(B8A-B12)/(B8A+B12), ``ndvi`` -(B8A-B4)/(B8A+B4), ``ndmi`` -(B8A-B11)/(B8A+B11).
    """
    floored = {name: np.maximum(bands[name], MIN_REFLECTANCE) for name in chosen.bands}
    visible = [floored[name] for name in ("blue", "green", "red") if name in floored]
    nir, swir16 = floored["nir08"], floored["swir16"]
    out = np.empty((chosen.count, *nir.shape), dtype=np.float32)
    for index, name in enumerate(chosen.features):
        if name == "nir":
            out[index] = -np.log(nir)
        elif name == "visible":
            out[index] = -np.log(sum(visible[1:], start=visible[0]) / len(visible))
        elif name == "mirbi":
            out[index] = 10.0 * floored["swir22"] - 9.8 * swir16 + 2.0
        else:
            out[index] = -_ratio(*_pair(name, floored))
    return out


def _pair(name: str, bands: Mapping[str, Array]) -> tuple[Array, Array]:
    first, second = {
        "nbr2": ("swir16", "swir22"),
        "nbr": ("nir08", "swir22"),
        "ndvi": ("nir08", "red"),
        "ndmi": ("nir08", "swir16"),
    }[name]
    return bands[first], bands[second]


def _ratio(first: Array, second: Array) -> Array:
    ratio: Array = (first - second) / (first + second)
    return ratio
