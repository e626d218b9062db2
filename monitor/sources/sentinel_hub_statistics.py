"""Requests to the Statistical API, and the days that come back. No network here.

Counts of pixels instead of pixels: one request for months of days, each as coarse as the
price list rewards.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from importlib.resources import files
from typing import Any

from sentinelhub.api.statistical import SentinelHubStatistical
from sentinelhub.constants import CRS
from sentinelhub.download.models import DownloadRequest
from sentinelhub.geometry import BBox

from aoi.grid import Grid
from aoi.interval import Interval
from monitor.clear_sky import SkyDay
from monitor.errors import SourceRefused, SourceUnavailable
from monitor.sources.answers import is_page
from monitor.sources.classification import unseen_scl_classes
from monitor.sources.processing_units import SMALLEST_STATISTICS_UNITS, estimated_units
from monitor.sources.sentinel_hub_products import SENTINEL_2, served_at
from monitor.sources.sentinel_hub_request import configuration

SCRIPT = "clear_sky.js"
OUTPUT = "clear"
SIDE_PX = 51
"""Fewer pixels cost no less: 51 x 51 are the hundredth of a unit's area that is the least."""

COARSEST_M = 1_500.0
"""Largest pixel of Sentinel-2 that the service gives."""

_WHAT = "sentinel-hub, statistics"


@dataclass(frozen=True, slots=True)
class Skies:
    """What one request told."""

    days: tuple[SkyDay, ...]
    """Oldest first; those on which the area was not reached are left out."""

    answered_days: int
    """With an overpass, reached or not: what is paid for."""

    lost_days: int
    """That the service could not tell of."""


def sky_grid(grid: Grid) -> Grid:
    """Return a grid over `grid` that is as coarse as the price list rewards.

    Raises
    ------
    SourceRefused
        If its pixels would be larger than the service gives.
    """
    step = math.ceil(max(grid.shape) / SIDE_PX)
    coarse = Grid(
        grid.epsg,
        grid.left_m,
        grid.top_m,
        grid.resolution_m * step,
        math.ceil(grid.height / step),
        math.ceil(grid.width / step),
    )
    if coarse.resolution_m > COARSEST_M:
        raise SourceRefused(
            f"{_WHAT}: the area is {grid.width * grid.resolution_m / 1_000:.0f} km wide, "
            "too much for one question",
            hint=f"at most {SIDE_PX * COARSEST_M / 1_000:.0f} km a side",
        )
    return coarse


def sky_units(grid: Grid, days: int) -> float:
    """Return what one request for that many days with an overpass costs: a sample a day."""
    each = estimated_units(grid.width, grid.height, 1, samples=days, least=0.0)
    return max(each, SMALLEST_STATISTICS_UNITS)


def sky_request(base_url: str, grid: Grid, interval: Interval) -> DownloadRequest:
    """Return the request for the clear share of each day of an interval.

    Parameters
    ----------
    grid : Grid
        Of `sky_grid`.
    interval : Interval
        From midnight to midnight, UTC.
    """
    request = SentinelHubStatistical(
        aggregation=SentinelHubStatistical.aggregation(
            evalscript=_script(),
            time_interval=(_stamp(interval.start), _stamp(interval.end)),
            aggregation_interval="P1D",
            size=(grid.width, grid.height),
        ),
        input_data=[
            SentinelHubStatistical.input_data(served_at(base_url, SENTINEL_2.sensor)),
        ],
        bbox=BBox(grid.bounds_m, CRS(grid.epsg)),
        config=configuration(base_url),
    )
    return request.download_list[0]


def skies_of(content: bytes) -> Skies:
    """Return the days that an answer tells of.

    Raises
    ------
    SourceUnavailable
        If it is no answer of this service, or says that it failed.
    """
    try:
        told = json.loads(content)
        if told.get("status") == "FAILED":
            raise SourceUnavailable(f"{_WHAT}: the service says that it failed")
        entries = [_entry(one) for one in told["data"]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        kind = "a web page came" if is_page("", content) else f"it cannot be read: {error!r}"
        raise SourceUnavailable(
            f"{_WHAT}: no statistics: {kind}", hint="the next request may be answered"
        ) from error
    answered = [entry for entry in entries if entry is not None]
    reached = [day for day in answered if day.measured_fraction > 0]
    return Skies(
        days=tuple(sorted(reached, key=lambda day: day.day)),
        answered_days=len(answered),
        lost_days=len(entries) - len(answered),
    )


def _script() -> str:
    text = files("monitor.sources.evalscripts").joinpath(SCRIPT).read_text("utf-8")
    return f"//VERSION=3\nconst UNSEEN = {json.dumps(unseen_scl_classes())};\n{text}"


def _entry(told: Mapping[str, Any]) -> SkyDay | None:
    """Return one day, None if the service failed on it."""
    if "error" in told:
        return None
    stats = told["outputs"][OUTPUT]["bands"]["B0"]["stats"]
    count, nothing = int(stats["sampleCount"]), int(stats["noDataCount"])
    day = date.fromisoformat(str(told["interval"]["from"])[:10])
    if count <= nothing:
        # The mean of nothing comes as "NaN".
        return SkyDay(day, 0.0, 0.0)
    clear = float(stats["mean"])
    if not 0.0 <= clear <= 1.0:
        raise ValueError(f"a share of {clear} on {day}")
    return SkyDay(day, (count - nothing) / count, clear)


def _stamp(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"
