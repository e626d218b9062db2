"""A small land of block looks on which shelters appear, stay and go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from shapely.geometry import Polygon, box

from aoi.grid import Grid, to_degrees
from aoi.settlement import Settlement, SettlementKind
from monitor.camps.region import Region, region_of
from monitor.looks import OPTICAL_BANDS, Look
from monitor.reduction import quantised
from monitor.scene import Sensor

EPSG = 32635
SIDE = 60
BLOCKS = Grid(EPSG, 540_000.0, 1_512_400.0, 40.0, SIDE, SIDE)
"""60 x 60 blocks: 2.4 km square."""

START = datetime(2021, 1, 3, 8, 30, tzinfo=UTC)
REVISIT = timedelta(days=5)
TRACK = "sentinel-2-093"

# DETECTION 5.2: sand with a little straw; and .12 tarpaulin, .80 sand, .08 straw.
LAND = np.array([0.098, 0.147, 0.216, 0.300, 0.415, 0.370])
CAMP = np.array([0.156, 0.199, 0.254, 0.328, 0.421, 0.370])
QUIET_TEXTURE, CAMP_TEXTURE = 0.006, 0.040
NOISE = 0.015


@dataclass(frozen=True)
class Stay:
    """Shelters on a rectangle of blocks, from one look to before another."""

    rows: slice
    columns: slice
    first: int
    until: int = 10_000
    cover: float = 1.0
    """Share of the reference camp's change."""

    texture: bool = True


def blocks_of(rows: slice, columns: slice) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    chosen = np.zeros(BLOCKS.shape, dtype=np.bool_)
    chosen[rows, columns] = True
    return chosen.ravel()


def outline_of(rows: slice, columns: slice) -> Polygon:
    """Return the outline of a rectangle of blocks, EPSG:4326."""
    left, top = BLOCKS.left_m + 40 * columns.start, BLOCKS.top_m - 40 * rows.start
    right, bottom = BLOCKS.left_m + 40 * columns.stop, BLOCKS.top_m - 40 * rows.stop
    found = to_degrees(box(left, bottom, right, top), EPSG)
    assert isinstance(found, Polygon)
    return found


def a_camp(rows: slice, columns: slice, name: str = "camp-1") -> Settlement:
    """Return a known camp; its outline stops short of the blocks around it."""
    wide = outline_of(rows, columns).buffer(-0.0003)
    assert isinstance(wide, Polygon)
    return Settlement(name, "t-area", "Camp", wide, kind=SettlementKind.CAMP)


def a_region(settlements: Sequence[Settlement] = ()) -> Region:
    return region_of(BLOCKS, BLOCKS.outline, settlements)


def the_looks(
    count: int,
    stays: Sequence[Stay] = (),
    *,
    first: int = 0,
    cloudy: Sequence[int] = (),
    bright: Sequence[int] = (),
    no_texture: bool = False,
    step: timedelta = REVISIT,
) -> Iterator[Look]:
    """Yield looks; `cloudy` ones see nothing, `bright` ones are 0.1 too high everywhere."""
    for number in range(first, count):
        yield a_look(
            number, stays, cloudy=number in cloudy, bright=number in bright,
            no_texture=no_texture, at=START + number * step,
        )  # fmt: skip


def a_look(
    number: int,
    stays: Sequence[Stay],
    *,
    cloudy: bool = False,
    bright: bool = False,
    no_texture: bool = False,
    at: datetime,
) -> Look:
    rng = np.random.default_rng(number)
    season = 1.0 + 0.05 * np.sin(2 * np.pi * number / 73.05)
    bands = np.tile((LAND * season)[:, np.newaxis, np.newaxis], (1, *BLOCKS.shape))
    texture = np.full(BLOCKS.shape, QUIET_TEXTURE)
    for stay in stays:
        if stay.first <= number < stay.until:
            place = (slice(None), stay.rows, stay.columns)
            bands[place] += stay.cover * (CAMP - LAND)[:, np.newaxis, np.newaxis]
            if stay.texture:
                raised = QUIET_TEXTURE + stay.cover * (CAMP_TEXTURE - QUIET_TEXTURE)
                texture[stay.rows, stay.columns] = raised
    bands *= 1.0 + NOISE * rng.standard_normal(bands.shape)
    bands += 0.1 * bright
    texture *= np.exp(0.15 * rng.standard_normal(BLOCKS.shape))
    clear = np.zeros if cloudy else np.ones
    return Look(
        look_id=f"look-{number}",
        aoi_id="t-area",
        sensor=Sensor.SENTINEL_2,
        platform="sentinel-2a",
        track=TRACK,
        acquired_at=at,
        available_at=at + timedelta(hours=6),
        blocks=BLOCKS,
        bands={name: quantised(values) for name, values in zip(OPTICAL_BANDS, bands, strict=True)},
        texture=np.full(BLOCKS.shape, np.nan, np.float32) if no_texture else quantised(texture),
        clear_fraction=clear(BLOCKS.shape, dtype=np.float32),
        flags=np.zeros(BLOCKS.shape, dtype=np.uint16),
        scene_ids=(f"scene-{number}",),
    )
