from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from aoi.grid import Grid
from monitor.blocks import BlockSets, SettlementBlocks
from monitor.calibration_build import tail_of
from monitor.detectors.sar import (
    RadarReading,
    radar_reading,
    signed_t,
)
from monitor.detectors.sar_calibration import RadarCalibration
from monitor.detectors.sar_stack import SarSettings, stacks_of
from monitor.looks import Look
from monitor.scene import Sensor
from tests.builders import EPSG, a_look, days_ago

BLOCKS = Grid(EPSG, left_m=538_000, top_m=1_512_000, resolution_m=40, height=60, width=60)
FIRE_AT = days_ago(20)
BEFORE = [380 + 12 * n for n in range(4)] + [30 + 12 * n for n in range(4)]
AFTER = [18, 6]
NORMAL = RadarCalibration(
    "normal", {"any": tail_of(np.random.default_rng(0).normal(0.5, 1, 20_000))}
)


def a_place(
    side: int = 6, *, row: int = 28, column: int = 28
) -> tuple[BlockSets, SettlementBlocks]:
    """Return a square settlement of so many blocks in the middle of the grid."""
    rows, columns = (axis.ravel() for axis in np.mgrid[:side, :side])
    own = ((rows + 28) * BLOCKS.width + columns + 28).astype(np.int32)
    place = SettlementBlocks(
        "town", own, rows.astype(np.int32), columns.astype(np.int32), np.empty(0, np.int32)
    )
    watched = np.arange(BLOCKS.height * BLOCKS.width, dtype=np.int32)
    return BlockSets(BLOCKS, watched, (place,), (), "test"), place


def a_radar_look(
    days: float, *, part_db: float = 0.0, all_db: float = 0.0, track: str = "sentinel-1-021",
    side: int = 6, bands: Sequence[str] = ("vv", "vh"), seed: int = 1,
) -> Look:  # fmt: skip
    """Return a look of quiet land, so many days ago, the settlement changed by some dB."""
    draws = np.random.default_rng([int(days * 10), seed])
    layers = {}
    for name, level in (("vv", -10.0), ("vh", -16.0)):
        values = level + all_db + draws.normal(0.0, 0.6, BLOCKS.shape)
        values[28 : 28 + side, 28 : 28 + side] += part_db
        layers[name] = values.astype(np.float32)
    return a_look(
        BLOCKS,
        look_id=f"{track}-{days:g}",
        sensor=Sensor.SENTINEL_1,
        track=track,
        acquired_at=days_ago(days),
        bands={name: layers[name] for name in bands},
    )


def a_history(part_db: float, **changes: Any) -> list[Look]:
    return [
        *(a_radar_look(days, **changes) for days in BEFORE),
        *(a_radar_look(days, part_db=part_db, **changes) for days in AFTER),
    ]


def reading(looks: Sequence[Look], **changes: Any) -> RadarReading:
    sets, place = a_place()
    return radar_reading(
        stacks_of(looks), sets, place, FIRE_AT - timedelta(days=5), FIRE_AT,
        SarSettings(**changes), NORMAL,
    )  # fmt: skip


def test_a_fall_over_a_town_is_found_with_its_sign_and_size() -> None:
    found = reading(a_history(-2.0))

    assert found.judged
    assert found.label == "loss"
    assert found.p < 1e-3
    assert found.change_db["vv"] == pytest.approx(-2.0, abs=0.3)
    assert found.flags == ("one_orbit",)
    assert found.reason == "2 looks after compared with 7 of the same season before, orbits: 1"


def test_a_rise_is_a_gain() -> None:
    found = reading(a_history(2.0))

    assert found.label == "gain"
    assert found.p < 1e-3


def test_nothing_that_changed_is_nothing() -> None:
    assert reading(a_history(0.0)).p > 0.05


def test_rain_over_all_of_the_land_is_no_change_of_the_town() -> None:
    wet = [a_radar_look(days, all_db=1.5 if days < 20 else 0.0) for days in (*BEFORE, *AFTER)]

    assert reading(wet).p > 0.05


