"""Recalibration: from readings of quiet places to the tails and rates of a calibration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from monitor.calibration import Calibration
from monitor.calibration_build import QuietLooks, built_calibration, rate_table
from monitor.persistence import (
    PersistenceSettings,
    candidates,
    contrast,
    stratum_of_reading,
    usable,
)
from monitor.reading import Reading, Verdict

Blocks = NDArray[np.int32]

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
WINDOW = timedelta(days=60)
EPISODE = timedelta(days=30)
"""One alarm per settlement in this time counts (DETECTION 4g)."""

SIGN_P = 0.05
CONTEXT = 6
"""Clear looks before one that its score may rest on."""


@dataclass(frozen=True, slots=True, eq=False)
class QuietPlace:
    """One place over a time in which nothing burned there."""

    readings: tuple[Reading, ...]
    burned: Mapping[str, Blocks]
    """Look id to the blocks that look burned in it."""

    years: float
    """Length of the quiet time."""


def recalibrated(
    places: Sequence[QuietPlace], made_from: str, settings: PersistenceSettings
) -> Calibration:
    """Return the calibration of quiet places.

    Parameters
    ----------
    places : sequence of QuietPlace
        Settlements (or placebo patches) and times without a burn.
    made_from : str
        What they are: simulated, or which real areas.
    settings : PersistenceSettings
        The rules whose false alarms are counted.

    Notes
    -----
    Tails first, from all quiet looks; then every look is judged again with them, and
    the highest score of each 30-day episode gives the rate of each rule.
    """
    ordered = [usable(place.readings) for place in places]
    calibration = built_calibration(_quiet_looks(ordered), made_from)
    years = sum(place.years for place in places)
    rates = {}
    judged = [[rejudged(reading, calibration) for reading in readings] for readings in ordered]
    for rule in ("pair", "triple"):
        best = [
            score
            for place, readings in zip(places, judged, strict=True)
            for score in episodes(_scored(place, readings, rule, settings))
        ]
        rates[rule] = rate_table(np.array(best), years)
    single = [
        score
        for readings in judged
        for score in episodes(
            [
                (r.acquired_at, contrast(readings[max(0, i - CONTEXT) : i + 1], 1))
                for i, r in enumerate(readings)
                if r.verdict is Verdict.BURN_LIKE
            ]
        )
    ]
    # A detected fire inside a quiet settlement, surprising at 1e-3, stands beside one
    # look in a hundred at most; the hotspot evidence adds its own odds.
    rates["hit"] = rate_table(np.array(single), 100.0 * years)
    return replace(calibration, rates=rates)


def rejudged(reading: Reading, calibration: Calibration) -> Reading:
    """Return a reading with p, score and verdict of another calibration."""
    stratum = stratum_of_reading(reading)
    values = reading.values
    alpha = calibration.alpha(stratum, values["median_q_standard"], values["scan_standard"])
    p = calibration.scores(stratum).look.p(alpha)
    if p <= SIGN_P and is_mimic(reading):
        return replace(reading, score=min(alpha, 0.0), p=1.0, verdict=Verdict.QUIET)
    signed = p <= SIGN_P and reading.burned_fraction > 0.0
    verdict = Verdict.BURN_LIKE if signed else Verdict.QUIET
    return replace(reading, score=alpha, p=p, verdict=verdict)


def is_mimic(reading: Reading) -> bool:
    """Return True if the change of a reading pointed rather at a confounder."""
    values = reading.values
    return bool(values["mimic"])


def episodes(scored: Iterable[tuple[datetime, float]]) -> list[float]:
    """Return the highest score of each run of scores less than 30 days long."""
    best: list[float] = []
    start: datetime | None = None
    for at, score in scored:
        if start is None or at - start >= EPISODE:
            start = at
            best.append(score)
        else:
            best[-1] = max(best[-1], score)
    return best


def _scored(
    place: QuietPlace,
    readings: Sequence[Reading],
    rule: str,
    settings: PersistenceSettings,
) -> list[tuple[datetime, float]]:
    found = []
    for index, reading in enumerate(readings):
        if reading.verdict is not Verdict.BURN_LIKE:
            continue
        recent = readings[max(0, index - CONTEXT) : index + 1]
        scores = candidates(recent, place.burned, settings)
        if rule in scores:
            found.append((reading.acquired_at, scores[rule]))
    return found


def _quiet_looks(ordered: Sequence[Sequence[Reading]]) -> QuietLooks:
    # What is set aside as a shadow or wet soil never scores, so it is no yardstick either.
    rows = [
        (number, r) for number, readings in enumerate(ordered) for r in readings if not is_mimic(r)
    ]
    return QuietLooks(
        place=np.array([number for number, _ in rows], dtype=np.int64),
        day=np.array([(r.acquired_at - EPOCH) / timedelta(days=1) for _, r in rows]),
        stratum=[stratum_of_reading(r) for _, r in rows],
        median_q=np.array([r.values["median_q_standard"] for _, r in rows]),
        scan=np.array([r.values["scan_standard"] for _, r in rows]),
    )
