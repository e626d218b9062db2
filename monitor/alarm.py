"""Alarms, and the scores that any rule's alarms are made from.

A rule, ours or a rival's, says one number of every settlement at every clear
look. Its alarms at any threshold follow from these by one pure function, so
that all rules repeat themselves, and are re-tuned, in the same way.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from aoi.interval import require_utc

REPEAT = timedelta(days=30)
"""One alarm per settlement in this time counts (DETECTION 4g)."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """One rule's statement that one settlement burned, in a time interval."""

    settlement_id: str
    at: datetime
    """When the rule decided: acquisition of the look that completed the sign, UTC."""

    observed_after: datetime
    """Last clear look without the sign, UTC."""

    observed_before: datetime
    """First look with it, UTC."""

    score: float
    """In the rule's own unit; larger is more burned."""

    probability: float = math.nan
    """Stated probability that it is a burn, 0 to 1; NaN if the rule states none."""

    def __post_init__(self) -> None:
        require_utc(self.at, "the time of an alarm")
        if not self.observed_after <= self.observed_before <= self.at:
            raise ValueError(f"an alarm is raised after its interval, got {self}")


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """What one rule said of every settlement at every clear look, quiet ones too."""

    settlement_ids: tuple[str, ...]

    settlement: NDArray[np.int64]
    """Index into `settlement_ids`, shape (n,); rows are sorted by it, then by `at`."""

    at: NDArray[np.datetime64]
    """When the score was complete, seconds UTC, shape (n,)."""

    first: NDArray[np.datetime64]
    """Earliest look that the score stands on, shape (n,): `at` for a rule of one look."""

    score: NDArray[np.float64]
    """Larger is more burned, shape (n,); never NaN."""

    probability: NDArray[np.float64]
    """Stated probability of a burn, shape (n,); NaN where the rule states none."""

    latched: bool = False
    """True for a rule whose sign, once there, stays: only its beginning is an alarm."""

    @classmethod
    def of(
        cls, settlement_ids: Sequence[str], rows: Iterable[ScoreRows], *, latched: bool = False
    ) -> Scores:
        """Join the rows of many looks, in whatever order they came."""
        parts = list(rows) or [ScoreRows.empty()]
        settlement = np.concatenate([part.settlement for part in parts])
        at = np.concatenate([part.at for part in parts])
        order = np.lexsort((at, settlement))
        return cls(
            settlement_ids=tuple(settlement_ids),
            settlement=settlement[order],
            at=at[order],
            first=np.concatenate([part.first for part in parts])[order],
            score=np.concatenate([part.score for part in parts])[order],
            probability=np.concatenate([part.probability for part in parts])[order],
            latched=latched,
        )

    def __len__(self) -> int:
        return len(self.score)

    def between(self, start: datetime, end: datetime) -> Scores:
        """Return the rows with `start` <= `at` < `end`."""
        return self.where((self.at >= seconds(start)) & (self.at < seconds(end)))

    def where(self, kept: NDArray[np.bool_]) -> Scores:
        """Return the rows that are True in `kept`, shape (n,)."""
        return Scores(
            self.settlement_ids,
            self.settlement[kept],
            self.at[kept],
            self.first[kept],
            self.score[kept],
            self.probability[kept],
            self.latched,
        )


@dataclass(frozen=True, slots=True, eq=False)
class ScoreRows:
    """Scores of some settlements at one look. Fields as in `Scores`."""

    settlement: NDArray[np.int64]
    at: NDArray[np.datetime64]
    first: NDArray[np.datetime64]
    score: NDArray[np.float64]
    probability: NDArray[np.float64]

    @classmethod
    def empty(cls) -> ScoreRows:
        """Return no rows."""
        nothing = np.empty(0)
        instants = np.empty(0, dtype="datetime64[s]")
        return cls(np.empty(0, dtype=np.int64), instants, instants, nothing, nothing)

    @classmethod
    def at_look(
        cls,
        score: NDArray[np.floating],
        at: datetime,
        *,
        first: NDArray[np.datetime64] | None = None,
    ) -> ScoreRows:
        """Return a row for each settlement whose score is finite.

        Parameters
        ----------
        score : array
            One value for each settlement, NaN where it has none at this look.
        at : datetime
            Acquisition of the look, UTC.
        first : array, optional
            Earliest look behind each score, seconds UTC; by default `at`.
        """
        settlement = np.flatnonzero(np.isfinite(score))
        instants = np.full(len(settlement), seconds(at), dtype="datetime64[s]")
        return cls(
            settlement=settlement.astype(np.int64),
            at=instants,
            first=instants if first is None else first[settlement],
            score=score[settlement].astype(np.float64),
            probability=np.full(len(settlement), math.nan),
        )


def alarms_at(scores: Scores, threshold: float, *, repeat: timedelta = REPEAT) -> list[Alarm]:
    """Return the alarms that a rule raises at one threshold, by settlement and time.

    A settlement is in alarm while its score exceeds the threshold. An alarm is
    raised when that begins, and again each time that `repeat` has passed since
    the last one and the score still (or again) exceeds, unless the scores are latched.
    Its interval is that of the beginning: (last clear look below, first look above].
    """
    above = np.flatnonzero(scores.score > threshold)
    alarms = []
    last: tuple[int, np.datetime64] | None = None
    for row, onset in zip(above, _onsets(scores, above), strict=True):
        if scores.latched and row != onset:
            continue
        settlement, at = int(scores.settlement[row]), scores.at[row]
        if last is not None and last[0] == settlement and at - last[1] < np.timedelta64(repeat):
            continue
        last = settlement, at
        alarms.append(_alarm(scores, int(row), int(onset)))
    return alarms


def _onsets(scores: Scores, above: NDArray[np.intp]) -> Iterator[int]:
    """Yield for each row above the threshold the row that its run began with."""
    onset, previous = -1, -2
    for row in above:
        if row != previous + 1 or scores.settlement[row] != scores.settlement[previous]:
            onset = int(row)
        previous = int(row)
        yield onset


def _alarm(scores: Scores, row: int, onset: int) -> Alarm:
    before = scores.first[onset]
    after = before
    candidate = onset - 1
    while candidate >= 0 and scores.settlement[candidate] == scores.settlement[onset]:
        if scores.at[candidate] < before:
            after = scores.at[candidate]
            break
        candidate -= 1
    return Alarm(
        settlement_id=scores.settlement_ids[scores.settlement[row]],
        at=instant(scores.at[row]),
        observed_after=instant(after),
        observed_before=instant(before),
        score=float(scores.score[row]),
        probability=float(scores.probability[row]),
    )


def seconds(when: datetime) -> np.datetime64:
    """Return an aware instant as numpy seconds UTC."""
    return np.datetime64(require_utc(when).replace(tzinfo=None), "s")


def instant(when: np.datetime64) -> datetime:
    """Return numpy seconds UTC as an aware instant."""
    return datetime.fromtimestamp(int(when.astype("datetime64[s]").astype(np.int64)), UTC)
