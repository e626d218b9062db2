"""Landsat, HLS and Sentinel-1 as Planetary Computer describes them, from real pixels.

The numbers are those of real scenes, stored as each collection stores them; rustac lists the
items, and the files come by ranges over HTTP.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from shapely.geometry import mapping

from aoi.area import Aoi
from aoi.grid import Grid
from aoi.interval import Interval
from monitor.observation import Flag
from monitor.reading_scenes import reading_grid
from monitor.scene import Scene, Sensor
from monitor.sources.signing import TokenSigner
from monitor.sources.stac import Stac
from monitor.sources.stac_presets import PLANETARY_COMPUTER
from monitor.sources.web import WebSettings
from tests.monitor.sources.catalogues import rustac
from tests.monitor.sources.rasters import write_band
from tests.monitor.sources.servers import running

OPTICAL = ("blue", "green", "red", "nir08", "swir16", "swir22")
EVER = Interval(datetime(2013, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))

# Landsat Collection 2 Level 2 (USGS LSDS-1619).
C2_SCALE, C2_OFFSET = 2.75e-5, -0.2
LANDSAT_GRID = Grid(32613, 455_655, 4_428_465, 30, 177, 246)
HLS_GRID = Grid(32610, 470_040, 4_643_760, 30, 224, 224)
HLS_NOTHING, RADAR_NOTHING = -9_999, -32_768
S30 = dict(zip(OPTICAL, ("B02", "B03", "B04", "B8A", "B11", "B12"), strict=True))
L30 = dict(zip(OPTICAL, ("B02", "B03", "B04", "B05", "B06", "B07"), strict=True))

Numbers = NDArray[Any]


def landsat_pixels(data: Path) -> tuple[dict[str, Numbers], Numbers]:
    """Return reflectance and `pixel_qa` of Collection 1, Cold Springs before the fire."""
    [folder] = (data / "l8-cold-springs-fire-2016" / "landsat").glob("*20160707*")
    bands = {}
    for name, number in zip(OPTICAL, (2, 3, 4, 5, 6, 7), strict=True):
        [path] = folder.glob(f"*sr_band{number}_crop.tif")
        bands[name] = one_band(path).astype(np.float64) * 1e-4
    [quality] = folder.glob("*pixel_qa_crop.tif")
    return bands, one_band(quality)


def as_collection_2(quality: Numbers) -> Numbers:
    """Return `qa_pixel` of Collection 2 for `pixel_qa` of Collection 1."""
    bits = {1: 6, 2: 7, 3: 4, 4: 5, 5: 3}
    codes = np.zeros(quality.shape, np.uint16)
    for old, new in bits.items():
        codes |= (((quality >> old) & 1) << new).astype(np.uint16)
    codes[(quality & 1) == 1] = 1
    # Low confidence of cloud, shadow, snow and cirrus: every pixel of Collection 2 carries some.
    return codes | np.uint16(0b01_01_01_01 << 8)


def hls_pixels(data: Path) -> dict[str, Numbers]:
    """Return stored numbers of a real chip; its fifth row of pixels was not measured."""
    with rasterio.open(
        data / "hls-devil-slater-fire-2020" / "HLS_devil_0224_0000-post.tiff"
    ) as file:
        stored = file.read()
    order = ("blue", "green", "red", "swir16", "swir22", "nir08")
    bands = dict(zip(order, stored, strict=True))
    for values in bands.values():
        values[4] = HLS_NOTHING
    return bands


def fmask_of(bands: Mapping[str, Numbers]) -> Numbers:
    """Return bits as Fmask has them: bright is cloud, dark is shadow; the top rows are others."""
    codes = np.zeros(HLS_GRID.shape, np.uint8)
    codes[bands["blue"] > 500] |= 1 << 1
    codes[bands["nir08"] < 600] |= 1 << 3
    codes[0] = 1 << 2  # beside cloud
    codes[1] = 1 << 4  # snow
    codes[2] = 1 << 5  # water
    codes[3] = 3 << 6  # much aerosol
    codes[4] = 255
    return codes


def radar_pixels(data: Path) -> dict[str, Numbers]:
    """Return gamma nought in linear power of the edge of Santa Barbara, in part unmeasured."""
    folder = data / "s1-rtc-california-timeseries" / "10SGD" / "137" / "2021-11-19"
    found = {}
    for name in ("vv", "vh"):
        [path] = folder.glob(f"*292319-IW2_*_{name.upper()}.tif")
        found[name] = one_band(path)
        found[name][:7] = np.nan
    return found


def one_band(path: Path) -> Numbers:
    with rasterio.open(path) as file:
        values: Numbers = file.read(1)
    return values


def radar_grid(data: Path) -> Grid:
    folder = data / "s1-rtc-california-timeseries" / "10SGD" / "137" / "2021-11-19"
    [path] = folder.glob("*292319-IW2_*_VV.tif")
    with rasterio.open(path) as file:
        return Grid(32611, file.transform.c, file.transform.f, 30, file.height, file.width)


def an_item(
    name: str, collection: str, grid: Grid, properties: dict[str, Any], assets: dict[str, Any]
) -> dict[str, Any]:
    return {
        "type": "Feature", "stac_version": "1.0.0", "id": name, "collection": collection,
        "geometry": mapping(grid.outline), "bbox": list(grid.outline.bounds), "links": [],
        "properties": {**properties, "proj:code": f"EPSG:{grid.epsg}"}, "assets": assets,
    }  # fmt: skip


class Shelf:
    """Writes files and the items that name them."""

    def __init__(self, folder: Path, store: str) -> None:
        self.folder = folder
        self.store = store
        self.items: list[dict[str, Any]] = []

    def asset(self, file: str, values: Numbers, grid: Grid, **declared: Any) -> dict[str, Any]:
        write_band(self.folder / file, values, grid, nodata=declared.get("nodata"))
        return {"href": f"{self.store}/{file}", "raster:bands": [declared]}

    def landsat(self, data: Path) -> None:
        bands, quality = landsat_pixels(data)
        grid = LANDSAT_GRID
        assets = {}
        for name, reflectance in bands.items():
            stored = np.round((reflectance - C2_OFFSET) / C2_SCALE).astype(np.uint16)
            assets[name] = self.asset(
                f"landsat_{name}.tif", stored, grid, nodata=0, scale=C2_SCALE, offset=C2_OFFSET
            )
        codes = as_collection_2(quality)
        assets["qa_pixel"] = self.asset("landsat_qa.tif", codes, grid, nodata=1)
        told = {
            "datetime": "2016-07-07T17:43:00Z", "platform": "landsat-8",
            "landsat:wrs_path": "034", "landsat:wrs_row": "032",
        }  # fmt: skip
        name = "LC08_L2SP_034032_20160707_02_T1"
        self.items.append(an_item(name, "landsat-c2-l2", grid, told, assets))

    def hls(self, data: Path, collection: str, keys: Mapping[str, str]) -> None:
        bands = hls_pixels(data)
        assets = {}
        for name, stored in bands.items():
            asset = self.asset(f"{collection}_{name}.tif", stored, HLS_GRID, nodata=HLS_NOTHING)
            if collection == "hls2-s30":
                asset["raster:bands"][0] |= {"scale": 1e-4, "offset": 0.0}
            assets[keys[name]] = asset
        codes = fmask_of(bands)
        assets["Fmask"] = self.asset(f"{collection}_fmask.tif", codes, HLS_GRID, nodata=255)
        told = {
            "datetime": "2020-09-12T19:00:00Z",
            "platform": "sentinel-2a" if collection == "hls2-s30" else "landsat-8",
        }
        self.items.append(an_item(f"HLS.{collection}.T10TDM", collection, HLS_GRID, told, assets))

    def radar(self, data: Path) -> None:
        grid = radar_grid(data)
        assets = {
            name: self.asset(
                f"radar_{name}.tif",
                np.where(np.isfinite(power), power, RADAR_NOTHING).astype(np.float32),
                grid,
                nodata=RADAR_NOTHING,
            )
            for name, power in radar_pixels(data).items()
        }
        told = {
            "datetime": "2021-11-19T01:58:58Z", "platform": "SENTINEL-1A",
            "constellation": "Sentinel-1", "sat:relative_orbit": 137,
        }  # fmt: skip
        name = "S1A_IW_GRDH_1SDV_20211119T015858_20211119T015923_040641_04D2A5_rtc"
        self.items.append(an_item(name, "sentinel-1-rtc", grid, told, assets))


@pytest.fixture(scope="module")
def data(shared: Path) -> Path:
    return shared / "data"


@pytest.fixture(scope="module")
def source(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stac]:
    folder = tmp_path_factory.mktemp("collections")
    files = folder / "files"
    files.mkdir()
    with running(files) as store:
        shelf = Shelf(files, store.url)
        shelf.landsat(data)
        shelf.hls(data, "hls2-s30", S30)
        shelf.hls(data, "hls2-l30", L30)
        shelf.radar(data)
        preset = PLANETARY_COMPUTER
        with rustac(shelf.items, folder) as url:
            yield Stac(
                preset.name, url, preset.collections, WebSettings(), TokenSigner(preset.token_url)
            )


def the_scene(source: Stac, grid: Grid, collection: str) -> Scene:
    middle = grid.outline.centroid.buffer(0.01)
    found = source.search(Aoi("a", "", middle, grid.epsg), EVER)
    assert source.problems(Aoi("a", "", middle, grid.epsg), EVER) == []
    [scene] = [scene for scene in found if scene.collection == collection]
    return scene


def test_landsat_collection_2_is_scaled_and_shifted(source: Stac, data: Path) -> None:
    scene = the_scene(source, LANDSAT_GRID, "landsat-c2-l2")

    seen = source.read(scene, LANDSAT_GRID, OPTICAL)

    bands, _ = landsat_pixels(data)
    assert (scene.sensor, scene.track) == (Sensor.LANDSAT, "landsat-034")
    for name, reflectance in bands.items():
        # Half a step of the numbers that are stored.
        np.testing.assert_allclose(seen.bands[name], reflectance, atol=C2_SCALE / 2 + 1e-7)
    assert not seen.flags[(seen.flags & np.uint16(Flag.RESAMPLED)) > 0].any()


def test_the_bits_of_landsat_are_cloud_shadow_and_water(source: Stac, data: Path) -> None:
    _, quality = landsat_pixels(data)

    seen = source.read(the_scene(source, LANDSAT_GRID, "landsat-c2-l2"), LANDSAT_GRID, ("red",))

    for bit, flag in ((5, Flag.CLOUD), (3, Flag.SHADOW), (2, Flag.WATER), (4, Flag.SNOW)):
        expected = ((quality >> bit) & 1) == 1
        np.testing.assert_array_equal((seen.flags & np.uint16(flag)) > 0, expected)
    assert 0.001 < np.mean(seen.flags & np.uint16(Flag.CLOUD) > 0) < 0.5


@pytest.mark.parametrize("collection", ["hls2-s30", "hls2-l30"])
def test_hls_is_read_with_a_scale_that_is_declared_or_not(
    source: Stac, data: Path, collection: str
) -> None:
    scene = the_scene(source, HLS_GRID, collection)

    seen = source.read(scene, HLS_GRID, OPTICAL)

    assert scene.sensor is Sensor.HLS
    assert sorted(scene.assets) == sorted([*OPTICAL, "fmask"])
    for name, stored in hls_pixels(data).items():
        expected = np.where(stored == HLS_NOTHING, np.nan, stored * 1e-4)
        np.testing.assert_allclose(seen.bands[name], expected, atol=1e-7)


@pytest.mark.parametrize("collection", ["hls2-s30", "hls2-l30"])
def test_fmask_is_cloud_shadow_and_the_rest(source: Stac, data: Path, collection: str) -> None:
    seen = source.read(the_scene(source, HLS_GRID, collection), HLS_GRID, OPTICAL)

    codes = fmask_of(hls_pixels(data))
    for bit, flag in ((1, Flag.CLOUD), (3, Flag.SHADOW)):
        expected = (((codes >> bit) & 1) == 1) & (codes != 255)
        assert expected.any()
        np.testing.assert_array_equal((seen.flags & np.uint16(flag)) > 0, expected)
    rows = (Flag.DILATED, Flag.SNOW, Flag.WATER, Flag.HAZE, Flag.NODATA)
    for row, flag in enumerate(rows):
        assert (seen.flags[row] == int(flag)).all()
    assert not seen.clear[4].any()


def test_radar_comes_in_linear_power_and_knows_no_cloud(source: Stac, data: Path) -> None:
    grid = radar_grid(data)
    scene = the_scene(source, grid, "sentinel-1-rtc")

    seen = source.read(scene, grid, ("vv", "vh"))

    assert (scene.sensor, scene.track) == (Sensor.SENTINEL_1, "sentinel-1-137")
    power = radar_pixels(data)
    for name in ("vv", "vh"):
        np.testing.assert_array_equal(seen.bands[name], power[name].astype(np.float32))
    measured = np.isfinite(power["vv"]) & np.isfinite(power["vh"])
    np.testing.assert_array_equal(seen.clear, measured)
    assert set(np.unique(seen.flags)) == {0, int(Flag.NODATA)}


@pytest.mark.parametrize("collection", ["landsat-c2-l2", "hls2-s30"])
def test_a_look_reads_pixels_as_they_were_measured(source: Stac, collection: str) -> None:
    """On the lattice of the collection nothing is warped."""
    whole = LANDSAT_GRID if collection == "landsat-c2-l2" else HLS_GRID
    scene = the_scene(source, whole, collection)
    middle = whole.outline.centroid.buffer(0.004)
    blocks = Grid.covering(middle, whole.epsg, 40)

    seen = source.read(scene, reading_grid(scene, blocks), ("nir08",))

    assert (seen.flags & np.uint16(Flag.RESAMPLED) == 0).all()
    assert np.isfinite(seen.bands["nir08"]).mean() > 0.9
