"""How fast a scene is read from cloud-optimised files over HTTP, beside odc-stac and rio-tiler.

    python benchmarks/reading.py [--repeats 9] [--side-km 10]

Reads seven bands and the classification of one Sentinel-2-like scene over an area of
10 x 10 km, from a server on loopback that is a process of its own. All three readers
take the same files in the same run, in turn, and every repetition has addresses that
nobody has cached. Prints medians, ratios, and whether the pixels are the same; beside the
time on the clock also processor time, which what else runs on the machine changes less.

odc-stac and rio-tiler are not among our dependencies: without them only our own time
is measured. Into an environment apart: pip install odc-stac rio-tiler.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import rasterio
from numpy.typing import NDArray
from shapely.geometry import mapping

from aoi.grid import Grid
from monitor.sources.stac import Stac
from monitor.sources.stac_item import scene_of

EPSG = 32635
TILE = Grid(EPSG, left_m=500_000, top_m=1_560_000, resolution_m=10, height=5_490, width=5_490)
"""A quarter of a Sentinel-2 tile, with the block size and the overviews of a whole one."""

FINE, COARSE = ("blue", "green", "red", "nir"), ("nir08", "swir16", "swir22")
BANDS = (*FINE, *COARSE)
BLOCK_PX = 1_024
FILES_AT_ONCE = 8
Pixels = Mapping[str, NDArray[Any]]
Reader = Callable[[dict[str, Any], Grid], Pixels]


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--side-km", type=float, default=10)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.serve:
        serve(chosen.serve)
        return
    with tempfile.TemporaryDirectory() as folder:
        write_scene(Path(folder))
        command = [sys.executable, __file__, "--serve", folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            try:
                url = server.stdout.readline().strip() if server.stdout else ""
                print(json.dumps(measured(url, chosen.repeats, chosen.side_km), indent=2))
            finally:
                server.terminate()


def measured(url: str, repeats: int, side_km: float) -> dict[str, object]:
    """Return medians in milliseconds, ratios, and the readers whose pixels are ours."""
    side = round(side_km * 1_000 / TILE.resolution_m)
    grid = Grid(EPSG, TILE.left_m + 13_370, TILE.top_m - 17_770, TILE.resolution_m, side, side)
    readers: dict[str, Reader] = {"ours": ours}
    if importlib.util.find_spec("odc.stac") if importlib.util.find_spec("odc") else None:
        readers["odc-stac"] = of_odc_stac
    if importlib.util.find_spec("rio_tiler"):
        readers["rio-tiler"] = of_rio_tiler
    times: dict[str, list[float]] = {name: [] for name in readers}
    processor: dict[str, list[float]] = {name: [] for name in readers}
    pixels: dict[str, Pixels] = {}
    for repeat in range(repeats + 1):
        for name, read in readers.items():
            item = an_item(f"{url}/{name}-{repeat}")
            started, worked = time.perf_counter(), time.process_time()
            pixels[name] = read(item, grid)
            # The first time pays for imports and connections.
            if repeat:
                times[name].append(time.perf_counter() - started)
                processor[name].append(time.process_time() - worked)
    medians = {name: statistics.median(spent) for name, spent in times.items()}
    worked_for = {name: statistics.median(spent) for name, spent in processor.items()}
    others = [name for name in readers if name != "ours"]
    return {
        "area_km": side_km,
        "median_ms": {name: round(1e3 * spent, 1) for name, spent in medians.items()},
        "ratio_to": {name: round(medians["ours"] / medians[name], 2) for name in others},
        "processor_ms": {name: round(1e3 * spent, 1) for name, spent in worked_for.items()},
        "load_average": [round(number, 1) for number in os.getloadavg()],
        "same_pixels": {name: same(pixels["ours"], pixels[name]) for name in others},
        "not_installed": sorted({"odc-stac", "rio-tiler"} - set(others)),
    }


def ours(item: dict[str, Any], grid: Grid) -> Pixels:
    """Return reflectance as our source reads it."""
    source = Stac("benchmark", "http://127.0.0.1", ("sentinel-2-l2a",))
    return source.read(scene_of(item, provider="benchmark"), grid, BANDS).bands


def of_odc_stac(item: dict[str, Any], grid: Grid) -> Pixels:
    """Return stored numbers as odc-stac reads them, with as many threads as we use."""
    import odc.stac
    import pystac
    from odc.geo.geobox import GeoBox

    odc.stac.configure_rio(cloud_defaults=True)
    geobox = GeoBox(grid.shape, grid.transform, f"EPSG:{grid.epsg}")
    loaded = odc.stac.load(
        [pystac.Item.from_dict(item)],
        bands=[*BANDS, "scl"],
        geobox=geobox,
        resampling="nearest",
        pool=FILES_AT_ONCE,
    )
    return {band: loaded[band].values[0] for band in BANDS}


def of_rio_tiler(item: dict[str, Any], grid: Grid) -> Pixels:
    """Return stored numbers as rio-tiler reads them, with its own threads."""
    import pystac
    from rio_tiler.io import STACReader

    assets = [*BANDS, "scl"]
    # It misses statistics in the item, which nobody needs here.
    warnings.simplefilter("ignore")
    with (
        rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR"),
        STACReader(None, item=pystac.Item.from_dict(item)) as reader,
    ):
        crs = rasterio.CRS.from_epsg(grid.epsg)
        image = reader.part(
            grid.bounds_m,
            bounds_crs=crs,
            dst_crs=crs,
            assets=assets,
            width=grid.width,
            height=grid.height,
        )
    return dict(zip(BANDS, image.data, strict=False))


def same(reflectance: Pixels, stored: Pixels) -> bool:
    """Return True if every band holds the same pixels, to the last digit."""
    return all(
        np.array_equal(np.round(reflectance[band] * 10_000).astype(np.uint16), stored[band])
        for band in BANDS
    )


def write_scene(folder: Path) -> None:
    """Write the files of one scene: rough ground that compresses as real ground does."""
    random = np.random.default_rng(11)
    coarse = TILE.at(20)
    for name in (*FINE, *COARSE):
        grid = TILE if name in FINE else coarse
        smooth = np.kron(
            random.integers(800, 3_000, (-(-grid.height // 90), -(-grid.width // 90))),
            np.ones((90, 90)),
        )[: grid.height, : grid.width]
        noise = random.normal(0, 60, grid.shape)
        write(folder / f"{name}.tif", grid, (smooth + noise).astype(np.uint16))
    classes = random.choice([4, 5, 9], (61, 61)).repeat(45, 0).repeat(45, 1)
    write(folder / "scl.tif", coarse, classes[: coarse.height, : coarse.width].astype(np.uint8))


def write(path: Path, grid: Grid, values: NDArray[Any]) -> None:
    """Write a cloud-optimised file as Earth Search has them."""
    with rasterio.open(
        path, "w", driver="COG", height=grid.height, width=grid.width, count=1,
        dtype=values.dtype, crs=f"EPSG:{grid.epsg}", transform=grid.transform, nodata=0,
        compress="deflate", predictor=2, blocksize=BLOCK_PX, overviews="AUTO",
    ) as file:  # fmt: skip
        file.write(values, 1)


def an_item(store: str) -> dict[str, Any]:
    """Return the item of the scene, its files below an address."""
    assets = {}
    for name in (*BANDS, "scl"):
        grid = TILE if name in FINE else TILE.at(20)
        bands = [{"nodata": 0, "data_type": "uint8" if name == "scl" else "uint16"}]
        assets[name] = {
            "href": f"{store}/{name}.tif",
            "type": "image/tiff; application=geotiff; profile=cloud-optimized",
            "roles": ["data"],
            "proj:shape": list(grid.shape),
            "proj:transform": list(grid.transform)[:6],
            "raster:bands": bands,
        }
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "stac_extensions": [
            "https://stac-extensions.github.io/projection/v1.1.0/schema.json",
            "https://stac-extensions.github.io/raster/v1.1.0/schema.json",
        ],
        "id": "S2B_benchmark",
        "collection": "sentinel-2-l2a",
        "geometry": mapping(TILE.outline),
        "bbox": list(TILE.outline.bounds),
        "properties": {
            "datetime": "2024-05-20T08:30:00Z",
            "platform": "sentinel-2b",
            "constellation": "sentinel-2",
            "proj:epsg": EPSG,
        },
        "assets": assets,
        "links": [],
    }


def serve(folder: Path) -> None:
    """Serve the files of a folder by range until killed; the first part of a path is ignored."""
    contents = {path.name: path.read_bytes() for path in folder.iterdir()}

    class Connection(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = 1 << 16

        def do_GET(self) -> None:
            content = contents.get(self.path.rsplit("/", 1)[-1])
            if content is None:
                self.send_error(404)
                return
            wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
            first, last = (int(wanted[1]), int(wanted[2])) if wanted else (0, len(content) - 1)
            last = min(last, len(content) - 1)
            self.send_response(206 if wanted else 200)
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
            self.send_header("Content-Length", str(last - first + 1))
            self.send_header("Accept-Ranges", "bytes")
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(memoryview(content)[first : last + 1])

        do_HEAD = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Connection) as server:
        print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
