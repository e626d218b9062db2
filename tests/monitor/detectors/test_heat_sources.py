from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import pytest

from monitor.detectors.heat_sources import (
    HeatSettings,
    cell_of,
    heat_sources,
    is_static,
    month_of,
    month_text,
    sighted,
)

Seen = tuple[float, float, datetime]


def seen(
    *months: int, each: int = 1, at: tuple[float, float] = (1_000.0, 2_000.0)
) -> Iterator[Seen]:
    """Yield so many detections in each of these months, counted from January 2023 on."""
    for month in months:
        for day in range(1, each + 1):
            yield *at, datetime(2023 + month // 12, month % 12 + 1, day, tzinfo=UTC)


@pytest.mark.parametrize(
    ("months", "each", "static"),
    [
        pytest.param(range(6), 1, True, id="six in six months"),
        pytest.param(range(5), 1, False, id="five in five months: not above five"),
        pytest.param(range(3), 5, False, id="fifteen in three months: a fire season"),
        pytest.param(range(4), 2, True, id="eight in four months"),
        pytest.param([0, 6, 12, 18, 24, 30], 1, False, id="six, but spread over three years"),
        pytest.param([0], 28, False, id="a village that burned for a month"),
    ],
)
def test_what_is_a_static_source(months: range | list[int], each: int, static: bool) -> None:
    found = heat_sources(sighted({}, seen(*months, each=each)))

    assert bool(found) is static


def test_one_source_is_told_once_and_where_it_is() -> None:
    # The error of the sensor spreads a kiln over neighbouring cells.
    cells = sighted({}, [*seen(*range(6)), *seen(*range(6), at=(1_250.0, 2_000.0))])

    (source,) = heat_sources(cells)

    # Between the middles of the two cells: (1125 + 1375) / 2.
    assert source.easting_m == pytest.approx(1_250.0)
    assert source.northing_m == pytest.approx(2_125.0)
    assert (source.detections, source.months) == (12, 6)
    assert month_text(source.first_month) == "2023-01"
    assert month_text(source.last_month) == "2023-06"


def test_what_was_known_is_left_as_it_was() -> None:
    known = sighted({}, seen(0))

    more = sighted(known, seen(1))

    assert known == {cell_of(1_000, 2_000): {month_of(datetime(2023, 1, 1, tzinfo=UTC)): 1}}
    assert len(more[cell_of(1_000, 2_000)]) == 2


def test_sightings_of_four_years_ago_are_forgotten() -> None:
    cells = sighted(sighted({}, seen(0)), seen(48, at=(9_000.0, 9_000.0)))

    assert list(cells) == [cell_of(9_000, 9_000)]


def test_the_limits_are_settings() -> None:
    cells = sighted({}, seen(0, 1))

    assert heat_sources(cells) == ()
    assert len(heat_sources(cells, HeatSettings(above_detections=1, above_months=1))) == 1


def test_a_source_accounts_for_one_pixel_around_it() -> None:
    sources = heat_sources(sighted({}, seen(*range(6))))

    # Its place is the middle of its cell, 1,125 m east.
    eastings, northings = np.array([1_125.0, 1_500.0, 1_600.0]), np.full(3, 2_125.0)

    assert is_static(eastings, northings, sources, 400.0).tolist() == [True, True, False]
