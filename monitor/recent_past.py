"""The recent past of an area, rebuilt from its archived looks when a run needs it.

Nothing of it is stored: what `explain` prints can be derived again from looks alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from monitor.area_job import ArchivedLook
from monitor.baseline import Baseline, watched_features
from monitor.baselines import Baselines
from monitor.blocks import BlockSets
from monitor.looks import Look
from monitor.reading import Reading, Verdict
from monitor.recent import KEPT_LOOKS, REACH, Recent
from monitor.shelf import Shelf


class RecentPast:
    """Knows what the looks before one had in common, and takes each new look in."""

    def __init__(
        self, sets: BlockSets, shelf: Shelf, readings: Iterable[Reading], strong_p: float
    ) -> None:
        self._sets = sets
        self._shelf = shelf
        self._signed = {
            (r.look_id, r.settlement_id)
            for r in readings
            if r.verdict is Verdict.BURN_LIKE and r.p <= strong_p
        }
        self._known: Recent | None = None

    def before(
        self, look: Look, baseline: Baseline | None, baselines: Baselines, frozen: Collection[str]
    ) -> Recent | None:
        """Return the recent past of a look; None where its track has no baseline yet.

        Raises
        ------
        ArchiveError
            If an archived look or a baseline cannot be read.
        """
        if baseline is None:
            return None
        if self._known is None or self._known.features != baseline.features:
            recent = Recent.empty(self._sets.version, baseline.features, self._sets.watched.size)
            for archived in self._last_before(look.acquired_at):
                recent = self._with(recent, archived, baselines, frozen)
            self._known = recent
        return self._known

    def keep(self, recent: Recent | None) -> None:
        """Remember the recent past with a newly scored look in it."""
        self._known = recent or self._known

    def _last_before(self, on: datetime) -> list[ArchivedLook]:
        near = [
            look
            for look in self._shelf.standing
            if look.acquired_at < on and on - look.acquired_at <= REACH and self._shelf.serves(look)
        ]
        return near[-KEPT_LOOKS:]

    def _with(
        self,
        recent: Recent,
        archived: ArchivedLook,
        baselines: Baselines,
        frozen: Collection[str],
    ) -> Recent:
        baseline = baselines.at(archived.track, archived.acquired_at, frozen)
        look = self._shelf.read(archived)
        if baseline is None or any(b not in look.bands for b in recent.features.bands):
            return recent
        observed = watched_features(look, self._sets, recent.features)
        residual = observed - baseline.expected(look.acquired_at)
        signed = [
            s.own for s in self._sets.settlements if (look.look_id, s.settlement_id) in self._signed
        ]
        return recent.followed_by(look.acquired_at, residual, signed)
