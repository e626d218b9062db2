"""Imagery folders made of the real development images (CONTRACT section 4).

Writes STAC Items, rasters, areas and settlements that the command line runs on as they
stand; docs/how-to/real-data.md tells how.

    python -m benchmarks.catalogues cold-springs OUT [--real ../shared/data]
    python -m benchmarks.catalogues romania OUT
    python -m benchmarks.catalogues romania-mirrored OUT
    python -m benchmarks.catalogues california-radar OUT
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning
from shapely import box
from shapely.geometry import Point, mapping
from shapely.geometry.base import BaseGeometry

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from aoi.grid import to_degrees

REAL = Path(__file__).resolve().parent.parent.parent / "shared" / "data"


@dataclass(frozen=True, slots=True)
class Place:
    """A settlement drawn over real ground: a disc."""

    settlement_id: str
    name: str
    east: float
    """In the reference system of the images."""

    north: float
    radius_m: float


@dataclass(frozen=True, slots=True)
class Item:
    """One STAC Item to be written; asset values are file names in its folder."""

    scene_id: str
    at: datetime
    platform: str
    constellation: str
    assets: Mapping[str, str]
    footprint: BaseGeometry
    band: Mapping[str, float | str] = field(default_factory=dict)
    """Scale, offset and nodata of every band but the classification."""

    properties: Mapping[str, Any] = field(default_factory=dict)


CLASSIFICATIONS = ("scl", "qa_pixel")

COLD_SPRINGS_EPSG = 32613
LANDSAT_BANDS = {
    "blue": "sr_band2", "green": "sr_band3", "red": "sr_band4", "nir08": "sr_band5",
    "swir16": "sr_band6", "swir22": "sr_band7", "qa_pixel": "pixel_qa",
}  # fmt: skip
# Drawn on the images. The eastern half of the burn lay under cloud and shadow on 7 July,
# so that only its western half was seen twice. Two places lie in it: three that change at
# once would hold the scene (DETECTION 4a, step 9). The shadow is the part of it that
# pixel_qa calls clear.
COLD_SPRINGS_PLACES = (
    Place("cs-burned-north", "In the burn, north", 458_280, 4_426_170, 150),
    Place("cs-burned-south", "In the burn, south", 458_250, 4_425_600, 150),
    Place("cs-nederland", "Nederland, town", 456_600, 4_424_100, 250),
    Place("cs-shadow-middle", "In the shadow of 7 July, middle", 459_660, 4_426_110, 150),
    Place("cs-shadow-south", "In the shadow of 7 July, south", 459_990, 4_424_940, 130),
    Place("cs-shadow-north", "In the shadow of 7 July, north", 460_320, 4_426_410, 90),
    Place("cs-shadow-east", "In the shadow of 7 July, east", 461_310, 4_426_410, 90),
    Place("cs-quiet-north", "Outside, north", 458_400, 4_427_400, 150),
    Place("cs-quiet-west", "Outside, west", 456_900, 4_426_200, 150),
    Place("cs-quiet-south", "Outside, south", 459_600, 4_423_800, 150),
)

ROMANIA_EPSG = 3035
ROMANIA_START = datetime(2015, 8, 1, 9, 30, tzinfo=UTC)


def cold_springs(real: Path, out: Path) -> None:
    """Write Landsat 8 over the Cold Springs fire: 7 July 2016 before, 23 July after."""
    folders = sorted((real / "l8-cold-springs-fire-2016" / "landsat").glob("LC08*"))
    for folder in folders:
        _cold_springs_item(folder, out / "imagery" / folder.name[:18])
    with rasterio.open(next(folders[0].glob("*_sr_band5_crop.tif"))) as file:
        ground = box(*file.bounds)
    _write_places(out, "cold-springs", "Cold Springs fire", ground, COLD_SPRINGS_EPSG,
                  COLD_SPRINGS_PLACES)  # fmt: skip


def _cold_springs_item(folder: Path, target: Path) -> None:
    described = next(folder.glob("*_MTL.txt")).read_text()
    day = _said(described, "DATE_ACQUIRED")
    time = _said(described, "SCENE_CENTER_TIME").strip('"').rstrip("Z")[:15]
    target.mkdir(parents=True, exist_ok=True)
    assets = {}
    for band, name in LANDSAT_BANDS.items():
        source = next(folder.glob(f"*_{name}_crop.tif"))
        shutil.copyfile(source, target / f"{band}.tif")
        assets[band] = f"{band}.tif"
    footprint, place = _footprint_of(target / "nir08.tif")
    _write_item(
        target,
        Item(
            scene_id=target.name,
            at=datetime.fromisoformat(f"{day}T{time}+00:00"),
            platform="landsat-8",
            constellation="landsat",
            assets=assets,
            footprint=footprint,
            band={"scale": 1e-4, "offset": 0.0, "nodata": -32768},
            properties={
                "landsat:wrs_path": "034",
                "landsat:wrs_row": "032",
                "view:sun_azimuth": float(_said(described, "SUN_AZIMUTH")),
                "view:sun_elevation": float(_said(described, "SUN_ELEVATION")),
                "proj:epsg": COLD_SPRINGS_EPSG,
                "proj:transform": list(place)[:6],
            },
        ),
    )


def romania(real: Path, out: Path) -> None:
    """Write 140 dates of Sentinel-2 over 1 km of Romanian forest, 2015 to 2021, with SCL.

    There is no band 12. The window is 1 km wide, so that the surroundings of a settlement are
    never seen: the service can say nothing of it, and that is what it says.
    """
    _write_romania(real, out, "romania", reflections=0)


def romania_mirrored(real: Path, out: Path) -> None:
    """Write the same, each image continued by its reflection to 3 x 3 km.

    Pixels, dates and clouds are real; where they lie is not. Surroundings exist now, so
    that every step of the burn test runs on real noise.
    """
    _write_romania(real, out, "romania-mirrored", reflections=1)


def _write_romania(real: Path, out: Path, aoi_id: str, *, reflections: int) -> None:
    folder = real / "s2-romania-timeseries"
    coarse = Cube(folder / "sentinel2_cube_subset_romania_20m.nc")
    fine = Cube(folder / "sentinel2_cube_subset_romania_10m.nc")
    layers = {
        "blue": (fine, "B2"), "green": (fine, "B3"), "red": (fine, "B4"), "nir": (fine, "B8"),
        "nir08": (coarse, "B8A"), "swir16": (coarse, "B11"), "scl": (coarse, "SCL"),
    }  # fmt: skip
    days = coarse.days("B8A")
    if days != fine.days("B8"):
        raise ValueError("the two cubes of Romania have different dates")
    stacks = {band: cube.read(name) for band, (cube, name) in layers.items()}
    places = {band: cube.place(name) for band, (cube, name) in layers.items()}
    for index, day in enumerate(days):
        at = ROMANIA_START + timedelta(days=day)
        target = out / "imagery" / f"S2_RO_{at:%Y%m%d}"
        target.mkdir(parents=True, exist_ok=True)
        for band, stack in stacks.items():
            values, place = _reflected(stack[index], places[band], reflections)
            _write_raster(target / f"{band}.tif", values, place, ROMANIA_EPSG)
        footprint, _ = _footprint_of(target / "nir08.tif")
        item = Item(target.name, at, "sentinel-2", "sentinel-2",
                    {band: f"{band}.tif" for band in layers}, footprint,
                    {"scale": 1e-4, "offset": 0.0, "nodata": 0},
                    {"s2:processing_baseline": "02.00"})  # fmt: skip
        _write_item(target, item)
    ground = box(*rasterio.transform.array_bounds(50, 50, places["nir08"]))
    _write_places(out, aoi_id, "Forest in Romania", ground, ROMANIA_EPSG,
                  tuple(_dozen(ground, 60)))  # fmt: skip


def _reflected(
    values: NDArray[Any], place: Affine, reflections: int
) -> tuple[NDArray[Any], Affine]:
    """Continue an image by its reflection at each side, so many times its own size."""
    height, width = values.shape
    margin = ((height * reflections,) * 2, (width * reflections,) * 2)
    wide = np.pad(values, margin, mode="symmetric") if reflections else values
    return wide, place * Affine.translation(-width * reflections, -height * reflections)


@dataclass(frozen=True, slots=True)
class Cube:
    """A netCDF file of layers (time, y, x), read through GDAL."""

    path: Path

    def _opened(self, name: str) -> Any:
        with warnings.catch_warnings():
            # The place of these cubes is written in the script; the file does not say it.
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            return rasterio.open(f"netcdf:{self.path}:{name}")

    def read(self, name: str) -> NDArray[Any]:
        with self._opened(name) as file:
            stack: NDArray[Any] = file.read()
        return stack

    def days(self, name: str) -> list[int]:
        with self._opened(name) as file:
            listed = file.tags()["NETCDF_DIM_time_VALUES"]
        return [int(day) for day in listed.strip("{}").split(",")]

    def place(self, name: str) -> Affine:
        # By default the driver wants axis names that these files do not carry.
        with (
            rasterio.Env(GDAL_NETCDF_IGNORE_XY_AXIS_NAME_CHECKS="YES"),
            self._opened(name) as file,
        ):
            place: Affine = file.transform
        return place


RADAR_NAME = re.compile(r"OPERA_L2_RTC-S1_T(\d+)-(\d+-IW\d)_(\d{8}T\d{6})Z_.*_(VV|VH)\.tif")
RADAR_BURSTS = ("292319-IW2", "292320-IW2", "292321-IW2", "292322-IW2")
"""The built-up edge of Santa Barbara, and the mountains behind it."""


def california_radar(real: Path, out: Path) -> None:
    """Write Sentinel-1 RTC over Santa Barbara, 21 dates from 2021 to 2025, VV and VH."""
    root = real / "s1-rtc-california-timeseries" / "10SGD" / "137"
    pairs: dict[tuple[str, str], dict[str, Path]] = {}
    for path in sorted(root.rglob("*.tif")):
        found = RADAR_NAME.match(path.name)
        if found and found[2] in RADAR_BURSTS:
            pairs.setdefault((found[2], found[3]), {})[found[4].lower()] = path
    grounds = []
    for (burst, at), files in pairs.items():
        grounds.append(_radar_item(burst, at, files, out))
    ground = box(*grounds[0].bounds)
    _write_places(out, "santa-barbara", "Edge of Santa Barbara", ground, 32611,
                  tuple(_dozen(ground, 150)))  # fmt: skip


def _radar_item(burst: str, at: str, files: Mapping[str, Path], out: Path) -> BaseGeometry:
    target = out / "imagery" / f"S1_{burst}_{at}"
    target.mkdir(parents=True, exist_ok=True)
    for band, source in files.items():
        shutil.copyfile(source, target / f"{band}.tif")
    first = next(iter(files))
    footprint, place = _footprint_of(target / f"{first}.tif")
    when = datetime.strptime(at, "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    item = Item(target.name, when, "sentinel-1a", "sentinel-1",
                {band: f"{band}.tif" for band in files}, footprint, {"nodata": "nan"},
                {"sat:relative_orbit": 137, "proj:transform": list(place)[:6]})  # fmt: skip
    _write_item(target, item)
    with rasterio.open(target / f"{first}.tif") as file:
        ground: BaseGeometry = box(*file.bounds)
    return ground


def _dozen(ground: BaseGeometry, radius_m: float) -> Iterator[Place]:
    """Yield twelve places on a raster of four by three over the ground."""
    left, bottom, right, top = ground.bounds
    for index in range(12):
        column, row = index % 4, index // 4
        east = left + (column + 1) * (right - left) / 5
        north = bottom + (row + 1) * (top - bottom) / 4
        yield Place(f"place-{index + 1:02d}", f"Place {index + 1}", east, north, radius_m)


def _said(described: str, key: str) -> str:
    found = re.search(rf"\b{key} = (.+)", described)
    if found is None:
        raise ValueError(f"the metadata file does not say {key}")
    return found[1].strip()


def _footprint_of(path: Path) -> tuple[BaseGeometry, Affine]:
    with rasterio.open(path) as file:
        return to_degrees(box(*file.bounds), file.crs.to_epsg()), file.transform


def _write_raster(path: Path, values: NDArray[Any], place: Affine, epsg: int) -> None:
    with rasterio.open(
        path, "w", driver="GTiff", height=values.shape[0], width=values.shape[1], count=1,
        dtype=values.dtype, crs=f"EPSG:{epsg}", transform=place, compress="deflate",
    ) as file:  # fmt: skip
        file.write(values, 1)


def _write_item(folder: Path, item: Item) -> None:
    assets = {
        band: {
            "href": name,
            "raster:bands": [dict(item.band)] if band not in CLASSIFICATIONS else [],
        }
        for band, name in item.assets.items()
    }
    document = {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": item.scene_id,
        "collection": f"{item.constellation}-development",
        "geometry": mapping(item.footprint),
        "bbox": list(item.footprint.bounds),
        "properties": {
            "datetime": item.at.isoformat().replace("+00:00", "Z"),
            "platform": item.platform,
            "constellation": item.constellation,
            **item.properties,
        },
        "assets": assets,
        "links": [],
    }
    (folder / "item.json").write_text(json.dumps(document, indent=1))


def _write_places(
    out: Path, aoi_id: str, name: str, ground: BaseGeometry, epsg: int, places: Sequence[Place]
) -> None:
    area = {"id": aoi_id, "name": name, "sensitivity": "restricted", "revisit": "1d"}
    _write_features(out / "areas.geojson", [(to_degrees(ground, epsg), area)])
    _write_features(
        out / "settlements.geojson",
        [
            (
                to_degrees(Point(p.east, p.north).buffer(p.radius_m), epsg),
                {"id": p.settlement_id, "name": p.name, "kind": "village"},
            )
            for p in places
        ],
    )


def _write_features(
    path: Path, features: Sequence[tuple[BaseGeometry, Mapping[str, object]]]
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "geometry": mapping(outline), "properties": dict(properties)}
            for outline, properties in features
        ],
    }
    path.write_text(json.dumps(document))


CATALOGUES: Mapping[str, Callable[[Path, Path], None]] = {
    "cold-springs": cold_springs,
    "romania": romania,
    "romania-mirrored": romania_mirrored,
    "california-radar": california_radar,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Write one catalogue."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("name", choices=sorted(CATALOGUES))
    parser.add_argument("out", type=Path)
    parser.add_argument("--real", type=Path, default=REAL)
    chosen = parser.parse_args(arguments)
    CATALOGUES[chosen.name](chosen.real, chosen.out)
    count = len(list((chosen.out / "imagery").rglob("item.json")))
    print(
        f"{count} scenes in {chosen.out / 'imagery'}, areas.geojson and settlements.geojson beside"
    )


if __name__ == "__main__":
    main()
