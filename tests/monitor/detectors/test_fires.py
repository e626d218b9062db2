"""Active fires at settlements."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from monitor.detectors.fire_calibration import FireCalibration, Ranks
from monitor.detectors.fire_seasons import DayCount, FireSeasons, with_days
from monitor.detectors.fires import fire_hits, hits_at, negative_binomial_tail
from monitor.scene import Hotspot
from tests.builders import NOW
from tests.monitor.detectors.fires import VILLAGE, a_fire, a_sky


def test_a_fire_in_the_middle_of_the_village_weighs_in_full() -> None:
    found = fire_hits(VILLAGE, a_sky(a_fire()))

    # An ellipse of 400 m in a square of 400 m lies wholly inside.
    assert found.weight == pytest.approx(1.0, abs=0.01)
    assert found.overpasses == 1
    assert found.p < 5e-3


def test_a_pixel_half_outside_weighs_half() -> None:
    # Its centre lies on the eastern edge: 200 m from the middle of 400 m.
    found = fire_hits(VILLAGE, a_sky(a_fire(east_m=200)))

    assert found.weight == pytest.approx(0.5, abs=0.01)
    assert found.p > fire_hits(VILLAGE, a_sky(a_fire())).p


def test_a_village_smaller_than_a_pixel_can_still_weigh_in_full() -> None:
    # MODIS: one pixel of 2 km covers all of the village.
    wide = a_fire(instrument="MODIS", satellite="A", scan_km=2.0, track_km=2.0)

    assert fire_hits(VILLAGE, a_sky(wide)).weight == pytest.approx(1.0, abs=0.01)


def test_one_overpass_counts_once_however_many_pixels_it_shows() -> None:
    pixels = [a_fire(), a_fire(north_m=100), a_fire(east_m=50, hours=0.05)]

    found = fire_hits(VILLAGE, a_sky(*pixels))

    assert found.overpasses == 1
    assert found.weight == pytest.approx(1.0, abs=0.01)
    assert len(found.hits) == 3


def test_the_same_detection_from_two_providers_is_one() -> None:
    twice = [a_fire(version="2.0NRT"), a_fire(version="2.0")]

    assert len(fire_hits(VILLAGE, a_sky(*twice)).hits) == 1


def test_two_satellites_are_more_than_one() -> None:
    once = fire_hits(VILLAGE, a_sky(a_fire()))
    twice = fire_hits(VILLAGE, a_sky(a_fire(), a_fire(satellite="N", hours=0.8)))

    assert twice.overpasses == 2
    assert twice.p < once.p / 2


def test_a_bush_fire_all_around_makes_it_less_of_a_surprise() -> None:
    around = [a_fire(east_m=1_500 + 100 * n, north_m=1_200 * (n % 3)) for n in range(15)]

    alone, among = (fire_hits(VILLAGE, a_sky(a_fire(), *more)) for more in ((), around))

    assert among.ring_ratio > 3
    assert among.p > 2 * alone.p


def test_fires_of_last_week_do_not_count_for_today() -> None:
    found = fire_hits(VILLAGE, a_sky(a_fire(hours=-24 * 7), a_fire()))

    assert len(found.hits) == 2
    assert found.overpasses == 1


def test_what_burned_before_a_quiet_look_does_not_count() -> None:
    sky = a_sky(a_fire(hours=-30), a_fire())

    assert fire_hits(VILLAGE, sky, after=NOW - timedelta(hours=1)).overpasses == 1
    assert fire_hits(VILLAGE, sky, after=NOW).hits == ()


def test_three_days_up_to_an_instant_are_judged_by_themselves() -> None:
    sky = a_sky(a_fire(), a_fire(hours=12), a_fire(hours=100))

    assert hits_at(VILLAGE, sky, NOW).overpasses == 1
    assert hits_at(VILLAGE, sky, NOW + timedelta(hours=12)).overpasses == 2


@pytest.mark.parametrize(
    "fire",
    [
        pytest.param(a_fire(confidence="low", is_night=False), id="sun glint by day"),
        pytest.param(a_fire(static_type=2), id="called static by the archive"),
        pytest.param(a_fire(static_type=1), id="a volcano"),
        pytest.param(a_fire(east_m=900), id="nine hundred metres away"),
    ],
)
def test_what_is_no_hit(fire: Hotspot) -> None:
    found = fire_hits(VILLAGE, a_sky(fire))

    assert found.hits == ()
    assert found.p == 1.0


def test_low_confidence_at_night_is_no_glint() -> None:
    assert fire_hits(VILLAGE, a_sky(a_fire(confidence="low"))).weight > 0.9


def test_a_file_without_pixel_sizes_still_gives_a_weight() -> None:
    nan = float("nan")

    # Assumed 375 m: wholly inside.
    found = fire_hits(VILLAGE, a_sky(a_fire(scan_km=nan, track_km=nan)))

    assert found.weight == pytest.approx(1.0, abs=0.01)


def test_a_place_that_burns_every_may_is_no_surprise_in_may() -> None:
    days = {
        date(year, 5, day): {"sd-test-0001": DayCount(near=2, ring=0)}
        for year in (2021, 2022, 2023)
        for day in range(10, 30)
    }
    seasons = with_days(FireSeasons("sd-test", ""), days, through=date(2024, 5, 1))

    known, assumed = (fire_hits(VILLAGE, a_sky(a_fire(), seasons=s)) for s in (seasons, None))

    assert known.p > 0.1 > assumed.p
    assert known.norm_ratio < 1 < assumed.norm_ratio
    assert known.archive_days > 60
    assert assumed.archive_days == 0


def test_a_kiln_that_is_known_has_no_weight() -> None:
    # Seven months of 2023, one detection each, where the fire is now.
    spot = a_sky(a_fire()).pixels
    cell = (int(spot.eastings[0] // 250), int(spot.northings[0] // 250))
    seasons = FireSeasons("sd-test", "", cells={cell: {12 * 2023 + m: 1 for m in range(7)}})

    found = fire_hits(VILLAGE, a_sky(a_fire(), seasons=seasons))

    assert found.hits == ()
    assert found.static == 1


def test_a_kiln_beside_the_village_is_no_part_of_a_front() -> None:
    kiln = a_fire(east_m=1_200, satellite="N")
    spot = a_sky(kiln).pixels
    cell = (int(spot.eastings[0] // 250), int(spot.northings[0] // 250))
    seasons = FireSeasons("sd-test", "", cells={cell: {12 * 2023 + m: 1 for m in range(7)}})

    assert fire_hits(VILLAGE, a_sky(a_fire(), kiln)).inside_share == 0.5
    assert fire_hits(VILLAGE, a_sky(a_fire(), kiln, seasons=seasons)).inside_share == 1.0


def test_p_is_read_from_the_ranks_of_placebos() -> None:
    ranks = Ranks(windows=9_999, tails=(1e-3, 0.5), counts=(4, 99))
    calibration = FireCalibration("test", {f"assumed/{n}": ranks for n in range(4)})

    found = fire_hits(VILLAGE, a_sky(a_fire(east_m=390), calibration=calibration))

    # A pixel that just touches: its tail is large, and hardly any placebo shows even that.
    assert found.tail > 0.5
    assert found.p == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("weight", "mean", "size", "tail"),
    [
        pytest.param(0.0, 0.1, 1.0, 1.0, id="nothing seen"),
        # Of size 1 the law is geometric: P(N >= k) = (m / (1 + m)) ** k.
        pytest.param(1.0, 1.0, 1.0, 0.5, id="geometric, one"),
        pytest.param(2.0, 1.0, 1.0, 0.25, id="geometric, two"),
        pytest.param(0.5, 1.0, 1.0, 0.5**0.5, id="geometric, a half"),
    ],
)
def test_the_tail_of_a_real_count(weight: float, mean: float, size: float, tail: float) -> None:
    assert negative_binomial_tail(weight, mean, size) == pytest.approx(tail)
