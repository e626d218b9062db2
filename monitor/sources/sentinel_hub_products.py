"""What is asked of Sentinel Hub for each satellite: collection, bands, script, price. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sentinelhub.data_collections import DataCollection

from aoi.grid import Grid
from monitor.scene import Sensor
from monitor.sources.processing_units import estimated_units
from monitor.sources.raster import Layer

NOTHING = -32768

SCALE = 1e-4
"""Of the reflectance that our script gives; harmonised by the service, without offset."""

STEP_DB, MIDDLE_DB = 1e-3, -10.0
"""Of the backscatter that our script gives: 16 bits reach from -42.8 to +22.8 dB."""

Decoded = Callable[[Sequence[NDArray[np.float32]], Sequence[str]], dict[str, Layer]]


@dataclass(frozen=True, slots=True)
class Product:
    """The pixels of one satellite as Sentinel Hub gives them."""

    sensor: Sensor
    collection: str
    """Its name in the catalogue of the service."""

    bands: Mapping[str, str]
    """Our band names and those of Sentinel Hub."""

    script: str
    """File name of the evalscript."""

    further_bands: tuple[str, ...]
    """What the script gives behind the bands."""

    paid_bands: int
    """How many of those are paid for; the data mask is free."""

    price_factor: float
    """Of additional processing."""

    processing: Mapping[str, Any]
    """What the service is told to do with the pixels."""

    decoded: Decoded
    """Turns the bands of an answer into layers."""

    detector: str = ""
    """Asked for only by areas that name this detector; empty: by all."""

    def evalscript(self, bands: Sequence[str]) -> str:
        """Return the script that gives `bands` (our names) and what stands behind them."""
        text = files("monitor.sources.evalscripts").joinpath(self.script).read_text("utf-8")
        names = json.dumps([self.bands[band] for band in bands])
        return f"//VERSION=3\nconst BANDS = {names};\n{text}"

    def units(self, grid: Grid, bands: Sequence[str]) -> float:
        """Return what one request for `bands` on `grid` costs."""
        paid = len(bands) + self.paid_bands
        return estimated_units(grid.width, grid.height, paid, factor=self.price_factor)

    def data_filter(self, bands: Sequence[str]) -> Mapping[str, Any]:
        """Return what the library does not know of the scenes that are wanted."""
        # The library asks for both polarisations; a scene with one only would be left out.
        return (
            {"polarization": "SV"} if self.sensor is Sensor.SENTINEL_1 and len(bands) == 1 else {}
        )


@lru_cache(maxsize=16)
def served_at(base_url: str, sensor: Sensor) -> DataCollection:
    """Return a collection as served at an address; the library's own is bound to another."""
    known = {
        Sensor.SENTINEL_2: DataCollection.SENTINEL2_L2A,
        Sensor.SENTINEL_1: DataCollection.SENTINEL1_IW,
    }[sensor]
    if base_url == known.service_url:
        return known
    digest = hashlib.sha256(base_url.encode()).hexdigest()[:12].upper()
    name = f"EMBERWATCH_{sensor.name}_{digest}"
    return known.define_from(name, service_url=base_url)


def reflectance_layers(
    stored: Sequence[NDArray[np.float32]], bands: Sequence[str]
) -> dict[str, Layer]:
    """Return reflectance as stored, and the classification ``scl``."""
    *values, classes, measured = stored
    nothing = measured == 0
    layers = {}
    for band, numbers in zip(bands, values, strict=True):
        numbers[nothing | (numbers == NOTHING)] = np.nan
        layers[band] = Layer(numbers, integers=True, resampled=False)
    classes[nothing] = 0
    layers["scl"] = Layer(classes, integers=True, resampled=False)
    return layers


def power_layers(stored: Sequence[NDArray[np.float32]], bands: Sequence[str]) -> dict[str, Layer]:
    """Return gamma nought in linear power."""
    *values, measured = stored
    layers = {}
    for band, steps in zip(bands, values, strict=True):
        decibel = MIDDLE_DB + STEP_DB * steps.astype(np.float64)
        power = (10.0 ** (0.1 * decibel)).astype(np.float32)
        power[(measured == 0) | (steps == NOTHING)] = np.nan
        layers[band] = Layer(power, integers=False, resampled=False)
    return layers


SENTINEL_2 = Product(
    sensor=Sensor.SENTINEL_2,
    collection="sentinel-2-l2a",
    bands={
        "blue": "B02", "green": "B03", "red": "B04", "nir": "B08", "nir08": "B8A",
        "swir16": "B11", "swir22": "B12",
    },
    script="sentinel_2.js",
    further_bands=("SCL", "dataMask"),
    paid_bands=1,
    price_factor=1.0,
    processing={},
    decoded=reflectance_layers,
)  # fmt: skip
SENTINEL_1 = Product(
    sensor=Sensor.SENTINEL_1,
    collection="sentinel-1-grd",
    bands={"vv": "VV", "vh": "VH"},
    script="sentinel_1.js",
    further_bands=("dataMask",),
    paid_bands=0,
    # Orthorectification doubles the price (Sentinel Hub, "Processing unit definition").
    price_factor=2.0,
    processing={
        "orthorectify": True,
        "backCoeff": "GAMMA0_TERRAIN",
        "demInstance": "COPERNICUS_30",
    },
    decoded=power_layers,
    detector="sar",
)
PRODUCTS = {product.collection: product for product in (SENTINEL_2, SENTINEL_1)}
PRODUCT_OF = {product.sensor: product for product in PRODUCTS.values()}
