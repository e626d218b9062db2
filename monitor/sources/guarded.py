"""Providers behind circuit breakers that all processes of the service share.

A provider that is down for a week costs three time-outs and then one each hour, not
one for every area at every tick; which provider is asked next is decided by the
pipeline, which takes them by preference and records whose pixels it used.

A catalogue and the stores of its files are often of different owners: each has a breaker
of its own, or a catalogue that answers would hide that no file can be had.
"""

from __future__ import annotations

import glob
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import structlog

from aoi.area import Aoi
from aoi.grid import Grid
from aoi.interval import Interval
from monitor.errors import SourceUnavailable
from monitor.observation import Observation
from monitor.ports import HotspotSource, ImagerySource, SearchProblem
from monitor.scene import Hotspot, Scene
from monitor.sources.breaker import Breaker, BreakerSettings, BreakerState

T = TypeVar("T")

logger = structlog.get_logger(__name__)


def utc_now() -> datetime:
    """Return the time on this machine's clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Guard:
    """The breaker of one provider, kept in a file."""

    name: str
    folder: Path
    """Folder of the breakers, shared by all processes of this machine."""

    settings: BreakerSettings = field(default_factory=BreakerSettings)
    now: Callable[[], datetime] = utc_now

    @property
    def breaker(self) -> Breaker:
        """What is remembered; a state that is missing or damaged is that of one that works."""
        try:
            return Breaker.from_json(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return Breaker()

    def call(self, ask: Callable[[], T]) -> T:
        """Return what `ask` returns, unless the provider is left alone.

        Only a provider that does not answer counts as failing: one damaged file, or a
        refusal, says nothing of the next request.

        Raises
        ------
        SourceUnavailable
            If it is left alone, or does not answer.
        """
        breaker, now = self.breaker, self.now()
        if breaker.state(now) is BreakerState.OPEN:
            raise SourceUnavailable(
                f"{self.name} is not asked until {breaker.retry_at:%Y-%m-%dT%H:%MZ}: "
                f"{breaker.failures} failures in a row, the last: {breaker.reason}",
                hint="other providers are asked meanwhile, if there are any",
            )
        try:
            result = ask()
        except SourceUnavailable as error:
            self._remember(breaker.after_failure(now, error.message, self.settings))
            raise
        if breaker != Breaker():
            logger.info("provider.works", provider=self.name)
            self._remember(Breaker())
        return result

    @property
    def _file(self) -> Path:
        return self.folder / f"{_stem(self.name)}.json"

    def _remember(self, breaker: Breaker) -> None:
        if breaker.retry_at is not None:
            logger.warning("provider.paused", provider=self.name, failures=breaker.failures)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            handle, unfinished = tempfile.mkstemp(dir=self.folder, suffix=".part")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(breaker.as_json())
            Path(unfinished).replace(self._file)
        except OSError as error:
            # A full disk costs patience with a dead provider, and nothing else.
            logger.warning("provider.unremembered", provider=self.name, reason=error.strerror)


@dataclass(frozen=True, slots=True)
class Guarded:
    """An imagery source behind a breaker."""

    source: ImagerySource
    guard: Guard

    @property
    def name(self) -> str:
        """Name of the provider, kept in evidence."""
        return self.source.name

    def search(self, aoi: Aoi, interval: Interval) -> list[Scene]:
        """Return what the source returns; see `monitor.ports.ImagerySource`."""
        return self.guard.call(partial(self.source.search, aoi, interval))

    def problems(self, aoi: Aoi, interval: Interval) -> list[SearchProblem]:
        """Return what the source returns; see `monitor.ports.ImagerySource`."""
        return self.guard.call(partial(self.source.problems, aoi, interval))

    def read(self, scene: Scene, grid: Grid, bands: Sequence[str]) -> Observation:
        """Return what the source returns; see `monitor.ports.ImagerySource`."""
        return self.guard_of(scene).call(partial(self.source.read, scene, grid, bands))

    def guard_of(self, scene: Scene) -> Guard:
        """Return the breaker of the store that holds the files of a scene."""
        hosts = (urlsplit(asset.href).hostname for asset in scene.assets.values())
        store = next((host for host in hosts if host), "files")
        return replace(self.guard, name=f"{self.guard.name} {store}")


@dataclass(frozen=True, slots=True)
class GuardedHotspots:
    """A hotspot source behind a breaker."""

    source: HotspotSource
    guard: Guard

    @property
    def name(self) -> str:
        """Name of the provider, kept in evidence."""
        return self.source.name

    def hotspots(self, aoi: Aoi, interval: Interval) -> list[Hotspot]:
        """Return what the source returns; see `monitor.ports.HotspotSource`."""
        return self.guard.call(partial(self.source.hotspots, aoi, interval))


def breakers_of(name: str, folder: Path) -> list[Breaker]:
    """Return what is remembered of a provider that fails: of itself, and of its stores."""
    files = sorted(folder.glob(f"{glob.escape(_stem(name))} *.json"))
    guards = [Guard(name, folder), *(Guard(file.stem, folder) for file in files)]
    return [guard.breaker for guard in guards if guard.breaker != Breaker()]


def _stem(name: str) -> str:
    return name.replace("/", "_").replace(":", "_")


def guarded(source: ImagerySource, folder: Path) -> Guarded:
    """Return the source behind a breaker that is kept in `folder`."""
    return Guarded(source, Guard(source.name, folder))


def guarded_hotspots(source: HotspotSource, folder: Path) -> GuardedHotspots:
    """Return the source behind a breaker that is kept in `folder`."""
    return GuardedHotspots(source, Guard(source.name, folder))
