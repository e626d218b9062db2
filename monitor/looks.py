"""Looks: one acquisition over one area, reduced to 40 m blocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from aoi.grid import Grid
from aoi.interval import require_utc
from monitor.scene import Sensor

SCALE = 1e-4
"""Step of archived reflectance; looks hold multiples of it, so that the archive is exact."""

MIN_CLEAR_FRACTION = 0.75
"""A block with less of it clear is not used (DETECTION 4h)."""

OPTICAL_BANDS = ("blue", "green", "red", "nir08", "swir16", "swir22")
"""Sentinel-2 B2, B3, B4, B8A (865 nm), B11 (1610 nm), B12 (2190 nm)."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One acquisition over one area: a small stack of block means (DETECTION 4.0)."""

    look_id: str
    """Digest of area, scenes and their processing: a re-processed scene is another look."""

    aoi_id: str
    sensor: Sensor
    platform: str
    track: str
    """Key of its baseline: sensor and relative orbit, such as ``"sentinel-2-093"``."""

    acquired_at: datetime
    available_at: datetime
    """When the last of its scenes could be read, UTC."""

    blocks: Grid
    bands: Mapping[str, NDArray[np.float32]]
    """Mean over clear pixels, a multiple of 1e-4; NaN where none was clear. Optical:
    reflectance 0 to 1. Radar: gamma nought in dB. A band that the scene lacks is absent."""

    texture: NDArray[np.float32]
    """Standard deviation of the sixteen 10 m values of (blue + green + red) / 3; NaN if unknown."""

    clear_fraction: NDArray[np.float32]
    """Share of the pixels of a block that are clear, 0 to 1."""

    flags: NDArray[np.uint16]
    """Bits of `monitor.observation.Flag` that a quarter or more of the block's pixels carry."""

    scene_ids: tuple[str, ...]
    tags: Mapping[str, str] = field(default_factory=dict)
    """Provider, processing baseline, offset applied and how known, software version ..."""

    def __post_init__(self) -> None:
        require_utc(self.acquired_at, "the time of a look")
        shapes = {name: values.shape for name, values in self.bands.items()}
        for name, shape in {**shapes, "flags": self.flags.shape}.items():
            if shape != self.blocks.shape:
                raise ValueError(f"{name} has shape {shape}, not {self.blocks.shape}")

    @property
    def valid(self) -> NDArray[np.bool_]:
        """True where enough of a block was clear to use it."""
        return self.clear_fraction >= MIN_CLEAR_FRACTION
