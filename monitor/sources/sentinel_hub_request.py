"""Requests to the Process API, and the pixels that come back. No network here."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import MemoryFile
from sentinelhub.api.process import SentinelHubRequest
from sentinelhub.config import SHConfig
from sentinelhub.constants import CRS, MimeType
from sentinelhub.download.models import DownloadRequest
from sentinelhub.geometry import BBox

from aoi.grid import Grid
from monitor.errors import SourceRefused, SourceUnavailable
from monitor.sources.answers import is_page
from monitor.sources.raster import Layer
from monitor.sources.sentinel_hub_products import SENTINEL_2, Product, served_at

MARGIN = timedelta(minutes=1)
"""Added to the span of an acquisition, whose tiles are dated to the second."""


def configuration(base_url: str) -> SHConfig:
    """Return the library's settings; its own file is neither read nor made."""
    return SHConfig(use_defaults=True, sh_base_url=base_url)


def process_request(
    base_url: str,
    grid: Grid,
    bands: Sequence[str],
    first: datetime,
    last: datetime,
    product: Product = SENTINEL_2,
) -> DownloadRequest:
    """Return the request for the pixels of one acquisition on a grid.

    Parameters
    ----------
    grid : Grid
        At most as large as the service allows, see `parts`.
    bands : sequence of str
        Keys of the bands of the product.
    first, last : datetime
        Times of the first and last tile of the acquisition.
    product : Product
        Of the satellite.
    """
    further = {"dataFilter": product.data_filter(bands), "processing": product.processing}
    data = SentinelHubRequest.input_data(
        served_at(base_url, product.sensor),
        time_interval=(_stamp(first - MARGIN), _stamp(last + MARGIN)),
        other_args={name: dict(words) for name, words in further.items() if words},
    )
    request = SentinelHubRequest(
        evalscript=product.evalscript(bands),
        input_data=[data],
        responses=[SentinelHubRequest.output_response("default", MimeType.TIFF)],
        bbox=BBox(grid.bounds_m, CRS(grid.epsg)),
        size=(grid.width, grid.height),
        config=configuration(base_url),
    )
    return request.download_list[0]


def parts(grid: Grid, side_px: int) -> list[Grid]:
    """Return grids of at most `side_px` pixels a side that make up `grid`, row by row."""
    rows, columns = range(0, grid.height, side_px), range(0, grid.width, side_px)
    return [
        replace(
            grid,
            left_m=grid.left_m + column * grid.resolution_m,
            top_m=grid.top_m - row * grid.resolution_m,
            height=min(side_px, grid.height - row),
            width=min(side_px, grid.width - column),
        )
        for row in rows
        for column in columns
    ]


def layers_of(
    content: bytes, grid: Grid, bands: Sequence[str], product: Product = SENTINEL_2
) -> dict[str, Layer]:
    """Return the bands that an answer holds, and ``scl`` if the product has a classification.

    Raises
    ------
    SourceUnavailable
        If it is no image, or is cut short.
    SourceRefused
        If it is another image than was asked for.
    """
    if is_page("", content):
        raise SourceUnavailable("sentinel-hub, process: a web page came instead of an image")
    if not content:
        # An empty file in memory would be opened for writing.
        raise SourceUnavailable("sentinel-hub, process: an empty answer came instead of an image")
    numbers = _numbers(content, grid)
    expected = len(bands) + len(product.further_bands)
    if numbers.shape[0] != expected:
        raise SourceRefused(
            f"sentinel-hub, process: {numbers.shape[0]} bands came, {expected} were asked for"
        )
    return product.decoded(list(numbers.astype(np.float32)), bands)


def assembled(grid: Grid, pieces: Sequence[tuple[Grid, dict[str, Layer]]]) -> dict[str, Layer]:
    """Return layers on `grid` from those on its parts."""
    whole = {
        name: np.full(grid.shape, np.nan, dtype=np.float32) for _, part in pieces for name in part
    }
    for piece, layers in pieces:
        row = round((grid.top_m - piece.top_m) / grid.resolution_m)
        column = round((piece.left_m - grid.left_m) / grid.resolution_m)
        for name, layer in layers.items():
            whole[name][row : row + piece.height, column : column + piece.width] = layer.numbers
    stored_as = {name: layer.integers for _, layers in pieces for name, layer in layers.items()}
    return {
        name: Layer(values, integers=stored_as[name], resampled=False)
        for name, values in whole.items()
    }


def _numbers(content: bytes, grid: Grid) -> NDArray[Any]:
    try:
        with warnings.catch_warnings():
            # Said below, as an error.
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with MemoryFile(content) as memory, memory.open(driver="GTiff") as file:
                _require_grid(file, grid)
                numbers: NDArray[Any] = file.read()
    except RasterioError as error:
        raise SourceUnavailable(
            f"sentinel-hub, process: the image cannot be read: {error.__cause__ or error}",
            hint="an answer that was cut short; the next run tries again",
        ) from error
    return numbers


def _require_grid(file: Any, grid: Grid) -> None:
    same = file.crs == rasterio.CRS.from_epsg(grid.epsg) and (file.height, file.width) == grid.shape
    if not same or not file.transform.almost_equals(grid.transform, precision=1e-3):
        raise SourceRefused(
            f"sentinel-hub, process: an image of {file.width}x{file.height} px in "
            f"{file.crs or 'no reference system'} came, {grid.width}x{grid.height} px in "
            f"EPSG:{grid.epsg} were asked for"
        )


def _stamp(instant: datetime) -> str:
    # With the time of day: a date alone would mean the end of that day.
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"
