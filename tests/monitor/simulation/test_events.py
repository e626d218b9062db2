from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from monitor.simulation.events import TARGETS, EventKind, between, log_uniform
from monitor.simulation.streams import stream
from monitor.simulation.world import World


def test_what_detectors_look_for_has_the_words_of_truth_csv() -> None:
    assert [kind.value for kind in TARGETS] == [
        "burned", "camp_new", "camp_growth", "camp_emptied",
    ]  # fmt: skip
    assert EventKind.COMPOUND_FIRE not in TARGETS


def test_an_event_takes_at_least_an_hour() -> None:
    interval = between(366.0, 0.001)

    assert interval.start == datetime(2001, 1, 1, tzinfo=UTC)
    assert interval.length == timedelta(hours=1)


def test_log_uniform_numbers_are_as_often_below_as_above_the_geometric_mean() -> None:
    draws = stream(1, "test")
    numbers = np.array([log_uniform(draws, 10.0, 40.0) for _ in range(2_000)])

    assert numbers.min() >= 10
    assert numbers.max() <= 40
    assert np.mean(numbers < 20) == pytest.approx(0.5, abs=0.04)


def test_fewer_blocks_are_changed_much_than_a_little(burning_world: World) -> None:
    (burn,) = burning_world.truth

    assert 0 < len(burn.blocks(0.3)) < len(burn.blocks(0.05))
    # Blocks of 1,600 square metres.
    assert burn.area_m2 == 1_600.0 * len(burn.blocks(0.1))
