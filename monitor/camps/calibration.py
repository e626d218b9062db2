"""How often land without camps looks like one, and whole camps look emptied.

Scores become probabilities by their rank among patches of quiet simulated worlds
(conformal), and rates of false alarms by the ground and the time that these cover.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class QuietScores:
    """The scores of what was nothing."""

    scores: Values
    """Highest score of each quiet patch, or run of looks, ascending."""

    exposure: float
    """What they were counted over: thousands of km2-years, or camp-years."""

    width: float
    """Scale of the scores, over which a rate beyond the highest falls by e."""

    def p(self, score: float) -> float:
        """Return the conformal p of a score: its rank among the quiet ones."""
        above = int((self.scores >= score).sum())
        return (1 + above) / (len(self.scores) + 1)

    def rate(self, score: float) -> float:
        """Return the false alarms per unit of exposure if `score` were the threshold."""
        above = int((self.scores >= score).sum())
        if above:
            return above / self.exposure
        highest = float(self.scores[-1]) if len(self.scores) else score
        # Half an alarm is as likely as none where none was seen.
        return 0.5 / self.exposure * float(np.exp(-(score - highest) / self.width))


@dataclass(frozen=True, slots=True)
class CampCalibration:
    """Quiet behaviour of both statistics."""

    version: str
    made_from: str
    placebos: QuietScores
    """Every lasting patch of land, small ones too: what p is a rank among."""

    patches: QuietScores
    """Those of the size of a camp, per thousand square kilometres and year."""

    falls: QuietScores
    """Smallest of three falls in a row, per camp-year."""


def shipped_camp_calibration() -> CampCalibration:
    """Return the calibration that comes with the program: simulated quiet worlds."""
    return _shipped()


@cache
def _shipped() -> CampCalibration:
    text = (files("monitor.camps") / "calibration.json").read_text(encoding="utf-8")
    return camp_calibration_from(json.loads(text))


def camp_calibration_from(table: Mapping[str, Any]) -> CampCalibration:
    """Return the calibration that `camp_calibration_table` wrote."""
    return CampCalibration(
        version=table["version"],
        made_from=table["made_from"],
        placebos=_scores(table["placebos"]),
        patches=_scores(table["patches"]),
        falls=_scores(table["falls"]),
    )


def camp_calibration_table(calibration: CampCalibration) -> dict[str, Any]:
    """Return a calibration as a table that JSON can hold."""
    return {
        "version": calibration.version,
        "made_from": calibration.made_from,
        "placebos": _plain(calibration.placebos),
        "patches": _plain(calibration.patches),
        "falls": _plain(calibration.falls),
    }


def _scores(table: Mapping[str, Any]) -> QuietScores:
    return QuietScores(
        scores=np.sort(np.array(table["scores"], dtype=np.float64)),
        exposure=float(table["exposure"]),
        width=float(table["width"]),
    )


def _plain(scores: QuietScores) -> dict[str, Any]:
    return {
        "scores": [round(float(score), 3) for score in scores.scores],
        "exposure": round(scores.exposure, 4),
        "width": scores.width,
    }
