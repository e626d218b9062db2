from __future__ import annotations

import json
from datetime import UTC, datetime

import numpy as np
import pytest
import quickjs

from aoi.grid import Grid
from monitor.scene import Sensor
from monitor.sources.raster import Layer
from monitor.sources.sentinel_hub_products import SENTINEL_2, served_at
from monitor.sources.sentinel_hub_request import (
    assembled,
    parts,
    process_request,
)
from tests.builders import GRID
from tests.monitor.sources.rasters import EPSG


def test_parts_cover_a_grid_without_overlap() -> None:
    pieces = parts(GRID, 20)

    assert sum(piece.height * piece.width for piece in pieces) == 48 * 48
    assert pieces[-1] == Grid(EPSG, left_m=539_520 + 800, top_m=1_510_480 - 800,
                              resolution_m=20, height=8, width=8)  # fmt: skip


def test_the_script_asks_for_our_bands_by_their_names() -> None:
    lines = SENTINEL_2.evalscript(("blue", "nir08")).splitlines()

    assert lines[:2] == ["//VERSION=3", 'const BANDS = ["B02", "B8A"];']


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        pytest.param({"B8A": 0.2317, "SCL": 4, "dataMask": 1}, [2317, 4, 1], id="as stored"),
        pytest.param({"B8A": -0.0123, "SCL": 2, "dataMask": 1}, [-123, 2, 1], id="below nothing"),
        pytest.param({"B8A": 5.0, "SCL": 8, "dataMask": 1}, [32767, 8, 1], id="brighter than fits"),
        pytest.param({"B8A": 0.0, "SCL": 0, "dataMask": 0}, [-32768, 0, 0], id="not measured"),
    ],
)
def test_the_script_turns_reflectance_into_integers(
    sample: dict[str, float], expected: list[int]
) -> None:
    script = quickjs.Context()
    script.eval(SENTINEL_2.evalscript(("nir08",)))

    given = json.dumps(sample)

    assert json.loads(script.eval(f"JSON.stringify(evaluatePixel({given}))")) == expected


def test_the_script_pays_for_no_floats_and_no_further_bands() -> None:
    script = quickjs.Context()
    script.eval(SENTINEL_2.evalscript(("nir08", "swir22")))

    setup = json.loads(script.eval("JSON.stringify(setup())"))

    assert setup["input"][0]["bands"] == ["B8A", "B12", "SCL", "dataMask"]
    assert setup["output"] == {"bands": 4, "sampleType": "INT16"}


@pytest.mark.parametrize(
    "base_url", ["https://services.sentinel-hub.com", "https://hub.example", "https://hub.example"]
)
def test_requests_go_to_the_address_of_the_settings(base_url: str) -> None:
    noon = datetime(2024, 5, 13, 12, tzinfo=UTC)

    request = process_request(base_url, GRID, ("nir08",), noon, noon)

    assert request.url == f"{base_url}/api/v1/process"
    assert served_at(base_url, Sensor.SENTINEL_2).service_url == base_url


def test_parts_are_put_together_in_their_places() -> None:
    pieces = [
        (piece, {"red": Layer(np.full(piece.shape, number, np.float32), True, False)})
        for number, piece in enumerate(parts(GRID, 40))
    ]

    whole = assembled(GRID, pieces)["red"].numbers

    assert (whole[:40, :40] == 0).all()
    assert (whole[:40, 40:] == 1).all()
    assert (whole[40:, :40] == 2).all()
    assert (whole[40:, 40:] == 3).all()
