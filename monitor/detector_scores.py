"""The detector's scores, step by step: what each part of the method adds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from monitor.alarm import ScoreRows, Scores, seconds
from monitor.detectors.burn import BurnSettings
from monitor.finding import Finding
from monitor.persistence import REDUCED_SHARE
from monitor.reading import Reading, Verdict
from monitor.rivals.rule import NO_TIME, Scored
from monitor.skill import TrueEvent

FULL = "emberwatch"
STEPS = ("did1", "did2", "scan1", "scan2")
"""Median of the settlement against ring and season, one look and two; then the evidence of
all that one look measured, one look and two. `FULL` adds the step against the looks before,
the same blocks in each look, the rule of three looks and fires."""

QUIET_SCORE = -3.0
"""Score of a clear look that meets no rule: a thousand false alarms a year."""

MEASURED = (Verdict.QUIET, Verdict.BURN_LIKE)

NATIVE_Z = 3.0


def lax(settings: BurnSettings, most_per_year: float = 20.0) -> BurnSettings:
    """Return the settings with a threshold so low that any other can be tried on the scores."""
    persistence = replace(settings.persistence, false_alarms_per_year=most_per_year)
    return replace(settings, persistence=persistence, fusion=replace(settings.fusion, tier_c=0.0))


def native_score(settings: BurnSettings) -> float:
    """Return the score above which the detector itself would alarm."""
    return -math.log10(settings.persistence.false_alarms_per_year) - 1e-9


class DetectorScores:
    """Gathers readings and findings of one area into scores, look by look.

    Parameters
    ----------
    settlement_ids : sequence of str
    settings : BurnSettings
        The true ones; the stream itself runs with `lax` ones.
    """

    def __init__(self, settlement_ids: Sequence[str], settings: BurnSettings) -> None:
        self._ids = tuple(settlement_ids)
        self._order = {place: index for index, place in enumerate(self._ids)}
        self._settings = settings
        self._rows: dict[str, list[ScoreRows]] = {name: [] for name in (FULL, *STEPS)}
        self._last = {name: np.full(len(self._ids), np.nan) for name in ("did", "scan")}
        self._when = np.full(len(self._ids), NO_TIME)
        self.clear_looks = 0
        self.held_looks = 0
        self._p_rows: list[tuple[str, datetime, float]] = []

    def take(self, at: datetime, readings: Sequence[Reading], findings: Sequence[Finding]) -> None:
        """Take in one look: all its readings, and the findings that it completed."""
        measured = [r for r in readings if r.verdict in MEASURED]
        self.clear_looks += len(measured)
        self.held_looks += any(r.verdict is Verdict.HELD for r in readings)
        self._p_rows += [(r.settlement_id, at, r.p) for r in measured]
        self._full(at, measured, findings)
        median = self._values(measured, "median_q_standard")
        alpha = np.full(len(self._ids), np.nan)
        for reading in measured:
            alpha[self._order[reading.settlement_id]] = reading.score
        for name, score in (("did", median), ("scan", alpha)):
            pair = np.minimum(score, self._last[name])
            self._rows[f"{name}1"].append(ScoreRows.at_look(score, at))
            self._rows[f"{name}2"].append(ScoreRows.at_look(pair, at, first=self._when.copy()))
            self._last[name] = np.where(np.isfinite(score), score, self._last[name])
        self._when[[self._order[r.settlement_id] for r in measured]] = seconds(at)

    def scored(self) -> list[Scored]:
        """Return the full method and its steps."""
        return [
            Scored(
                name,
                Scores.of(self._ids, rows),
                native_score(self._settings) if name == FULL else NATIVE_Z,
            )
            for name, rows in self._rows.items()
        ]

    def quiet_p(self, events: Sequence[TrueEvent], aftermath: timedelta) -> NDArray[np.float32]:
        """Return p at all clear looks but those from a day before a burn to its aftermath."""
        spans: dict[str, list[tuple[datetime, datetime]]] = {}
        for event in events:
            span = (event.started_at - timedelta(days=1), event.ended_at + aftermath)
            spans.setdefault(event.settlement_id, []).append(span)
        quiet = [
            p
            for place, at, p in self._p_rows
            if not any(start <= at <= end for start, end in spans.get(place, ()))
        ]
        return np.array(quiet, dtype=np.float32)

    def _full(self, at: datetime, measured: Sequence[Reading], findings: Sequence[Finding]) -> None:
        score = self._values(measured, None)
        first = np.full(len(self._ids), seconds(at), dtype="datetime64[s]")
        probability = np.full(len(self._ids), np.nan)
        for finding in findings:
            index = self._order[str(finding.settlement_id)]
            rate = finding.indicators["rate_per_village_year"]
            if "reduced_bands" in finding.flags:
                rate /= REDUCED_SHARE  # so much less is allowed there
            score[index] = -math.log10(max(rate, 1e-9))
            first[index] = seconds(finding.first_seen)
            probability[index] = min(finding.probability, self._settings.fusion.highest)
        rows = ScoreRows.at_look(score, at, first=first)
        stated = replace(rows, probability=probability[rows.settlement])
        self._rows[FULL].append(stated)

    def _values(self, measured: Sequence[Reading], name: str | None) -> NDArray[np.float64]:
        """Return a value of each measured settlement, `QUIET_SCORE` where none is named."""
        values = np.full(len(self._ids), np.nan)
        for reading in measured:
            found = QUIET_SCORE if name is None else reading.values[name]
            values[self._order[reading.settlement_id]] = found
        return values
