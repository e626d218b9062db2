from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.detectors.fire_years import FireYears
from monitor.detectors.fires import fire_hits
from tests.builders import NOW, an_aoi
from tests.monitor.detectors.fires import VILLAGE, a_fire

DAY = timedelta(days=1)
YEAR_H = 365 * 24.0


def fires_of_every_november() -> list[float]:
    """Hours before NOW of fires at the village in the same weeks of three years."""
    return [-year * YEAR_H + 24.0 * day for year in (1, 2, 3) for day in range(-12, 13, 3)]


def test_what_burns_every_year_at_this_time_is_less_surprising_than_what_never_did() -> None:
    today = a_fire()
    usual = [a_fire(hours=hours) for hours in fires_of_every_november()]
    # An archive that is as long, of fires elsewhere.
    elsewhere = [replace(one, longitude=one.longitude + 0.015) for one in usual]

    known = FireYears(an_aoi(), [VILLAGE], [*usual, today]).sky(NOW)
    unknown = FireYears(an_aoi(), [VILLAGE], [*elsewhere, today]).sky(NOW)

    expected = fire_hits(VILLAGE, known).expected
    assert expected > 5 * fire_hits(VILLAGE, unknown).expected
    assert fire_hits(VILLAGE, known).p > fire_hits(VILLAGE, unknown).p


def test_only_detections_of_sixty_days_may_stand_beside_a_look() -> None:
    spots = [a_fire(hours=hours) for hours in (-61 * 24.0, -59 * 24.0, 0.0, 1.0)]

    sky = FireYears(an_aoi(), [VILLAGE], spots).sky(NOW)

    assert [spot.acquired_at for spot in sky.pixels.hotspots] == [NOW - 59 * DAY, NOW]


def test_heat_that_was_there_all_year_has_no_weight() -> None:
    # Twice a month for a year: a kiln.
    kiln = [a_fire(hours=-24.0 * 15 * n) for n in range(1, 25)]
    years = FireYears(an_aoi(), [VILLAGE], [*kiln, a_fire()])

    sky = years.sky(NOW)

    assert fire_hits(VILLAGE, sky, after=NOW - DAY).weight == 0.0


def test_the_archive_grows_from_look_to_look() -> None:
    spots = [a_fire(hours=-24.0 * 300)]
    years = FireYears(an_aoi(), [VILLAGE], spots)

    days = [fire_days(years, months) for months in (0, 1, 2, 12)]

    assert days == sorted(days)
    assert days[-1] > days[0] > 0


def fire_days(years: FireYears, months: int) -> int:
    seasons = years.sky(NOW + 31 * months * DAY).seasons
    assert seasons is not None and seasons.since is not None and seasons.through is not None
    return (seasons.through - seasons.since).days


def test_the_past_is_not_asked_about_after_its_future() -> None:
    years = FireYears(an_aoi(), [VILLAGE], [])
    years.sky(NOW)

    with pytest.raises(ValueError, match="after"):
        years.sky(NOW - DAY)
