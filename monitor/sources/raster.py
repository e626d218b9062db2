"""Windows of raster files on the grid of an area.

Where the file shares the grid's system and its pixels nest with the grid's, numbers
are taken as they stand, or averaged over whole pixels: exact, and the same for every
window. Anything else is warped, and said to be.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from pyproj.exceptions import ProjError
from rasterio.enums import Resampling
from rasterio.errors import NotGeoreferencedWarning, RasterioError, RasterioIOError
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window
from shapely.geometry.base import BaseGeometry

from aoi.grid import Grid
from monitor.errors import SourceError, SourceRefused, SourceUnavailable
from monitor.sources.deadline import Deadline
from monitor.sources.georeference import Georeference, Nesting
from monitor.sources.ranges import RemoteFiles, name_of
from monitor.sources.web import WebSettings

# GDAL looks for no files beside the one it is given, and never goes to the network.
GDAL_SETTINGS = {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR"}
# COG is a layout of GTiff. Others can fetch, include or run things (VRT, WMS, ...).
DRIVERS = ("GTiff", "JP2OpenJPEG")
NOT_THAT_FORMAT = "not recognized as being in a supported file format"
MAX_SIDE_PX = 60_000
"""Longest side that a header may declare; a Sentinel-2 tile has 10,980."""

MAX_CHUNK_PX = 1 << 27
"""Pixels of one compressed chunk that a header may declare; a whole tile in one has 1.2e8."""

# GDAL approximates the transform to an eighth of a pixel by default, so that windows
# disagree with the whole in 6 % of pixels (DEPENDENCIES 5.8).
WARP_TOLERANCE_PX = 0.001

FINER_FROM = 0.75
"""A file whose pixels are smaller than this share of the grid's is averaged when warped."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One band on a grid, as stored: neither scaled nor offset."""

    numbers: NDArray[np.float32]
    """Stored numbers, shape (height, width); NaN where nothing was measured."""

    integers: bool
    """True if the file stores integers."""

    resampled: bool
    """True if the pixels come from a grid that does not nest with this one."""


Remote = Callable[[str], AbstractContextManager[Any]]
"""Gives, for a web address, the opener through which rasterio reads it."""


def read_layer(
    address: str,
    grid: Grid,
    *,
    footprint: BaseGeometry,
    nodata: float | None = None,
    classes: bool = False,
    remote: Remote | None = None,
) -> Layer:
    """Return one band of a file on `grid`.

    Parameters
    ----------
    address : str
        Path or http(s) address of a GeoTIFF or JPEG 2000 file.
    footprint : geometry
        Outline that the catalogue gives, EPSG:4326; a file elsewhere is refused.
    nodata : float, optional
        Declared number that means nothing was measured; else that of the file.
    classes : bool
        True for codes, which are never averaged: of a file with finer pixels the
        result then holds all of them, shape (height * n, width * n).
    remote : callable, optional
        How web addresses are fetched; by default without key, cache or long patience.

    Raises
    ------
    SourceError
        If the file is missing, damaged, too large, not georeferenced or elsewhere.
    """
    with _opened(address, remote) as file:
        _require_sane(file, address)
        place = _place(file, address, footprint)
        missing = nodata if nodata is not None else file.nodata
        with _translated(address):
            nesting = place.nesting(grid)
            if nesting is None:
                numbers = _warped(file, place, grid, missing, classes)
            else:
                numbers = _nested(file, grid, nesting, missing, classes)
        integers = np.dtype(file.dtypes[0]).kind in "iu"
    return Layer(numbers, integers, resampled=nesting is None)