def test_two_orbits_that_agree_say_more_than_one() -> None:
    other = a_history(-0.5, track="sentinel-1-123", seed=9)

    one, both = reading(a_history(-0.5)), reading([*a_history(-0.5), *other])

    assert both.orbits == 2
    assert "one_orbit" not in both.flags
    assert both.z["vv"] < one.z["vv"] < 0


def test_orbits_that_disagree_take_each_other_back() -> None:
    # Without signs the two would add up to a large change.
    other = a_history(2.0, track="sentinel-1-123", seed=9)

    found = reading([*a_history(-2.0), *other])

    assert abs(found.z["vv"]) < 0.5
    assert found.p > 0.01


def test_one_polarisation_is_enough_and_said() -> None:
    found = reading(a_history(-2.0, bands=("vv",)))

    assert found.p < 1e-3
    assert set(found.z) == {"vv"}
    assert "one_polarisation" in found.flags


def test_one_look_after_is_judged_and_said() -> None:
    assert "one_look_after" in reading(a_history(-2.0)[:-1]).flags


@pytest.mark.parametrize(
    ("looks", "said"),
    [
        pytest.param([], "no radar look", id="none"),
        pytest.param(a_history(0.0)[:8], "no radar look after", id="none after"),
        pytest.param(a_history(0.0)[4:], "3 radar looks of the season before, 6 needed",
                     id="too few of the season"),
    ],
)  # fmt: skip
def test_what_cannot_be_judged_says_why_and_is_no_evidence(looks: list[Look], said: str) -> None:
    found = reading(looks)

    assert not found.judged
    assert found.p == 1.0
    assert said in found.reason


def test_a_town_that_radar_hardly_saw_is_not_judged() -> None:
    looks = a_history(-3.0)
    for look in looks[-2:]:
        look.clear_fraction[28:34, 28:32] = 0.0

    found = reading(looks)

    assert not found.judged
    assert "33% of the settlement only" in found.reason


def test_part_of_a_town_stands_out_although_its_mean_does_not() -> None:
    # Six of thirty-six blocks fall by 3 dB: half a decibel on the mean.
    looks = a_history(0.0)
    for look in looks[-2:]:
        look.bands["vv"][28:30, 28:31] -= 3.0
        look.bands["vh"][28:30, 28:31] -= 3.0

    assert reading(looks).p < 1e-3


def test_the_sign_of_t_stays() -> None:
    levels = np.array([-1.0, 0.0, 1.0, 0.0], np.float32).reshape(4, 1, 1, 1)
    before = np.broadcast_to(levels, (4, 2, 3, 3)).astype(np.float32)
    after = np.full((1, 2, 3, 3), -2.0, np.float32)

    t, change, freedom = signed_t(before, after, np.ones((3, 3), np.bool_), prior_looks=8.0)

    # All blocks have a variance of 2 / 3: shrunk, it stays; (2/3) / 4 + (2/3) / 1 = 5/6.
    assert t == pytest.approx(-2.0 / np.sqrt(5 / 6))
    assert change == pytest.approx(-2.0)
    assert freedom == 11


def test_a_block_that_never_varied_is_not_believed_for_it() -> None:
    draws = np.random.default_rng(5).normal(0, 1, (6, 2, 9, 9)).astype(np.float32)
    draws[:, :, 4, 4] = 0.0
    after = np.full((1, 2, 9, 9), 1.0, np.float32)

    t, _, _ = signed_t(draws, after, np.ones((9, 9), np.bool_), prior_looks=8.0)

    # Its own variance is 0 of 5 degrees; the land's, near 1, counts for 8.
    assert abs(t[0, 4, 4]) < 2.0


def test_what_was_given_is_left_as_it_was() -> None:
    looks = a_history(-2.0)
    before = [look.bands["vv"].copy() for look in looks]

    reading(looks)

    assert all(np.array_equal(a, look.bands["vv"]) for a, look in zip(before, looks, strict=True))
