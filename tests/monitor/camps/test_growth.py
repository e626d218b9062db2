from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from scipy.special import ndtr

from monitor.camps.growth import Measured, growth_of, slow_growth_of

START = datetime(2024, 1, 1, tzinfo=UTC)


def series(*areas_ha: float, sigma: float = 0.03, step_days: float = 5.0) -> list[Measured]:
    return [
        Measured(START + timedelta(days=step_days * n), 1e4 * area, sigma)
        for n, area in enumerate(areas_ha)
    ]


def test_a_camp_that_stands_does_not_grow() -> None:
    found = growth_of(series(*[10.0] * 12), 0.10)

    assert found is not None
    assert found.change == pytest.approx(0.0, abs=0.01)
    assert found.certainty < 0.05
    assert found.low_m2 < 1e5 < found.high_m2


def test_a_camp_that_doubles_is_said_to_double() -> None:
    found = growth_of(series(*[10.0] * 8, *[20.0] * 6), 0.10)

    assert found is not None
    assert found.change == pytest.approx(1.0, abs=0.15)
    assert found.area_m2 == pytest.approx(2e5, rel=0.1)
    assert found.before_m2 == pytest.approx(1e5, rel=0.1)
    assert found.certainty > 0.99


def test_a_jump_is_followed_at_once() -> None:
    # What is measured is the middle of three looks: the filter need not doubt it again.
    found = growth_of(series(*[10.0] * 10, 20.0), 0.10)

    assert found is not None
    assert found.change == pytest.approx(0.9, abs=0.1)


def test_a_camp_that_shrinks_has_a_negative_change() -> None:
    found = growth_of(series(*[10.0] * 8, *[5.0] * 6), 0.10)

    assert found is not None
    assert found.change == pytest.approx(-0.5, abs=0.05)
    assert found.change_low < found.change < found.change_high < 0


def test_growth_of_long_ago_is_no_growth_of_this_month() -> None:
    found = growth_of(series(*[10.0] * 4, *[20.0] * 16), 0.10)

    assert found is not None and found.certainty < 0.5


@pytest.mark.parametrize("areas", [(), (10.0,), (10.0, 12.0, 14.0)])
def test_less_than_fifteen_days_say_nothing(areas: tuple[float, ...]) -> None:
    assert growth_of(series(*areas), 0.10) is None


def test_wider_noise_makes_wider_intervals() -> None:
    sharp = growth_of(series(*[10.0] * 8, *[13.0] * 4, sigma=0.02), 0.10)
    vague = growth_of(series(*[10.0] * 8, *[13.0] * 4, sigma=0.15), 0.10)

    assert sharp is not None and vague is not None
    assert vague.high_m2 - vague.low_m2 > sharp.high_m2 - sharp.low_m2
    assert vague.certainty < sharp.certainty


def test_growth_since_the_outline_was_drawn_is_told_where_no_month_shows_it() -> None:
    # 10 ha mapped, 2 ha beside it, known to a quarter of a hectare: ln(12 / 11) is .087, and
    # .25 ha of 12 is .0208: 4.2 standard deviations.
    found = slow_growth_of(1e5, 0.0, 2e4, 2_500.0, 0.10)

    assert found.slow
    assert found.before_m2 == 1e5 and found.area_m2 == 1.2e5
    assert found.change == pytest.approx(0.2)
    assert found.low_m2 == pytest.approx(1.2e5 - 1.645 * 2_500.0)
    assert found.certainty == pytest.approx(ndtr(0.0870 / 0.0208), abs=1e-6)


def test_what_was_told_is_not_told_again() -> None:
    found = slow_growth_of(1e5, 1.2e5, 2e4, 2_500.0, 0.10)

    assert found.change == pytest.approx(0.0)
    assert found.certainty < 0.001


def test_an_outline_without_area_stops_nothing() -> None:
    assert slow_growth_of(0.0, 0.0, 2e4, 2_500.0, 0.10).area_m2 == 2e4
