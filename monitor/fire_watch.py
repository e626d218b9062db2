"""Fires at settlements, at every tick: whether an area is due or not, with imagery or without."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import structlog

from aoi.area import Aoi, AoiState
from aoi.interval import Interval
from aoi.registry import AoiRegistry
from aoi.settlement import Settlement
from monitor.burnings import with_history
from monitor.catalogue import SourceFailure, known_hotspots
from monitor.detectors.fire_archive import counted, places_of
from monitor.detectors.fire_events import hotspot_findings
from monitor.detectors.fire_seasons import FireSeasons
from monitor.detectors.fires import FireSettings, fire_sky
from monitor.errors import ArchiveError
from monitor.finding import Finding, FindingKind
from monitor.fire_file import read_seasons, write_seasons
from monitor.ports import HotspotSource
from monitor.scene import Hotspot
from monitor.store import MonitorStore

logger = structlog.get_logger(__name__)

COMPLETE_AFTER = timedelta(days=3)
"""Detections of a day have all come by then, corrected ones too."""

FROZEN_FOR = timedelta(days=120)

DETECTORS = frozenset({"burn", "fires"})
"""An area that asks for one of these is watched for fires."""


@dataclass(frozen=True, slots=True)
class FireWatchSettings:
    """How fires are watched."""

    folder: Path
    """The data folder, below which the archives lie."""

    fires: FireSettings = field(default_factory=FireSettings)
    lookback: timedelta = timedelta(days=7)
    """Overpasses of this span before a tick are judged: late ones are found."""

    history: timedelta = timedelta(days=1100)
    """Detections of this span are read once, for what is usual in each season."""

    part: timedelta = timedelta(days=73)
    """They are asked for in such parts, the newest first ..."""

    empty_parts: int = 5
    """... until so many held nothing at all: the provider's archive ends there."""


@dataclass(frozen=True, slots=True)
class FireLook:
    """What one tick saw of fires in one area."""

    aoi_id: str
    findings: tuple[Finding, ...] = ()
    failures: tuple[SourceFailure, ...] = ()
    """Sources that did not answer: nothing may be concluded from their silence."""


class FireWatch:
    """Asks for detections, judges those at settlements, and keeps the archive up to date."""

    def __init__(
        self,
        registry: AoiRegistry,
        store: MonitorStore,
        sources: Sequence[HotspotSource],
        settings: FireWatchSettings,
    ) -> None:
        self._registry = registry
        self._store = store
        self._sources = tuple(sources)
        self._settings = settings

    def watch(self, now: datetime, only: Sequence[Aoi] | None = None) -> list[FireLook]:
        """Look at every active area, due or not; record what was found."""
        areas = self._registry.all((AoiState.ACTIVE,)) if only is None else only
        looks = []
        for aoi in areas:
            if not self._sources or DETECTORS.isdisjoint(aoi.detectors):
                continue
            look = self._look(aoi, now)
            self._store.add_findings(look.findings, now)
            looks.append(look)
            for failure in look.failures:
                logger.warning(
                    "fires.unseen", aoi_id=aoi.aoi_id, source=failure.source, reason=failure.reason
                )
        return looks

    def _look(self, aoi: Aoi, now: datetime) -> FireLook:
        settlements = self._registry.settlements(aoi.aoi_id)
        known = self._known(aoi.aoi_id, settlements)
        since = now - self._settings.lookback
        first = min(since - 2 * self._settings.fires.reach, _not_counted_from(known, now))
        spots, failures = known_hotspots(self._sources, aoi, Interval(first, now), now)
        outline, fires = aoi.blocks.outline, self._settings.fires
        through = (now - COMPLETE_AFTER).date()
        if not failures and (known.through is None or known.through < through):
            past = list(self._past(aoi, first, now)) if known.through is None else []
            sky = fire_sky([*past, *spots], outline, aoi.epsg, known, fires)
            frozen = self._frozen(aoi.aoi_id, now)
            known = counted(known, settlements, sky, through=through, frozen_ids=frozen)
            write_seasons(self._settings.folder, known)
        sky = fire_sky(spots, outline, aoi.epsg, known, fires)
        findings = [
            with_history(found, self._store) for found in hotspot_findings(settlements, sky, since)
        ]
        return FireLook(aoi.aoi_id, tuple(findings), tuple(failures))

    def _known(self, aoi_id: str, settlements: Sequence[Settlement]) -> FireSeasons:
        """Return the archive of these settlements, an empty one where it must begin anew."""
        places = places_of(settlements)
        try:
            known = read_seasons(self._settings.folder, aoi_id)
        except ArchiveError as error:
            logger.warning("fires.archive_lost", aoi_id=aoi_id, reason=error.message)
            known = None
        if known is None or known.places != places:
            return FireSeasons(aoi_id, places)
        return known

    def _past(self, aoi: Aoi, until: datetime, now: datetime) -> Iterator[Hotspot]:
        """Yield the detections of the years before, as far back as the sources hold any."""
        empty = 0
        end, oldest = until, now - self._settings.history
        while end > oldest and empty < self._settings.empty_parts:
            start = max(end - self._settings.part, oldest)
            spots, failures = known_hotspots(self._sources, aoi, Interval(start, end), now)
            if failures:
                # What is older stays unknown: the archive begins where answers end.
                logger.warning("fires.past_unread", aoi_id=aoi.aoi_id, reason=failures[0].reason)
                return
            yield from spots
            empty = 0 if spots else empty + 1
            end = start

    def _frozen(self, aoi_id: str, now: datetime) -> frozenset[str]:
        recent = self._store.findings(aoi_id=aoi_id, since=now - FROZEN_FOR)
        burns = (f for f in recent if f.kind is FindingKind.BURN)
        return frozenset(f.settlement_id for f in burns if f.settlement_id)


def _not_counted_from(known: FireSeasons, now: datetime) -> datetime:
    """Return from when detections are not yet in the archive."""
    if known.through is None:
        return now
    return datetime.combine(known.through + timedelta(days=1), time(), tzinfo=UTC)
