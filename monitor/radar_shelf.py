"""The archived radar looks of one area: files by orbit, and the scenes that were refused."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from aoi.grid import Grid
from monitor.archive import load_look, save_look, write_whole
from monitor.errors import ArchiveError
from monitor.looks import Look

logger = structlog.get_logger(__name__)

SAME_OVERPASS = timedelta(minutes=10)
STAMP = "%Y%m%dT%H%M%S"


class RadarShelf:
    """Radar looks below the data folder: ``radar/AREA/ORBIT/TIME-LOOK.tif``."""

    def __init__(self, folder: Path, aoi_id: str, blocks: Grid) -> None:
        self._folder = folder / "radar" / aoi_id
        self._blocks = blocks

    @property
    def refused(self) -> Mapping[str, str]:
        """Scene id to why it cannot be used; they are not read again."""
        path = self._folder / "refused.json"
        try:
            told = json.loads(path.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            logger.warning("radar.refusals_lost", reason=str(error))
            return {}
        return {str(k): str(v) for k, v in told.items()} if isinstance(told, dict) else {}

    def refuse(self, scene_ids: Mapping[str, str]) -> None:
        """Remember scenes that cannot be used, each with the reason."""
        known = {**self.refused, **scene_ids}
        write_whole(self._folder / "refused.json", json.dumps(known, indent=1).encode())

    def has(self, track: str, acquired_at: datetime) -> bool:
        """Return True if an overpass is archived."""
        return any(abs(at - acquired_at) <= SAME_OVERPASS for at, _ in self._files(track))

    def save(self, look: Look) -> None:
        """Archive a look.

        Raises
        ------
        ArchiveError
            If it cannot be written.
        """
        name = f"{look.acquired_at:{STAMP}}-{look.look_id}.tif"
        save_look(look, self._folder / look.track / name)

    def looks(self, since: datetime) -> list[Look]:
        """Return the looks of this grid from an instant on, oldest first of each orbit.

        One that is damaged is left out, and said.
        """
        found = []
        for track in self.tracks:
            for at, path in self._files(track):
                if at < since:
                    continue
                try:
                    look = load_look(path)
                except ArchiveError as error:
                    logger.warning("radar.look_lost", reason=error.message)
                    continue
                if look.blocks == self._blocks:
                    found.append(look)
        return found

    @property
    def tracks(self) -> list[str]:
        """Orbits that have looks."""
        if not self._folder.is_dir():
            return []
        return sorted(one.name for one in self._folder.iterdir() if one.is_dir())

    def count(self) -> dict[str, int]:
        """Return the number of looks by orbit."""
        return {track: sum(1 for _ in self._files(track)) for track in self.tracks}

    def _files(self, track: str) -> Iterator[tuple[datetime, Path]]:
        for path in sorted((self._folder / track).glob("*.tif")):
            stamp = path.name.split("-", 1)[0]
            try:
                yield datetime.strptime(stamp, STAMP).replace(tzinfo=UTC), path
            except ValueError:
                continue
