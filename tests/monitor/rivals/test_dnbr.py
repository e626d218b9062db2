from __future__ import annotations

import numpy as np
import pytest

from monitor.rivals.dnbr import Dnbr
from tests.monitor.rivals.builders import (
    VILLAGE,
    after,
    cloudy_village,
    day,
    native_alarms,
    shown,
    the_ground,
)

# NBR of the village: 0 before; (0.15 - 0.25) / 0.40 = -0.25 after: a fall of 0.25.
BURNED = 0.15


@pytest.mark.parametrize(
    ("rule", "alarms"), [("dnbr10", 1), ("dnbr10-px", 1), ("dnbr27", 0)], ids=str
)
def test_a_fall_of_a_quarter_alarms_above_a_tenth_only(rule: str, alarms: int) -> None:
    scored = after(Dnbr(the_ground()), [shown(0), shown(5, nir=BURNED)])

    assert scored[rule].scores.score.tolist() == [pytest.approx(0.25)]
    assert len(native_alarms(scored[rule])) == alarms


def test_the_first_look_has_nothing_to_compare_with() -> None:
    scored = after(Dnbr(the_ground()), [shown(0, nir=BURNED)])

    assert len(scored["dnbr10"].scores) == 0


def test_another_orbit_is_not_compared() -> None:
    looks = [shown(0), shown(2, nir=BURNED, track="sentinel-2-136")]

    assert len(after(Dnbr(the_ground()), looks)["dnbr10"].scores) == 0


@pytest.mark.parametrize(("age", "scores"), [(30, 1), (31, 0)])
def test_a_reference_serves_for_thirty_days(age: int, scores: int) -> None:
    looks = [shown(0), shown(age, nir=BURNED)]

    assert len(after(Dnbr(the_ground()), looks)["dnbr10"].scores) == scores


def test_a_cloudy_look_is_neither_scored_nor_a_reference() -> None:
    looks = [shown(0), shown(5, nir=BURNED, clear=cloudy_village()), shown(10, nir=BURNED)]

    (alarm,) = native_alarms(after(Dnbr(the_ground()), looks)["dnbr10"])

    assert alarm.at == day(10)


def test_the_pixel_rule_asks_for_three_blocks() -> None:
    def partly_burned(blocks: int) -> float:
        look = shown(5)
        nir = look.nir.copy()
        nir[VILLAGE].flat[:blocks] = BURNED
        rows, columns = np.divmod(np.array([44, 45, 54, 55])[:blocks], 10)
        assert look.nbr is not None
        look.nbr[rows, columns] = -0.25
        return float(after(Dnbr(the_ground()), [shown(0), look])["dnbr10-px"].scores.score[0])

    assert partly_burned(2) == 0.0
    assert partly_burned(3) == pytest.approx(0.25)