@contextmanager
def _opened(address: str, remote: Remote | None) -> Iterator[Any]:
    with rasterio.Env(**GDAL_SETTINGS), warnings.catch_warnings():
        # Said by _require_sane, as an error that names the file.
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        # Only a provider that signs can turn an object of a store into a web address.
        path = None if remote and address.startswith("s3://") else _path(address)
        if path is not None:
            with _translated(address), _open_as_allowed(path) as file:
                yield file
            return
        # GDAL is told a name only: a signed address is a secret.
        name = "asset.jp2" if urlsplit(address).path.lower().endswith(".jp2") else "asset.tif"
        with (
            (remote or _by_default)(address) as opener,
            _translated(name_of(address)),
            _open_as_allowed(name, opener=opener) as file,
        ):
            yield file


def _by_default(address: str) -> AbstractContextManager[Any]:
    web = WebSettings()
    deadline = Deadline(web.total_s, f"raster {name_of(address)}")
    return RemoteFiles(deadline, web).opened(address)


def _open_as_allowed(target: str, **how: Any) -> Any:
    # rasterio takes one driver at a time, and tells them apart by content only if it may
    # use all of them.
    first, second = DRIVERS if not target.lower().endswith(".jp2") else reversed(DRIVERS)
    try:
        return rasterio.open(target, driver=first, **how)
    except RasterioIOError as error:
        if NOT_THAT_FORMAT not in str(error):
            raise
        return rasterio.open(target, driver=second, **how)


def _path(address: str) -> str | None:
    """Return the path that an address stands for, None for one of the web.

    Never a /vsi or a driver of GDAL, which could fetch, include or run things.
    """
    scheme = urlsplit(address).scheme.lower() if "://" in address else ""
    if scheme == "file":
        return urlsplit(address).path
    if scheme in {"http", "https"}:
        return None
    if scheme or address.startswith("/vsi"):
        raise SourceRefused(
            f"asset address {address} is not one of ours to open",
            hint="give a path, or an http(s) address, of a GeoTIFF or JPEG 2000 file",
        )
    return address


@contextmanager
def _translated(address: str) -> Iterator[None]:
    try:
        yield
    except RasterioError as error:
        raise _source_error(address, error) from error


def _source_error(address: str, error: RasterioError) -> SourceError:
    # The reason of a failed read hides in the cause; the top says "read failed".
    reason = str(error.__cause__ or error)
    if "No such file" in reason or "does not exist" in reason:
        return SourceUnavailable(
            f"raster {address} is not there", hint="see whether the delivery is complete"
        )
    if NOT_THAT_FORMAT in reason:
        return SourceRefused(
            f"raster {address} is neither GeoTIFF nor JPEG 2000",
            hint="an error page saved as an image, or another format; fetch it again",
        )
    return SourceRefused(
        f"raster {address} is damaged: {reason}", hint="fetch the file again, or remove its item"
    )


def _require_sane(file: Any, address: str) -> None:
    rows, columns = file.block_shapes[0] if file.count else (0, 0)
    if max(file.height, file.width) > MAX_SIDE_PX or rows * columns > MAX_CHUNK_PX:
        raise SourceRefused(
            f"raster {address} declares {file.width}x{file.height} px "
            f"in chunks of {columns}x{rows}, more than is read",
            hint=f"at most {MAX_SIDE_PX} px a side, and tiled",
        )
    if not file.count or np.dtype(file.dtypes[0]).kind not in "iuf":
        raise SourceRefused(f"raster {address} holds no band of plain numbers, {file.dtypes}")
    if file.crs is None or file.transform.is_identity:
        raise SourceRefused(
            f"raster {address} does not say where on the earth it lies",
            hint="write its reference system and transform into the file",
        )


def _place(file: Any, address: str, footprint: BaseGeometry) -> Georeference:
    place = Georeference(file.crs.wkt, file.transform, file.height, file.width)
    try:
        outline = place.outline
    except ProjError as error:
        raise SourceRefused(
            f"raster {address} has a reference system that cannot be used: {error}",
            hint="write its reference system into the file anew",
        ) from error
    if outline is None or not outline.intersects(footprint):
        raise SourceRefused(
            f"raster {address} lies outside the geometry of its item",
            hint="the reference system or transform of the file, or the item, is wrong",
        )
    return place


