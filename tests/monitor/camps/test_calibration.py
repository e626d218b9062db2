from __future__ import annotations

import numpy as np
import pytest

from monitor.camps.calibration import (
    CampCalibration,
    QuietScores,
    camp_calibration_from,
    camp_calibration_table,
    shipped_camp_calibration,
)

QUIET = QuietScores(np.array([0.5, 1.0, 1.5, 2.0]), exposure=2.0, width=0.5)


@pytest.mark.parametrize(
    ("score", "p", "rate"),
    [
        (0.0, 5 / 5, 4 / 2),
        (1.0, 4 / 5, 3 / 2),
        (2.0, 2 / 5, 1 / 2),
        # One width beyond the highest: half a count over the exposure, less by e.
        (2.5, 1 / 5, 0.25 / np.e),
    ],
)
def test_p_is_a_rank_and_the_rate_a_count(score: float, p: float, rate: float) -> None:
    assert QUIET.p(score) == pytest.approx(p)
    assert QUIET.rate(score) == pytest.approx(rate)


def test_a_calibration_survives_the_table() -> None:
    calibration = CampCalibration("v", "tests", QUIET, QUIET, QUIET)

    again = camp_calibration_from(camp_calibration_table(calibration))

    assert again.version == "v"
    assert again.patches.scores.tolist() == QUIET.scores.tolist()


def test_the_shipped_one_says_what_it_was_made_from() -> None:
    shipped = shipped_camp_calibration()

    assert "simulated" in shipped.made_from
    assert shipped.patches.exposure > 0 and shipped.falls.exposure > 0
