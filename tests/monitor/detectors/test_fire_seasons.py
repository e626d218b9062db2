from __future__ import annotations

from datetime import date, timedelta

import pytest

from monitor.detectors.fire_seasons import (
    PRIOR_D,
    USUAL_PER_KM2_DAY,
    DayCount,
    FireSeasons,
    exposure,
    norm_of,
    span_of,
    with_days,
)

EMPTY = FireSeasons("sd-test", "digest")
PLACE = "sd-test-0001"


def counted(*days: date, near: int = 1, through: date, frozen: bool = False) -> FireSeasons:
    ids = {PLACE} if frozen else ()
    return with_days(
        EMPTY, {day: {PLACE: DayCount(near, 0)} for day in days}, through=through, frozen_ids=ids
    )


@pytest.mark.parametrize(
    ("day", "span"),
    [(date(2023, 1, 1), 0), (date(2023, 1, 5), 0), (date(2023, 1, 6), 1), (date(2024, 12, 31), 72)],
)
def test_the_year_has_73_parts_of_five_days(day: date, span: int) -> None:
    assert span_of(day) == span


def test_the_archive_begins_with_its_first_detection() -> None:
    # Sixty days wait; of 2 January to 11 January ten days count.
    seasons = counted(date(2023, 1, 2), through=date(2023, 1, 11) + timedelta(days=60))

    assert exposure(seasons).sum() == 10
    assert exposure(seasons)[:3].tolist() == [4, 5, 1]


def test_years_of_exposure_add_up() -> None:
    seasons = counted(date(2020, 1, 1), through=date(2023, 1, 1) + timedelta(days=60))

    assert exposure(seasons).sum() == 3 * 365 + 2


def test_without_an_archive_a_rate_is_assumed() -> None:
    norm = norm_of(None, PLACE, date(2024, 5, 20), near_km2=2.0, ring_km2=100.0)

    assert norm.near_per_day == pytest.approx(2.0 * USUAL_PER_KM2_DAY)
    assert norm.ring_per_day == pytest.approx(100.0 * USUAL_PER_KM2_DAY)
    assert norm.archive_days == 0


def test_a_long_archive_outweighs_what_is_assumed() -> None:
    january = [date(2020 + n, 1, day) for n in range(4) for day in range(8, 16)]
    seasons = counted(*january, through=date(2023, 12, 31))

    inside = norm_of(seasons, PLACE, date(2025, 1, 12), 1.0, 100.0)
    outside = norm_of(seasons, PLACE, date(2025, 7, 12), 1.0, 100.0)

    # A kernel of 20 days on each side holds 80 / 3 days of each year; the first began late.
    assert 3.5 * 80 / 3 < inside.archive_days < 4 * 80 / 3
    # Eight days in January of four years, hardly less than whole, against these and 30 assumed.
    assert inside.near_per_day == pytest.approx(31 / (inside.archive_days + PRIOR_D), rel=0.05)
    assert outside.near_per_day < 0.001


def test_the_kernel_goes_round_the_end_of_the_year() -> None:
    seasons = counted(date(2022, 12, 30), through=date(2024, 4, 1))

    assert norm_of(seasons, PLACE, date(2025, 1, 3), 1.0, 100.0).near_per_day > 0.01


def test_an_event_is_not_its_own_norm() -> None:
    day = date(2024, 5, 10)
    young = counted(day, through=day + timedelta(days=59))
    ripe = with_days(young, {}, through=day + timedelta(days=60))

    assert young.near == {}
    assert list(young.waiting) == [day]
    assert ripe.near == {PLACE: {span_of(day): 1.0}}
    assert ripe.waiting == {}


def test_days_of_a_settlement_that_may_have_burned_do_not_teach() -> None:
    day = date(2024, 1, 10)
    seasons = counted(day, through=day + timedelta(days=60), frozen=True)

    assert seasons.near == {}
    assert seasons.lost == {PLACE: {span_of(day): 1.0}}


def test_what_was_known_is_left_as_it_was() -> None:
    first = counted(date(2024, 1, 10), through=date(2024, 4, 1))
    before = {place: dict(counts) for place, counts in first.near.items()}

    with_days(first, {date(2024, 4, 2): {PLACE: DayCount(1, 1)}}, through=date(2024, 8, 1))

    assert first.near == before
