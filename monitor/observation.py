"""The pixels of one scene on one grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntFlag

import numpy as np
from numpy.typing import NDArray

from aoi.grid import Grid
from aoi.interval import require_utc


class Flag(IntFlag):
    """What is known of a pixel or block besides its reflectance. Bits of a uint16."""

    CLOUD = 1
    """Cloud or cirrus, by the provider's classification or our own tests."""

    DILATED = 2
    """Within the safety margin around a cloud."""

    SHADOW = 4
    """Cloud shadow: classified, projected from a cloud, or dark and blue-tilted."""

    WATER = 8
    SNOW = 16
    HAZE = 32
    RESAMPLED = 64
    """Comes from a scene in another projection."""

    SATURATED = 128
    NODATA = 256
    """The scene holds nothing here."""

    UNCLASSIFIED = 512
    """The scene has no cloud classification: clear or not is unknown."""


UNCLEAR = Flag.CLOUD | Flag.DILATED | Flag.SHADOW | Flag.SNOW | Flag.SATURATED | Flag.NODATA
"""A pixel with any of these is not used."""


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """Pixels of one acquisition, on the grid that was asked for."""

    grid: Grid
    bands: Mapping[str, NDArray[np.float32]]
    """Band name to reflectance 0 to 1 (or linear gamma nought for ``vv vh``),
    shape (height, width); NaN where nothing was measured."""

    flags: NDArray[np.uint16]
    """Bits of `Flag`, shape (height, width)."""

    acquired_at: datetime
    scene_ids: tuple[str, ...]

    def __post_init__(self) -> None:
        require_utc(self.acquired_at, "the time of an observation")
        shapes = {name: values.shape for name, values in self.bands.items()}
        for name, shape in {**shapes, "flags": self.flags.shape}.items():
            if shape != self.grid.shape:
                raise ValueError(f"{name} has shape {shape}, its grid {self.grid.shape}")

    @property
    def clear(self) -> NDArray[np.bool_]:
        """True where the ground was seen: measured, no cloud, shadow or snow."""
        clear: NDArray[np.bool_] = (self.flags & np.uint16(UNCLEAR)) == 0
        for values in self.bands.values():
            clear &= np.isfinite(values)
        return clear
