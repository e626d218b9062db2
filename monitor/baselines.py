"""The baselines of one area, kept up to date from its archived looks."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.baseline import Baseline, BaselineSettings, absorb, wants_refit
from monitor.baseline_file import read_baseline, write_baseline
from monitor.baseline_fit import fit_baseline
from monitor.blocks import BlockSets
from monitor.shelf import LazyLooks, Shelf


class Baselines:
    """What is normal, by track; a look that is older than the quarantine teaches it."""

    def __init__(
        self,
        folder: Path,
        aoi_id: str,
        sets: BlockSets,
        shelf: Shelf,
        settings: BaselineSettings | None = None,
    ) -> None:
        self._folder = folder
        self._aoi_id = aoi_id
        self._sets = sets
        self._shelf = shelf
        self._settings = settings or BaselineSettings()
        self._known: dict[str, Baseline | None] = {}

    def at(self, track: str, on: datetime, frozen_ids: Collection[str]) -> Baseline | None:
        """Return the baseline for a look of `track` acquired at `on`; None without history.

        Parameters
        ----------
        track : str
        on : datetime
        frozen_ids : collection of str
            Settlements whose blocks must not teach it: they may have burned.

        Raises
        ------
        ArchiveError
            If the state or a look cannot be read or written.
        """
        if track not in self._known:
            self._known[track] = read_baseline(self._folder, self._aoi_id, track)
        ripe = self._shelf.until(track, on - self._settings.quarantine)
        standing = self._known[track]
        current = self._taught(standing, ripe, on, frozen_ids)
        if current is not None and current is not standing:
            write_baseline(self._folder, current)
            self._known[track] = current
        return current

    def _taught(
        self, standing: Baseline | None, ripe: LazyLooks, on: datetime, frozen_ids: Collection[str]
    ) -> Baseline | None:
        if wants_refit(standing, self._sets, len(ripe), on, self._settings):
            return fit_baseline(ripe, self._sets, on)
        if standing is None or standing.sets_version != self._sets.version:
            return None
        frozen = self._frozen(frozen_ids)
        for number, archived in enumerate(ripe.archived):
            if archived.acquired_at > standing.through:
                standing = absorb(standing, ripe[number], self._sets, frozen, self._settings)
        return standing

    def _frozen(self, settlement_ids: Collection[str]) -> NDArray[np.bool_]:
        """Return True for the watched blocks of these settlements."""
        frozen = np.zeros(len(self._sets.watched), dtype=np.bool_)
        for settlement in self._sets.settlements:
            if settlement.settlement_id in settlement_ids:
                frozen[settlement.own] = True
        return frozen
