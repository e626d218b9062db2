from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from monitor.camps.settings import CampSettings
from monitor.camps.stream import CampStream, same_season
from tests.monitor.camps.worlds import REVISIT, START, Stay, a_look, a_region, the_looks

NOW = datetime(2024, 5, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days_ago", "expected"),
    [(0, False), (14, False), (350, False), (351, True), (400, True), (401, False),
     (731, True), (1_096, True), (1_461, False)],
)  # fmt: skip
def test_the_same_season_is_that_of_the_last_three_years(days_ago: int, expected: bool) -> None:
    # From twenty days ago until now, and 15 days more on both sides.
    since = NOW - timedelta(days=20)

    assert same_season(NOW - timedelta(days=days_ago), since, NOW, 15.0) is expected


def test_what_stood_before_anybody_watched_is_known_from_the_last_months() -> None:
    stay = Stay(np.s_[20:24], np.s_[30:34], first=140)
    stream = CampStream(a_region(), CampSettings(), START + 146 * REVISIT)

    verdicts = [stream.take(look, []) for look in the_looks(147, [stay])]

    (judged,) = [verdict for verdict in verdicts if verdict is not None]
    # 36 looks of 180 days before the first that is judged.
    assert len(stream.state.signs) == 36 + 1
    (patch,) = judged.patches
    assert not patch.patch.early and patch.refused == ""


def test_looks_before_the_training_ends_only_teach() -> None:
    stream = CampStream(a_region(), CampSettings(), START + 50 * REVISIT)

    verdicts = [stream.take(look, []) for look in the_looks(52)]

    assert [verdict is None for verdict in verdicts] == [True] * 50 + [False] * 2
    (season,) = stream.state.seasons.values()
    # Looks 0 to 38 are sixty days old at look 50, and one more at look 51.
    assert season.look_count == 39 + 1


def test_later_looks_are_absorbed_once_they_are_old_enough() -> None:
    stream = CampStream(a_region(), CampSettings(), START + 50 * REVISIT)

    for look in the_looks(60):
        stream.take(look, [])

    (season,) = stream.state.seasons.values()
    assert season.through == START + (59 - 12) * REVISIT


def test_a_look_without_the_bands_is_passed_over() -> None:
    stream = CampStream(a_region(), CampSettings(), START)
    look = a_look(1, [], at=START)

    assert stream.take(replace(look, bands={"red": look.bands["red"]}), []) is None
