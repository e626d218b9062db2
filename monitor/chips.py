"""Chips: unstretched pixels around a place, before and after, kept as evidence."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from pathlib import Path

from aoi.area import Aoi
from aoi.grid import Grid
from aoi.interval import Interval
from aoi.settlement import Settlement
from monitor.acquisition import Acquisition, acquisitions
from monitor.archive import file_sha256, save_chip
from monitor.area_job import ArchivedLook
from monitor.errors import SourceRefused
from monitor.finding import Chip, Finding
from monitor.observation import Observation
from monitor.ports import ImagerySource

CHIP_RESOLUTION_M = 10.0
CHIP_BANDS = ("blue", "green", "red", "nir", "nir08", "swir16", "swir22")
UNSCORED = 5
"""Latest looks of the history among which the clearest serves as "before"."""

_MOMENT = timedelta(minutes=15)


class ChipMaker:
    """Reads and archives the pixels that show one place in one look."""

    def __init__(
        self, aoi: Aoi, sources: Sequence[ImagerySource], folder: Path, margin_m: float
    ) -> None:
        self._aoi = aoi
        self._sources = {source.name: source for source in sources}
        self._folder = folder
        self._margin_m = margin_m
        self._known: dict[str, Acquisition] = {}

    def remember(self, look_id: str, acquisition: Acquisition) -> None:
        """Keep the scenes of a look that was read in this run."""
        self._known[look_id] = acquisition

    def chip(self, settlement: Settlement, look: ArchivedLook, role: str) -> Chip:
        """Archive the pixels around `settlement` in `look`, once.

        Raises
        ------
        SourceError
            If the scenes are no longer listed or cannot be read.
        ArchiveError
            If the pixels cannot be written.
        """
        grid = Grid.covering(
            settlement.footprint, self._aoi.epsg, CHIP_RESOLUTION_M, margin_m=self._margin_m
        )
        name = f"{settlement.settlement_id}-{look.look_id[:16]}.tif"
        path = Path("chips") / self._aoi.aoi_id / name
        if (self._folder / path).exists():
            sha256 = file_sha256(self._folder / path)
        else:
            sha256 = save_chip(self._pixels(look, grid), self._folder / path)
        return Chip(
            role=role,
            path=str(path),
            look_id=look.look_id,
            scene_ids=look.scene_ids,
            acquired_at=look.acquired_at,
            provider=look.provider,
            sha256=sha256,
        )

    def _pixels(self, look: ArchivedLook, grid: Grid) -> Observation:
        acquisition = self._known.get(look.look_id) or self._listed_again(look)
        source = self._sources[acquisition.provider]
        best: Observation | None = None
        for scene in acquisition.scenes:
            if not scene.footprint.intersects(grid.outline):
                continue
            seen = source.read(scene, grid, CHIP_BANDS)
            if best is None or seen.clear.sum() > best.clear.sum():
                best = seen
        if best is None:
            raise SourceRefused(f"no scene of look {look.look_id} reaches the settlement")
        return best

    def _listed_again(self, look: ArchivedLook) -> Acquisition:
        source = self._sources.get(look.provider)
        if source is not None:
            moment = Interval(look.acquired_at - _MOMENT, look.acquired_at + _MOMENT)
            for acquisition in acquisitions(source.search(self._aoi, moment)):
                if set(look.scene_ids) <= set(acquisition.scene_ids):
                    return acquisition
        raise SourceRefused(
            f"the scenes of look {look.look_id} are no longer listed by {look.provider}",
            hint="the look itself is archived; only the 10 m picture is missing",
        )


def looks_of(
    finding: Finding, looks: Sequence[ArchivedLook], quiet_ids: Collection[str]
) -> dict[str, ArchivedLook]:
    """Return the looks to show a finding with: ``"before"`` and ``"after"``.

    Parameters
    ----------
    finding : Finding
    looks : sequence of ArchivedLook
        Those of the area that count, oldest first.
    quiet_ids : collection of str
        Looks that saw the settlement clearly and without the sign.

    Notes
    -----
    After is the latest look with the sign, before the last quiet one before the first.
    Without a scored one, the clearest of the last few: history is not scored.
    """
    signs = {look_id for evidence in finding.evidence for look_id in evidence.look_ids}
    after = [look for look in looks if look.look_id in signs]
    earlier = [look for look in looks if look.acquired_at < finding.first_seen]
    quiet = [look for look in earlier if look.look_id in quiet_ids]
    shown: dict[str, ArchivedLook] = {}
    if quiet:
        shown["before"] = quiet[-1]
    elif earlier:
        shown["before"] = max(earlier[-UNSCORED:], key=lambda look: look.clear_fraction)
    if after:
        shown["after"] = after[-1]
    return shown
