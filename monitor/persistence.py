"""Persistence: when do looks that stand out become a finding? Pure decisions.

Control, persistence and masking multiply; none works alone (DETECTION 1.2). One look that
stands out by far, two clear looks, three, or one look and a detected fire: each rule has
its own rate of false alarms, and an alarm is raised where the rate of all rules together
is low enough. What rests on one look alone is never more than tier C (`monitor.fusion`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from monitor.calibration import Calibration, Stratum, stratum_of
from monitor.evidence import LEAST
from monitor.reading import Reading, Verdict
from monitor.scene import Hotspot

Blocks = NDArray[np.int32]

RULES = {"single": 1, "pair": 2, "triple": 3}
"""Rules by looks alone, and how many consecutive clear looks each needs."""

SHARES = {"single": 0.45, "pair": 0.30, "triple": 0.10, "hit": 0.15}
"""Parts of the false alarms that each rule may have; chosen on tuning worlds."""

BEFORE_LOOKS = 3
BEFORE_REACH = timedelta(days=60)
LEAST_BEFORE = 2
USUAL_DRIFT = 1.5
"""Log-odds above the least, assumed where fewer looks before were clear: a step cannot be
told from a drift."""

REDUCED_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class PersistenceSettings:
    """When to raise an alarm (DETECTION 4a, step 7)."""

    false_alarms_per_year: float = 0.01
    """Per village-year, over all rules together."""

    pair_gap: tuple[timedelta, timedelta] = (timedelta(days=2), timedelta(days=20))
    """Two looks must be this far apart: clouds have moved, and char has not gone."""

    triple_span: timedelta = timedelta(days=40)
    hit_reach: timedelta = timedelta(days=12)
    """A detected fire this long before a look may stand for another look."""

    persisting_share: float = 0.10
    """Share of a settlement's seen blocks that must look burned in both looks."""

    persisting_blocks: int = 2
    """And at least so many; one is enough below seven blocks."""

    most_leverage: float = 0.5
    """Leverage of a day on the seasonal fit above which one look alone says nothing: that
    part of the year was never seen, and the curve there is a guess. A whole year of looks
    gives 0.03 to 0.15, two months beyond the end of eight months 2, of six months 50."""

    cold_looks: int = 3
    """With no more earlier looks than this, one look may raise a provisional alarm."""

    cold_score: float = 4.0
    """Standardised median or scan that such a single look needs."""

    cold_fraction: float = 0.30


@dataclass(frozen=True, slots=True)
class Judgement:
    """A rule that was met, and by what."""

    rule: str
    """``"single"``, ``"pair"``, ``"triple"``, ``"hit"`` or ``"cold"``."""

    score: float
    """Log-odds of the rule: larger is rarer in quiet times."""

    rate: float
    """False alarms per village-year of all rules together, if what is this rare alarmed."""

    p: float
    readings: tuple[Reading, ...]
    """Those that carry it, oldest first."""

    hits: tuple[Hotspot, ...] = ()


def usable(readings: Sequence[Reading]) -> list[Reading]:
    """Return the readings that measured something, oldest acquisition first."""
    seen = [r for r in readings if r.verdict in (Verdict.QUIET, Verdict.BURN_LIKE)]
    return sorted(seen, key=lambda r: (r.acquired_at, r.look_id))


def judge(
    readings: Sequence[Reading],
    burned: Mapping[str, Blocks],
    hits: Sequence[Hotspot],
    settings: PersistenceSettings,
    calibration: Calibration,
) -> Judgement | None:
    """Return the strongest rule that the latest clear looks meet, None if none.

    Parameters
    ----------
    readings : sequence of Reading
        Of one settlement, all tracks, any order.
    burned : mapping
        Look id to the blocks that look burned in it.
    hits : sequence of Hotspot
        Detections inside the settlement.
    settings : PersistenceSettings
    calibration : Calibration
    """
    seen = usable(readings)
    found = [
        candidate
        for candidate in (
            *(_rule(rule, seen, burned, settings, calibration) for rule in RULES),
            _hit(seen, hits, settings, calibration),
            _cold(seen, settings, calibration),
        )
        if candidate is not None
    ]
    return min(found, key=lambda j: j.rate) if found else None


