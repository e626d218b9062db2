"""One run of everything that is due: jobs out, reports in, rows recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

import structlog

from aoi.area import Aoi
from aoi.registry import AoiRegistry
from monitor.area_job import AreaJob, AreaReport, WatchSettings, search_start
from monitor.area_report import could_see, report_of_bug
from monitor.burnings import with_history
from monitor.calibration import Calibration
from monitor.camps.settings import CampSettings
from monitor.detectors.burn import BurnSettings
from monitor.detectors.fires import FireSettings
from monitor.detectors.sar_stack import SarSettings
from monitor.finding import Finding, FindingKind
from monitor.ports import Engine, HotspotSource, ImagerySource
from monitor.retry import RUNS_COUNTED, retry_after
from monitor.run import Run
from monitor.store import MonitorStore
from monitor.watch import watch_area

FROZEN_FOR = timedelta(days=120)
"""Blocks of a settlement with a finding do not teach the baseline for this long (DETECTION 4h)."""

logger = structlog.get_logger(__name__)


class Progress(Protocol):
    """Hears how far a tick is."""

    def __call__(self, done: int, total: int, item: str, /) -> None: ...


@dataclass(frozen=True, slots=True)
class PipelineSettings:
    """What every job is given besides its area."""

    folder: Path
    """The data folder."""

    burn: BurnSettings
    calibration: Calibration
    watch: WatchSettings = field(default_factory=WatchSettings)
    camp: CampSettings = field(default_factory=CampSettings)
    fires: FireSettings = field(default_factory=FireSettings)
    sar: SarSettings = field(default_factory=SarSettings)


@dataclass(frozen=True, slots=True)
class AreaRun:
    """What a tick did for one area."""

    run: Run
    could_see: bool
    """False if the area could not be seen: failed, all cloud, unreadable scenes, or no imagery
    at all for as long as a run looks back."""


class Pipeline:
    """Runs the areas that are due and records what they showed."""

    def __init__(
        self,
        registry: AoiRegistry,
        store: MonitorStore,
        engine: Engine,
        sources: Sequence[ImagerySource],
        hotspot_sources: Sequence[HotspotSource],
        settings: PipelineSettings,
    ) -> None:
        self._registry = registry
        self._store = store
        self._engine = engine
        self._sources = tuple(sources)
        self._hotspot_sources = tuple(hotspot_sources)
        self._settings = settings

    def run_due(
        self, now: datetime, progress: Progress | None = None, only: Sequence[Aoi] | None = None
    ) -> list[AreaRun]:
        """Run every area that is due at `now`; record each as it finishes.

        With `only`, run these areas instead, whether they are due or not.
        """
        areas = self._registry.due(now) if only is None else only
        jobs = [self._job(aoi, now) for aoi in areas]
        if progress is not None and jobs:
            progress(0, len(jobs), "")
        runs: list[AreaRun] = []
        for job, outcome in self._engine.run(watch_area, jobs):
            report = self._report(job, outcome)
            runs.append(self._record(job, report))
            if progress is not None:
                progress(len(runs), len(jobs), job.aoi.aoi_id)
        return runs

    def _job(self, aoi: Aoi, now: datetime) -> AreaJob:
        watch = self._settings.watch
        known, grid = self._store.looks(aoi.aoi_id), str(aoi.blocks)
        # Blocks of an area that was drawn anew are others: it begins like a new one.
        looks = {look.look_id: look for look in known if look.grid == grid}
        redrawn = bool(known) and not looks
        searched_until = None if redrawn else self._store.searched_until(aoi.aoi_id)
        since = search_start(now, searched_until, watch) - watch.window
        scored = self._store.scored_readings(aoi.aoi_id, since)
        findings = self._store.findings(aoi_id=aoi.aoi_id)
        recent = [f for f in findings if f.last_seen >= now - FROZEN_FOR]
        return AreaJob(
            aoi=aoi,
            settlements=tuple(self._registry.settlements(aoi.aoi_id)),
            now=now,
            sources=self._sources,
            hotspot_sources=self._hotspot_sources,
            folder=self._settings.folder,
            looks=tuple(looks.values()),
            readings=tuple(one for one in scored if one.reading.look_id in looks),
            frozen_settlement_ids=_changed_ids(recent),
            covered_until=self._store.covered_until(aoi.aoi_id),
            searched_until=searched_until,
            settings=watch,
            burn=self._settings.burn,
            calibration=self._settings.calibration,
            fires=self._settings.fires,
            sar=self._settings.sar,
            camp=self._settings.camp,
            earlier_findings=tuple(f for f in findings if _is_kept(f, now)),
        )

    def _record(self, job: AreaJob, report: AreaReport) -> AreaRun:
        found = tuple(with_history(one, self._store) for one in report.findings)
        earlier = self._store.runs(job.aoi.aoi_id, limit=RUNS_COUNTED)
        self._store.record(replace(report, findings=found), job.now)
        self._registry.mark_run(job.aoi.aoi_id, job.now, retry_after(report, earlier))
        run = report.run
        logger.info(
            "area.run",
            aoi_id=run.aoi_id,
            run_id=run.run_id,
            outcome=run.outcome.value,
            looks=len(report.looks),
            findings=len(report.findings),
            problems=len(report.problems),
        )
        return AreaRun(run, could_see=could_see(job, report))

    def _report(self, job: AreaJob, outcome: AreaReport | BaseException) -> AreaReport:
        if isinstance(outcome, AreaReport):
            return outcome
        logger.error("area.bug", aoi_id=job.aoi.aoi_id, exc_info=outcome)
        return report_of_bug(job, outcome)


def _changed_ids(findings: Sequence[Finding]) -> frozenset[str]:
    """Return the settlements whose ground may have changed; heat alone says no such thing."""
    changed = (f for f in findings if f.kind is not FindingKind.HOTSPOTS)
    return frozenset(f.settlement_id for f in changed if f.settlement_id)


def _is_kept(finding: Finding, now: datetime) -> bool:
    """Return True for camps that came or went, however long ago, and for all that is recent."""
    lasting = (FindingKind.CAMP_NEW, FindingKind.CAMP_EMPTYING)
    return finding.kind in lasting or finding.last_seen >= now - FROZEN_FOR
