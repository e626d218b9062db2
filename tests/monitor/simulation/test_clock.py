from __future__ import annotations

from datetime import UTC, datetime

import pytest

from monitor.simulation.clock import day_number, day_of_year, instant, new_year


def test_days_are_counted_from_the_year_2000() -> None:
    assert day_number(datetime(2000, 1, 2, 12, tzinfo=UTC)) == 1.5
    # 2000 was a leap year.
    assert new_year(2001) == 366.0


def test_a_day_number_becomes_its_instant_again() -> None:
    moment = datetime(2024, 2, 29, 8, 50, 17, tzinfo=UTC)

    assert instant(day_number(moment)) == moment


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(2023, 1, 1, tzinfo=UTC), 0.0),
        (datetime(2023, 3, 1, 6, tzinfo=UTC), 59.25),
        (datetime(2024, 3, 1, tzinfo=UTC), 60.0),
    ],
)
def test_the_day_of_the_year_starts_at_nought(moment: datetime, expected: float) -> None:
    assert day_of_year(day_number(moment)) == pytest.approx(expected, abs=1e-4)
