"""How often quiet land shows a radar change as large as this one. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from monitor.calibration import LEAST_EXCEEDANCES, Tail, Values

TAIL_FROM = 0.05

SIZES = (7, 16, 50)
"""Blocks that part the strata: the scan has more to choose from in a larger place."""


@dataclass(frozen=True, slots=True)
class RadarCalibration:
    """Tails of the score by size of the place, ``"any"`` where a size has too few scores."""

    version: str
    tails: Mapping[str, Tail]

    def p(self, score: float, blocks: int) -> float:
        """Return the calibrated probability of a score, 0 to 1."""
        tail = self.tails.get(size_of(blocks)) or self.tails.get("any")
        return 1.0 if tail is None else tail.p(score)


def size_of(blocks: int) -> str:
    """Return the stratum of a place by its blocks."""
    return ("tiny", "small", "medium", "large")[int(np.searchsorted(SIZES, blocks, side="right"))]


def radar_tail(scores: Values) -> Tail:
    """Return the distribution of quiet scores, with a Pareto tail beyond the highest 5 %.

    The tail begins lower than that of the burn test: there are thousands of quiet radar
    scores and not millions. Fitted by probability-weighted moments [1]_.

    References
    ----------
    .. [1] Hosking, J. R. M., Wallis, J. R. (1987). Technometrics 29(3), 339-349.
       doi:10.1080/00401706.1987.10488243
    """
    known = np.sort(scores[np.isfinite(scores)])
    probabilities = np.concatenate([np.linspace(0.99, 0.06, 40), [TAIL_FROM]])
    knots: Values = np.quantile(known, 1.0 - probabilities).astype(np.float64)
    excess = known[known > knots[-1]] - knots[-1]
    shape, width = 0.0, 0.0
    if excess.size >= LEAST_EXCEEDANCES:
        order = (np.arange(1, excess.size + 1) - 0.35) / excess.size
        mean, weighted = float(excess.mean()), float((excess * (1.0 - order)).mean())
        # Below 0 the tail would end at a largest score; beyond 0.5 it has no variance.
        shape = float(np.clip(2.0 - mean / (mean - 2.0 * weighted), 0.0, 0.5))
        width = mean * (1.0 - shape)
    return Tail(
        count=int(known.size),
        knots=np.maximum.accumulate(knots + np.arange(knots.size) * 1e-12),
        probabilities=np.round(probabilities, 6),
        shape=round(shape, 4),
        width=round(width, 6),
    )


def radar_calibration_from(table: Mapping[str, Any]) -> RadarCalibration:
    """Return the calibration that `radar_calibration_table` wrote."""
    return RadarCalibration(
        version=table["version"],
        tails={name: Tail(**_arrays(tail)) for name, tail in table["tails"].items()},
    )


def radar_calibration_table(calibration: RadarCalibration) -> dict[str, Any]:
    """Return a calibration as a table that JSON can hold."""
    return {
        "version": calibration.version,
        "tails": {name: _plain(tail) for name, tail in sorted(calibration.tails.items())},
    }


@cache
def shipped_radar_calibration() -> RadarCalibration:
    """Return the calibration that comes with the program: quiet placebos."""
    text = (files("monitor") / "radar_calibration.json").read_text(encoding="utf-8")
    return radar_calibration_from(json.loads(text))


def _plain(tail: Tail) -> dict[str, Any]:
    found = {name: getattr(tail, name) for name in Tail.__dataclass_fields__}
    return {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in found.items()}


def _arrays(table: Mapping[str, Any]) -> dict[str, Any]:
    return {k: np.array(v) if isinstance(v, list) else v for k, v in table.items()}