def candidates(
    readings: Sequence[Reading], burned: Mapping[str, Blocks], settings: PersistenceSettings
) -> dict[str, float]:
    """Return the score of each look-only rule whatever its rate: what calibration counts."""
    seen = usable(readings)
    found = {rule: _score(seen, count, burned, settings) for rule, count in RULES.items()}
    return {rule: score for rule, score in found.items() if np.isfinite(score)}


def rate_of_all(rule: str, score: float, calibration: Calibration) -> float:
    """Return the false alarms per village-year of all rules together at one rule's score.

    A rule's own rate is held against its share; how rare the rarest of them is was
    counted on the same quiet times, so that overlapping rules are not counted twice.
    """
    rarity = rarity_of(rule, score, calibration)
    together = calibration.rates.get("all")
    return together.rate(rarity) if together is not None else float(np.exp(-rarity))


def rarity_of(rule: str, score: float, calibration: Calibration) -> float:
    """Return minus the logarithm of a rule's rate, as a part of what it may have."""
    return -float(np.log(calibration.rates[rule].rate(score) / SHARES[rule]))


def contrast(seen: Sequence[Reading], count: int) -> float:
    """Return how far the last `count` looks stand out from those before, in log-odds.

    Parameters
    ----------
    seen : sequence of Reading
        Clear looks of one settlement, oldest first.
    count : int
        How many of the last carry the sign.

    Notes
    -----
    Fire is a step. A season that differs comes slowly, and so has raised the looks before
    as well: half of what they rose above the least is taken off.
    """
    last = seen[-count:]
    before = [
        max(r.score, LEAST)
        for r in seen[-count - BEFORE_LOOKS : -count]
        if last[-1].acquired_at - r.acquired_at <= BEFORE_REACH
    ]
    known = len(before) >= LEAST_BEFORE
    drift = float(np.mean(before)) - LEAST if known else USUAL_DRIFT
    return float(np.mean([max(r.score, LEAST) for r in last])) - 0.5 * drift


def _rule(
    rule: str,
    seen: list[Reading],
    burned: Mapping[str, Blocks],
    settings: PersistenceSettings,
    calibration: Calibration,
) -> Judgement | None:
    count = RULES[rule]
    score = _score(seen, count, burned, settings)
    if not np.isfinite(score) or rule not in calibration.rates:
        return None
    rate = rate_of_all(rule, score, calibration)
    last = tuple(seen[-count:])
    if rate > _allowed(last, settings):
        return None
    if rule == "single" and not _knows_the_season(last[0], settings):
        return None  # with hardly any history see `_cold`
    tails = calibration.scores(stratum_of_reading(last[-1]))
    tail = {"single": tails.look, "pair": tails.pair, "triple": tails.triple}[rule]
    return Judgement(rule, score, rate, tail.p(min(r.score for r in last)), last)


def _knows_the_season(reading: Reading, settings: PersistenceSettings) -> bool:
    if reading.mode != "series":
        return False
    return reading.values.get("leverage", 0.0) <= settings.most_leverage


def _allowed(last: Sequence[Reading], settings: PersistenceSettings) -> float:
    """Return the rate that all rules together may have.

    The rates were counted with all bands. Without the long short-wave band, forest and
    thin cloud mimic fire more often (measured: Romania), so ten times less is allowed.
    """
    reduced = any("reduced_bands" in r.flags for r in last)
    return settings.false_alarms_per_year * (REDUCED_SHARE if reduced else 1.0)


