"""One run over one area: search, read, reduce, archive, score, find, and say what was seen.

A function of values: it runs unchanged in a process pool or on a cluster, and
never writes to the database.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache

import structlog

from aoi.interval import Interval
from monitor.acquisition import Acquisition, wanted
from monitor.area_job import ArchivedLook, AreaJob, AreaReport, SceneProblem, search_start
from monitor.area_report import problems_of, report_of, report_of_outage
from monitor.baselines import Baselines
from monitor.blocks import block_sets
from monitor.camp_watch import CampWatch
from monitor.catalogue import known_hotspots, listing
from monitor.chips import ChipMaker, looks_of
from monitor.detectors.burn import burn_readings
from monitor.detectors.camps import VERSION as CAMP_VERSION
from monitor.detectors.camps_radar import with_camp_radar
from monitor.detectors.fires import FireSky, fire_sky
from monitor.detectors.swir_fire import burning_blocks, flame_finding
from monitor.errors import ArchiveError, MonitorError
from monitor.finding import Chip, Finding
from monitor.fire_file import read_seasons
from monitor.looks import Look
from monitor.radar_watch import RadarWatch
from monitor.reading_scenes import read_look
from monitor.recent_past import RecentPast
from monitor.scene import Hotspot
from monitor.shelf import Shelf, shelved
from monitor.verdicts import Verdicts

logger = structlog.get_logger(__name__)


FLAMES_AGAINST = 3
"""Earlier looks whose band 12 says what is usual."""

# The same area is run again and again by a worker, and its settlements rarely change.
known_block_sets = lru_cache(maxsize=4)(block_sets)


def watch_area(job: AreaJob) -> AreaReport:
    """Do one run over one area."""
    return AreaWatch(job).run()


class AreaWatch:
    """One run over one area, step by step."""

    def __init__(self, job: AreaJob) -> None:
        self._job = job
        self._sets = known_block_sets(job.aoi, job.settlements)
        self._shelf = Shelf(job.folder, job.aoi.blocks, job.looks)
        self._baselines = Baselines(
            job.folder / "baselines", job.aoi.aoi_id, self._sets, self._shelf
        )
        self._chips = ChipMaker(job.aoi, job.sources, job.folder, job.settings.chip_margin_m)
        self._verdicts = Verdicts(job)
        self._recent = RecentPast(
            self._sets, self._shelf, (r.reading for r in job.readings), job.burn.strong_p
        )
        self._camps = CampWatch(job, self._shelf)
        self._radar = RadarWatch(job, self._sets)
        self._sources = {source.name: source for source in job.sources}
        self._new_looks: dict[str, ArchivedLook] = {}
        self._superseded: dict[str, str] = {}
        self._problems: list[SceneProblem] = []
        self._findings: dict[str, Finding] = {}
        self._sky = fire_sky([], job.aoi.blocks.outline, job.aoi.epsg)

    def run(self) -> AreaReport:
        """Return everything that the run found out."""
        job = self._job
        interval = Interval(search_start(job.now, job.searched_until, job.settings), job.now)
        listed = listing(job.sources, job.aoi, interval, job.now)
        if not listed.answered:
            return report_of_outage(job, listed)
        recent = Interval.ending(job.now, job.settings.lookback + job.settings.window)
        hotspots, failures = known_hotspots(job.hotspot_sources, job.aoi, recent, job.now)
        self._sky = self._sky_of(hotspots)
        self._radar.read_new()
        for overpass in listed.overpasses:
            self._take(overpass)
        self._camps.close()
        self._findings.update((found.finding_id, found) for found in self._radar.damage())
        return report_of(
            job,
            replace(listed, failures=(*listed.failures, *failures)),
            shelf=self._shelf,
            looks=tuple(self._new_looks.values()),
            superseded=self._superseded,
            readings=self._verdicts.new,
            findings=tuple(self._findings.values()),
            problems=tuple(self._problems),
        )

    def _sky_of(self, hotspots: Sequence[Hotspot]) -> FireSky:
        aoi = self._job.aoi
        try:
            seasons = read_seasons(self._job.folder, aoi.aoi_id)
        except ArchiveError as error:
            # The watch over fires makes it anew; till then a rate is assumed, and said to be.
            logger.warning("fires.archive_lost", aoi_id=aoi.aoi_id, reason=error.message)
            seasons = None
        return fire_sky(hotspots, aoi.blocks.outline, aoi.epsg, seasons, self._job.fires)

    def _take(self, overpass: Sequence[Acquisition]) -> None:
        """Read an overpass that is new, from the first provider that can give it."""
        standing = self._shelf.of_overpass(overpass[0])
        unread: list[SceneProblem] = []
        for acquisition in wanted(self._job.aoi, overpass, standing):
            try:
                look = self._see(acquisition, standing)
            except MonitorError as error:
                logger.warning("provider.failed", provider=acquisition.provider, reason=str(error))
                unread.extend(problems_of(self._job.aoi.aoi_id, acquisition, error))
                continue
            self._score_or_leave(look, acquisition, standing)
            return
        self._problems.extend(unread)

    def _score_or_leave(
        self, look: Look, acquisition: Acquisition, standing: ArchivedLook | None
    ) -> None:
        """Score a look; one that cannot be scored is not recorded, so that the next run tries."""
        try:
            self._score(look)
        except MonitorError as error:
            self._problems.extend(problems_of(self._job.aoi.aoi_id, acquisition, error))
            self._shelf.withdraw(self._new_looks.pop(look.look_id), standing)
            if standing is not None:
                del self._superseded[standing.look_id]

    def _see(self, acquisition: Acquisition, standing: ArchivedLook | None) -> Look:
        job = self._job
        look = read_look(self._sources[acquisition.provider], acquisition.scenes, job.aoi)
        archived = shelved(
            look,
            job.aoi,
            job.folder,
            job.now,
            acquisition.provider,
            scored=look.acquired_at >= self._scored_from(),
        )
        self._shelf.put(archived, look, standing)
        self._new_looks[look.look_id] = archived
        self._chips.remember(look.look_id, acquisition)
        if standing is not None:
            self._superseded[standing.look_id] = look.look_id
            self._verdicts.forget(standing.look_id)
        return look

    def _scored_from(self) -> datetime:
        """Return from when looks are scored: the first run reads older ones as history."""
        job = self._job
        if job.searched_until is not None:
            return job.now - job.settings.history
        return job.now - job.settings.lookback

    def _score(self, look: Look) -> None:
        archived = self._new_looks[look.look_id]
        if not archived.scored:
            return
        frozen = {*self._job.frozen_settlement_ids, *self._verdicts.found_ids}
        baseline = self._baselines.at(look.track, look.acquired_at, frozen)
        verdict = burn_readings(
            look,
            self._sets,
            baseline,
            self._shelf.earlier(look),
            self._job.burn,
            self._job.calibration,
            self._job.now,
            self._recent.before(look, baseline, self._baselines, frozen),
        )
        self._recent.keep(verdict.recent)
        self._verdicts.add(verdict)
        if verdict.held_reason:
            self._new_looks[look.look_id] = self._shelf.amend(archived, verdict.held_reason)
            return
        burned = self._verdicts.findings(look.look_id, self._sky)
        burns = [self._radar.attached(finding) for finding in burned]
        self._camps.keep(burns)
        camps = [self._with_radar(finding) for finding in self._camps.take(look)]
        for finding in (*burns, *self._flames(look), *camps):
            if finding.finding_id not in self._findings:
                self._findings[finding.finding_id] = self._with_chips(finding)

    def _with_radar(self, finding: Finding) -> Finding:
        """Return a camp finding with what radar says of its ground, where radar is asked."""
        reading = self._radar.over(finding)
        if reading is None:
            return finding
        return with_camp_radar(finding, reading, self._job.burn.fusion)

    def _flames(self, look: Look) -> Iterator[Finding]:
        """Yield the settlements that were in flames when the satellite passed."""
        settlements = {one.settlement_id: one for one in self._job.settlements}
        earlier = self._shelf.earlier(look)[-FLAMES_AGAINST:]
        for place in self._sets.settlements:
            seen = burning_blocks(look, earlier, self._sets, place)
            if seen is not None:
                told = flame_finding(settlements[place.settlement_id], look, seen, self._job.now)
                yield from () if told is None else (told,)

    def _with_chips(self, finding: Finding) -> Finding:
        """Return the finding with its pictures; without them it still stands."""
        settlement = self._verdicts.settlement(finding)
        quiet_ids = self._verdicts.quiet_look_ids(settlement.settlement_id)
        if finding.detector == CAMP_VERSION:
            # What saw no fire may well have seen shelters.
            quiet_ids = {look_id for one in finding.evidence for look_id in one.quiet_look_ids}
        chips: list[Chip] = []
        for role, look in looks_of(finding, self._shelf.standing, quiet_ids).items():
            try:
                chips.append(self._chips.chip(settlement, look, role))
            except MonitorError as error:
                logger.warning("chip.missing", finding_id=finding.finding_id, reason=error.message)
        return replace(finding, chips=tuple(chips))
