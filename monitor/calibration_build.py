"""Building a calibration from quiet settlement looks and placebo patches."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.calibration import (
    LEAST_EXCEEDANCES,
    Calibration,
    RateTable,
    Scores,
    Stratum,
    Tail,
)
from monitor.evidence import EvidenceWeights

Values = NDArray[np.float64]

TAIL_START = 0.01
LEAST_IN_STRATUM = 10_000
LEAST_OVERALL = 200
"""Below this many quiet looks there is nothing to rank among."""

PROBABILITIES = tuple(
    float(p)
    for p in np.unique(
        np.concatenate([np.linspace(0.999, 0.05, 40), np.geomspace(0.05, TAIL_START, 12)])
    )[::-1]
)

PAIR_GAP_D = (2.0, 20.0)
TRIPLE_SPAN_D = 40.0


@dataclass(frozen=True, slots=True, eq=False)
class QuietLooks:
    """Looks at places where nothing burned, one row each, sorted by place and time."""

    place: NDArray[np.int64]
    """Number of the place, unique over all areas, shape (n,)."""

    day: Values
    """Acquisition in days since any fixed date, shape (n,)."""

    stratum: Sequence[Stratum]
    evidence: Values
    """Log-odds of each look, shape (n,)."""

    def __len__(self) -> int:
        return len(self.place)


def built_calibration(quiet: QuietLooks, made_from: str, weights: EvidenceWeights) -> Calibration:
    """Return the calibration of quiet looks, without rates.

    Parameters
    ----------
    quiet : QuietLooks
    made_from : str
        For the record: simulated, or which placebo patches.
    weights : EvidenceWeights
        Those that the evidence was computed with.

    Raises
    ------
    ValueError
        If there are fewer than 200 quiet looks.
    """
    if len(quiet) < LEAST_OVERALL:
        raise ValueError(
            f"{len(quiet)} quiet looks are too few to calibrate, {LEAST_OVERALL} at least"
        )
    pair, triple = persistent(quiet.place, quiet.day, quiet.evidence)
    strata = {
        key: Scores(
            look=tail_of(quiet.evidence[rows]),
            pair=tail_of(pair[rows]),
            triple=tail_of(triple[rows]),
        )
        for key, rows in _members(quiet.stratum).items()
    }
    digest = hashlib.sha256(quiet.evidence.tobytes() + made_from.encode()).hexdigest()[:10]
    return Calibration(f"cal-{digest}", made_from, strata, weights=weights)


def persistent(place: NDArray[np.int64], day: Values, evidence: Values) -> tuple[Values, Values]:
    """Return the smallest evidence of each look and the one or two clear looks before it.

    Rows sorted by place and day; NaN where the gaps of the pair (2 to 20 days) or the
    span of the triple (40 days) are not met.
    """
    pair = np.full(len(evidence), np.nan)
    triple = np.full(len(evidence), np.nan)
    gap = np.diff(day)
    fits = (np.diff(place) == 0) & (gap >= PAIR_GAP_D[0]) & (gap <= PAIR_GAP_D[1])
    pair[1:] = np.where(fits, np.minimum(evidence[1:], evidence[:-1]), np.nan)
    span = (place[2:] == place[:-2]) & (day[2:] - day[:-2] <= TRIPLE_SPAN_D) & fits[1:] & fits[:-1]
    least = np.fmin(np.fmin(evidence[2:], evidence[1:-1]), evidence[:-2])
    triple[2:] = np.where(span, least, np.nan)
    return pair, triple


def rate_table(best: Values, village_years: float, *, cautious: bool = False) -> RateTable:
    """Return false alarms per village-year by threshold.

    Parameters
    ----------
    best : array
        Highest score of each quiet 30-day episode of a place: one alarm each.
    village_years : float
        Quiet time that they come from.
    cautious : bool
        True: counts are raised by their standard error, n + sqrt(n). The next year's weather
        is another, and few false alarms are known badly (docs/decisions/0005).
    """
    ordered = np.sort(best[np.isfinite(best)])[::-1]
    if not ordered.size:
        # Nothing in all that time: as if it had been once, at log-odds of evens.
        return RateTable(np.zeros(1), np.array([1.0 / village_years]), village_years)
    ranks = np.unique(np.geomspace(1, len(ordered), 40).astype(int))
    thresholds = [float(ordered[r - 1]) for r in ranks][::-1]
    # The threshold at the r-th highest score lets r of them through.
    counts = ranks + np.sqrt(ranks) if cautious else ranks
    rates = [float(r / village_years) for r in counts][::-1]
    keep = [i for i in range(len(thresholds)) if i == 0 or thresholds[i] > thresholds[i - 1]]
    return RateTable(
        np.array([thresholds[i] for i in keep]), np.array([rates[i] for i in keep]), village_years
    )


def tail_of(values: Values) -> Tail:
    """Return the distribution of quiet scores with a Pareto tail beyond the highest 1 %."""
    known = np.sort(values[np.isfinite(values)])
    if known.size == 0:
        known = np.zeros(1)
    probabilities = np.array(PROBABILITIES)
    knots = np.quantile(known, 1.0 - probabilities)
    exceeding = known[known > knots[-1]] - knots[-1]
    shape, width = _pareto(exceeding) if exceeding.size >= LEAST_EXCEEDANCES else (0.0, 0.0)
    # Interpolation wants strictly rising knots; ties occur where looks repeat.
    knots = np.maximum.accumulate(knots + np.arange(len(knots)) * 1e-12)
    return Tail(
        count=int(known.size),
        knots=np.round(knots, 6),
        probabilities=np.round(probabilities, 6),
        shape=round(shape, 4),
        width=round(width, 6),
    )


def _pareto(excess: Values) -> tuple[float, float]:
    """Fit a generalised Pareto law by probability-weighted moments.

    References
    ----------
    .. [1] Hosking, J. R. M., Wallis, J. R. (1987). Technometrics 29(3), 339-349.
       doi:10.1080/00401706.1987.10488243
    """
    ordered = np.sort(excess)
    n = ordered.size
    mean = float(ordered.mean())
    weighted = float((ordered * (1.0 - (np.arange(1, n + 1) - 0.35) / n)).mean())
    shape = 2.0 - mean / (mean - 2.0 * weighted)
    # Below 0 the tail would end at a largest score; beyond 0.5 it has no variance.
    shape = float(np.clip(shape, 0.0, 0.5))
    return shape, float(mean * (1.0 - shape))


def _members(strata: Sequence[Stratum]) -> Mapping[str, NDArray[np.intp]]:
    """Return the rows of each stratum that is large enough, and of the last in any case."""
    keys = [[s.key for s in stratum.widened()] for stratum in strata]
    found: dict[str, NDArray[np.intp]] = {}
    for level in zip(*keys, strict=True):
        names = np.array(level)
        for name in np.unique(names):
            rows = np.nonzero(names == name)[0]
            if rows.size >= LEAST_IN_STRATUM or name == "any/any/any/any":
                found.setdefault(str(name), rows)
    return found
