"""Radar in one run over one area: new scenes read, and findings asked what radar says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import structlog

from aoi.interval import Interval
from aoi.settlement import Settlement, SettlementKind
from monitor.acquisition import Acquisition
from monitor.area_job import AreaJob
from monitor.blocks import BlockSets, SettlementBlocks
from monitor.catalogue import listing
from monitor.detectors.sar import RadarReading, radar_reading
from monitor.detectors.sar_events import LEAST_AFTER, damage_finding, with_radar
from monitor.detectors.sar_stack import RadarStack, held_looks, stacks_of
from monitor.errors import MonitorError, SourceRefused
from monitor.finding import Finding, FindingKind
from monitor.radar_shelf import RadarShelf
from monitor.reading_scenes import read_look
from monitor.scene import Sensor

logger = structlog.get_logger(__name__)

NAME = "sar"
"""An area that names it among its detectors is looked at by radar."""


class RadarWatch:
    """Keeps the radar looks of an area up to date, and says what they show."""

    def __init__(self, job: AreaJob, sets: BlockSets) -> None:
        self._job = job
        self._sets = sets
        self._shelf = RadarShelf(job.folder, job.aoi.aoi_id, job.aoi.blocks)
        self._sources = {source.name: source for source in job.sources}
        self._stacks: list[RadarStack] | None = None
        self._places = {one.settlement_id: one for one in sets.settlements}
        self._fresh: list[datetime] = []

    @property
    def is_wanted(self) -> bool:
        """True if the area asks for radar."""
        return NAME in self._job.aoi.detectors

    def read_new(self) -> None:
        """Read the scenes that are not archived yet; what cannot be read hides no other."""
        if not self.is_wanted:
            return
        job = self._job
        span = job.sar.before + 2 * job.sar.season
        listed = listing(
            job.sources, job.aoi, Interval.ending(job.now, span), job.now, (Sensor.SENTINEL_1,)
        )
        for failure in listed.failures:
            logger.warning("radar.unseen", aoi_id=job.aoi.aoi_id, reason=failure.reason)
        refused = self._shelf.refused
        for overpass in listed.overpasses:
            if not any(scene.scene_id in refused for scene in overpass[0].scenes):
                self._take(overpass)

    def attached(self, finding: Finding) -> Finding:
        """Return a burn finding with what radar says of its place and time."""
        if not self.is_wanted or finding.kind is not FindingKind.BURN:
            return finding
        place = self._places.get(str(finding.settlement_id))
        if place is None or not place.own.size:
            return finding
        after, first = finding.happened.start, finding.happened.end - timedelta(seconds=1)
        reading = self._reading(place, after, first)
        logger.info(
            "radar.reading", finding_id=finding.finding_id, p=reading.p, reason=reading.reason
        )
        return with_radar(finding, reading, self._job.burn.fusion)

    def over(self, finding: Finding) -> RadarReading | None:
        """Return what radar says of the ground of a finding; None where it is not asked."""
        if not self.is_wanted:
            return None
        blocks = self._job.aoi.blocks
        ground = np.flatnonzero(blocks.inside(finding.geometry)).astype(np.int32)
        if not ground.size:
            return None
        known = self._sets.watched.size
        own = np.arange(known, known + ground.size, dtype=np.int32)
        rows, columns = np.divmod(ground, np.int32(blocks.width))
        # Behind the known blocks, so that the indices of the settlements stay what they are.
        sets = replace(self._sets, watched=np.concatenate([self._sets.watched, ground]))
        nothing = np.empty(0, dtype=np.int32)
        place = SettlementBlocks(finding.finding_id, own, rows, columns, nothing)
        return radar_reading(
            self._trusted(), sets, place, finding.happened.start, finding.first_seen, self._job.sar
        )

    def damage(self) -> Iterator[Finding]:
        """Yield a finding for each town that lost structures by the looks of this run."""
        towns = [s for s in self._job.settlements if s.kind is SettlementKind.TOWN]
        if not self.is_wanted or not self._fresh or not towns:
            return
        boundaries = list(self._boundaries())
        for town in towns:
            for after, first in boundaries:
                found = self._damage_of(town, after, first)
                if found is not None:
                    yield found

    def _damage_of(self, town: Settlement, after: datetime, first: datetime) -> Finding | None:
        place = self._places.get(town.settlement_id)
        if place is None or not place.own.size:
            return None
        reading = self._reading(place, after, first)
        happened = Interval(after, first + timedelta(seconds=1))
        return damage_finding(town, reading, happened, self._job.now)

    def _boundaries(self) -> Iterator[tuple[datetime, datetime]]:
        """Yield the last look before and the first look after each change that is new to judge.

        A change is judged when the second look after it has come.
        """
        for stack in self._trusted():
            for index in range(1, len(stack.acquired_at) - LEAST_AFTER + 1):
                if stack.acquired_at[index + LEAST_AFTER - 1] in self._fresh:
                    yield stack.acquired_at[index - 1], stack.acquired_at[index]

    def _reading(self, place: SettlementBlocks, after: datetime, first: datetime) -> RadarReading:
        return radar_reading(self._trusted(), self._sets, place, after, first, self._job.sar)

    def _trusted(self) -> list[RadarStack]:
        if self._stacks is None:
            since = self._job.now - self._job.sar.before - 2 * self._job.sar.season
            stacks = stacks_of(self._shelf.looks(since))
            self._stacks = [self._without_held(stack) for stack in stacks]
        return self._stacks

    def _without_held(self, stack: RadarStack) -> RadarStack:
        held = held_looks(stack, self._job.sar)
        for look_id, reason in held.items():
            logger.info("radar.held", look_id=look_id, reason=reason)
        return stack.only([i for i, one in enumerate(stack.look_ids) if one not in held])

    def _take(self, overpass: Sequence[Acquisition]) -> None:
        """Read an overpass from the first provider that can give it."""
        for acquisition in overpass:
            if self._shelf.has(acquisition.scenes[0].track, acquisition.acquired_at):
                return
            try:
                source = self._sources[acquisition.provider]
                look = read_look(source, acquisition.scenes, self._job.aoi)
                self._shelf.save(look)
            except SourceRefused as error:
                logger.warning("radar.refused", scene_ids=acquisition.scene_ids, reason=str(error))
                self._shelf.refuse(dict.fromkeys(acquisition.scene_ids, error.message))
                continue
            except MonitorError as error:
                # It may be readable at the next run.
                logger.warning("radar.failed", scene_ids=acquisition.scene_ids, reason=str(error))
                continue
            self._fresh.append(look.acquired_at)
            return
