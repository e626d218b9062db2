"""Pixels of two dates as pictures that may be compared: same bands, same stretch."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from PIL import Image
from pyproj import Transformer
from rasterio.enums import Resampling
from rasterio.warp import calculate_default_transform, reproject

from aoi.grid import Grid
from monitor.observation import Observation

WEB_MERCATOR = "EPSG:3857"

MAX_SIDE_PX = 1000
"""Longest side of a picture on the map."""

MAX_ENLARGEMENT = 4
"""A pixel becomes at most 4 x 4: it stays visible as a square, and the picture small."""

PICTURE_BUDGET_BYTES = 190_000
"""Four pictures (two dates, two composites) in base64 and Leaflet stay below 1.5 MB."""

QUALITIES = (88, 78, 66, 52)

# The darkest and brightest hundredth are cloud edges, metal roofs and deep shadow.
STRETCH_PERCENTILES = (1.0, 99.0)

GAMMA = 0.8
"""Lifts the middle tones: burnt ground and dark soil are told apart on a phone."""

BRIGHT = {
    "blue": 0.22, "green": 0.26, "red": 0.32, "nir08": 0.42, "swir16": 0.48, "swir22": 0.42,
}  # fmt: skip
"""Reflectance of pale dry soil, which is drawn nearly white. Bands keep these proportions, so
that a hue means the same ground in every map; only the brightness is fitted to the place."""

RADAR_FLOOR = 1e-5
"""Linear gamma nought below this is noise: -50 dB."""


@dataclass(frozen=True, slots=True)
class Composite:
    """Three bands shown as red, green and blue."""

    name: str
    """Key in `maps.words`."""

    bands: tuple[str, str, str]
    is_radar: bool = False


COMPOSITES = (
    Composite("false_colour", ("swir22", "nir08", "red")),
    Composite("false_colour_16", ("swir16", "nir08", "red")),
    Composite("colour_infrared", ("nir08", "red", "green")),
    Composite("true_colour", ("red", "green", "blue")),
    Composite("radar", ("vv", "vh", "vv"), is_radar=True),
    Composite("grey_nir", ("nir08", "nir08", "nir08")),
    Composite("grey_red", ("red", "red", "red")),
)
"""From the one that tells burnt ground best to the one that is better than nothing."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Values shown as black and as full brightness, for each of three channels."""

    low: tuple[float, float, float]
    high: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture for the map, complete in its address."""

    url: str
    """``data:`` address."""

    south_west: tuple[float, float]
    """Latitude and longitude of the lower left corner."""

    north_east: tuple[float, float]


def composites_of(observations: Sequence[Observation]) -> tuple[Composite, ...]:
    """Return what all `observations` can be shown as: the best one, and true colour.

    Empty if they have no composite in common.
    """
    common = [
        composite
        for composite in COMPOSITES
        if all(set(composite.bands) <= set(observation.bands) for observation in observations)
    ]
    if not observations or not common:
        return ()
    natural = [composite for composite in common[1:] if composite.name == "true_colour"]
    return (common[0], *natural)


def common_stretch(composite: Composite, observations: Sequence[Observation]) -> Stretch:
    """Return one stretch for all dates, so that a change of colour is a change of ground.

    Brightness spans the 1st to the 99th percentile of the clear pixels of all dates and
    bands together, of all measured pixels where none is clear; the bands keep the
    proportions of `BRIGHT`, radar channels have each their own span.
    """
    if composite.is_radar:
        limits = [_limits(composite, observations, (band,)) for band in composite.bands]
        (a, b, c) = limits
        return Stretch((a[0], b[0], c[0]), (a[1], b[1], c[1]))
    low, high = _limits(composite, observations, composite.bands)
    red, green, blue = (BRIGHT[band] for band in composite.bands)
    return Stretch((low * red, low * green, low * blue), (high * red, high * green, high * blue))


def coloured(observation: Observation, composite: Composite, stretch: Stretch) -> NDArray[np.uint8]:
    """Return red, green, blue and opacity, shape (height, width, 4).

    A pixel that was not measured in all three bands is transparent.
    """
    channels = np.stack(
        [_values(observation.bands, band, composite.is_radar) for band in composite.bands], axis=-1
    )
    measured = np.isfinite(channels).all(axis=-1)
    low, high = np.asarray(stretch.low), np.asarray(stretch.high)
    shown = np.clip((np.nan_to_num(channels) - low) / (high - low), 0.0, 1.0)
    rgba = np.empty((*measured.shape, 4), dtype=np.uint8)
    rgba[..., :3] = np.rint(shown**GAMMA * 255)
    rgba[..., 3] = np.where(measured, 255, 0)
    return rgba


def picture_of(rgba: NDArray[np.uint8], grid: Grid) -> Picture:
    """Return `rgba` (height, width, 4) on `grid` as a picture for a web map."""
    warped, transform = warp(rgba, grid)
    height, width = warped.shape[:2]
    to_degrees = Transformer.from_crs(WEB_MERCATOR, "EPSG:4326", always_xy=True).transform
    west, north = to_degrees(*(transform * (0, 0)))
    east, south = to_degrees(*(transform * (width, height)))
    return Picture(
        url=data_url(warped),
        south_west=(round(south, 7), round(west, 7)),
        north_east=(round(north, 7), round(east, 7)),
    )


def warp(rgba: NDArray[np.uint8], grid: Grid) -> tuple[NDArray[np.uint8], Affine]:
    """Return `rgba` in EPSG:3857, nearest neighbour, and its transform.

    Pixels are enlarged first, so that the squares that were measured keep their
    shape and no value is invented between them.
    """
    source, target = f"EPSG:{grid.epsg}", WEB_MERCATOR
    transform, width, height = calculate_default_transform(
        source, target, grid.width, grid.height, *grid.bounds_m
    )
    scale = min(MAX_ENLARGEMENT, MAX_SIDE_PX / max(width, height))
    transform = transform * Affine.scale(1 / scale)
    shape = max(1, round(height * scale)), max(1, round(width * scale))
    out = np.zeros((4, *shape), dtype=np.uint8)
    reproject(
        np.moveaxis(rgba, -1, 0).copy(),
        out,
        src_transform=grid.transform,
        src_crs=source,
        dst_transform=transform,
        dst_crs=target,
        resampling=Resampling.nearest,
    )
    return np.moveaxis(out, 0, -1), transform


def data_url(rgba: NDArray[np.uint8], budget_bytes: int = PICTURE_BUDGET_BYTES) -> str:
    """Return `rgba` as a WebP in a ``data:`` address, as good as the budget allows."""
    image = Image.fromarray(rgba, mode=None)
    encoded = _webp(image, QUALITIES[0])
    for quality in QUALITIES[1:]:
        if len(encoded) <= budget_bytes:
            break
        encoded = _webp(image, quality)
    while len(encoded) > budget_bytes and min(image.size) > 1:
        image = image.resize((max(1, image.width * 3 // 4), max(1, image.height * 3 // 4)))
        encoded = _webp(image, QUALITIES[-1])
    return f"data:image/webp;base64,{base64.b64encode(encoded).decode()}"


def _webp(image: Image.Image, quality: int) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format="WEBP", quality=quality, method=4)
    return stream.getvalue()


def _limits(
    composite: Composite, observations: Sequence[Observation], bands: Sequence[str]
) -> tuple[float, float]:
    """Return the span of brightness over `bands`: relative to `BRIGHT`, or decibels."""
    clear = [seen.clear for seen in observations]
    values = _relative(composite, observations, bands, clear)
    if values.size == 0:
        everywhere = [np.ones(seen.grid.shape, dtype=np.bool_) for seen in observations]
        values = _relative(composite, observations, bands, everywhere)
    if values.size == 0:
        return 0.0, 1.0
    low, high = (float(value) for value in np.percentile(values, STRETCH_PERCENTILES))
    # An even ground has no spread; any range that holds it will do.
    return (low, high) if high - low > 1e-6 else (low - 0.05, low + 0.05)


def _relative(
    composite: Composite,
    observations: Sequence[Observation],
    bands: Sequence[str],
    used: Sequence[NDArray[np.bool_]],
) -> NDArray[np.float64]:
    parts = [
        _values(seen.bands, band, composite.is_radar)[inside]
        / (1.0 if composite.is_radar else BRIGHT[band])
        for seen, inside in zip(observations, used, strict=True)
        for band in bands
    ]
    values = np.concatenate(parts)
    finite: NDArray[np.float64] = values[np.isfinite(values)]
    return finite


def _values(
    bands: Mapping[str, NDArray[np.float32]], band: str, is_radar: bool
) -> NDArray[np.float64]:
    values = bands[band].astype(np.float64)
    return 10.0 * np.log10(np.maximum(values, RADAR_FLOOR)) if is_radar else values
