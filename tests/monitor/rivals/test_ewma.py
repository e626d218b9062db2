from __future__ import annotations

import numpy as np
import pytest

from monitor.rivals.ewma import Ewma
from monitor.rivals.ground import SeenLook
from monitor.rivals.rule import Scored
from tests.monitor.rivals.builders import after, day, native_alarms, shown, the_ground

NOISE = 0.01


def a_season(*, after_training: list[float]) -> list[SeenLook]:
    """Two years of 0.25 with noise of +-0.01 every ten days, then some values."""
    training = [shown(10 * n, nir=0.25 + NOISE * (-1) ** n) for n in range(74)]
    return training + [shown(740 + 10 * n, nir=nir) for n, nir in enumerate(after_training)]


def charted(values: list[float]) -> Scored:
    return after(Ewma(the_ground(), day(735), "nir"), a_season(after_training=values))["ewma-nir"]


def test_a_lasting_fall_breaks_the_chart_once() -> None:
    scored = charted([0.25, 0.25, 0.20, 0.20, 0.20, 0.20, 0.20])

    (alarm,) = native_alarms(scored)

    # The first low look moves z by 0.3 x 0.05 = 0.015; the limit is
    # 2 x 0.01 x sqrt(0.3 / 1.7) = 0.0084.
    assert alarm.at == day(760)
    assert scored.scores.latched


def test_noise_as_in_training_does_not() -> None:
    assert native_alarms(charted([0.26, 0.24, 0.26, 0.24])) == []


def test_a_residual_beyond_ten_sigma_is_skipped_as_an_outlier() -> None:
    # 0.25 to 0.05 is twenty sigma: a cloud shadow for EWMACD, a burned village for us.
    assert native_alarms(charted([0.25, 0.05, 0.05, 0.05])) == []


def test_scores_are_in_control_limits_and_stay_where_they_were() -> None:
    scores = charted([0.25, 0.20, 0.25, 0.25]).scores.score

    assert (np.diff(scores) >= 0).all()
    assert scores[1] == pytest.approx(0.015 / 0.0084, rel=0.15)


def test_training_looks_are_not_scored() -> None:
    assert charted([0.25]).scores.at.tolist() == [day(740).replace(tzinfo=None)]


def test_a_village_without_training_has_no_chart() -> None:
    scored = after(Ewma(the_ground(), day(0), "nbr"), [shown(10), shown(20)])["ewma-nbr"]

    assert len(scored.scores) == 0
