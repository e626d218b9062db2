from __future__ import annotations

import numpy as np
import pytest

from monitor.blocks import BlockSets, SettlementBlocks
from monitor.detectors.swir_fire import BurningBlocks, burning_blocks, flame_finding
from monitor.finding import FindingKind, Tier
from monitor.looks import Look
from tests.builders import GRID, NOW, a_look, a_settlement, days_ago

BLOCKS = GRID.at(40)
BURNT = np.s_[10:12, 10:12]
EARLIER = [a_look(look_id=f"look-{n}", acquired_at=days_ago(7 + 5 * n)) for n in range(3)]


def a_place() -> tuple[BlockSets, SettlementBlocks]:
    """Return a village of 6 x 6 blocks around the burning ones."""
    rows, columns = (axis.ravel() for axis in np.mgrid[:6, :6])
    own = ((rows + 8) * BLOCKS.width + columns + 8).astype(np.int32)
    watched = np.arange(BLOCKS.height * BLOCKS.width, dtype=np.int32)
    place = SettlementBlocks(
        "village", own, rows.astype(np.int32), columns.astype(np.int32), np.empty(0, np.int32)
    )
    return BlockSets(BLOCKS, watched, (place,), (), "test"), place


def in_flames(**bands: float) -> Look:
    look = a_look()
    for name, value in {"nir08": 0.3, "swir16": 0.5, "swir22": 0.8, **bands}.items():
        look.bands[name][BURNT] = value
    return look


def found(look: Look, earlier: list[Look] = EARLIER) -> BurningBlocks | None:
    return burning_blocks(look, earlier, *a_place())


def test_flames_are_seen_by_their_heat() -> None:
    # The ground has 0.25 in band 12.
    seen = found(in_flames())

    assert seen is not None
    assert (seen.blocks, seen.seen, seen.own) == (4, 36, 36)
    assert seen.rise == pytest.approx(0.55)


@pytest.mark.parametrize(
    "look",
    [
        pytest.param(a_look(), id="dry ground"),
        pytest.param(a_look(burnt=BURNT), id="char: the order of bands, and no rise"),
        pytest.param(in_flames(swir16=0.9), id="a bright roof: more at 1.6 than at 2.2"),
        pytest.param(in_flames(nir08=0.6), id="glint: bright at 0.86 as well"),
        pytest.param(in_flames(swir22=0.49, swir16=0.45), id="a rise of 0.24"),
    ],
)
def test_what_is_not_in_flames(look: Look) -> None:
    seen = found(look)

    assert seen is not None
    assert seen.blocks == 0


def test_flames_that_were_taken_for_cloud_cannot_be_seen() -> None:
    look = in_flames()
    look.clear_fraction[BURNT] = 0.0

    seen = found(look)

    assert seen is not None
    assert (seen.blocks, seen.seen) == (0, 32)


def test_a_kiln_that_is_always_hot_is_no_rise() -> None:
    seen = found(in_flames(), [in_flames(), in_flames(), a_look()])

    assert seen is not None
    assert seen.blocks == 0
    assert seen.rise == pytest.approx(0.0)


def test_a_look_without_band_12_or_without_any_before_cannot_tell() -> None:
    reduced = a_look(bands={k: v for k, v in a_look().bands.items() if k != "swir22"})

    assert found(reduced) is None
    assert found(in_flames(), []) is None
    assert found(in_flames(), [reduced]) is None


def test_flames_are_told_as_provisional_heat() -> None:
    told = flame_finding(a_settlement(), a_look(), BurningBlocks(4, 36, 0.55, 36), NOW)

    assert told is not None
    assert told.kind is FindingKind.HOTSPOTS
    assert told.tier is Tier.C
    # Four blocks of 1,600 square metres.
    assert told.area_m2 == 6_400
    assert told.clear_fraction == 1.0
    assert told.flags == ("uncalibrated",)


def test_without_flames_nothing_is_told() -> None:
    assert flame_finding(a_settlement(), a_look(), BurningBlocks(0, 36, 0.1, 36), NOW) is None
