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

from aoi.area import Aoi
from aoi.grid import Grid
from aoi.interval import Interval
from monitor.errors import SourceRefused
from monitor.observation import Observation
from monitor.ports import SearchProblem
from monitor.scene import Scene
from monitor.sources.scene_reader import read_scene
from monitor.sources.stac_item import is_item, scene_of

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
        return "folder"

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
        for path in sorted(self.path.rglob("*.json")):
            entry = self._entry(path, now)
            if entry is not None:
                yield entry

    def _entry(self, path: Path, now: datetime) -> Scene | _Unusable | None:
        name = str(path.relative_to(self.path))
        try:
            stat = path.stat()
            document = _document(path, stat.st_mtime_ns, stat.st_size)
        except (OSError, ValueError, RecursionError) as error:
            problem = SearchProblem(name, f"cannot be read: {error}", "write it again")
            return _Unusable(problem, None)
        if not is_item(document):
            return None
        try:
            return scene_of(
                document, provider=self.name, now=now, resolve=lambda href: _resolved(path, href)
            )
        except SourceRefused as error:
            return _Unusable(SearchProblem(name, error.message, error.hint), document)


@dataclass(frozen=True, slots=True)
class _Unusable:
    """An item that is no scene, and what is known of it."""

    problem: SearchProblem
    document: Any

    def may_touch(self, aoi: Aoi) -> bool:
        """Return False only if the item says that it lies elsewhere."""
        try:
            return bool(shape(self.document["geometry"]).intersects(aoi.geometry))
        except (KeyError, TypeError, ValueError, AttributeError, GEOSException):
            return True


# A replay searches the same folder hundreds of times.
@lru_cache(maxsize=20_000)
def _document(path: Path, changed_ns: int, size: int) -> Any:
    if size > MAX_ITEM_BYTES:
        raise ValueError(f"{size} bytes are too many for an item")
    return json.loads(path.read_bytes())


def _resolved(item: Path, href: str) -> str:
    return href if "://" in href else str(item.parent / href)
