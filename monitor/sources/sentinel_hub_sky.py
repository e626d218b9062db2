"""The clear-sky share of an area, counted by Sentinel Hub instead of fetched from it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import chain

from aoi.area import Aoi
from aoi.grid import Grid
from aoi.interval import Interval
from monitor.clear_sky import ClearSky
from monitor.errors import SourceRefused, SourceUnavailable
from monitor.sources.deadline import Deadline, all_within
from monitor.sources.processing_units import SMALLEST_STATISTICS_UNITS
from monitor.sources.sentinel_hub import SentinelHub
from monitor.sources.sentinel_hub_client import DeadlineClient
from monitor.sources.sentinel_hub_products import SENTINEL_2
from monitor.sources.sentinel_hub_request import configuration
from monitor.sources.sentinel_hub_statistics import (
    Skies,
    skies_of,
    sky_grid,
    sky_request,
    sky_units,
)
from monitor.sources.whole_tiles import window_area, window_grid

PART = timedelta(days=92)
"""Span of one request: the service gives up on those that take it too long."""


@dataclass(frozen=True, slots=True)
class SkyQuestion:
    """What will be asked, and what it will cost."""

    grid: Grid
    parts: tuple[tuple[Interval, int], ...]
    """Spans, and how many days with an overpass the catalogue lists in each."""

    @property
    def units(self) -> float:
        """Processing units expected."""
        return sum(sky_units(self.grid, days) for _, days in self.parts if days)

    @property
    def days(self) -> int:
        """Days with an overpass."""
        return sum(days for _, days in self.parts)


def sky_question(
    hub: SentinelHub, aoi: Aoi, interval: Interval, *, whole_tiles: bool = False
) -> SkyQuestion:
    """Return what asking for the sky over an area takes; the catalogue is asked, nothing is paid.

    Parameters
    ----------
    interval : Interval
        From midnight to midnight, UTC.
    whole_tiles : bool
        True if the provider may only see the window that the area lies in.

    Raises
    ------
    SourceError
        If the catalogue cannot answer.
    """
    searched = window_area(aoi) if whole_tiles else aoi
    optical = replace(hub, collections=(SENTINEL_2.collection,))
    days = {scene.acquired_at.date() for scene in optical.search(searched, interval)}
    if not days:
        raise SourceRefused(
            f"{hub.name} lists no overpass of Sentinel-2 from {interval.start:%Y-%m-%d} "
            f"to {interval.end:%Y-%m-%d}",
            hint="ask for a longer span, or see whether the area lies where it should",
        )
    parts = tuple(
        (part, sum(part.start.date() <= day < part.end.date() for day in days))
        for part in _parts(interval)
    )
    grid = window_grid(aoi.blocks) if whole_tiles else aoi.blocks
    return SkyQuestion(sky_grid(grid), parts)


def clear_sky(hub: SentinelHub, question: SkyQuestion) -> ClearSky:
    """Return the sky that a question asks for; what was answered before is not paid again.

    Raises
    ------
    SourceUnavailable
        Also if the monthly budget does not cover what is left to ask: nothing is asked then.
    """
    deadline = Deadline(hub.web.total_s, f"statistics of {hub.name}")
    asked = [(span, days) for span, days in question.parts if days]
    due = [sky_units(question.grid, n) for span, n in asked if not _kept(hub, question, span)]
    if due:
        hub.ledger.require(sum(due), hub.now())
    calls = [partial(_part, hub, question.grid, span, deadline) for span, _ in asked]
    # One after the other: a month of days is work enough for the service.
    found = all_within(deadline, calls)
    days = tuple(chain.from_iterable(skies.days for skies, _ in found))
    return ClearSky(
        asked_at=hub.now(),
        since=question.parts[0][0].start.date(),
        until=question.parts[-1][0].end.date(),
        days=days,
        lost_days=sum(skies.lost_days for skies, _ in found),
        pixel_m=question.grid.resolution_m,
        units=sum(units for _, units in found),
    )


def _part(hub: SentinelHub, grid: Grid, span: Interval, deadline: Deadline) -> tuple[Skies, float]:
    """Return what one request tells, and the units that it cost."""
    key = _key(grid, span)
    known = hub.cache.get(key) if hub.cache else None
    if known is not None:
        return skies_of(known), 0.0
    client = DeadlineClient(configuration(hub.base_url), hub.credentials, hub.web, deadline)
    request = sky_request(hub.base_url, grid, span)
    [response] = client.download([request], decode_data=False, max_threads=1)
    try:
        skies = skies_of(response.content)
    except SourceUnavailable:
        # What was answered is paid for, readable or not.
        hub.ledger.pay(response.headers, SMALLEST_STATISTICS_UNITS, "statistics", hub.now())
        raise
    estimate = sky_units(grid, skies.answered_days)
    units = hub.ledger.pay(response.headers, estimate, "statistics", hub.now())
    # What a part of its days lack may come with the next request.
    if hub.cache and not skies.lost_days:
        hub.cache.put(key, response.content)
    return skies, units


def _kept(hub: SentinelHub, question: SkyQuestion, span: Interval) -> bool:
    return hub.cache is not None and hub.cache.get(_key(question.grid, span)) is not None


def _key(grid: Grid, span: Interval) -> str:
    return f"sentinel-hub sky {hashlib.sha256(f'{grid} {span}'.encode()).hexdigest()}"


def _parts(interval: Interval) -> Iterator[Interval]:
    start = interval.start
    while start < interval.end:
        end = min(start + PART, interval.end)
        yield Interval(start, end)
        start = end
