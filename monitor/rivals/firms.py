"""`firms`, `firms-fp`: any active-fire detection in the settlement is an alarm."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import numpy as np

from monitor.alarm import ScoreRows, Scores
from monitor.rivals.fire_points import FirePoints, fire_points, points_in
from monitor.rivals.ground import Ground
from monitor.rivals.rule import QuietRule, Scored
from monitor.scene import Hotspot

TOGETHER = np.timedelta64(timedelta(hours=36))
"""Detections within this of each other count as one fire."""

QUIET = -1.0


class Firms(QuietRule):
    """Nominal and high VIIRS detections whose point (`firms-fp`: footprint) is in it.

    Score: number of detections in the 36 hours to the last one, natively 1 or more.
    The rule of one alarm in 10 days falls under the one in 30 that counts for all.
    """

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._by_point: list[ScoreRows] = []
        self._by_footprint: list[ScoreRows] = []

    def see_hotspots(self, hotspots: Sequence[Hotspot]) -> None:
        """Count the detections of each settlement."""
        points = fire_points(hotspots, self._ground)
        self._by_point = self._rows(points, whole_footprint=False)
        self._by_footprint = self._rows(points, whole_footprint=True)

    def scored(self) -> list[Scored]:
        """Return both variants."""
        ids = self._ground.settlement_ids
        return [
            Scored("firms", Scores.of(ids, self._by_point), 0.5),
            Scored("firms-fp", Scores.of(ids, self._by_footprint), 0.5),
        ]

    def _rows(self, points: FirePoints, *, whole_footprint: bool) -> list[ScoreRows]:
        rows = []
        hits = points_in(points, self._ground, whole_footprint=whole_footprint)
        for settlement, indices in enumerate(hits):
            at = points.at[[i for i in indices if points.trusted[i]]]
            if len(at):
                rows.append(_counted(settlement, at))
        return rows


def _counted(settlement: int, at: np.ndarray) -> ScoreRows:
    """Return the counts at each detection, and quiet rows around each fire."""
    count = np.array([np.sum((at > now - TOGETHER) & (at <= now)) for now in at], dtype=float)
    begins = np.concatenate([[True], at[1:] - at[:-1] > TOGETHER])
    quiet = at[begins] - np.timedelta64(timedelta(hours=12))
    instants = np.concatenate([quiet, at])
    return ScoreRows(
        settlement=np.full(len(instants), settlement, dtype=np.int64),
        at=instants,
        first=instants,
        score=np.concatenate([np.full(len(quiet), QUIET), count]),
        probability=np.full(len(instants), np.nan),
    )