def _nested(
    file: Any, grid: Grid, nesting: Nesting, missing: float | None, classes: bool
) -> NDArray[np.float32]:
    if nesting.step >= 1:
        step = round(nesting.step)
        rows, columns = grid.height * step, grid.width * step
        window = _window(file, round(nesting.top), round(nesting.left), rows, columns, missing)
        return window if classes else averaged(window, step)
    repeat = round(1 / nesting.step)
    # The grid may start or end inside a pixel of the file.
    above, before = round(nesting.top * repeat), round(nesting.left * repeat)
    top, left = above // repeat, before // repeat
    rows = -(-(above + grid.height) // repeat) - top
    columns = -(-(before + grid.width) // repeat) - left
    window = _window(file, top, left, rows, columns, missing)
    fine = window.repeat(repeat, axis=1).repeat(repeat, axis=0)
    skip_rows, skip_columns = above - top * repeat, before - left * repeat
    return fine[skip_rows : skip_rows + grid.height, skip_columns : skip_columns + grid.width]


def _window(
    file: Any, top: int, left: int, rows: int, columns: int, missing: float | None
) -> NDArray[np.float32]:
    """Return a window that may reach beyond the file, NaN where nothing is."""
    first_row, last_row = max(top, 0), min(top + rows, file.height)
    first_column, last_column = max(left, 0), min(left + columns, file.width)
    if first_row >= last_row or first_column >= last_column:
        return np.full((rows, columns), np.nan, dtype=np.float32)
    inner = Window(first_column, first_row, last_column - first_column, last_row - first_row)
    numbers = _as_float(file.read(1, window=inner), missing)
    if numbers.shape == (rows, columns):
        return numbers
    whole = np.full((rows, columns), np.nan, dtype=np.float32)
    whole[first_row - top : last_row - top, first_column - left : last_column - left] = numbers
    return whole


def _as_float(raw: NDArray[Any], missing: float | None) -> NDArray[np.float32]:
    numbers = raw.astype(np.float32)
    if missing is not None and np.isfinite(missing):
        numbers[raw == missing] = np.nan
    if raw.dtype.kind == "f":
        numbers[~np.isfinite(numbers)] = np.nan
    return numbers


def averaged(values: NDArray[np.float32], step: int) -> NDArray[np.float32]:
    """Return means over `step` x `step` pixels, of those that are not NaN."""
    if step == 1:
        return values
    height, width = values.shape[0] // step, values.shape[1] // step
    parts = [values[row::step, column::step] for row in range(step) for column in range(step)]
    total = np.zeros((height, width), dtype=np.float32)
    count = np.zeros((height, width), dtype=np.float32)
    for part in parts:
        known = np.isfinite(part)
        total += np.where(known, part, np.float32(0))
        count += known
    with np.errstate(invalid="ignore"):
        return np.divide(total, count, dtype=np.float32)


def _warped(
    file: Any, place: Georeference, grid: Grid, missing: float | None, classes: bool
) -> NDArray[np.float32]:
    numbers = np.full(grid.shape, np.nan, dtype=np.float32)
    rows, columns = place.touched(grid)
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return numbers
    if missing is None and np.dtype(file.dtypes[0]).kind == "f":
        missing = float("nan")
    # Average what is finer than the grid, interpolate what is not.
    finer = place.pixel_side_m(grid) < FINER_FROM * grid.resolution_m
    method = Resampling.average if finer else Resampling.bilinear
    with WarpedVRT(
        file,
        crs=f"EPSG:{grid.epsg}",
        transform=grid.transform * Affine.translation(columns.start, rows.start),
        height=rows.stop - rows.start,
        width=columns.stop - columns.start,
        resampling=Resampling.nearest if classes else method,
        src_nodata=missing,
        nodata=float("nan"),
        dtype="float32",
        tolerance=WARP_TOLERANCE_PX,
    ) as warped:
        numbers[rows, columns] = _as_float(warped.read(1), None)
    return numbers
