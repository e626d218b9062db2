from __future__ import annotations

from typing import Any

import numpy as np

from monitor.camp_stated import stated_lines
from monitor.camps.calibration import CampCalibration, QuietScores

# One quiet patch in 1,000 km2-years scored 2, one 3: a threshold of 2 is passed by two.
QUIET = QuietScores(np.array([2.0, 3.0]), 1.0, 1.0)
CALIBRATION = CampCalibration("v", "nothing", QUIET, QUIET, QUIET)


def a_patch(score: float, *events: str, new: bool = True, early: bool = False) -> dict[str, Any]:
    return {"score": score, "events": list(events), "new": new, "early": early}


def test_what_was_stated_stands_beside_how_often_it_was_true() -> None:
    patches = [
        # One quiet patch of two in 1,000 km2-years: odds 1 / (2 x 1), a third.
        a_patch(2.5, "camp-new-00"),
        a_patch(2.5, "market-001"),
        # Five beyond the highest: .5 exp(-2) = .068, odds 7.4, .88.
        a_patch(5.0, "camp-new-01", early=True),
        a_patch(5.0, "mine-0", new=False),
        # Two of two: odds 1 / 4 are .2, the lowest that is told.
        a_patch(1.0, "mine-0"),
    ]

    lines = stated_lines([{"patches": patches}], CALIBRATION)

    rows = [line.split(" | ") for line in lines[2:]]
    assert [row[:3] for row in rows] == [
        ["| 0.2 to 0.6", "3", "0.29"],
        ["| 0.6 to 0.8", "0", "–"],
        ["| 0.8 to 0.9", "1", "0.88"],
        ["| 0.9 to 1.0", "0", "–"],
        ["| by two looks running", "1", "0.88"],
        ["| by three looks and more", "3", "0.29"],
    ]
    assert rows[0][3].startswith("0.33") and "1 of 3" in rows[0][3]
