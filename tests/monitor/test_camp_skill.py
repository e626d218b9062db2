from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.camp_skill import (
    EMPTYING,
    GROWTH,
    NEW,
    CampAlarm,
    CampEvent,
    camp_results,
    explains,
    false_alarms,
)

START = datetime(2024, 1, 1, tzinfo=UTC)


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def an_event(kind: str = NEW, **changes: Any) -> CampEvent:
    """A new camp of 4 ha in the middle, from day 100 to 130."""
    place = "" if kind == NEW else "camp-1"
    values: dict[str, Any] = {"x_m": 0.0, "y_m": 0.0, "area_ha": 4.0, "fraction": 0.5}
    return CampEvent(
        **{"kind": kind, "settlement_id": place, "started_at": day(100), "ended_at": day(130),
           **values, **changes}
    )  # fmt: skip


def an_alarm(at: float = 120, kind: str = NEW, **changes: Any) -> CampAlarm:
    place = "" if kind == NEW else "camp-1"
    values: dict[str, Any] = {"x_m": 300.0, "y_m": 0.0, "area_ha": 3.0, "change": 0.4}
    return CampAlarm(**{"kind": kind, "settlement_id": place, "at": day(at), **values, **changes})


@pytest.mark.parametrize(
    ("alarm", "expected"),
    [
        pytest.param(an_alarm(), True, id="near and after"),
        pytest.param(an_alarm(x_m=300.0, y_m=400.0), True, id="500 m exactly"),
        pytest.param(an_alarm(x_m=300.0, y_m=401.0), False, id="further off"),
        pytest.param(an_alarm(98.9), False, id="before it began"),
        pytest.param(an_alarm(130 + 400), True, id="long after: it stands"),
        # Circles of 4 and 100 ha have radii of 113 and 564 m.
        pytest.param(an_alarm(x_m=676.0, area_ha=100.0), True, id="a large one that meets it"),
        pytest.param(an_alarm(x_m=679.0, area_ha=100.0), False, id="a large one beside it"),
        pytest.param(an_alarm(x_m=501.0, area_ha=math.nan), False, id="of unknown size"),
        pytest.param(an_alarm(kind=GROWTH), True, id="as growth of the camp beside it"),
        pytest.param(an_alarm(kind=EMPTYING), False, id="of another kind"),
    ],
)
def test_an_alarm_is_about_a_new_camp_by_place_and_time(alarm: CampAlarm, expected: bool) -> None:
    assert explains(an_event(), alarm) is expected


@pytest.mark.parametrize(("at", "expected"), [(130 + 180, True), (130 + 181, False)])
def test_growth_is_about_an_event_for_half_a_year(at: float, expected: bool) -> None:
    assert explains(an_event(GROWTH), an_alarm(at, kind=GROWTH)) is expected


def test_recall_lag_and_area_of_new_camps() -> None:
    missed = an_event(x_m=9_000.0)

    new = camp_results([an_alarm(120), an_alarm(140)], [an_event(), missed], 500.0, 0.0)[0]

    assert (new.events, new.found.value, new.found_in_time.value) == (2, 0.5, 0.5)
    assert new.median_lag_days == 20
    # The largest statement, 3 ha of 4.
    assert new.area_error == pytest.approx(0.25)
    assert new.false_alarms == 0


def test_a_camp_that_is_found_late_is_found_but_not_in_time() -> None:
    new = camp_results([an_alarm(131)], [an_event()], 500.0, 0.0)[0]

    assert (new.found.count, new.found_in_time.count) == (1, 0)


def test_the_second_clock_starts_when_a_camp_measured_a_hectare() -> None:
    early = an_event(one_ha_at=day(104))
    slow = an_event(one_ha_at=day(112), x_m=5_000.0)
    never = an_event(x_m=9_000.0)
    alarms = [an_alarm(135), an_alarm(135, x_m=5_000.0), an_alarm(159, x_m=9_000.0)]

    new = camp_results(alarms, [early, slow, never], 500.0, 0.0)[0]

    # From the first shelter 35, 35 and 59 days; from a hectare 31 and 23; and 29 from the end
    # of its filling, day 130, where it never measured one.
    assert (new.found.count, new.found_in_time.count) == (3, 0)
    assert new.found_in_time_of_size.count == 2


def test_growth_and_emptying_have_one_clock() -> None:
    growth = camp_results([an_alarm(144, GROWTH)], [an_event(GROWTH)], 500.0, 1.0)[1]

    assert growth.found_in_time.count == growth.found_in_time_of_size.count == 1


def test_false_alarms_of_one_place_count_once_in_ninety_days() -> None:
    alarms = [an_alarm(10), an_alarm(50, x_m=500.0), an_alarm(99, x_m=600.0), an_alarm(101)]

    assert [a.at for a in false_alarms(alarms)] == [day(10), day(101)]


def test_the_rate_of_false_camps_is_per_thousand_square_kilometres_and_year() -> None:
    new = camp_results([an_alarm(10)], [], km2_years=2_000.0, camp_years=0.0)[0]

    assert new.false_rate.value == 0.5


def test_growth_and_emptying_go_by_settlement_and_share() -> None:
    events = [an_event(GROWTH, fraction=0.5), an_event(EMPTYING, settlement_id="camp-2")]
    alarms = [
        an_alarm(110, GROWTH, change=0.3), an_alarm(125, GROWTH, change=0.6),
        an_alarm(112, EMPTYING, settlement_id="camp-2", change=0.5),
        an_alarm(112, EMPTYING, settlement_id="camp-3"),
    ]  # fmt: skip

    _, growth, emptying = camp_results(alarms, events, 0.0, camp_years=4.0)

    assert growth.found.value == emptying.found.value == 1.0
    assert growth.area_error == pytest.approx(0.1)
    assert emptying.false_rate.value == 0.25
    assert growth.sign_right.value == 1.0


def test_a_camp_that_grew_and_was_called_emptying_has_the_wrong_sign() -> None:
    _, growth, _ = camp_results([an_alarm(110, EMPTYING)], [an_event(GROWTH)], 0.0, 1.0)

    assert (growth.sign_right.count, growth.sign_right.exposure) == (0, 1)
    assert math.isnan(growth.median_lag_days)
