"""Scenes from a folder of STAC Items and raster files (CONTRACT section 4)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from shapely.errors import GEOSException
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from aoi.area import Aoi
from aoi.grid import Grid
from aoi.interval import Interval
from monitor.errors import SourceRefused
from monitor.observation import Observation
from monitor.ports import SearchProblem
from monitor.scene import Scene
from monitor.sources.scene_reader import read_scene
from monitor.sources.stac_item import is_item, require_past, scene_of

NAME = "folder"
MAX_ITEM_BYTES = 5_000_000
"""An item that is larger is not read: real ones have some 20 kB."""


def utc_now() -> datetime:
    """Return the time on this machine's clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Folder:
    """Reads ``**/*.json`` that are STAC Items, and the rasters that they name.

    Items are read anew when their file changes. What cannot be used as a scene
    is told by `problems`, never dropped in silence.
    """

    path: Path
    now: Callable[[], datetime] = utc_now
    """The clock: scenes dated after it are refused."""

    @property
    def name(self) -> str:
        """Name of the provider, kept in evidence."""
        return NAME

    def search(self, aoi: Aoi, interval: Interval) -> list[Scene]:
        """Return the scenes that touch `aoi` and were acquired in `interval`, oldest first.

        Raises
        ------
        SourceRefused
            If there is no such folder.
        """
        scenes = (entry for entry in self._entries() if isinstance(entry, Scene))
        found = (
            scene
            for scene in scenes
            if interval.contains(scene.acquired_at) and scene.footprint.intersects(aoi.geometry)
        )
        return sorted(found, key=lambda scene: (scene.acquired_at, scene.scene_id))

    def problems(self, aoi: Aoi, interval: Interval) -> list[SearchProblem]:
        """Return the items that cannot be used, but for those known to lie elsewhere.

        Without a usable date an item may belong to any interval, so all are told.
        """
        entries = (entry for entry in self._entries() if isinstance(entry, _Unusable))
        return [entry.problem for entry in entries if entry.may_touch(aoi)]

    def read(self, scene: Scene, grid: Grid, bands: Sequence[str]) -> Observation:
        """Return the pixels of one scene on `grid`; see `monitor.ports.ImagerySource`."""
        return read_scene(scene, grid, bands)

    def _entries(self) -> Iterator[Scene | _Unusable]:
        if not self.path.is_dir():
            raise SourceRefused(
                f"the imagery folder {self.path} does not exist",
                hint="set [sources.folder] path in config.toml",
            )
        now = self.now()
        named: dict[str, str] = {}
        for path in sorted(self.path.rglob("*.json")):
            entry = self._entry(path, now)
            name = str(path.relative_to(self.path))
            if isinstance(entry, Scene) and named.setdefault(entry.scene_id, name) != name:
                yield _repeated(entry, name, named[entry.scene_id])
            elif entry is not None:
                yield entry

    def _entry(self, path: Path, now: datetime) -> Scene | _Unusable | None:
        name = str(path.relative_to(self.path))
        try:
            stat = path.stat()
        except OSError as error:
            return _unreadable(name, error)
        entry = _parsed(path, name, stat.st_mtime_ns, stat.st_size)
        if isinstance(entry, Scene):
            try:
                require_past(entry, now)
            except SourceRefused as error:
                return _Unusable(SearchProblem(name, error.message, error.hint), entry.footprint)
        return entry


@dataclass(frozen=True, slots=True)
class _Unusable:
    """An item that is no scene, and where it lies if that is known."""

    problem: SearchProblem
    footprint: BaseGeometry | None

    def may_touch(self, aoi: Aoi) -> bool:
        """Return False only if the item says that it lies elsewhere."""
        return self.footprint is None or bool(self.footprint.intersects(aoi.geometry))


# A replay searches the same folder hundreds of times.
@lru_cache(maxsize=20_000)
def _parsed(path: Path, name: str, changed_ns: int, size: int) -> Scene | _Unusable | None:
    if size > MAX_ITEM_BYTES:
        return _unreadable(name, f"{size} bytes are too many for an item")
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        return _unreadable(name, error)
    if not is_item(document):
        return None
    try:
        return scene_of(document, provider=NAME, resolve=lambda href: _resolved(path, href))
    except SourceRefused as error:
        return _Unusable(SearchProblem(name, error.message, error.hint), _outline(document))


def _unreadable(name: str, reason: object) -> _Unusable:
    hint = "write the item again; a copy that was cut short looks like this"
    return _Unusable(SearchProblem(name, f"{name} cannot be read: {reason}", hint), None)


def _repeated(scene: Scene, name: str, first: str) -> _Unusable:
    reason = f"item {scene.scene_id} stands in {first} already"
    hint = "give each scene an identifier of its own, or remove one of the two"
    return _Unusable(SearchProblem(name, reason, hint), scene.footprint)


def _outline(document: Any) -> BaseGeometry | None:
    try:
        outline = shape(document["geometry"])
    except (KeyError, TypeError, ValueError, AttributeError, GEOSException):
        return None
    return None if outline.is_empty else outline


def _resolved(item: Path, href: str) -> str:
    return href if "://" in href else str(item.parent / href)
