"""Scenes as providers deliver them: a STAC Item and its GeoTIFFs."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from shapely.geometry import box, mapping

from aoi.grid import Grid, to_degrees
from monitor.simulation.orbits import Acquisition, seen_by
from monitor.simulation.pixels import COARSE, FINE, Painter, classification
from monitor.simulation.weather import Sky
from monitor.simulation.world import World

OFFSET_DN = 1_000
SCALE = 1e-4
TILE_PX = 256
PROFILE = {
    "driver": "GTiff", "tiled": True, "blockxsize": TILE_PX, "blockysize": TILE_PX,
    "compress": "deflate", "zlevel": 1, "count": 1,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Encoding:
    """How reflectance is stored, and what the item says of it."""

    offset_in_numbers: bool
    """True if 1000 was added to every number."""

    offset_declared: float
    applied_upstream: bool
    """`earthsearch:boa_offset_applied`."""


@dataclass(frozen=True, slots=True, eq=False)
class SceneWriter:
    """Writes Sentinel-2 scenes of one world."""

    world: World
    fine: Painter
    coarse: Painter

    @classmethod
    def of(cls, world: World) -> SceneWriter:
        """Return the writer of a world."""
        return cls(world, Painter.of(world, FINE), Painter.of(world, COARSE))

    def write(self, acquisition: Acquisition, folder: Path) -> dict[str, str]:
        """Write one scene into its own folder; return the SHA-256 of each file."""
        sky = self.world.land.weather.sky(acquisition)
        place = folder / acquisition.scene_id
        place.mkdir(parents=True, exist_ok=True)
        encoding = self.encoding(acquisition)
        digests, assets = {}, {}
        for painter in (self.fine, self.coarse):
            picture = painter.paint(acquisition, sky)
            numbers = _numbers(picture, encoding)
            if painter is self.coarse:
                classes = classification(painter, acquisition, sky, picture)
            for band, stored in zip(painter.product.bands, numbers, strict=True):
                digests[f"{band}.tif"] = self._band(place / f"{band}.tif", stored, acquisition)
                assets[band] = _asset(f"{band}.tif", digests[f"{band}.tif"], encoding)
        digests["scl.tif"] = self._band(place / "scl.tif", classes, acquisition)
        assets["scl"] = _asset("scl.tif", digests["scl.tif"], None)
        item = self._item(acquisition, sky, encoding, assets)
        name = f"{acquisition.scene_id}.json"
        digests[name] = write_item(place / name, item)
        return {f"{acquisition.scene_id}/{name}": digest for name, digest in digests.items()}

    def encoding(self, acquisition: Acquisition) -> Encoding:
        """Return how an acquisition is stored, faults of the settings included."""
        wrong = self.world.settings.faults.added(acquisition.acquired_at)
        if acquisition.baseline < "04.00":
            return Encoding(False, 0.0, False)
        if wrong > 0:
            return Encoding(True, -0.1, True)
        if wrong < 0:
            return Encoding(False, -0.1, False)
        return Encoding(True, -0.1, False)

    def _band(self, path: Path, stored: NDArray[Any], acquisition: Acquisition) -> str:
        """Write one raster; 0 where the orbit sees nothing. Return its SHA-256."""
        grid = self.world.blocks.at(self.world.blocks.width * 40.0 / stored.shape[1])
        unseen = np.ones(grid.width, dtype=np.bool_)
        unseen[seen_by(acquisition.relative_orbit, grid.width)] = False
        stored[:, unseen] = 0
        return write_raster(path, grid, stored)

    def _item(
        self, acquisition: Acquisition, sky: Sky, encoding: Encoding, assets: dict[str, Any]
    ) -> dict[str, Any]:
        outline = seen_outline(self.world.blocks, acquisition.relative_orbit)
        return {
            "type": "Feature",
            "stac_version": "1.0.0",
            "id": acquisition.scene_id,
            "collection": "sentinel-2-l2a",
            "geometry": outline,
            "bbox": list(_bounds(outline)),
            "properties": {
                "datetime": utc_text(acquisition.acquired_at),
                "created": utc_text(acquisition.available_at),
                "updated": utc_text(acquisition.available_at),
                "platform": acquisition.platform,
                "constellation": "sentinel-2",
                "instruments": ["msi"],
                "proj:epsg": self.world.blocks.epsg,
                "sat:relative_orbit": acquisition.relative_orbit,
                "s2:processing_baseline": acquisition.baseline,
                "s2:product_uri": f"{acquisition.scene_id}.SAFE",
                "eo:cloud_cover": round(100.0 * float((sky.cloud > 0).mean()), 2),
                "view:sun_azimuth": round(acquisition.sun_azimuth_deg, 2),
                "view:sun_elevation": round(acquisition.sun_elevation_deg, 2),
                "earthsearch:boa_offset_applied": encoding.applied_upstream,
                "emberwatch:simulated": True,
            },
            "assets": assets,
            "links": [],
        }


def write_raster(path: Path, grid: Grid, values: NDArray[Any], **profile: Any) -> str:
    """Write one tiled GeoTIFF; return the SHA-256 of the file."""
    settings = {**PROFILE, "nodata": 0, "predictor": 2, **profile}
    with rasterio.open(
        path, "w", height=grid.height, width=grid.width, dtype=values.dtype,
        crs=f"EPSG:{grid.epsg}", transform=grid.transform, **settings,
    ) as file:  # fmt: skip
        file.write(values, 1)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_item(path: Path, item: dict[str, Any]) -> str:
    """Write one STAC Item; return the SHA-256 of the file."""
    text = json.dumps(item, indent=1) + "\n"
    path.write_text(text, encoding="utf-8")
    return hashlib.sha256(text.encode()).hexdigest()


def window_outline(blocks: Grid) -> dict[str, Any]:
    """Return the whole window as GeoJSON in EPSG:4326."""
    outline: dict[str, Any] = mapping(blocks.outline)
    return outline


def seen_outline(blocks: Grid, relative_orbit: int) -> dict[str, Any]:
    """Return the part of the window that an orbit sees, as GeoJSON in EPSG:4326."""
    columns = seen_by(relative_orbit, blocks.width)
    left, bottom, right, top = blocks.bounds_m
    west = left + columns.start * blocks.resolution_m
    outline: dict[str, Any] = mapping(to_degrees(box(west, bottom, right, top), blocks.epsg))
    return outline


def _numbers(picture: NDArray[np.float32], encoding: Encoding) -> NDArray[np.uint16]:
    stored = np.rint(picture * np.float32(1.0 / SCALE))
    if encoding.offset_in_numbers:
        stored += OFFSET_DN
    # 0 means nothing was measured, so the darkest number is 1.
    return np.asarray(np.clip(stored, 1, 65_535), dtype=np.uint16)


def _asset(name: str, digest: str, encoding: Encoding | None) -> dict[str, Any]:
    band: dict[str, Any] = {"nodata": 0, "data_type": "uint8" if encoding is None else "uint16"}
    if encoding is not None:
        band.update(scale=SCALE, offset=encoding.offset_declared)
    return {
        "href": f"./{name}",
        "type": "image/tiff; application=geotiff",
        "roles": ["data"],
        "raster:bands": [band],
        # A multihash: 12 for SHA-256, 20 for its 32 bytes.
        "file:checksum": f"1220{digest}",
    }


def _bounds(outline: dict[str, Any]) -> tuple[float, float, float, float]:
    longitudes, latitudes = zip(*outline["coordinates"][0], strict=True)
    return min(longitudes), min(latitudes), max(longitudes), max(latitudes)


def utc_text(moment: datetime) -> str:
    """Return an instant as STAC writes it."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
