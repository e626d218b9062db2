"""How often places where nothing burned show a tail as small as this one. Pure.

The tail of the negative binomial assumes that fires fall as its rate says; its rank among
placebo patches does not. Ranks are kept apart by what was expected, and by whether an
archive said so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

EDGES = (3e-3, 1e-2, 3e-2)
"""Expected weights that part the strata."""

KNOWN_FROM_D = 40.0
"""Days of an archive about a time of the year from which it counts as known."""

SLOPE = 0.5
"""Beyond the rarest placebo p falls with the root of the tail: less than the tail says."""

SMALLEST_P = 1e-6

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ranks:
    """The tails of the placebo windows of one stratum."""

    windows: int
    """How many there were, most of them without any fire."""

    tails: tuple[float, ...]
    """Ascending, of windows with a fire; thinned where there are many."""

    counts: tuple[int, ...]
    """How many windows had a tail as small as each, or smaller."""

    def p(self, tail: float) -> float:
        """Return the share of windows with a tail at most this, with one added to it."""
        if not self.tails:
            return max(1.0 / (self.windows + 1), min(tail, 1.0) if self.windows == 0 else 0.0)
        tails, counts = np.array(self.tails), np.array(self.counts, dtype=np.float64)
        if tail < tails[0]:
            first = (counts[0] + 1.0) / (self.windows + 1.0)
            return float(max(first * (tail / tails[0]) ** SLOPE, SMALLEST_P))
        rank = np.interp(np.log(tail), np.log(tails), counts)
        return float(min((rank + 1.0) / (self.windows + 1.0), 1.0))


@dataclass(frozen=True, slots=True)
class FireCalibration:
    """Ranks by stratum."""

    version: str
    strata: Mapping[str, Ranks]

    def p(self, tail: float, expected: float, archive_days: float) -> float:
        """Return the calibrated probability of a tail, 0 to 1; 1 for a tail of 1.

        Parameters
        ----------
        tail : float
            Of the negative binomial, 0 to 1.
        expected : float
            Weight that was expected.
        archive_days : float
            Days of the archive about this time of the year.
        """
        if tail >= 1.0:
            return 1.0
        ranks = self.strata.get(stratum_of(expected, archive_days))
        return tail if ranks is None else ranks.p(tail)


def stratum_of(expected: float, archive_days: float) -> str:
    """Return the stratum that a window is ranked in."""
    known = "archive" if archive_days >= KNOWN_FROM_D else "assumed"
    return f"{known}/{int(np.searchsorted(EDGES, expected, side='right'))}"


UNCALIBRATED = FireCalibration("none", {})
"""Takes the tail as it is; what a calibration is made with."""


def ranks_of(tails: Floats, most: int = 120) -> Ranks:
    """Return the ranks of placebo windows; `tails` is 1 for those without a fire."""
    seen = np.sort(tails[tails < 1.0])
    if seen.size == 0:
        return Ranks(int(tails.size), (), ())
    values = np.unique(seen)
    counts = np.searchsorted(seen, values, side="right")
    # All of the rare ones, and the rest at even steps of the logarithm of their rank.
    steps = np.unique(np.geomspace(1, values.size, most).astype(int)) - 1
    return Ranks(
        windows=int(tails.size),
        tails=tuple(float(f"{values[i]:.6g}") for i in steps),
        counts=tuple(int(counts[i]) for i in steps),
    )


def fire_calibration_table(version: str, samples: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    """Return a calibration as a table for a file, from the tails of each stratum."""
    strata = {}
    for name in sorted(samples):
        ranks = ranks_of(np.asarray(samples[name], dtype=np.float64))
        strata[name] = {"windows": ranks.windows, "tails": ranks.tails, "counts": ranks.counts}
    return {"version": version, "strata": strata}


def fire_calibration_from(table: Mapping[str, Any]) -> FireCalibration:
    """Return the calibration that `fire_calibration_table` wrote."""
    return FireCalibration(
        version=table["version"],
        strata={
            name: Ranks(one["windows"], tuple(one["tails"]), tuple(one["counts"]))
            for name, one in table["strata"].items()
        },
    )


@cache
def shipped_fire_calibration() -> FireCalibration:
    """Return the calibration that comes with the program: placebos of simulated worlds."""
    text = (files("monitor") / "fire_calibration.json").read_text(encoding="utf-8")
    return fire_calibration_from(json.loads(text))
