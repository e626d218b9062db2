"""The burn detector over a stream of looks: what backtests, studies and calibration run.

The same functions as the pipeline's, in the same order, without files or a database.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from aoi.area import Aoi
from aoi.settlement import Settlement
from monitor.alarm import Alarm, ScoreRows, Scores, seconds
from monitor.baseline import Baseline, BaselineSettings, absorb, wants_refit, watched_features
from monitor.baseline_fit import fit_baseline
from monitor.blocks import BlockSets, block_sets
from monitor.calibration import Calibration
from monitor.detectors.burn import BurnSettings, LookVerdict, burn_readings
from monitor.detectors.burn_events import burn_finding
from monitor.detectors.fire_years import FireYears
from monitor.detectors.fires import FireSky
from monitor.features import FeatureSet
from monitor.finding import Finding
from monitor.looks import Look
from monitor.reading import Reading, Verdict
from monitor.recent import KEPT_LOOKS, Recent
from monitor.scene import Hotspot

Blocks = NDArray[np.int32]

WINDOW = timedelta(days=60)
"""Readings of this span decide on a finding, as in the pipeline."""

KEPT_EARLIER = 25
"""Latest looks of a track that window and pair mode may use."""


class _Track:
    """What one track has gathered so far: a baseline, and looks that it still needs."""

    def __init__(self) -> None:
        self.baseline: Baseline | None = None
        self.waiting: list[Look] = []  # in quarantine, not yet in the sums
        self.history: list[Look] = []  # for the first fit; empty once there is a baseline
        self.recent: list[Look] = []


def stream_verdicts(
    looks: Iterable[Look],
    sets: BlockSets,
    settings: BurnSettings,
    calibration: Calibration,
    train_until: datetime,
    baseline_settings: BaselineSettings | None = None,
) -> Iterator[tuple[Look, LookVerdict]]:
    """Yield each look from `train_until` on with its verdict, baselines kept up to date.

    Parameters
    ----------
    looks : iterable of Look
        Of one area, ordered by acquisition; consumed once, few are held.
    sets : BlockSets
    settings : BurnSettings
    calibration : Calibration
    train_until : datetime
        Looks before it only teach the baselines, UTC.
    baseline_settings : BaselineSettings, optional
    """
    chosen = baseline_settings or BaselineSettings()
    tracks: dict[str, _Track] = defaultdict(_Track)
    past: Recent | None = None
    lately: list[Look] = []
    for look in looks:
        track = tracks[look.track]
        now = look.acquired_at
        if now >= train_until:
            _bring_up_to_date(track, sets, now, chosen)
            if past is None and track.baseline is not None:
                past = _primed(lately, tracks, sets, track.baseline.features)
            verdict = burn_readings(
                look, sets, track.baseline, track.recent, settings, calibration, now, past
            )
            past = verdict.recent or past
            yield look, verdict
            if verdict.held_reason:
                continue
        (track.history if track.baseline is None else track.waiting).append(look)
        lately = [*lately[-(KEPT_LOOKS - 1) :], look]
        track.recent = [*track.recent[-(KEPT_EARLIER - 1) :], look]


def _primed(
    lately: Sequence[Look], tracks: Mapping[str, _Track], sets: BlockSets, features: FeatureSet
) -> Recent:
    """Return the recent past of looks that were not scored."""
    past = Recent.empty(sets.version, features, sets.watched.size)
    for look in lately:
        baseline = tracks[look.track].baseline
        if baseline is not None:
            observed = watched_features(look, sets, features)
            past = past.followed_by(
                look.acquired_at, observed - baseline.expected(look.acquired_at), []
            )
    return past


def _bring_up_to_date(
    track: _Track, sets: BlockSets, now: datetime, settings: BaselineSettings
) -> None:
    """Fit the first baseline, or absorb looks that have left the quarantine."""
    if track.baseline is None:
        old = [k for k in track.history if now - k.acquired_at >= settings.quarantine]
        if wants_refit(None, sets, len(old), now, settings):
            track.baseline = fit_baseline(old, sets, now)
            track.waiting = track.history[len(old) :]
            track.history = []
    while (
        track.baseline is not None
        and track.waiting
        and now - track.waiting[0].acquired_at >= settings.quarantine
    ):
        track.baseline = absorb(track.baseline, track.waiting.pop(0), sets, settings=settings)


class Unfolding:
    """The last readings of each settlement, look by look, and the findings they complete.

    Parameters
    ----------
    aoi : Aoi
    settlements : sequence of Settlement
    settings : BurnSettings
    calibration : Calibration
    """

    def __init__(
        self,
        aoi: Aoi,
        settlements: Sequence[Settlement],
        settings: BurnSettings,
        calibration: Calibration,
    ) -> None:
        self._aoi = aoi
        self._settlements = settlements
        self._settings = settings
        self._calibration = calibration
        self._readings: dict[str, list[Reading]] = defaultdict(list)
        self._burned: dict[str, dict[str, Blocks]] = defaultdict(dict)

    def take(self, look: Look, verdict: LookVerdict) -> None:
        """Take in the verdict of the next look."""
        for reading in verdict.readings:
            place = reading.settlement_id
            kept = [r for r in self._readings[place] if look.acquired_at - r.acquired_at <= WINDOW]
            self._readings[place] = [*kept, reading]
            if reading.verdict is Verdict.BURN_LIKE:
                known = {r.look_id for r in self._readings[place]}
                burned = {k: v for k, v in self._burned[place].items() if k in known}
                self._burned[place] = {**burned, look.look_id: verdict.burned[place]}

    def findings(self, look: Look, sky: FireSky) -> list[Finding]:
        """Return what the look that was taken in last completes, under the sky of its day."""
        found = (self._finding(settlement, sky, look) for settlement in self._settlements)
        return [finding for finding in found if finding is not None]

    def _finding(self, settlement: Settlement, sky: FireSky, look: Look) -> Finding | None:
        place = settlement.settlement_id
        readings = self._readings[place]
        newest = readings[-1]
        if newest.look_id != look.look_id or newest.verdict is not Verdict.BURN_LIKE:
            return None
        return burn_finding(
            self._aoi, settlement, readings, self._burned[place], sky, self._settings,
            self._calibration, look.blocks,
        )  # fmt: skip


def stream_findings(
    looks: Iterable[Look],
    aoi: Aoi,
    settlements: Sequence[Settlement],
    hotspots: Sequence[Hotspot],
    settings: BurnSettings,
    calibration: Calibration,
    train_until: datetime,
    sets: BlockSets | None = None,
) -> Iterator[tuple[Look, tuple[Reading, ...], list[Finding]]]:
    """Yield each look with its readings and the findings that it completes.

    `sets` are those of the area unless others are given, on the grid of the looks.
    """
    sets = sets or block_sets(aoi, settlements)
    unfolding = Unfolding(aoi, settlements, settings, calibration)
    fires = FireYears(aoi, settlements, hotspots)
    for look, verdict in stream_verdicts(looks, sets, settings, calibration, train_until):
        unfolding.take(look, verdict)
        yield look, verdict.readings, unfolding.findings(look, fires.sky(look.acquired_at))


def stream_alarms(
    looks: Iterable[Look],
    aoi: Aoi,
    settlements: Sequence[Settlement],
    hotspots: Sequence[Hotspot],
    settings: BurnSettings,
    calibration: Calibration,
    train_until: datetime,
) -> tuple[list[Alarm], Scores]:
    """Return the alarms of the detector, and its score of each settlement at each clear look.

    The score is minus the decimal logarithm of the false alarms per village-year at which
    the look would alarm; -3 where no rule applies, so that thresholds can be moved.
    """
    order = {s.settlement_id: i for i, s in enumerate(settlements)}
    alarms: list[Alarm] = []
    rows = []
    for look, readings, findings in stream_findings(
        looks, aoi, settlements, hotspots, settings, calibration, train_until
    ):
        score = np.full(len(order), np.nan)
        first = np.full(len(order), seconds(look.acquired_at), dtype="datetime64[s]")
        probability = np.full(len(order), np.nan)
        for reading in readings:
            if reading.verdict in (Verdict.QUIET, Verdict.BURN_LIKE):
                score[order[reading.settlement_id]] = -3.0
        for finding in findings:
            assert finding.settlement_id is not None  # the burn test knows only settlements
            index = order[finding.settlement_id]
            rate = finding.indicators["rate_per_village_year"]
            score[index] = -np.log10(max(rate, 1e-9))
            first[index] = seconds(finding.first_seen)
            probability[index] = finding.probability
            alarms.append(_alarm(finding, look.acquired_at, float(score[index])))
        row = ScoreRows.at_look(score, look.acquired_at, first=first)
        row.probability[:] = probability[row.settlement]
        rows.append(row)
    return _declustered(alarms), Scores.of(tuple(order), rows)


def _alarm(finding: Finding, at: datetime, score: float) -> Alarm:
    assert finding.settlement_id is not None
    return Alarm(
        settlement_id=finding.settlement_id,
        at=at,
        observed_after=min(finding.happened.start, finding.first_seen),
        observed_before=finding.first_seen,
        score=score,
        probability=finding.probability,
    )


def _declustered(alarms: Sequence[Alarm]) -> list[Alarm]:
    """Return the first alarm of each settlement in any 30 days."""
    kept: dict[str, Alarm] = {}
    found = []
    for alarm in sorted(alarms, key=lambda a: a.at):
        last = kept.get(alarm.settlement_id)
        if last is None or alarm.at - last.at >= timedelta(days=30):
            kept[alarm.settlement_id] = alarm
            found.append(alarm)
    return found
