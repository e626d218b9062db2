from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.rivals.pwtt import Pwtt, absolute_t, stouffer
from tests.monitor.rivals.builders import BLOCKS, START, a_radar_look, native_alarms, the_ground

Field = NDArray[np.float32]


def field(value: float) -> Field:
    return np.full(BLOCKS.shape, value, np.float32)


@pytest.mark.parametrize(
    ("pooled", "variance"),
    [
        # Means 2 and 7; variances 1 of three looks and 2 of two.
        pytest.param(False, 1 / 3 + 2 / 2, id="Welch"),
        pytest.param(True, (2 * 1 + 1 * 2) / 3 * (1 / 3 + 1 / 2), id="pooled"),
    ],
)
def test_t_has_lost_its_sign(pooled: bool, variance: float) -> None:
    before = np.array([1.0, 2.0, 3.0], dtype=np.float32).reshape(3, 1, 1, 1)
    after = np.array([6.0, 8.0], dtype=np.float32).reshape(2, 1, 1, 1)

    up, freedom = absolute_t(before, after, pooled=pooled)
    down, _ = absolute_t(-before, -after, pooled=pooled)

    assert float(up[0, 0, 0]) == pytest.approx(5 / np.sqrt(variance))
    assert float(down[0, 0, 0]) == float(up[0, 0, 0])
    assert float(freedom[0, 0, 0]) == 3


def test_orbits_are_weighted_by_the_root_of_their_freedom() -> None:
    one = (np.array([[2.0]], np.float32), np.array([[4.0]], np.float32))
    other = (np.array([[1.0]], np.float32), np.array([[9.0]], np.float32))

    # (2 x 2 + 3 x 1) / sqrt(13)
    assert float(stouffer([one, other])[0, 0]) == pytest.approx(7 / np.sqrt(13))


def test_an_orbit_without_a_value_is_left_out() -> None:
    one = (np.array([[2.0]], np.float32), np.array([[4.0]], np.float32))
    missing = (np.array([[np.nan]], np.float32), np.array([[9.0]], np.float32))

    assert float(stouffer([one, missing])[0, 0]) == pytest.approx(2.0)


def alarm_days(after_the_fire: float) -> list[int]:
    """Alarms of the pooled variant after a year of -10 dB and three looks of another level."""
    rule = Pwtt(the_ground())
    noise = np.random.default_rng(7).normal(0.0, 0.3, (34, *BLOCKS.shape)).astype(np.float32)
    for number, part in enumerate(noise):
        level = -10.0 if number < 31 else after_the_fire
        rule.see_radar(a_radar_look(12.0 * number, field(level) + part))
    pooled = {scored.rule: scored for scored in rule.scored()}["pwtt-pooled"]
    return [(alarm.at - START).days for alarm in native_alarms(pooled)]


def test_a_loss_of_backscatter_alarms() -> None:
    # The level falls with the look of day 372; two looks after it are enough in any case.
    assert alarm_days(-13.0) in ([372], [384])


def test_backscatter_as_before_does_not() -> None:
    assert alarm_days(-10.0) == []


def test_three_looks_before_and_two_after_are_needed() -> None:
    rule = Pwtt(the_ground())
    for number in (0.0, 12.0, 36.0, 48.0):
        rule.see_radar(a_radar_look(number, field(-10.0)))

    assert [len(scored.scores) for scored in rule.scored()] == [0, 0]
