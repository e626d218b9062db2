"""Recalibration: from readings of quiet places to the tails and rates of a calibration."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from monitor.calibration import Calibration, RateTable
from monitor.calibration_build import QuietLooks, built_calibration, rate_table
from monitor.evidence import EvidenceWeights, evidence_of
from monitor.persistence import (
    SHARES,
    PersistenceSettings,
    candidates,
    contrast,
    fires_beside,
    rarity_of,
    stratum_of_reading,
    usable,
)
from monitor.reading import Reading, Verdict
from monitor.scene import Hotspot

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

    hits: Mapping[str, tuple[Hotspot, ...]] = field(default_factory=dict)
    """Look id to the detections that are surprising at it (`monitor.detectors.fires`)."""

    weights: EvidenceWeights | None = None
    """Weights that this place did not help to fit; None if it helped to fit none."""


def recalibrated(
    places: Sequence[QuietPlace],
    made_from: str,
    settings: PersistenceSettings,
    weights: EvidenceWeights,
    counted: Sequence[QuietPlace] | None = None,
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
    weights : EvidenceWeights
        How the evidence of a look is weighed; see `monitor.evidence.fitted_weights`.
    counted : sequence of QuietPlace, optional
        Where the last count is made, `places` unless given: a promise per village-year that
        holds on the average of easy and hard places is broken at the hard ones.

    Notes
    -----
    Tails first, from all quiet looks; then every look is judged again with them, and
    the highest score of each 30-day episode gives the rate of each rule; then the rarest
    rule of each episode gives the rate of all of them together. That last count decides
    on alarms: it is made with weights that the place did not help to fit, and raised by
    twice its standard error.
    """
    ordered = [reweighed(usable(place.readings), weights) for place in places]
    calibration = built_calibration(_quiet_looks(ordered), made_from, weights)
    years = sum(place.years for place in places)
    found = [
        _candidates(place, [rejudged(r, calibration) for r in readings], settings)
        for place, readings in zip(places, ordered, strict=True)
    ]
    for rule in SHARES:
        best = _best(found, lambda scores, rule=rule: scores.get(rule, np.nan))  # type: ignore[misc]
        calibration = _with_rate(calibration, rule, rate_table(np.array(best), years))
    hard = places if counted is None else counted
    apart = [
        _candidates(
            place,
            [
                rejudged(r, calibration)
                for r in reweighed(usable(place.readings), place.weights or weights)
            ],
            settings,
        )
        for place in hard
    ]
    years = sum(place.years for place in hard)
    rarest = _best(
        apart, lambda scores: max(rarity_of(r, score, calibration) for r, score in scores.items())
    )
    found_rate = rate_table(np.array(rarest), years, cautious=True)
    return _named(_with_rate(calibration, "all", found_rate))


def reweighed(readings: Sequence[Reading], weights: EvidenceWeights) -> list[Reading]:
    """Return readings with the evidence of other weights."""
    return [replace(r, score=evidence_of(r.values, r.burned_fraction, weights)) for r in readings]


def rejudged(reading: Reading, calibration: Calibration) -> Reading:
    """Return a reading with p and verdict of another calibration of the same weights."""
    p = calibration.p(stratum_of_reading(reading), reading.score)
    signed = p <= SIGN_P and reading.burned_fraction > 0.0
    return replace(reading, p=p, verdict=Verdict.BURN_LIKE if signed else Verdict.QUIET)


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


def _candidates(
    place: QuietPlace, readings: Sequence[Reading], settings: PersistenceSettings
) -> list[tuple[datetime, dict[str, float]]]:
    """Return, for each look with the sign, the score of each rule that it meets."""
    found = []
    for index, reading in enumerate(readings):
        if reading.verdict is not Verdict.BURN_LIKE:
            continue
        recent = readings[max(0, index - CONTEXT) : index + 1]
        scores = candidates(recent, place.burned, settings)
        if fires_beside(recent, place.hits.get(reading.look_id, ()), settings):
            scores["hit"] = contrast(recent, 1)
        if scores:
            found.append((reading.acquired_at, scores))
    return found


def _best(
    found: Sequence[Sequence[tuple[datetime, dict[str, float]]]],
    score_of: Callable[[dict[str, float]], float],
) -> list[float]:
    """Return the highest finite score of each episode of each place."""
    scored = [[(at, score_of(scores)) for at, scores in looks] for looks in found]
    return [
        best
        for looks in scored
        for best in episodes([(at, score) for at, score in looks if np.isfinite(score)])
    ]


def _with_rate(calibration: Calibration, rule: str, table: RateTable) -> Calibration:
    return replace(calibration, rates={**calibration.rates, rule: table})


def _named(calibration: Calibration) -> Calibration:
    """Return the calibration with a version that its rates are part of, as its tails are."""
    digest = hashlib.sha256(calibration.version.encode())
    for rule, table in sorted(calibration.rates.items()):
        digest.update(rule.encode() + table.thresholds.tobytes() + table.rates.tobytes())
    return replace(calibration, version=f"cal-{digest.hexdigest()[:10]}")


def _quiet_looks(ordered: Sequence[Sequence[Reading]]) -> QuietLooks:
    rows = [(number, r) for number, readings in enumerate(ordered) for r in readings]
    return QuietLooks(
        place=np.array([number for number, _ in rows], dtype=np.int64),
        day=np.array([(r.acquired_at - EPOCH) / timedelta(days=1) for _, r in rows]),
        stratum=[stratum_of_reading(r) for _, r in rows],
        evidence=np.array([r.score for _, r in rows]),
    )
