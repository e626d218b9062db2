"""Real radar stacks in which nothing happened: nothing may be told."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from monitor.blocks import BlockSets, SettlementBlocks
from monitor.detectors.sar import radar_reading
from monitor.detectors.sar_events import LEAST_AFTER, SURE_FROM_P
from monitor.detectors.sar_stack import RadarStack, held_looks, stacks_of
from monitor.looks import Look
from monitor.real_radar import bursts, placebo_sets

TOWN_EDGE, OPEN_SEA = "T137-292319-IW2", "T137-292318-IW1"


@pytest.fixture
def california(shared: Path) -> dict[str, list[Look]]:
    return _read(shared / "data" / "s1-rtc-california-timeseries")


@cache
def _read(folder: Path) -> dict[str, list[Look]]:
    # Ten seconds of reading, for all tests together.
    return bursts(folder)


def a_town(look: Look) -> tuple[BlockSets, SettlementBlocks]:
    """Return a town of 10 x 10 blocks in the middle of a burst."""
    grid = look.blocks
    rows, columns = (axis.ravel() for axis in np.mgrid[:10, :10])
    own = ((rows + 32) * grid.width + columns + 32).astype(np.int32)
    place = SettlementBlocks(
        "town", own, rows.astype(np.int32), columns.astype(np.int32), np.empty(0, np.int32)
    )
    watched = np.arange(grid.height * grid.width, dtype=np.int32)
    return BlockSets(grid, watched, (place,), (), "test"), place


def told(looks: list[Look], stack: RadarStack) -> list[str]:
    """Return the looks from which a town would have been told of."""
    sets, place = a_town(looks[0])
    found = []
    for index in range(1, len(stack.look_ids) - LEAST_AFTER + 1):
        after, first = stack.acquired_at[index - 1], stack.acquired_at[index]
        known = stack.only(range(index + LEAST_AFTER))
        if known.acquired_at[-1] - first > timedelta(days=60):
            continue
        reading = radar_reading([known], sets, place, after, first)
        if reading.judged and reading.label == "loss" and reading.p <= SURE_FROM_P:
            found.append(stack.look_ids[index])
    return found


def test_a_burst_becomes_looks_of_whole_blocks(california: dict[str, list[Look]]) -> None:
    looks = california[TOWN_EDGE]

    assert len(looks) == 21
    assert looks[0].blocks.resolution_m == 40
    # The README of the stack: a mean of -8.7 dB in VV.
    assert float(np.nanmean(looks[0].bands["vv"])) == pytest.approx(-8.7, abs=0.7)


def test_nothing_is_told_of_the_edge_of_a_town_in_three_winters(
    california: dict[str, list[Look]],
) -> None:
    looks = california[TOWN_EDGE]
    (stack,) = stacks_of(looks)

    assert told(looks, stack) == []


def test_nothing_is_told_of_open_sea_in_any_wind_even_without_the_guard(
    california: dict[str, list[Look]],
) -> None:
    looks = california[OPEN_SEA]
    (stack,) = stacks_of(looks)

    assert told(looks, stack) == []


def test_the_guard_holds_scenes_that_the_wind_changed(california: dict[str, list[Look]]) -> None:
    (stack,) = stacks_of(california[OPEN_SEA])

    assert len(held_looks(stack)) > 10


def test_one_polarisation_of_a_tropical_highland_is_read(shared: Path) -> None:
    found = bursts(shared / "data" / "s1-rtc-distmetrics-2024", "_cropped")

    (looks,) = found.values()
    assert len(looks) == 10
    assert set(looks[0].bands) == {"vh"}


def test_placebos_lie_whole_inside_the_grid(california: dict[str, list[Look]]) -> None:
    grid = california[TOWN_EDGE][0].blocks

    places = list(placebo_sets(grid, 20, np.random.default_rng(1)))

    assert all(own.min() >= 0 and own.max() < grid.height * grid.width for own in places)
    assert all(4 <= own.size <= 120 for own in places)