def _score(
    seen: list[Reading], count: int, burned: Mapping[str, Blocks], settings: PersistenceSettings
) -> float:
    """Return the score of the last looks if they agree, NaN where they do not qualify."""
    last = seen[-count:]
    if len(last) < count or any(r.verdict is not Verdict.BURN_LIKE for r in last):
        return float("nan")
    if not _spaced(last, settings) or not _same_blocks(last, burned, settings):
        return float("nan")
    return contrast(seen, count)


def _spaced(last: list[Reading], settings: PersistenceSettings) -> bool:
    first, latest = settings.pair_gap
    gaps = [b.acquired_at - a.acquired_at for a, b in pairwise(last)]
    near = all(first <= gap <= latest for gap in gaps)
    return near and last[-1].acquired_at - last[0].acquired_at <= settings.triple_span


def _same_blocks(
    last: list[Reading], burned: Mapping[str, Blocks], settings: PersistenceSettings
) -> bool:
    """Return True if enough of the same blocks look burned in every look.

    Residual clouds and shadows fall on other blocks in the next look; char does not.
    """
    shared: Blocks | None = None
    for reading in last:
        blocks = burned.get(reading.look_id)
        if blocks is None:
            return False
        shared = blocks if shared is None else np.intersect1d(shared, blocks)
    own = last[-1].values.get("own_blocks", 0.0)
    least = 1 if own < 7 else settings.persisting_blocks
    count = 0 if shared is None else len(shared)
    return count >= max(least, settings.persisting_share * own)


def fires_beside(
    seen: Sequence[Reading], hits: Sequence[Hotspot], settings: PersistenceSettings
) -> tuple[Hotspot, ...]:
    """Return the detections that may stand for a look before the last one."""
    last = seen[-1]
    quiet = [r.acquired_at for r in seen[:-1] if r.verdict is Verdict.QUIET]
    earliest = max([last.acquired_at - settings.hit_reach, *quiet])
    return tuple(
        h for h in hits if earliest <= h.acquired_at <= last.acquired_at and h.confidence != "low"
    )


def _hit(
    seen: list[Reading],
    hits: Sequence[Hotspot],
    settings: PersistenceSettings,
    calibration: Calibration,
) -> Judgement | None:
    """Return one look that a detected fire stands beside."""
    if not seen or seen[-1].verdict is not Verdict.BURN_LIKE or "hit" not in calibration.rates:
        return None
    last = seen[-1]
    between = fires_beside(seen, hits, settings)
    if not between:
        return None
    score = contrast(seen, 1)
    rate = rate_of_all("hit", score, calibration)
    if rate > _allowed((last,), settings):
        return None
    return Judgement("hit", score, rate, last.p, (last,), between)


def _cold(
    seen: list[Reading], settings: PersistenceSettings, calibration: Calibration
) -> Judgement | None:
    """Return one look that stands out where there is hardly any history."""
    if not seen or seen[-1].verdict is not Verdict.BURN_LIKE or "single" not in calibration.rates:
        return None
    last = seen[-1]
    if last.mode != "pair" or last.values["reference_looks"] + len(seen) - 1 > settings.cold_looks:
        return None
    strongest = max(
        v for v in (last.values["median_q_standard"], last.values["scan_standard"], -np.inf)
        if not np.isnan(v)
    )  # fmt: skip
    if strongest < settings.cold_score or last.burned_fraction < settings.cold_fraction:
        return None
    rate = rate_of_all("single", contrast(seen, 1), calibration)
    return Judgement("cold", strongest, min(rate, settings.false_alarms_per_year), last.p, (last,))


def stratum_of_reading(reading: Reading) -> Stratum:
    """Return the stratum that a reading was ranked in."""
    values = reading.values
    return stratum_of(
        reading.mode, values["green"], int(values["own_blocks"]), values["settlement_clear"]
    )


def last_quiet(readings: Sequence[Reading], before: datetime) -> datetime | None:
    """Return the acquisition of the last clear look without the sign before an instant."""
    quiet = [
        r.acquired_at
        for r in usable(readings)
        if r.verdict is Verdict.QUIET and r.acquired_at < before
    ]
    return max(quiet, default=None)
