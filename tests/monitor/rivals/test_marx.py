from __future__ import annotations

import pytest

from monitor.rivals.marx import Marx
from tests.monitor.rivals.builders import (
    after,
    cloudy_village,
    day,
    native_alarms,
    shown,
    the_ground,
)


def test_two_dark_looks_in_sequence_are_an_alarm() -> None:
    looks = [shown(0), shown(5, nir=0.15), shown(10, nir=0.18)]

    scored = after(Marx(the_ground()), looks)["marx"]
    (alarm,) = native_alarms(scored)

    # R is 0.6, then 0.72 of the ring's 0.25: the brighter one decides.
    assert alarm.score == pytest.approx(1 - 0.72)
    assert (alarm.at, alarm.observed_before) == (day(10), day(5))


def test_one_dark_look_is_none() -> None:
    looks = [shown(0), shown(5, nir=0.15), shown(10)]

    assert native_alarms(after(Marx(the_ground()), looks)["marx"]) == []


def test_a_cloudy_look_between_two_dark_ones_does_not_part_them() -> None:
    looks = [shown(0), shown(5, nir=0.15), shown(10, clear=cloudy_village()), shown(15, nir=0.15)]

    (alarm,) = native_alarms(after(Marx(the_ground()), looks)["marx"])

    assert (alarm.at, alarm.observed_before) == (day(15), day(5))


def test_a_village_that_darkens_with_its_ring_does_not_alarm() -> None:
    looks = [shown(0), *(shown(d, nir=0.15, ring_nir=0.15) for d in (5, 10))]

    assert native_alarms(after(Marx(the_ground()), looks)["marx"]) == []


def test_a_village_that_is_always_dark_alarms_unless_it_is_normed() -> None:
    looks = [shown(5 * n, nir=0.15) for n in range(8)]

    scored = after(Marx(the_ground()), looks)

    assert native_alarms(scored["marx"]) != []
    assert native_alarms(scored["marx-norm"]) == []


def test_the_normed_rule_compares_with_the_year_before() -> None:
    looks = [shown(5 * n, nir=0.20) for n in range(6)]
    looks += [shown(d, nir=0.12) for d in (35, 40)]

    (alarm,) = native_alarms(after(Marx(the_ground()), looks)["marx-norm"])

    # R falls from 0.8 to 0.48, that is to 0.6 of the usual.
    assert alarm.score == pytest.approx(0.4)
