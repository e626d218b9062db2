"""What each sensor adds: the same looks judged with sensors left out. For studies.

All four variants rank by the fused odds, so that their false alarms can be compared at
equal recall. Their scores are decimal logarithms of odds at the default prior.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from monitor.alarm import ScoreRows, Scores, seconds
from monitor.blocks import BlockSets
from monitor.detectors.burn import BurnSettings
from monitor.detectors.sar import RadarReading, radar_reading
from monitor.detectors.sar_events import with_radar
from monitor.detectors.sar_stack import RadarStack, SarSettings, held_looks, stacks_of
from monitor.finding import Finding
from monitor.looks import Look
from monitor.reading import Reading, Verdict
from monitor.rivals.rule import Scored

ALL = "all sensors"
WITHOUT_RADAR = "without radar"
WITHOUT_FIRES = "without fires"
OPTICAL = "optical alone"
VARIANTS = (ALL, WITHOUT_RADAR, WITHOUT_FIRES, OPTICAL)

QUIET_ODDS = -6.0
"""Score of a clear look that completes nothing."""

SETTLED = 0.3
"""False alarms per village-year above which radar is not asked: no alarm is near."""

NATIVE_ODDS = float(np.log10(0.6 / 0.4))
"""Tier B."""


class SensorsLeftOut:
    """Gathers findings with and without detected fires, and asks radar about each.

    Parameters
    ----------
    sets : BlockSets
    radar : iterable of Look
        Radar looks of the same grid; those after a look are not asked about it.
    settings : BurnSettings
        Those that the findings were made with: lax, see `monitor.detector_scores.lax`.
    """

    def __init__(self, sets: BlockSets, radar: Iterable[Look], settings: BurnSettings) -> None:
        self._sets = sets
        self._places = {place.settlement_id: place for place in sets.settlements}
        self._order = {place: index for index, place in enumerate(self._places)}
        self._settings = settings
        self._sar = SarSettings()
        # What is held back rests on the looks before it: the same, whenever it is asked.
        self._stacks = [self._without_held(stack) for stack in stacks_of(list(radar))]
        self._now = datetime.max.replace(tzinfo=UTC)
        self._rows: dict[str, list[ScoreRows]] = {name: [] for name in VARIANTS}

    def take(
        self,
        at: datetime,
        readings: Sequence[Reading],
        with_fires: Sequence[Finding],
        without_fires: Sequence[Finding],
    ) -> None:
        """Take in one optical look: its readings, and the findings that it completes."""
        self._now = at
        clear = [
            self._order[r.settlement_id]
            for r in readings
            if r.verdict in (Verdict.QUIET, Verdict.BURN_LIKE)
        ]
        found = {
            ALL: [self._with_radar(finding) for finding in with_fires],
            WITHOUT_RADAR: with_fires,
            WITHOUT_FIRES: [self._with_radar(finding) for finding in without_fires],
            OPTICAL: without_fires,
        }
        for name, findings in found.items():
            self._rows[name].append(self._row(at, clear, findings))

    def scored(self) -> list[Scored]:
        """Return the variants."""
        ids = tuple(self._places)
        return [Scored(n, Scores.of(ids, rows), NATIVE_ODDS) for n, rows in self._rows.items()]

    def with_radar(self, finding: Finding, now: datetime) -> Finding:
        """Return a finding with what radar said of it at an instant."""
        self._now = now
        return self._with_radar(finding)

    def _row(self, at: datetime, clear: Sequence[int], findings: Sequence[Finding]) -> ScoreRows:
        score = np.full(len(self._order), np.nan)
        first = np.full(len(self._order), seconds(at), dtype="datetime64[s]")
        score[list(clear)] = QUIET_ODDS
        for finding in findings:
            index = self._order[str(finding.settlement_id)]
            score[index] = np.log10(finding.probability / (1.0 - finding.probability))
            first[index] = seconds(finding.first_seen)
        return ScoreRows.at_look(score, at, first=first)

    def _with_radar(self, finding: Finding) -> Finding:
        if finding.indicators["rate_per_village_year"] > SETTLED:
            return finding
        return with_radar(finding, self._reading(finding), self._settings.fusion)

    def _reading(self, finding: Finding) -> RadarReading:
        first = finding.happened.end - timedelta(seconds=1)
        place = self._places[str(finding.settlement_id)]
        return radar_reading(
            self._known(), self._sets, place, finding.happened.start, first, self._sar
        )

    def _known(self) -> list[RadarStack]:
        """Return the radar looks until now."""
        return [
            _first_of(stack, bisect_right(stack.acquired_at, self._now)) for stack in self._stacks
        ]

    def _without_held(self, stack: RadarStack) -> RadarStack:
        held = held_looks(stack, self._sar)
        return stack.only([i for i, look_id in enumerate(stack.look_ids) if look_id not in held])


def _first_of(stack: RadarStack, count: int) -> RadarStack:
    """Return the first looks of a stack, without a copy of them."""
    return RadarStack(
        stack.track, stack.look_ids[:count], stack.acquired_at[:count], stack.decibel[:count]
    )


def unbounded(settings: BurnSettings) -> BurnSettings:
    """Return settings whose probabilities have no ceiling: equal ones could not be ranked."""
    return replace(settings, fusion=replace(settings.fusion, highest=1.0 - 1e-12))
