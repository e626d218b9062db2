"""`cir`, `cir-fast`: the rule of the CIR Burnscar tool, gated by active fire."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from monitor.alarm import ScoreRows, Scores, seconds
from monitor.looks import Look
from monitor.rivals.fire_points import fire_points, points_in
from monitor.rivals.ground import Array, Ground, SeenLook
from monitor.rivals.rule import QuietRule, Scored
from monitor.scene import Hotspot

DNBR = 0.15
NBR_AFTER = -0.10
"""A pixel is burnt if NBR fell by DNBR and is now at most NBR_AFTER (source code of CIR)."""

MAX_SCENE_CLOUD_PERCENT = 10.0
WINDOW = np.timedelta64(timedelta(days=30))
TRIES = tuple(np.timedelta64(timedelta(days=days)) for days in (11, 16, 21))
HALF_SIDE_BLOCKS = 25
"""1,000 m around the detection."""

NOTHING = -9.0
"""Score of the time before a fire, below any margin of NBR."""


@dataclass(frozen=True, slots=True)
class Case:
    """One detection in one settlement, waiting for its images."""

    settlement: int
    fire_at: np.datetime64
    row: int
    column: int
    tries_left: tuple[np.datetime64, ...]


class Cir(QuietRule):
    """Burnt ground in a square of 2 km around a VIIRS detection in the settlement.

    Of the scenes with less than 10 % cloud within 30 days, the nearest before and the
    nearest after the detection are compared; more than ten burnt pixels of 10 m
    (1,000 m2) are an alarm. Looks hold 40 m blocks of 1,600 m2, so one burnt block is;
    B8A stands for B8; blocks without clear pixel are left out, where the tool has no
    pixel mask. Score: largest over the blocks of min(dNBR - 0.15, -0.10 - NBR after),
    natively 0 or more. Tries at 11, 16 and 21 days, again only where there was no pair of
    scenes; `cir-fast` as soon as the after scene exists.
    """

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._scenes: deque[tuple[np.datetime64, Array]] = deque()
        self._future: list[Case] = []
        self._slow: list[Case] = []
        self._fast: list[Case] = []
        self._slow_rows: list[ScoreRows] = []
        self._fast_rows: list[ScoreRows] = []

    def see_hotspots(self, hotspots: Sequence[Hotspot]) -> None:
        """Open a case for each detection in each settlement."""
        points = fire_points(hotspots, self._ground)
        hits = points_in(points, self._ground, whole_footprint=False)
        for settlement, indices in enumerate(hits):
            for index in indices:
                at = points.at[index]
                row, column = int(points.row[index]), int(points.column[index])
                self._future.append(
                    Case(settlement, at, row, column, tuple(at + wait for wait in TRIES))
                )
        self._future.sort(key=lambda case: case.fire_at)

    def see(self, look: SeenLook) -> None:
        """Settle the cases whose time has come, then add this scene to the archive."""
        if look.nbr is None:
            return
        now = seconds(look.at)
        while self._future and self._future[0].fire_at < now:
            case = self._future.pop(0)
            self._slow.append(case)
            self._fast.append(case)
        self._slow = [left for case in self._slow if (left := self._tried(case, now)) is not None]
        if scene_cloud_percent(look.look) < MAX_SCENE_CLOUD_PERCENT:
            self._scenes.append((now, look.nbr))
            self._fast = [case for case in self._fast if not self._settled(case, now)]
        while self._scenes and self._scenes[0][0] < now - 3 * WINDOW:
            self._scenes.popleft()

    def scored(self) -> list[Scored]:
        """Return both variants; an alarm at margin 0 is natively included."""
        ids = self._ground.settlement_ids
        return [
            Scored("cir", Scores.of(ids, self._slow_rows), -1e-9),
            Scored("cir-fast", Scores.of(ids, self._fast_rows), -1e-9),
        ]

    def _tried(self, case: Case, now: np.datetime64) -> Case | None:
        """Return the case with the tries that are still to come, None once it is settled."""
        while case.tries_left and case.tries_left[0] <= now:
            rows = self._verdict(case, case.tries_left[0])
            if rows is not None:
                self._slow_rows.append(rows)
                return None
            case = replace(case, tries_left=case.tries_left[1:])
        return case if case.tries_left else None

    def _settled(self, case: Case, now: np.datetime64) -> bool:
        """Return True if the case needs no further scene."""
        rows = self._verdict(case, now)
        if rows is not None:
            self._fast_rows.append(rows)
        return rows is not None or bool(now > case.fire_at + WINDOW)

    def _verdict(self, case: Case, at: np.datetime64) -> ScoreRows | None:
        """Return the score of the pair of scenes known at `at`, None without a pair."""
        known = [(when, nbr) for when, nbr in self._scenes if when <= at]
        before = [s for s in known if case.fire_at - WINDOW <= s[0] < case.fire_at]
        after = [s for s in known if case.fire_at < s[0] <= case.fire_at + WINDOW]
        if not before or not after:
            return None
        margin = _margin(self._square(before[-1][1], case), self._square(after[0][1], case))
        return _rows(case, before[-1][0], after[0][0], at, margin)

    def _square(self, nbr: Array, case: Case) -> Array:
        top = max(case.row - HALF_SIDE_BLOCKS, 0)
        left = max(case.column - HALF_SIDE_BLOCKS, 0)
        bottom, right = case.row + HALF_SIDE_BLOCKS + 1, case.column + HALF_SIDE_BLOCKS + 1
        return nbr[top:bottom, left:right]


def scene_cloud_percent(look: Look) -> float:
    """Return the cloud of the whole scene as its provider says, else of the look."""
    stated = look.tags.get("cloud_cover_percent", "")
    if stated:
        return float(stated)
    return 100.0 * (1.0 - float(np.mean(look.clear_fraction)))


def _margin(before: Array, after: Array) -> float:
    margins = np.minimum(before - after - DNBR, NBR_AFTER - after)
    finite = margins[np.isfinite(margins)]
    return float(finite.max()) if finite.size else NOTHING


def _rows(
    case: Case, before: np.datetime64, after: np.datetime64, at: np.datetime64, margin: float
) -> ScoreRows:
    instants: NDArray[np.datetime64] = np.array([before, at], dtype="datetime64[s]")
    return ScoreRows(
        settlement=np.full(2, case.settlement, dtype=np.int64),
        at=instants,
        first=np.array([before, after], dtype="datetime64[s]"),
        score=np.array([NOTHING, margin]),
        probability=np.full(2, np.nan),
    )
