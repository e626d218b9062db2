"""The camps of one area in one run: state, history and findings around the pure detector."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache

import structlog

from monitor.area_job import ArchivedLook, AreaJob
from monitor.camp_file import camp_state_path, read_camp_state, write_camp_state
from monitor.camps.calibration import shipped_camp_calibration
from monitor.camps.features import BANDS, camp_features, has_texture
from monitor.camps.recurrence import Seen
from monitor.camps.region import KnownCamp, Region, region_of
from monitor.camps.season import LEAST_LOOKS, MOST_LOOKS, absorbed, fitted, history_of
from monitor.camps.stream import QUARANTINE, no_past, same_season
from monitor.camps.verdict import CampState
from monitor.detectors.camps import camp_verdict, frozen_blocks
from monitor.detectors.camps_case import CampCase, found_camps
from monitor.detectors.camps_findings import camp_findings
from monitor.errors import MonitorError
from monitor.finding import Finding
from monitor.looks import Look
from monitor.shelf import Shelf

logger = structlog.get_logger(__name__)

NAME = "camp"
"""What an area lists among its detectors."""

known_region = lru_cache(maxsize=4)(region_of)


class CampWatch:
    """Judges each new look of an area that lists camps among its detectors."""

    def __init__(self, job: AreaJob, shelf: Shelf) -> None:
        self._job = job
        self._shelf = shelf
        self._wanted = NAME in job.aoi.detectors
        self._path = camp_state_path(job.folder / "baselines", job.aoi.aoi_id)
        self._state: CampState | None = None
        self._changed = False
        self._findings: list[Finding] = []

    def take(self, look: Look) -> list[Finding]:
        """Return the findings that a look completes; none where camps are not asked for.

        Raises
        ------
        ArchiveError
            If an archived look cannot be read.
        """
        if not self._wanted or any(band not in look.bands for band in BANDS):
            return []
        region = known_region(
            self._job.aoi.blocks, self._job.aoi.geometry, tuple(self._job.settlements)
        )
        reported = [*self._job.earlier_findings, *self._findings]
        found = found_camps(reported, region)
        state = self._taught(self._standing(region), look.track, look.acquired_at, region, found)
        state = self._primed(state, look, region, found)
        values = camp_features(look, region)
        assert values is not None  # the bands are there
        seen = Seen(look.look_id, look.track, look.acquired_at, values)
        verdict = camp_verdict(
            seen, state, region, found, self._job.camp,
            lambda since, until: self._same_season(since, until, region),
        )  # fmt: skip
        if verdict.reason:
            logger.info("camps.not_judged", look_id=look.look_id, reason=verdict.reason)
        self._state, self._changed = verdict.state, True
        case = CampCase(
            aoi_id=self._job.aoi.aoi_id,
            region=region,
            camps=(*region.camps, *found),
            reported=reported,
            settings=self._job.camp,
            calibration=shipped_camp_calibration(),
            known_at=self._job.now,
        )
        new = list(camp_findings(verdict, look.acquired_at, case))
        self._findings.extend(new)
        return new

    def keep(self, findings: Sequence[Finding]) -> None:
        """Hear of findings of other detectors in the same run: a burn explains an emptying."""
        self._findings.extend(findings)

    def close(self) -> None:
        """Write the state; what cannot be written is made anew from the archive."""
        if self._state is None or not self._changed:
            return
        try:
            write_camp_state(self._path, self._state)
        except MonitorError as error:
            logger.warning("camps.state_not_kept", reason=error.message)

    def _standing(self, region: Region) -> CampState:
        """Return the state, or an empty one; looks that no longer count are left out."""
        if self._state is None:
            self._state = self._read()
        state = self._state
        if state is None or state.region_version != region.version:
            state = CampState(region.version)
        counting = {one.look_id for one in self._shelf.standing if self._shelf.serves(one)}
        return replace(
            state,
            signs=tuple(sign for sign in state.signs if sign.look_id in counting),
            series={
                camp_id: tuple(r for r in readings if r.look_id in counting)
                for camp_id, readings in state.series.items()
            },
        )

    def _read(self) -> CampState | None:
        try:
            return read_camp_state(self._path)
        except MonitorError as error:
            logger.warning("camps.state_lost", reason=error.message)
            return None

    def _taught(
        self, state: CampState, track: str, on: datetime, region: Region, found: Sequence[KnownCamp]
    ) -> CampState:
        """Return the state with all looks of a track that have left the quarantine."""
        ripe = self._shelf.until(track, on - QUARANTINE)
        season = state.seasons.get(track)
        if season is None:
            if len(ripe) < LEAST_LOOKS:
                return state
            pairs, texture = [], False
            for archived in ripe.archived[-MOST_LOOKS:]:
                look = self._shelf.read(archived)
                values = camp_features(look, region)
                if values is not None:
                    pairs.append((look.acquired_at, values.astype("float16")))
                    texture = texture or has_texture(look)
            season = (
                fitted(history_of(track, pairs, has_texture=texture), region) if pairs else None
            )
        else:
            for archived in ripe.archived:
                if archived.acquired_at <= season.through:
                    continue
                values = camp_features(self._shelf.read(archived), region)
                if values is not None:
                    frozen = frozen_blocks(state, region, found, archived.look_id, self._job.camp)
                    season = absorbed(season, archived.acquired_at, values, frozen)
        if season is None:
            return state
        return replace(state, seasons={**state.seasons, track: season})

    def _primed(
        self, state: CampState, look: Look, region: Region, found: Sequence[KnownCamp]
    ) -> CampState:
        """Return the state with the signs of archived looks, where it has none yet."""
        if state.signs:
            return state
        since = look.acquired_at - self._job.camp.memory
        for archived in self._shelf.standing:
            if not since <= archived.acquired_at < look.acquired_at:
                continue
            seen = self._seen(archived, region)
            if seen is None:
                continue
            state = self._taught(state, seen.track, look.acquired_at, region, found)
            state = camp_verdict(seen, state, region, found, self._job.camp, no_past).state
        return state

    def _same_season(self, since: datetime, until: datetime, region: Region) -> Iterator[Seen]:
        reach = self._job.camp.season_days
        for archived in self._shelf.standing:
            if same_season(archived.acquired_at, since, until, reach):
                seen = self._seen(archived, region)
                if seen is not None:
                    yield seen

    def _seen(self, archived: ArchivedLook, region: Region) -> Seen | None:
        if not self._shelf.serves(archived):
            return None
        look = self._shelf.read(archived)
        values = camp_features(look, region)
        if values is None:
            return None
        return Seen(look.look_id, look.track, look.acquired_at, values)
