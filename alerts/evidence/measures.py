"""Numbers that anybody can derive again from the pixels of a bundle, bit for bit."""

from __future__ import annotations

import math
import struct

import numpy as np
import rasterio
from rasterio.errors import RasterioError
from rasterio.features import geometry_mask
from rasterio.io import MemoryFile
from shapely.geometry.base import BaseGeometry

from alerts.errors import EvidenceRefused
from aoi.grid import to_metres

FLAGS = "flags"
MAX_PIXELS = 4_000_000
"""Chips are a few hundred pixels wide; a header that claims more is not followed."""


def band_means(tif: bytes, outline: BaseGeometry) -> dict[str, float]:
    """Return the mean of each band over the unflagged pixels of the place.

    Parameters
    ----------
    tif : bytes
        A chip as it is archived.
    outline : geometry
        The place, EPSG:4326.

    Raises
    ------
    EvidenceRefused
        If the file is no chip.

    Notes
    -----
    Sums are exact (`math.fsum`), so the result does not depend on order,
    processor or library: what differs was altered.
    """
    try:
        with MemoryFile(tif) as memory, memory.open(driver="GTiff") as file:
            if file.width * file.height > MAX_PIXELS:
                raise EvidenceRefused(f"a chip of {file.width:,} x {file.height:,} pixels")
            inside = ~geometry_mask(
                [to_metres(outline, file.crs.to_epsg())], (file.height, file.width),
                file.transform, all_touched=True,
            )  # fmt: skip
            layers = dict(zip(file.descriptions, file.read(), strict=True))
    except (RasterioError, rasterio.RasterioIOError, AttributeError) as error:
        raise EvidenceRefused("a chip cannot be read as GeoTIFF") from error
    clear = inside & (layers.pop(FLAGS, np.zeros(inside.shape)) == 0)
    return {str(name): _mean(values[clear]) for name, values in layers.items()}


def _mean(values: np.ndarray[tuple[int], np.dtype[np.float32]]) -> float:
    finite = values[np.isfinite(values)].astype(np.float64).tolist()
    return math.fsum(finite) / len(finite) if finite else math.nan


def ulps_between(one: float, other: float) -> int:
    """Return how many floating-point numbers lie between two, 0 for the same."""
    return abs(_ordinal(one) - _ordinal(other))


def _ordinal(number: float) -> int:
    (bits,) = struct.unpack("<q", struct.pack("<d", number))
    return int(bits) if bits >= 0 else -(int(bits) & 0x7FFF_FFFF_FFFF_FFFF)
