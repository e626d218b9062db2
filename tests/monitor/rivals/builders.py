"""A tiny area for the rival rules: one village of two by two blocks in dry ground."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer

from aoi.grid import Grid
from monitor.alarm import Alarm, alarms_at
from monitor.blocks import BlockSets, SettlementBlocks
from monitor.looks import Look
from monitor.rivals.ground import Ground, SeenLook, ground_of, seen
from monitor.rivals.rule import Rule, Scored
from monitor.scene import Hotspot, Sensor
from tests.builders import a_look

START = datetime(2022, 1, 1, 8, 30, tzinfo=UTC)
BLOCKS = Grid(32635, left_m=540_000, top_m=1_510_000, resolution_m=40, height=10, width=10)

VILLAGE = np.s_[4:6, 4:6]
"""Rows and columns of the village's four blocks."""


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def the_sets() -> BlockSets:
    """The village, and a ring of the twenty blocks of the two top rows."""
    own = np.array([44, 45, 54, 55], dtype=np.int32)
    ring = np.arange(20, dtype=np.int32)
    watched = np.concatenate([ring, own])
    village = SettlementBlocks(
        settlement_id="village",
        own=np.arange(20, 24, dtype=np.int32),
        rows=np.array([0, 0, 1, 1], dtype=np.int32),
        columns=np.array([0, 1, 0, 1], dtype=np.int32),
        ring=np.arange(20, dtype=np.int32),
    )
    return BlockSets(BLOCKS, watched, (village,), (), "test")


def the_ground() -> Ground:
    return ground_of(the_sets())


def look_on(
    number: float,
    *,
    track: str = "sentinel-2-093",
    nir: float = 0.25,
    swir: float = 0.25,
    ring_nir: float = 0.25,
    clear: NDArray[np.bool_] | bool = True,
    **changes: object,
) -> Look:
    """One look: the village's near infrared (B8A) and B12, and its ring's near infrared.

    B12 outside the village is 0.25; so NBR of the village is (nir - swir) / (nir + swir).
    """
    look = a_look(BLOCKS, acquired_at=day(number), track=track)
    bands = {name: values.copy() for name, values in look.bands.items()}
    bands["nir08"][:] = ring_nir
    bands["nir08"][VILLAGE] = nir
    bands["swir22"][:] = 0.25
    bands["swir22"][VILLAGE] = swir
    clear_fraction = np.broadcast_to(np.asarray(clear), BLOCKS.shape).astype(np.float32)
    return replace(look, bands=bands, clear_fraction=clear_fraction, **changes)  # type: ignore[arg-type]


def cloudy_village() -> NDArray[np.bool_]:
    clear = np.ones(BLOCKS.shape, dtype=np.bool_)
    clear[4, 4:6] = False
    return clear


def shown(number: float, **changes: object) -> SeenLook:
    return seen(look_on(number, **changes), the_ground())  # type: ignore[arg-type]


def a_hotspot(number: float, row: float = 5.0, column: float = 5.0, **changes: object) -> Hotspot:
    """A VIIRS detection at a place of the block grid: 5.0, 5.0 is the village's middle."""
    to_degrees = Transformer.from_crs("EPSG:32635", "EPSG:4326", always_xy=True)
    longitude, latitude = to_degrees.transform(540_000 + 40 * column, 1_510_000 - 40 * row)
    hotspot = Hotspot(
        longitude=longitude,
        latitude=latitude,
        acquired_at=day(number),
        satellite="N20",
        instrument="VIIRS",
        confidence="nominal",
        frp_mw=5.0,
        brightness_k=340.0,
        scan_km=0.4,
        track_km=0.4,
        is_night=True,
        available_at=day(number + 0.1),
    )
    return replace(hotspot, **changes)  # type: ignore[arg-type]


def a_radar_look(number: float, vv: NDArray[np.float32], track: str = "sentinel-1-058") -> Look:
    bands = {"vv": vv, "vh": np.full(BLOCKS.shape, -16.0, np.float32)}
    return a_look(
        BLOCKS, acquired_at=day(number), track=track, sensor=Sensor.SENTINEL_1, bands=bands
    )


def after(rule: Rule, looks: Iterable[SeenLook]) -> dict[str, Scored]:
    """The variants of a rule after it saw some looks."""
    for look in looks:
        rule.see(look)
    return {scored.rule: scored for scored in rule.scored()}


def native_alarms(scored: Scored) -> list[Alarm]:
    return alarms_at(scored.scores, scored.native)
