"""Requests to the Statistical API and what comes back, without a network."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest
import quickjs

from aoi.grid import Grid
from aoi.interval import Interval
from monitor.clear_sky import SkyDay
from monitor.errors import SourceRefused, SourceUnavailable
from monitor.observation import UNCLEAR
from monitor.sources.classification import SCL_CLASSES, scl_flags
from monitor.sources.sentinel_hub_statistics import (
    Skies,
    skies_of,
    sky_grid,
    sky_request,
    sky_units,
)
from tests.builders import EPSG, an_aoi

SPAN = Interval(datetime(2024, 3, 1, tzinfo=UTC), datetime(2024, 6, 1, tzinfo=UTC))
BLOCKS = Grid(EPSG, left_m=532_000, top_m=1_518_000, resolution_m=40, height=400, width=400)
BASE_URL = "https://sh.example.org"


def entry(day: str, *, count: int = 2_500, nothing: int = 0, mean: object = 0.5) -> dict[str, Any]:
    stats = {"min": 0, "max": 1, "mean": mean, "sampleCount": count, "noDataCount": nothing}
    return {
        "interval": {"from": f"{day}T00:00:00Z", "to": f"{day}T23:59:59Z"},
        "outputs": {"clear": {"bands": {"B0": {"stats": stats}}}},
    }


def answer(*entries: dict[str, Any], status: str = "OK") -> bytes:
    return json.dumps({"data": entries, "status": status}).encode()


def test_an_area_of_ten_kilometres_is_counted_in_as_few_pixels_as_are_paid_for() -> None:
    # 16 km with its margin: 400 blocks, every eighth; 2,500 pixels of at most 2,621.
    grid = sky_grid(BLOCKS)

    assert (grid.resolution_m, grid.height, grid.width) == (320.0, 50, 50)
    assert (grid.left_m, grid.top_m) == (BLOCKS.left_m, BLOCKS.top_m)
    assert grid.height * grid.width <= 0.01 * 512 * 512


@pytest.mark.parametrize(("height", "width"), [(1, 1), (51, 51), (52, 10), (1_400, 1_399)])
def test_the_coarse_grid_covers_the_whole_area(height: int, width: int) -> None:
    fine = replace(BLOCKS, height=height, width=width)

    coarse = sky_grid(fine)

    assert coarse.height * coarse.resolution_m >= height * 40
    assert coarse.width * coarse.resolution_m >= width * 40
    assert max(coarse.shape) <= 51


def test_an_area_that_is_too_wide_for_one_question_is_refused() -> None:
    with pytest.raises(SourceRefused, match="77 km wide"):
        sky_grid(replace(BLOCKS, width=1_920))


@pytest.mark.parametrize(
    ("days", "units"),
    [
        pytest.param(82, 82 * 0.01 / 3, id="a third of a hundredth a day"),
        pytest.param(1, 0.01, id="the least of any request"),
    ],
)
def test_a_day_costs_a_third_of_a_hundredth_of_a_unit(days: int, units: float) -> None:
    assert sky_units(sky_grid(BLOCKS), days) == pytest.approx(units)


def test_a_request_names_the_coarse_grid_and_every_day_of_the_span() -> None:
    grid = sky_grid(an_aoi().blocks)

    request = sky_request(BASE_URL, grid, SPAN)

    assert request.url == f"{BASE_URL}/api/v1/statistics"
    asked: Any = request.post_values
    assert asked["aggregation"]["timeRange"] == {
        "from": "2024-03-01T00:00:00Z", "to": "2024-06-01T00:00:00Z",
    }  # fmt: skip
    assert asked["aggregation"]["aggregationInterval"] == {"of": "P1D"}
    assert (asked["aggregation"]["width"], asked["aggregation"]["height"]) == (
        grid.width,
        grid.height,
    )
    assert asked["input"]["bounds"]["bbox"] == list(grid.bounds_m)
    assert asked["input"]["data"][0]["type"] == "sentinel-2-l2a"
    assert "emberwatch" not in json.dumps([asked, dict(request.headers)]).lower()


@pytest.mark.parametrize("code", range(SCL_CLASSES))
def test_the_script_sees_what_looks_see(code: int) -> None:
    asked: Any = sky_request(BASE_URL, sky_grid(BLOCKS), SPAN).post_values
    script = quickjs.Context()
    script.eval(asked["aggregation"]["evalscript"])

    given = json.dumps({"SCL": code, "dataMask": 1})
    told = json.loads(script.eval(f"JSON.stringify(evaluatePixel({given}))"))

    flags = scl_flags(np.array([code], dtype=np.uint16))[0]
    assert told["dataMask"] == [0 if code == 0 else 1]
    assert told["clear"] == [int(not flags & int(UNCLEAR))]


def test_the_script_counts_nothing_where_nothing_was_measured() -> None:
    asked: Any = sky_request(BASE_URL, sky_grid(BLOCKS), SPAN).post_values
    script = quickjs.Context()
    script.eval(asked["aggregation"]["evalscript"])

    told = script.eval('JSON.stringify(evaluatePixel({"SCL": 4, "dataMask": 0}))')

    assert json.loads(told) == {"clear": [0], "dataMask": [0]}


def test_days_are_given_oldest_first_with_what_was_reached() -> None:
    found = skies_of(
        answer(entry("2024-03-06", nothing=2_000, mean=1.0), entry("2024-03-01", mean=0.25))
    )

    assert found == Skies(
        days=(SkyDay(date(2024, 3, 1), 1.0, 0.25), SkyDay(date(2024, 3, 6), 0.2, 1.0)),
        answered_days=2,
        lost_days=0,
    )


def test_a_day_on_which_the_area_was_not_reached_is_paid_for_and_no_sky() -> None:
    found = skies_of(answer(entry("2024-03-01", nothing=2_500, mean="NaN")))

    assert (found.days, found.answered_days, found.lost_days) == ((), 1, 0)


def test_a_day_that_the_service_failed_on_is_neither_clear_nor_cloudy() -> None:
    lost = {"interval": {"from": "2024-03-06T00:00:00Z"}, "error": {"type": "TIMEOUT"}}

    found = skies_of(answer(entry("2024-03-01"), lost, status="PARTIAL"))

    assert (len(found.days), found.answered_days, found.lost_days) == (1, 1, 1)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(answer(status="FAILED"), "says that it failed", id="failed"),
        pytest.param(b"<!DOCTYPE html><html>", "a web page came", id="a page"),
        pytest.param(b"", "cannot be read", id="nothing"),
        pytest.param(b"[]", "cannot be read", id="a list"),
        pytest.param(b"{}", "cannot be read", id="no data"),
        pytest.param(b'{"data": [{}]}', "cannot be read", id="an entry of nothing"),
        pytest.param(answer(entry("2024-03-01", mean=7)), "a share of 7", id="no share"),
        pytest.param(answer(entry("2024-03-01", mean="NaN")), "a share of nan", id="NaN of some"),
        pytest.param(answer(entry("yesterday")), "cannot be read", id="no date"),
    ],
)
def test_what_is_no_answer_is_unavailable(content: bytes, words: str) -> None:
    with pytest.raises(SourceUnavailable, match=words):
        skies_of(content)
