"""Active-fire detections from CSV files of FIRMS beside the imagery (CONTRACT section 4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import structlog

from aoi.area import Aoi
from aoi.interval import Interval
from monitor.errors import SourceRefused, SourceUnavailable
from monitor.scene import Hotspot
from monitor.sources.firms_csv import FirmsRows, newest_versions, parse_firms

logger = structlog.get_logger(__name__)

MAX_FILE_BYTES = 200_000_000
"""A file that is larger is refused: a year of all Africa has some 150 MB."""


@dataclass(frozen=True, slots=True)
class HotspotReading:
    """What a folder holds for one area and span, and what was left out."""

    hotspots: tuple[Hotspot, ...]
    """In or near the area, oldest first, each once."""

    elsewhere: int
    """Detections of the span that lie outside the area and its margin."""

    repeated: int
    """Rows that another row says again."""

    impossible: tuple[str, ...]
    """A sentence for each row that could not be read."""


@dataclass(frozen=True, slots=True)
class HotspotFolder:
    """Reads ``**/hotspots/*.csv`` below a folder."""

    path: Path

    @property
    def name(self) -> str:
        """Name of the provider, kept in evidence."""
        return "folder"

    def hotspots(self, aoi: Aoi, interval: Interval) -> list[Hotspot]:
        """Return the detections in and near `aoi` in `interval`, oldest first, each once.

        Raises
        ------
        SourceError
            If a file cannot be read or is no table of FIRMS. No file is no detection.
        """
        read = self.reading(aoi, interval)
        if read.impossible:
            # The reasons name file and line, never a place.
            logger.warning(
                "hotspots.impossible", rows=len(read.impossible), first=read.impossible[0]
            )
        return list(read.hotspots)

    def reading(self, aoi: Aoi, interval: Interval) -> HotspotReading:
        """Return the same with the count of everything that was left out.

        Raises
        ------
        SourceError
            As `hotspots`.
        """
        tables = list(self._tables())
        of_span = [h for rows in tables for h in rows.hotspots if interval.contains(h.acquired_at)]
        west, south, east, north = aoi.blocks.outline.bounds
        near = [h for h in of_span if west <= h.longitude <= east and south <= h.latitude <= north]
        once = newest_versions(near)
        return HotspotReading(
            hotspots=tuple(once),
            elsewhere=len(of_span) - len(near),
            repeated=len(near) - len(once),
            impossible=tuple(reason for rows in tables for reason in rows.impossible),
        )

    def _tables(self) -> Iterator[FirmsRows]:
        if not self.path.is_dir():
            raise SourceRefused(
                f"the imagery folder {self.path} does not exist",
                hint="set [sources.folder] path in config.toml",
            )
        for path in sorted(self.path.rglob("hotspots/*.csv")):
            stat = path.stat()
            if stat.st_size > MAX_FILE_BYTES:
                raise SourceRefused(
                    f"hotspot file {path} has {stat.st_size} bytes, more than is read",
                    hint="split it by month",
                )
            yield _rows_of(path, str(path.relative_to(self.path)), stat.st_mtime_ns)


@lru_cache(maxsize=64)
def _rows_of(path: Path, origin: str, changed_ns: int) -> FirmsRows:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise SourceUnavailable(
            f"hotspot file {origin} cannot be read: {error.strerror}"
        ) from error
    return parse_firms(text, origin)
