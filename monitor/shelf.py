"""The archived looks of one area, read when they are needed and not before."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import overload

import structlog

from aoi.area import Aoi
from aoi.grid import Grid
from monitor.acquisition import Acquisition
from monitor.archive import load_look, save_look
from monitor.area_job import ArchivedLook
from monitor.looks import Look

logger = structlog.get_logger(__name__)

KEPT_IN_MEMORY = 32
"""Looks that stay read: a window of earlier looks is asked for again at each new one."""


LATEST = 6
"""Latest looks of a track that a new one is compared with where there is no history."""

SAME_WEEKS = 25
WEEKS_REACH_D = 15.0
YEAR_D = 365.25


def shelved(
    look: Look, aoi: Aoi, folder: Path, known_at: datetime, provider: str, *, scored: bool
) -> ArchivedLook:
    """Archive a look, and return what the database keeps of it.

    Parameters
    ----------
    look : Look
    aoi : Aoi
        Its area; the share of it that was clear decides whether it was seen.
    folder : Path
        The data folder.
    known_at : datetime
        When the service had it, UTC.
    provider : str
    scored : bool
        False for history that serves the baselines only.

    Raises
    ------
    ArchiveError
        If it cannot be written; nothing is left then.
    """
    path = Path("looks") / aoi.aoi_id / look.track / f"{look.look_id}.tif"
    inside = look.blocks.inside(aoi.geometry)
    return ArchivedLook(
        look_id=look.look_id,
        aoi_id=aoi.aoi_id,
        track=look.track,
        platform=look.platform,
        acquired_at=look.acquired_at,
        available_at=look.available_at,
        known_at=known_at,
        path=str(path),
        sha256=save_look(look, folder / path),
        clear_fraction=float(look.valid[inside].mean()) if inside.any() else 0.0,
        held_reason="",
        provider=provider,
        scene_ids=look.scene_ids,
        grid=str(look.blocks),
        scored=scored,
    )


class Shelf:
    """Looks that count: not superseded; those of another grid cannot be compared."""

    def __init__(self, folder: Path, blocks: Grid, looks: Iterable[ArchivedLook]) -> None:
        self._folder = folder
        self._blocks = blocks
        self._standing = sorted(looks, key=_by_time)
        self._missing = {one.look_id for one in self._standing if not self._is_there(one)}
        self._read: OrderedDict[str, Look] = OrderedDict()

    @property
    def standing(self) -> tuple[ArchivedLook, ...]:
        """Every look that counts, oldest first."""
        return tuple(self._standing)

    def of_overpass(self, acquisition: Acquisition) -> ArchivedLook | None:
        """Return the look of the same overpass, whichever provider it came from."""
        for look in self._standing:
            if acquisition.same_overpass(look.acquired_at, look.track):
                return look
        return None

    def put(self, archived: ArchivedLook, look: Look, replaced: ArchivedLook | None) -> None:
        """Add a look, in place of an earlier version of the same overpass if there is one."""
        if replaced is not None:
            self._standing.remove(replaced)
        self._standing.append(archived)
        self._standing.sort(key=_by_time)
        self._keep(look)

    def withdraw(self, archived: ArchivedLook, replaced: ArchivedLook | None) -> None:
        """Take a look away again, and put back the one that it replaced."""
        self._standing = [one for one in self._standing if one.look_id != archived.look_id]
        if replaced is not None:
            self._standing.append(replaced)
            self._standing.sort(key=_by_time)

    def amend(self, archived: ArchivedLook, held_reason: str) -> ArchivedLook:
        """Mark a look as held back."""
        held = replace(archived, held_reason=held_reason)
        self._standing[self._standing.index(archived)] = held
        return held

    def earlier(self, look: Look) -> LazyLooks:
        """Return the trusted looks that `look` may be compared with, oldest first.

        The latest of its track, and those of the same weeks of earlier years.
        """
        of_track = self.until(look.track, look.acquired_at - timedelta(seconds=1)).archived
        latest = of_track[-LATEST:]
        same_weeks = [one for one in of_track if _same_weeks(one.acquired_at, look.acquired_at)]
        return LazyLooks(self, sorted({*latest, *same_weeks[-SAME_WEEKS:]}, key=_by_time))

    def until(self, track: str, at: datetime) -> LazyLooks:
        """Return all trusted looks of a track up to an instant, oldest first."""
        return LazyLooks(
            self,
            [
                one
                for one in self._standing
                if one.track == track and one.acquired_at <= at and self.serves(one)
            ],
        )

    def read(self, archived: ArchivedLook) -> Look:
        """Return a look from the archive.

        Raises
        ------
        ArchiveError
            If it is missing or damaged.
        """
        if archived.look_id not in self._read:
            self._keep(load_look(self._folder / archived.path))
        self._read.move_to_end(archived.look_id)
        return self._read[archived.look_id]

    def _is_there(self, archived: ArchivedLook) -> bool:
        there = (self._folder / archived.path).is_file()
        if not there:
            logger.warning("look.missing", look_id=archived.look_id, path=archived.path)
        return there

    def serves(self, archived: ArchivedLook) -> bool:
        """Return True if later looks may be compared with it: trusted, and its file is there."""
        return not archived.held_reason and archived.look_id not in self._missing

    def _keep(self, look: Look) -> None:
        self._read[look.look_id] = look
        while len(self._read) > KEPT_IN_MEMORY:
            self._read.popitem(last=False)


class LazyLooks(Sequence[Look]):
    """Looks that are read from the archive one by one, as they are asked for."""

    def __init__(self, shelf: Shelf, archived: Sequence[ArchivedLook]) -> None:
        self._shelf = shelf
        self.archived = tuple(archived)

    def __len__(self) -> int:
        return len(self.archived)

    @overload
    def __getitem__(self, index: int) -> Look: ...
    @overload
    def __getitem__(self, index: slice) -> LazyLooks: ...
    def __getitem__(self, index: int | slice) -> Look | LazyLooks:
        if isinstance(index, slice):
            return LazyLooks(self._shelf, self.archived[index])
        return self._shelf.read(self.archived[index])


def _by_time(look: ArchivedLook) -> tuple[datetime, str]:
    return look.acquired_at, look.look_id


def _same_weeks(earlier: datetime, later: datetime) -> bool:
    age = later - earlier
    days_apart = (age.days + YEAR_D / 2) % YEAR_D - YEAR_D / 2
    return abs(days_apart) <= WEEKS_REACH_D and age <= timedelta(days=3 * YEAR_D + WEEKS_REACH_D)
