"""Calibration: how often quiet settlements score as high as this one.

Evidence becomes a probability by its rank among quiet settlement looks and placebo
patches of the same stratum (conformal), with a generalised Pareto tail beyond the
highest hundredth; and an alarm rule becomes a rate of false alarms per village-year.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.evidence import EvidenceWeights

Values = NDArray[np.float64]

LEAST_EXCEEDANCES = 100
"""Fewer scores than this above the tail's start do not carry a Pareto fit."""

SMALLEST_P = 1e-12
"""What the tail extrapolates below this is not evidence but arithmetic."""

MERGE_ORDER = ("clear", "size", "season", "mode")
"""Which distinction is given up first where a stratum is too small (DETECTION 4a, step 6)."""


@dataclass(frozen=True, slots=True)
class Stratum:
    """Which quiet looks one look may be ranked among; ``"any"`` where merged."""

    mode: str
    """``"series"``, ``"window"`` or ``"pair"``."""

    season: str
    """``"green"`` or ``"dry"``, by the expected NDVI of the settlement."""

    size: str
    """``"tiny"`` below 7 blocks, ``"small"`` to 15, ``"medium"`` to 49, else ``"large"``."""

    clear: str
    """``"full"`` from 95 % of the settlement seen, else ``"part"``."""

    @property
    def key(self) -> str:
        """The stratum as text."""
        return f"{self.mode}/{self.season}/{self.size}/{self.clear}"

    def widened(self) -> list[Stratum]:
        """Return the stratum and, one after another, what it merges into."""
        parts = {"mode": self.mode, "season": self.season, "size": self.size, "clear": self.clear}
        found = [self]
        for name in MERGE_ORDER:
            parts[name] = "any"
            found.append(Stratum(**parts))
        return found


def stratum_of(mode: str, green: float, blocks: int, clear: float) -> Stratum:
    """Return the stratum of a settlement look.

    Parameters
    ----------
    mode : str
        Of the reference.
    green : float
        Expected NDVI, -1 to 1.
    blocks : int
        Own blocks of the settlement.
    clear : float
        Share of them that was seen, 0 to 1.
    """
    size = (
        "tiny" if blocks < 7 else "small" if blocks < 16 else "medium" if blocks < 50 else "large"
    )
    return Stratum(
        mode=mode,
        season="green" if green > 0.30 else "dry",
        size=size,
        clear="full" if clear >= 0.95 else "part",
    )


@dataclass(frozen=True, slots=True, eq=False)
class Tail:
    """The upper distribution of one score in quiet looks."""

    count: int
    """Quiet scores that it was made from."""

    knots: Values
    """Scores at the upper-tail probabilities `probabilities`, ascending."""

    probabilities: Values
    """Descending, from nearly 1 to the start of the tail."""

    shape: float
    """Generalised Pareto shape xi beyond the last knot."""

    width: float
    """Generalised Pareto scale; 0 where too few exceedances carry a fit."""

    def p(self, score: float) -> float:
        """Return the probability of at least `score` in a quiet look, conformal."""
        if not np.isfinite(score):
            return 1.0
        floor = 1.0 / (self.count + 1)
        if score <= self.knots[-1]:
            found = float(np.interp(score, self.knots, self.probabilities))
            return min(1.0, found + floor)
        start = float(self.probabilities[-1])
        if self.width <= 0.0:
            return max(floor, SMALLEST_P)
        excess = (score - self.knots[-1]) / self.width
        if abs(self.shape) < 1e-6:
            return max(start * float(np.exp(-excess)), SMALLEST_P)
        reach = 1.0 + self.shape * excess
        return max(start * float(max(reach, 0.0) ** (-1.0 / self.shape)), SMALLEST_P)


@dataclass(frozen=True, slots=True)
class Scores:
    """The tails of the evidence in one stratum."""

    look: Tail
    pair: Tail
    """Of the weaker evidence of two consecutive clear looks."""

    triple: Tail


@dataclass(frozen=True, slots=True, eq=False)
class RateTable:
    """False alarms per village-year of a rule, by its threshold."""

    thresholds: Values
    """Scores of the rule, natural logarithms of odds or rates, ascending."""

    rates: Values
    """Alarms per quiet village-year at each threshold, one per 30 days; descending."""

    village_years: float

    def rate(self, score: float) -> float:
        """Return the false alarms per village-year if `score` were the threshold.

        Beyond what the calibration saw, the rate falls by e for each unit of log-odds.
        """
        if score <= self.thresholds[0]:
            return float(self.rates[0])
        if score >= self.thresholds[-1]:
            return float(self.rates[-1] * np.exp(-(score - self.thresholds[-1])))
        logs = np.log(self.rates)
        return float(np.exp(np.interp(score, self.thresholds, logs)))


@dataclass(frozen=True, slots=True)
class Calibration:
    """Quiet behaviour by stratum, and false-alarm rates by rule."""

    version: str
    made_from: str
    """What the quiet looks were: ``"simulated"``, ``"placebo patches of <area>"`` ..."""

    strata: Mapping[str, Scores]
    rates: Mapping[str, RateTable] = field(default_factory=dict)
    """Rule (``"single"``, ``"pair"``, ``"triple"``, ``"hit"``) to its table; ``"all"`` tells
    the rate of all rules together from minus the logarithm of the rarest one's."""

    weights: EvidenceWeights = field(default_factory=EvidenceWeights)
    """How the evidence of a look is weighed."""

    def scores(self, stratum: Stratum) -> Scores:
        """Return the tails of the narrowest stratum that has any."""
        for candidate in stratum.widened():
            if candidate.key in self.strata:
                return self.strata[candidate.key]
        raise ValueError(f"calibration {self.version} has no stratum at all")

    def p(self, stratum: Stratum, evidence: float) -> float:
        """Return the share of quiet looks whose evidence is at least as strong."""
        return self.scores(stratum).look.p(evidence)


def shipped_calibration() -> Calibration:
    """Return the calibration that comes with the program: simulated quiet worlds."""
    return _shipped()


@cache
def _shipped() -> Calibration:
    text = (files("monitor") / "calibration.json").read_text(encoding="utf-8")
    return calibration_from(json.loads(text))


def calibration_from(table: Mapping[str, Any]) -> Calibration:
    """Return the calibration that `calibration_table` wrote."""
    return Calibration(
        version=table["version"],
        made_from=table["made_from"],
        strata={
            key: Scores(**{name: Tail(**_arrays(tail)) for name, tail in scores.items()})
            for key, scores in table["strata"].items()
        },
        rates={rule: RateTable(**_arrays(rates)) for rule, rates in table["rates"].items()},
        weights=EvidenceWeights(**table["weights"]),
    )


def calibration_table(calibration: Calibration) -> dict[str, Any]:
    """Return a calibration as a table that JSON can hold."""
    return {
        "version": calibration.version,
        "made_from": calibration.made_from,
        "weights": asdict(calibration.weights),
        "strata": {
            key: {name: _plain(getattr(scores, name)) for name in Scores.__dataclass_fields__}
            for key, scores in calibration.strata.items()
        },
        "rates": {rule: _plain(table) for rule, table in calibration.rates.items()},
    }


def _plain(value: Tail | RateTable) -> dict[str, Any]:
    found = {name: getattr(value, name) for name in type(value).__dataclass_fields__}
    return {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in found.items()}


def _arrays(table: Mapping[str, Any]) -> dict[str, Any]:
    return {k: np.array(v) if isinstance(v, list) else v for k, v in table.items()}
