from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import cache

import pytest

from monitor.camps.features import camp_features
from monitor.camps.recurrence import Seen, stood, years_with_sign
from monitor.camps.season import Season, fitted, history_of
from monitor.camps.settings import CampSettings
from tests.monitor.camps.worlds import (
    REVISIT,
    START,
    TRACK,
    Stay,
    a_look,
    a_region,
    blocks_of,
    the_looks,
)

REGION = a_region()
PLACE = (slice(20, 24), slice(30, 34))
OWN = blocks_of(*PLACE)
YEAR = 73
NOW = START + (80 + YEAR) * REVISIT
"""A year after the looks that the tests ask of."""


@cache
def season() -> Season:
    pairs = [(k.acquired_at, camp_features(k, REGION)) for k in the_looks(YEAR)]
    found = fitted(history_of(TRACK, pairs, has_texture=True), REGION)  # type: ignore[arg-type]
    assert found is not None
    return found


def seen(numbers: range, shown: range) -> Iterator[Seen]:
    for number in numbers:
        stays = [Stay(*PLACE, first=0)] if number in shown else []
        look = a_look(number, stays, at=START + number * REVISIT)
        values = camp_features(look, REGION)
        assert values is not None
        yield Seen(look.look_id, TRACK, look.acquired_at, values)


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        pytest.param(range(0), (1, 0), id="never"),
        pytest.param(range(80, 84), (1, 1), id="always"),
        pytest.param(range(80, 81), (1, 1), id="the first of four"),
        pytest.param(range(81, 82), (1, 0), id="one, and not those before and after it"),
        pytest.param(range(81, 83), (1, 0), id="two, and not those before and after them"),
    ],
)
def test_a_year_shows_the_sign_if_one_of_its_looks_does(
    shown: range, expected: tuple[int, int]
) -> None:
    found = years_with_sign(
        OWN, seen(range(80, 84), shown), {TRACK: season()}, REGION, CampSettings(), 0.4, NOW
    )

    assert found == expected


@pytest.mark.parametrize(
    ("looks", "expected"),
    [
        pytest.param({}, False, id="nothing was seen"),
        pytest.param({0: True}, True, id="one look alone"),
        pytest.param({0: False, 5: True, 10: False}, False, id="a look between two"),
        pytest.param({0: False, 13: True, 18: False}, True, id="clouds hid what was before"),
        pytest.param({0: True, 5: True, 10: False}, True, id="it goes"),
        pytest.param({0: False, 5: True, 10: True, 15: True, 20: False}, True, id="it stands"),
        pytest.param({0: False, 5: False}, False, id="it was not there"),
    ],
)
def test_a_look_between_two_that_show_nothing_is_a_missed_cloud(
    looks: dict[int, bool], expected: bool
) -> None:
    assert (
        stood([(START + timedelta(days=d), is_shown) for d, is_shown in looks.items()]) is expected
    )


def test_a_season_across_the_turn_of_the_year_is_that_of_one_year() -> None:
    # Looks 72 and 73 lie in December and January, and both show it.
    looks = list(seen(range(72, 74), range(72, 74)))
    now = START + (73 + YEAR) * REVISIT

    assert {look.at.year for look in looks} == {2021, 2022}
    found = years_with_sign(OWN, looks, {TRACK: season()}, REGION, CampSettings(), 0.4, now)

    assert found == (1, 1)


def test_a_fair_that_just_began_is_known_by_the_whole_one_of_last_year() -> None:
    looks = seen(range(80, 84), range(80, 84))

    found = years_with_sign(OWN, looks, {TRACK: season()}, REGION, CampSettings(), 0.2, NOW)

    assert found == (1, 1)


def test_a_look_far_brighter_than_shelters_says_nothing_of_its_year() -> None:
    # Three times the change of the reference camp: a rise of .9 in brightness alone.
    bright = [Stay(*PLACE, first=0, cover=3.0)]
    looks = [
        Seen(look.look_id, TRACK, look.acquired_at, camp_features(look, REGION))  # type: ignore[arg-type]
        for look in the_looks(81, bright, first=80)
    ]

    found = years_with_sign(OWN, looks, {TRACK: season()}, REGION, CampSettings(), 0.4, NOW)

    assert found == (0, 0)


def test_without_looks_or_seasons_no_year_was_checked() -> None:
    looks = list(seen(range(80, 82), range(80, 82)))

    assert years_with_sign(OWN, [], {TRACK: season()}, REGION, CampSettings(), 0.4, NOW) == (0, 0)
    assert years_with_sign(OWN, looks, {}, REGION, CampSettings(), 0.4, NOW) == (0, 0)


def test_a_third_of_the_strength_of_today_is_the_sign_of_then() -> None:
    # The texture of a twentieth of a camp: about a quarter more than land has.
    uneven = [
        Stay(*PLACE, first=0, cover=0.25, texture=False), Stay(*PLACE, first=0, cover=0.05)
    ]  # fmt: skip
    weak = [
        Seen(look.look_id, TRACK, look.acquired_at, camp_features(look, REGION))  # type: ignore[arg-type]
        for look in the_looks(84, uneven, first=80)
    ]
    cloudy = [
        Seen(look.look_id, TRACK, look.acquired_at, camp_features(look, REGION))  # type: ignore[arg-type]
        for look in the_looks(84, [Stay(*PLACE, first=0, cover=0.3, texture=False)], first=80)
    ]

    # Three tenths of a camp are a rise of about .20: a third of .54 is .18, of .75 it is .25.
    for strength, expected in ((0.54, (1, 1)), (0.75, (1, 0))):
        found = years_with_sign(OWN, weak, {TRACK: season()}, REGION, CampSettings(), strength, NOW)
        assert found == expected
    # As bright and as blue, but smooth: a cloud that nobody flagged is no fair.
    smooth = years_with_sign(OWN, cloudy, {TRACK: season()}, REGION, CampSettings(), 0.54, NOW)
    assert smooth == (1, 0)
