from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from monitor.clear_sky import ClearSky, SkyDay


def a_sky(*days: SkyDay, **changes: Any) -> ClearSky:
    told: dict[str, Any] = {
        "asked_at": datetime(2024, 5, 20, 12, tzinfo=UTC), "since": date(2024, 3, 1),
        "until": date(2024, 5, 20), "days": days, "lost_days": 0, "pixel_m": 320.0, "units": 0.25,
    }  # fmt: skip
    return ClearSky(**(told | changes))


MARCH = SkyDay(date(2024, 3, 11), 1.0, 0.9)
EDGE = SkyDay(date(2024, 3, 21), 0.2, 1.0)
APRIL = SkyDay(date(2024, 4, 10), 1.0, 0.2)
MAY = SkyDay(date(2024, 5, 1), 0.8, 0.7)


def test_the_share_weighs_each_day_by_what_the_overpass_reached() -> None:
    # (1 x 0.9 + 0.2 x 1 + 1 x 0.2 + 0.8 x 0.7) / (1 + 0.2 + 1 + 0.8).
    assert a_sky(MARCH, EDGE, APRIL, MAY).clear_fraction == pytest.approx(1.86 / 3.0)


@pytest.mark.parametrize("days", [(), (SkyDay(date(2024, 3, 11), 0.0, 0.0),)])
def test_of_nothing_there_is_no_share(days: tuple[SkyDay, ...]) -> None:
    sky = a_sky(*days)

    assert sky.clear_fraction is None
    assert sky.by_month == ()
    assert sky.seen_days == 0


@pytest.mark.parametrize(
    ("measured", "clear", "is_seen"),
    [
        pytest.param(1.0, 0.5, True, id="half of it"),
        pytest.param(1.0, 0.49, False, id="a bit less"),
        pytest.param(0.7, 0.7, False, id="the edge of a swath, mostly clear"),
        pytest.param(0.5, 1.0, True, id="half of it reached, all clear"),
    ],
)
def test_a_day_counts_as_seen_from_half_of_the_area(
    measured: float, clear: float, is_seen: bool
) -> None:
    assert SkyDay(date(2024, 3, 11), measured, clear).is_seen is is_seen


def test_the_longest_gap_reaches_from_one_seen_day_to_the_next() -> None:
    # 11 March to 1 May: neither the edge of a swath nor a cloudy day ends it.
    assert a_sky(MARCH, EDGE, APRIL, MAY).longest_gap_days == 51


def test_a_gap_reaches_to_the_ends_of_the_span() -> None:
    assert a_sky(MARCH).longest_gap_days == 70
    assert a_sky().longest_gap_days == 80


def test_months_without_an_overpass_are_left_out() -> None:
    march, may = a_sky(MARCH, EDGE, MAY).by_month

    assert (march.month, march.days, may.month, may.days) == (3, 2, 5, 1)
    assert march.clear_fraction == pytest.approx(1.1 / 1.2)
    assert may.clear_fraction == pytest.approx(0.7)
