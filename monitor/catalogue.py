"""All sources of one area, asked in order of preference."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from aoi.area import Aoi
from aoi.interval import Interval
from monitor.acquisition import Acquisition, acquisitions, alternatives
from monitor.errors import SourceError, SourceUnavailable
from monitor.ports import HotspotSource, ImagerySource, SearchProblem
from monitor.scene import Hotspot, Sensor

OPTICAL = (Sensor.SENTINEL_2, Sensor.LANDSAT, Sensor.HLS)


@dataclass(frozen=True, slots=True)
class SourceFailure:
    """A source that could not answer."""

    source: str
    reason: str
    hint: str
    temporary: bool

    def __str__(self) -> str:
        # Most reasons begin with who failed.
        named = self.reason.startswith(self.source)
        return self.reason if named else f"{self.source}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Listing:
    """What the sources list for one area and interval."""

    overpasses: tuple[tuple[Acquisition, ...], ...]
    """Oldest first; each as every provider lists it, the preferred one first."""

    problems: tuple[SearchProblem, ...]
    failures: tuple[SourceFailure, ...]
    answered: bool
    """False if no source answered: nothing may be concluded from an empty list."""


def listing(
    sources: Sequence[ImagerySource],
    aoi: Aoi,
    interval: Interval,
    now: datetime,
    sensors: Collection[Sensor] = OPTICAL,
) -> Listing:
    """Ask every source; a failing one does not stop the others.

    Parameters
    ----------
    sources : sequence of ImagerySource
        By preference.
    aoi : Aoi
    interval : Interval
        Span of acquisition.
    now : datetime
        Scenes that became available later are left out.
    sensors : collection of Sensor
        Others are left out as well.
    """
    by_provider: list[list[Acquisition]] = []
    problems: list[SearchProblem] = []
    failures: list[SourceFailure] = []
    for source in sources:
        try:
            scenes = source.search(aoi, interval)
            problems.extend(source.problems(aoi, interval))
        except SourceError as error:
            failures.append(_failure(source.name, error))
            continue
        known = [s for s in scenes if s.available_at <= now and s.sensor in sensors]
        by_provider.append(acquisitions(known))
    return Listing(
        overpasses=tuple(alternatives(by_provider)),
        problems=tuple(problems),
        failures=tuple(failures),
        answered=bool(by_provider),
    )


def known_hotspots(
    sources: Sequence[HotspotSource], aoi: Aoi, interval: Interval, now: datetime
) -> tuple[list[Hotspot], list[SourceFailure]]:
    """Return the hotspots known at `now`, oldest first, and the sources that failed."""
    found: list[Hotspot] = []
    failures: list[SourceFailure] = []
    for source in sources:
        try:
            found.extend(source.hotspots(aoi, interval))
        except SourceError as error:
            failures.append(_failure(source.name, error))
    known = [hotspot for hotspot in found if hotspot.available_at <= now]
    return sorted(known, key=lambda hotspot: hotspot.acquired_at), failures


def _failure(source: str, error: SourceError) -> SourceFailure:
    temporary = isinstance(error, SourceUnavailable)
    return SourceFailure(source, error.message, error.hint, temporary)
