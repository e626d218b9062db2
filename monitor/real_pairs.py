"""Real images before and after fires, from the development files beside the repository.

They measure indices, masks and false alarms on land that truly burned, and give the
spectra of char for implants. None shows a burned village: what is measured on them
is never an accuracy of village detection (DETECTION section 9).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.errors import RasterioIOError
from rasterio.features import geometry_mask
from rasterio.transform import array_bounds
from rasterio.warp import Resampling, reproject, transform_geom
from shapely.geometry import box, shape
from shapely.geometry.base import BaseGeometry

from aoi.grid import BLOCK_M, WGS84, Grid, utm_epsg
from monitor.errors import ArchiveError

Array = NDArray[np.float32]

LANDSAT_8 = "l8-cold-springs-fire-2016"
LANDSAT_7 = "l7-us-wildfire-basins"
HLS = "hls-devil-slater-fire-2020"
CALIFORNIA = "s2-california-fires-2024-25"

# pixel_qa of Collection 1: 322 is clear land, 324 water; all else is cloud, shadow or fill.
CLEAR_LAND = 322

# Order found by test in the files (README of the folder), not the order of the sensor.
HLS_BANDS = ("blue", "green", "red", "swir16", "swir22", "nir08")
OPTICAL_BANDS = ("blue", "green", "red", "nir08", "swir16", "swir22")


@dataclass(frozen=True, slots=True, eq=False)
class BurnPair:
    """One place before and after a fire, on one grid of its own."""

    name: str
    sensor: str
    transform: rasterio.Affine
    crs: CRS
    before: Mapping[str, Array]
    """Band name to reflectance, shape (height, width); lacks what the files lack."""

    after: Mapping[str, Array]
    valid: NDArray[np.bool_]
    """True where both dates are clear by the provider's own classification."""

    inside: NDArray[np.bool_] | None
    """True inside the fire's perimeter; None if the files hold no perimeter."""

    indices: Mapping[str, Array] = field(default_factory=dict)
    """Changes that the files hold ready, such as ``"dnbr"``."""

    note: str = ""

    @property
    def outline(self) -> BaseGeometry:
        """Outline of the image, EPSG:4326."""
        west, south, east, north = array_bounds(*self.valid.shape, self.transform)
        return shape(transform_geom(self.crs, WGS84, box(west, south, east, north)))


def cold_springs(folder: Path) -> BurnPair:
    """Return the Landsat 8 pair of 7 and 23 July 2016, Nederland, Colorado.

    The first image holds cloud shadow that its classification calls clear: those
    pixels seem to brighten between the dates and must not alert.
    """
    root = folder / LANDSAT_8
    scenes = [
        _landsat_8(_one(root, f"landsat/*{day}*/*_T1_MTL.txt")) for day in ("20160707", "20160723")
    ]
    (before, qa_before, transform, crs), (after, qa_after, _, _) = scenes
    perimeter = _perimeter(_one(root, "perimeter/*.shp"), crs)
    return BurnPair(
        name="cold-springs",
        sensor="Landsat 8",
        transform=transform,
        crs=crs,
        before=before,
        after=after,
        valid=(qa_before == CLEAR_LAND) & (qa_after == CLEAR_LAND),
        inside=geometry_mask([perimeter], qa_before.shape, transform, invert=True),
    )


