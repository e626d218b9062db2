"""A Sentinel Hub on 127.0.0.1, over TLS, that runs evalscripts on real rasters."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import numpy as np
import quickjs
import rasterio
import trustme
from numpy.typing import NDArray
from rasterio.io import MemoryFile
from rasterio.windows import from_bounds

from tests.monitor.sources.servers import Asked, Reply, Server, running, told

FILES = {
    "B02": "blue", "B03": "green", "B04": "red", "B8A": "nir08", "B11": "swir16", "B12": "swir22",
    "VV": "vv", "VH": "vh",
}  # fmt: skip

# NaN does not survive JSON, so a sample that is none is null.
RUN = """
function run(bands, count) {
  const names = Object.keys(bands), numbers = [];
  for (let i = 0; i < count; i++) {
    const sample = {};
    for (const name of names) sample[name] = bands[name][i];
    for (const number of evaluatePixel(sample)) numbers.push(number);
  }
  return numbers;
}
"""


class Hub:
    """Answers as Sentinel Hub does; `server` takes faults."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server = server
        self.secret = "s3cr3t-of-the-client"
        self.tokens = 0
        self.valid_token = ""
        self.page_items = 100
        self.spent_units: str | None = "0.125"
        self._folder = folder
        server.routes["/token"] = self._token
        server.routes["/api/v1/catalog/1.0.0/search"] = self._search
        server.routes["/api/v1/process"] = self._process

    def asked(self, part: str) -> list[Asked]:
        """Return the requests whose path contains `part`."""
        return [asked for asked in self.server.log if part in asked.path]

    def _token(self, asked: Asked) -> Reply:
        form = {key: values[0] for key, values in parse_qs(asked.body.decode()).items()}
        if form != {
            "grant_type": "client_credentials", "client_id": "us", "client_secret": self.secret,
        }:  # fmt: skip
            return told({"error": "invalid_client", "said": form.get("client_secret")}, 401)
        self.tokens += 1
        self.valid_token = f"token-{self.tokens}"
        return told({"access_token": self.valid_token, "expires_in": 3600})

    def _allowed(self, asked: Asked) -> bool:
        return asked.headers.get("authorization") == f"Bearer {self.valid_token}"

    def _search(self, asked: Asked) -> Reply:
        if not self._allowed(asked):
            return told({"error": {"message": "Token expired"}}, 401)
        query = asked.json()
        first, last = query["datetime"].split("/")
        items = [json.loads(path.read_text()) for path in sorted(self._folder.rglob("*.json"))]
        known = [
            item
            for item in items
            if item["collection"] in query["collections"]
            and first <= item["properties"]["datetime"] <= last
        ]
        start = int(query.get("next", 0))
        chosen = known[start : start + self.page_items]
        for item in chosen:
            item["assets"] = {"data": {"href": "s3://not-for-us"}}
        context: dict[str, Any] = {"returned": len(chosen)}
        if start + self.page_items < len(known):
            context["next"] = start + self.page_items
        return told({"type": "FeatureCollection", "features": chosen, "context": context})

    def _process(self, asked: Asked) -> Reply:
        if not self._allowed(asked):
            return told({"error": {"message": "Token expired"}}, 401)
        query = asked.json()
        content = evaluated(query, self._scene(query["input"]["data"][0]))
        spent = {"x-processingunits-spent": self.spent_units} if self.spent_units else {}
        return Reply(200, content, {"Content-Type": "image/tiff", **spent})

    def _scene(self, chosen: Mapping[str, Any]) -> Path:
        span = chosen["dataFilter"]["timeRange"]
        for path in sorted(self._folder.rglob("*.json")):
            item = json.loads(path.read_text())
            taken = item["properties"]["datetime"]
            if item["collection"] == chosen["type"] and span["from"] <= taken <= span["to"]:
                return path.parent
        raise AssertionError(f"nothing was acquired in {span}")


def evaluated(query: Mapping[str, Any], scene: Path) -> bytes:
    """Return the image that a process request asks for."""
    bounds, output = query["input"]["bounds"], query["output"]
    shape = output["height"], output["width"]
    script = quickjs.Context()
    script.set_time_limit(60)
    script.eval(query["evalscript"])
    setup = json.loads(script.eval("JSON.stringify(setup())"))
    samples = _samples(scene, setup["input"][0]["bands"], bounds["bbox"], shape)
    script.eval(RUN)
    script.set("given", json.dumps(samples))
    count = shape[0] * shape[1]
    numbers = json.loads(script.eval(f"JSON.stringify(run(JSON.parse(given), {count}))"))
    bands = setup["output"]["bands"]
    image = np.array(numbers).reshape(*shape, bands).transpose(2, 0, 1)
    kind = {"INT16": "int16", "FLOAT32": "float32"}[setup["output"]["sampleType"]]
    west, south, east, north = bounds["bbox"]
    profile = {
        "driver": "GTiff", "count": bands, "height": shape[0], "width": shape[1], "dtype": kind,
        "crs": f"EPSG:{bounds['properties']['crs'].rsplit('/', 1)[-1]}",
        "transform": rasterio.transform.from_bounds(west, south, east, north, *reversed(shape)),
    }  # fmt: skip
    with MemoryFile() as memory:
        with memory.open(**profile) as file:
            file.write(image.astype(kind))
        return bytes(memory.read())


def _samples(
    scene: Path, bands: list[str], bbox: list[float], shape: tuple[int, int]
) -> dict[str, list[float]]:
    if "VV" in bands:
        return _powers(scene, bands, bbox, shape)
    red = _pixels(scene / "red.tif", bbox, shape)
    samples: dict[str, list[float]] = {"dataMask": (red > 0).astype(int).ravel().tolist()}
    for band in bands:
        if band == "SCL":
            samples[band] = _pixels(scene / "scl.tif", bbox, shape).ravel().tolist()
        elif band != "dataMask":
            stored = _pixels(scene / f"{FILES[band]}.tif", bbox, shape)
            samples[band] = (stored / 10_000).ravel().tolist()
    return samples


def _powers(
    scene: Path, bands: list[str], bbox: list[float], shape: tuple[int, int]
) -> dict[str, list[float]]:
    """Return linear power, as the service gives it by default."""
    powers = {b: _pixels(scene / f"{FILES[b]}.tif", bbox, shape) for b in bands if b in FILES}
    measured = np.isfinite(powers["VV"]) & (powers["VV"] != 0)
    samples = {band: np.nan_to_num(power).ravel().tolist() for band, power in powers.items()}
    return {**samples, "dataMask": measured.astype(int).ravel().tolist()}


def _pixels(path: Path, bbox: list[float], shape: tuple[int, int]) -> NDArray[Any]:
    with rasterio.open(path) as file:
        window = from_bounds(*bbox, transform=file.transform)
        pixels: NDArray[Any] = file.read(
            1, window=window, out_shape=shape, boundless=True, fill_value=0
        )
    return pixels


@contextmanager
def a_hub(folder: Path) -> Iterator[tuple[Hub, str]]:
    """Run a hub over the scenes of a folder; give it and the file of its authority."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with authority.cert_pem.tempfile() as trusted, running(tls=context) as server:
        yield Hub(server, folder), trusted
