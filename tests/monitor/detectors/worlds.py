"""A small world of block looks with known truth, for the tests of the burn test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from shapely.geometry import box

from aoi.area import Aoi
from aoi.grid import to_degrees
from aoi.settlement import Settlement
from monitor.looks import OPTICAL_BANDS, Look
from monitor.scene import Sensor

EPSG = 32635
START = datetime(2021, 1, 3, 8, 30, tzinfo=UTC)
REVISIT = timedelta(days=5)

# Thatch village and its burned state (DETECTION 5.2, mixes of the table in 3.2).
THATCH = np.array([0.0750, 0.1115, 0.1600, 0.2715, 0.3710, 0.2855], dtype=np.float32)
BURNED = np.array([0.0850, 0.1195, 0.1630, 0.2120, 0.2970, 0.2790], dtype=np.float32)
LAND = np.array([0.09, 0.14, 0.20, 0.29, 0.40, 0.34], dtype=np.float32)


def an_area(side_m: float = 2_000.0) -> Aoi:
    """Return a square area south of El Fasher; its looks reach 3 km beyond."""
    square = to_degrees(box(540_000, 1_510_000, 540_000 + side_m, 1_510_000 + side_m), EPSG)
    return Aoi("t-area", "Test area", square, EPSG)  # type: ignore[arg-type]


def a_village(number: int, left_m: float, bottom_m: float, side_m: float = 240.0) -> Settlement:
    """Return a square village; 240 m and a margin of 20 m hold 6 x 6 or 7 x 7 blocks."""
    square = box(left_m, bottom_m, left_m + side_m, bottom_m + side_m)
    return Settlement(f"v{number}", "t-area", f"Village {number}", to_degrees(square, EPSG))  # type: ignore[arg-type]


def the_looks(
    area: Aoi,
    villages: Sequence[Settlement],
    count: int,
    *,
    seed: int = 7,
    burned: dict[str, tuple[int, float]] | None = None,
    cloudy: Sequence[int] = (),
    added: dict[int, float] | None = None,
    start: datetime = START,
) -> Iterator[Look]:
    """Yield `count` looks, five days apart.

    `burned` maps a village to the number of the first look after its fire and the burned
    share of its blocks; `added` maps a look's number to an offset on every band;
    `cloudy` looks see nothing.
    """
    rng = np.random.default_rng(seed)
    grid = area.blocks
    inside = {v.settlement_id: grid.inside(v.footprint) for v in villages}
    huts = np.any(list(inside.values()), axis=0)
    ground = np.where(huts[None], THATCH[:, None, None], LAND[:, None, None])
    for number in range(count):
        at = start + number * REVISIT
        season = 1.0 + 0.10 * np.cos(2 * np.pi * (at - START).days / 365.25)
        values = ground * season
        for village, (first, share) in (burned or {}).items():
            if number >= first:
                values = _with_burn(values, inside[village], share)
        values = values + rng.normal(0.0, 0.006, values.shape)
        values = values + rng.normal(0.0, 0.004, (6, 1, 1))  # haze and sun, the same everywhere
        values = values + (added or {}).get(number, 0.0)
        yield _look(area, at, values, clear=number not in cloudy)


def _with_burn(
    values: NDArray[np.floating], inside: NDArray[np.bool_], share: float
) -> NDArray[np.floating]:
    rows, columns = np.nonzero(inside)
    count = int(np.ceil(share * len(rows)))
    changed = values.copy()
    chosen = rows[:count], columns[:count]  # from the north: one contiguous part
    changed[:, chosen[0], chosen[1]] *= (BURNED / THATCH)[:, None]
    return changed


def _look(area: Aoi, at: datetime, values: NDArray[np.floating], *, clear: bool) -> Look:
    shape = area.blocks.shape
    held = np.round(np.clip(values, 0, 3), 4).astype(np.float32)
    if not clear:
        held[:] = np.nan
    return Look(
        look_id=f"look-{at:%Y%m%d}",
        aoi_id=area.aoi_id,
        sensor=Sensor.SENTINEL_2,
        platform="sentinel-2a",
        track="sentinel-2-093",
        acquired_at=at,
        available_at=at + timedelta(hours=6),
        blocks=area.blocks,
        bands=dict(zip(OPTICAL_BANDS, held, strict=True)),
        texture=np.zeros(shape, dtype=np.float32),
        clear_fraction=np.full(shape, 1.0 if clear else 0.0, dtype=np.float32),
        flags=np.zeros(shape, dtype=np.uint16),
        scene_ids=(f"S2A_{at:%Y%m%d}",),
    )
