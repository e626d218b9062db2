"""A Sentinel Hub on 127.0.0.1, over TLS, that runs evalscripts on real rasters."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import numpy as np
import quickjs
import rasterio
import trustme
from numpy.typing import NDArray
from pydantic import SecretStr
from rasterio.io import MemoryFile
from rasterio.windows import from_bounds

from monitor.sources import sentinel_hub_client
from monitor.sources.processing_units import UnitLedger
from monitor.sources.sentinel_hub import SentinelHub
from monitor.sources.sentinel_hub_client import Credentials
from monitor.sources.web import WebSettings
from tests.builders import NOW
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

RUN_OUTPUTS = """
function run(bands, count, name) {
  const names = Object.keys(bands), pairs = [];
  for (let i = 0; i < count; i++) {
    const sample = {};
    for (const band of names) sample[band] = bands[band][i];
    const outputs = evaluatePixel(sample);
    pairs.push([outputs[name][0], outputs.dataMask[0]]);
  }
  return pairs;
}
"""

BY_RULE = "by rule"


class Hub:
    """Answers as Sentinel Hub does; `server` takes faults."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server = server
        self.secret = "s3cr3t-of-the-client"
        self.tokens = 0
        self.valid_token = ""
        self.page_items = 100
        self.spent_units: str | None = "0.125"
        """What answers say that they cost; `BY_RULE`: what the published rule gives."""

        self._folder = folder
        server.routes["/token"] = self._token
        server.routes["/api/v1/catalog/1.0.0/search"] = self._search
        server.routes["/api/v1/process"] = self._process
        server.routes["/api/v1/statistics"] = self._statistics

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
        scene = self._scene(query["input"]["data"][0])
        content, bands = evaluated(query, scene)
        output = query["output"]
        spent = self._spent(output["width"] * output["height"], bands, 0.005)
        return Reply(200, content, {"Content-Type": "image/tiff", **spent})

    def _statistics(self, asked: Asked) -> Reply:
        if not self._allowed(asked):
            return told({"error": {"message": "Token expired"}}, 401)
        query = asked.json()
        wanted = query["aggregation"]
        assert wanted["aggregationInterval"] == {"of": "P1D"}, "the only one that is played here"
        days = self._days(query["input"]["data"][0]["type"], wanted["timeRange"])
        entries = [day_counted(query, day, scenes) for day, scenes in sorted(days.items())]
        spent = self._spent(wanted["width"] * wanted["height"], 1, 0.01, samples=len(days))
        return told({"data": entries, "status": "OK"}, 200, **spent)

    def _days(self, collection: str, span: Mapping[str, str]) -> dict[str, list[Path]]:
        """Return the folders of the scenes of each day, the latest first."""
        days: dict[str, list[Path]] = {}
        for path in sorted(self._folder.rglob("*.json"), reverse=True):
            item = json.loads(path.read_text())
            taken = item["properties"]["datetime"]
            if item["collection"] == collection and span["from"] <= taken < span["to"]:
                days.setdefault(taken[:10], []).append(path.parent)
        return days

    def _spent(self, pixels: int, bands: int, least: float, *, samples: int = 1) -> dict[str, str]:
        """Return the header that says what was spent."""
        if self.spent_units != BY_RULE:
            return {"x-processingunits-spent": self.spent_units} if self.spent_units else {}
        # docs.sentinel-hub.com, "Processing Unit definition".
        units = max(pixels / 262_144, 0.01) * bands / 3 * samples
        return {"x-processingunits-spent": f"{max(units, least):.6f}"}

    def _scene(self, chosen: Mapping[str, Any]) -> Path:
        span = chosen["dataFilter"]["timeRange"]
        for path in sorted(self._folder.rglob("*.json")):
            item = json.loads(path.read_text())
            taken = item["properties"]["datetime"]
            if item["collection"] == chosen["type"] and span["from"] <= taken <= span["to"]:
                return path.parent
        raise AssertionError(f"nothing was acquired in {span}")


def evaluated(query: Mapping[str, Any], scene: Path) -> tuple[bytes, int]:
    """Return the image that a process request asks for, and how many bands it is paid by."""
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
        inputs = setup["input"][0]["bands"]
        return bytes(memory.read()), len([one for one in inputs if one != "dataMask"])


def day_counted(query: Mapping[str, Any], day: str, scenes: list[Path]) -> dict[str, Any]:
    """Return the statistics of one day: the script on its scenes, the latest above the others."""
    wanted, bounds = query["aggregation"], query["input"]["bounds"]
    shape = wanted["height"], wanted["width"]
    script = quickjs.Context()
    script.set_time_limit(60)
    script.eval(wanted["evalscript"])
    setup = json.loads(script.eval("JSON.stringify(setup())"))
    [name] = [one["id"] for one in setup["output"] if one["id"] != "dataMask"]
    samples = laid_over(
        [_samples(scene, setup["input"][0]["bands"], bounds["bbox"], shape) for scene in scenes]
    )
    script.eval(RUN_OUTPUTS)
    script.set("given", json.dumps(samples))
    script.set("named", name)
    count = shape[0] * shape[1]
    pairs = json.loads(script.eval(f"JSON.stringify(run(JSON.parse(given), {count}, named))"))
    values = np.array([value for value, measured in pairs if measured])
    stats: dict[str, Any] = {"sampleCount": count, "noDataCount": count - values.size}
    # The true service says "NaN" where there is nothing.
    for word, function in (("min", np.min), ("max", np.max), ("mean", np.mean), ("stDev", np.std)):
        stats[word] = float(function(values)) if values.size else "NaN"
    following = date.fromisoformat(day) + timedelta(days=1)
    return {
        "interval": {"from": f"{day}T00:00:00Z", "to": f"{following}T00:00:00Z"},
        "outputs": {name: {"bands": {"B0": {"stats": stats}}}},
    }


def laid_over(layers: list[dict[str, list[float]]]) -> dict[str, list[float]]:
    """Return the samples of the first layer that has data at each pixel."""
    joined = {band: list(numbers) for band, numbers in layers[0].items()}
    for under in layers[1:]:
        for place, has in enumerate(joined["dataMask"]):
            if not has:
                for band, numbers in under.items():
                    joined[band][place] = numbers[place]
    return joined


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


QUICK = WebSettings(
    connect_s=1, silence_s=2.0, total_s=30, tries=2, first_wait_s=0.001, longest_wait_s=0.2
)


def as_new(hub: Hub) -> None:
    """Forget what a hub was asked, what it was told to do, and every token."""
    sentinel_hub_client._TOKENS.clear()
    hub.server.faults = []
    hub.server.log = []
    hub.page_items, hub.spent_units, hub.tokens, hub.valid_token = 100, "0.125", 0, ""


def source_of(hub: Hub, folder: Path, *, monthly_units: float = 10) -> SentinelHub:
    """Return the source that asks a hub and counts units below a folder."""
    return SentinelHub(
        hub.server.url,
        Credentials(f"{hub.server.url}/token", "us", SecretStr(hub.secret)),
        UnitLedger(folder / "units", monthly_units),
        web=QUICK,
        now=lambda: NOW,
    )
