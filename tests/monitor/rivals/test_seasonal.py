from __future__ import annotations

import numpy as np
import pytest

from monitor.rivals.ground import SeenLook
from monitor.rivals.rule import Scored
from monitor.rivals.seasonal import Seasonal, days_of, harmonics
from tests.monitor.rivals.builders import START, after, day, native_alarms, shown, the_ground


def a_village(values: list[float], *, track: str = "sentinel-2-093") -> list[SeenLook]:
    """Two years of e^-1.2, e^-1.4 in turn every ten days, then some values."""
    training = [shown(10 * n, nir=float(np.exp(-1.3 + 0.1 * (-1) ** n))) for n in range(74)]
    return training + [shown(740 + 5 * n, nir=nir, track=track) for n, nir in enumerate(values)]


def scored_by(looks: list[SeenLook]) -> dict[str, Scored]:
    return after(Seasonal(the_ground(), day(735)), looks)


def test_z_is_the_fall_in_robust_sigmas() -> None:
    (z,) = scored_by(a_village([float(np.exp(-2.3))]))["z1"].scores.score

    # -ln NIR rises by 1.0; residuals are +-0.1, so sigma is 0.14826.
    assert z == pytest.approx(1.0 / 0.14826, rel=0.05)


def test_one_dark_look_alarms_alone_but_not_as_a_pair() -> None:
    looks = a_village([float(np.exp(-2.3)), float(np.exp(-1.3))])

    scored = scored_by(looks)

    assert (len(native_alarms(scored["z1"])), len(native_alarms(scored["z2"]))) == (1, 0)


def test_two_dark_looks_alarm_as_a_pair() -> None:
    (alarm,) = native_alarms(scored_by(a_village([float(np.exp(-2.3))] * 2))["z2"])

    assert (alarm.at, alarm.observed_before) == (day(745), day(740))


def test_an_orbit_without_history_has_no_score() -> None:
    assert len(scored_by(a_village([0.1], track="sentinel-2-136"))["z1"].scores) == 0


def test_harmonics_repeat_after_a_year() -> None:
    today, in_a_year = harmonics(np.array([days_of(START), days_of(START) + 365.25]))

    np.testing.assert_allclose(today, in_a_year, atol=1e-9)
