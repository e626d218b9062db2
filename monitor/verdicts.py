"""The readings of one area in one run: those known before, and those that it adds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import numpy as np
from shapely.geometry import MultiPolygon, Polygon

from aoi.settlement import Settlement
from monitor.area_job import AreaJob, ScoredReading
from monitor.audit import q_values
from monitor.detectors.burn import VERSION, LookVerdict
from monitor.detectors.burn_events import burn_finding
from monitor.detectors.fires import FireSky
from monitor.finding import Finding
from monitor.reading import Verdict

_NO_BLOCKS = np.empty(0, dtype=np.int32)


class Verdicts:
    """Keeps readings by settlement, and asks what they add up to."""

    def __init__(self, job: AreaJob) -> None:
        self._job = job
        self._settlements = {one.settlement_id: one for one in job.settlements}
        self._readings: dict[str, list[ScoredReading]] = {}
        self._new: dict[tuple[str, str], ScoredReading] = {}
        self.found_ids: set[str] = set()
        """Settlements that this run has a finding for."""

        for scored in job.readings:
            # Scores of another version of the test are on another scale.
            if scored.reading.detector == VERSION:
                self._readings.setdefault(scored.reading.settlement_id, []).append(scored)

    @property
    def new(self) -> tuple[ScoredReading, ...]:
        """The readings that this run added."""
        return tuple(self._new.values())

    def settlement(self, finding: Finding) -> Settlement:
        """Return the settlement that a finding is about; a nameless one for a new place."""
        if finding.settlement_id is None:
            place = f"new-{finding.finding_id}"
            outline = finding.geometry
            assert isinstance(outline, Polygon | MultiPolygon)  # blocks have outlines
            return Settlement(place, finding.aoi_id, "", outline)
        return self._settlements[finding.settlement_id]

    def quiet_look_ids(self, settlement_id: str) -> set[str]:
        """Return the looks that saw a settlement clearly and without a sign."""
        return {
            one.reading.look_id
            for one in self._readings.get(settlement_id, [])
            if one.reading.verdict is Verdict.QUIET
        }

    def add(self, verdict: LookVerdict) -> None:
        """Keep the readings of a look."""
        for reading in verdict.readings:
            scored = ScoredReading(reading, verdict.burned.get(reading.settlement_id, _NO_BLOCKS))
            self._new[reading.settlement_id, reading.look_id] = scored
            self._readings.setdefault(reading.settlement_id, []).append(scored)

    def forget(self, look_id: str) -> None:
        """Leave out a look that a newer version of it replaces."""
        for settlement_id, readings in self._readings.items():
            self._readings[settlement_id] = [r for r in readings if r.reading.look_id != look_id]

    def findings(self, look_id: str, sky: FireSky) -> Iterator[Finding]:
        """Yield what the readings add up to, where `look_id` shows a sign."""
        day_q = self._q_of(look_id)
        for settlement_id, settlement in self._settlements.items():
            scored = self._new.get((settlement_id, look_id))
            if scored is None or scored.reading.verdict is not Verdict.BURN_LIKE:
                continue
            finding = self._finding(settlement, sky, day_q[settlement_id])
            if finding is not None:
                self.found_ids.add(settlement_id)
                yield finding

    def _q_of(self, look_id: str) -> dict[str, float]:
        """Return the false discovery rate of each settlement that a look saw clearly."""
        seen = {
            place: scored.reading.p
            for (place, look), scored in self._new.items()
            if look == look_id and scored.reading.verdict in (Verdict.QUIET, Verdict.BURN_LIKE)
        }
        return dict(zip(seen, q_values(list(seen.values())).tolist(), strict=True))

    def _finding(self, settlement: Settlement, sky: FireSky, day_q: float) -> Finding | None:
        known = self._readings[settlement.settlement_id]
        newest: datetime = max(one.reading.acquired_at for one in known)
        since = newest - self._job.settings.window
        window = [one for one in known if one.reading.acquired_at >= since]
        window.sort(key=lambda one: (one.reading.acquired_at, one.reading.look_id))
        return burn_finding(
            self._job.aoi,
            settlement,
            [one.reading for one in window],
            {
                one.reading.look_id: one.burned_blocks
                for one in window
                if one.reading.verdict is Verdict.BURN_LIKE
            },
            sky,
            self._job.burn,
            self._job.calibration,
            self._job.aoi.blocks,
            day_q=day_q,
        )