def landsat_7_fires(folder: Path) -> list[BurnPair]:
    """Return the chips of fourteen Californian fires: medians of 120 days each side.

    Named ``fire/basin``; whole basins inside the fire, so without a perimeter.
    """
    root = folder / LANDSAT_7
    with _one(root, "index.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [_landsat_7(root / "fire_data" / row["fire"], row["fire"], row["basin"]) for row in rows]


def hls_fire(folder: Path) -> BurnPair:
    """Return the HLS pair of a small fire in Siskiyou forest, 2020; no perimeter."""
    root = folder / HLS
    before, transform, crs = _read(_one(root, "*-pre.tiff"))
    after, _, _ = _read(_one(root, "*-post.tiff"))
    return BurnPair(
        name="devil-slater",
        sensor="HLS",
        transform=transform,
        crs=crs,
        before=_named(before * 1e-4, HLS_BANDS),
        after=_named(after * 1e-4, HLS_BANDS),
        valid=np.all((before > 0) & (after > 0), axis=0),
        inside=None,
        note="terrain shadow; smoke in the west of the later image",
    )


def california_fires(folder: Path) -> list[BurnPair]:
    """Return ten Sentinel-2 fires of 2024-25 beside towns that did not burn.

    Only B8 and B12 after the fire, and the dNBR, are in the files.
    """
    found = []
    for path in sorted((folder / CALIFORNIA / "masks").glob("*.tif")):
        labels, transform, crs = _read(path)
        dnbr, _, _ = _read(path.parent.parent / "dnbr" / path.name)
        after, _, _ = _read(path.parent.parent / "post_fire" / path.name)
        nir, swir = after[3] * np.float32(1e-4), after[4] * np.float32(1e-4)
        found.append(
            BurnPair(
                name=path.stem.rpartition("_")[0].lower(),
                sensor="Sentinel-2",
                transform=transform,
                crs=crs,
                before={},
                after={"nir08": nir, "swir22": swir},
                valid=np.isfinite(dnbr[0]) & (nir > 0) & (swir > 0),
                inside=labels[0] > 0,
                indices={"dnbr": dnbr[0]},
                note="broken: the image does not show that burn" if "KENNETH" in path.stem else "",
            )
        )
    return found


def on_blocks(pair: BurnPair) -> tuple[BurnPair, Grid]:
    """Return the pair as means over 40 m blocks, and their grid.

    A block is valid if three quarters of it are, and inside if more than half of it is.
    """
    centre = pair.outline.centroid
    grid = Grid.covering(pair.outline, utm_epsg(centre.x, centre.y), BLOCK_M)

    def means(values: Mapping[str, Array]) -> dict[str, Array]:
        return {
            name: _warped(np.where(pair.valid, band, np.nan), pair, grid)
            for name, band in values.items()
        }

    seen = np.nan_to_num(_warped(pair.valid.astype(np.float32), pair, grid))
    within = pair.inside
    return (
        replace(
            pair,
            transform=grid.transform,
            crs=CRS.from_epsg(grid.epsg),
            before=means(pair.before),
            after=means(pair.after),
            indices=means(pair.indices),
            valid=seen >= 0.75,
            inside=None
            if within is None
            else np.nan_to_num(_warped(within.astype(np.float32), pair, grid)) > 0.5,
        ),
        grid,
    )


def _warped(values: NDArray[np.floating], pair: BurnPair, grid: Grid) -> Array:
    out = np.full(grid.shape, np.nan, dtype=np.float32)
    reproject(
        values.astype(np.float32),
        out,
        src_transform=pair.transform,
        src_crs=pair.crs,
        dst_transform=grid.transform,
        dst_crs=CRS.from_epsg(grid.epsg),
        src_nodata=np.nan,
        dst_nodata=np.nan,
        resampling=Resampling.average,
    )
    return out


def _landsat_8(header: Path) -> tuple[dict[str, Array], Array, rasterio.Affine, CRS]:
    bands: dict[str, Array] = {}
    for name, number in zip(OPTICAL_BANDS, (2, 3, 4, 5, 6, 7), strict=True):
        stored, transform, crs = _read(_one(header.parent, f"*sr_band{number}_crop.tif"))
        bands[name] = np.where(stored[0] > 0, stored[0] * 1e-4, np.nan).astype(np.float32)
    quality, transform, crs = _read(_one(header.parent, "*pixel_qa_crop.tif"))
    return bands, quality[0], transform, crs


def _landsat_7(folder: Path, fire: str, basin: str) -> BurnPair:
    before, transform, crs = _read(folder / f"{basin}_before.tif")
    after, _, _ = _read(folder / f"{basin}_after.tif")
    # Landsat Collection 2 level 2: scale and offset of surface reflectance (USGS).
    before, after = (values * 2.75e-5 - 0.2 for values in (before, after))
    plausible = (before > 0) & (before < 1) & (after > 0) & (after < 1)
    return BurnPair(
        name=f"{fire}/{basin}",
        sensor="Landsat 7",
        transform=transform,
        crs=crs,
        before=_named(before, OPTICAL_BANDS),
        after=_named(after, OPTICAL_BANDS),
        valid=np.all(plausible, axis=0),
        inside=None,
    )


def _perimeter(path: Path, crs: CRS) -> dict[str, object]:
    # Imported here: geopandas is slow to import, and one file in all needs it.
    import geopandas

    outlines = geopandas.read_file(path).to_crs(crs)
    geometry: dict[str, object] = outlines.geometry.union_all().__geo_interface__
    return geometry


def _named(values: Array, names: Sequence[str]) -> dict[str, Array]:
    return {name: values[index].astype(np.float32) for index, name in enumerate(names)}


def _one(root: Path, pattern: str) -> Path:
    found = sorted(root.glob(pattern))
    if not found:
        raise ArchiveError(
            f"no file {pattern} under {root.name}",
            hint="point --real at the folder that holds the development data",
        )
    return found[0]


def _read(path: Path) -> tuple[Array, rasterio.Affine, CRS]:
    try:
        with rasterio.open(path) as file:
            return file.read().astype(np.float32), file.transform, file.crs
    except RasterioIOError as error:
        raise ArchiveError(f"cannot read {path.name}: {error}", hint="fetch it again") from error
