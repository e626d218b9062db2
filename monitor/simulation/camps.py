"""Displacement camps: new ones, growing ones, emptied ones."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from scipy.ndimage import gaussian_filter
from shapely.affinity import scale, translate
from shapely.geometry import Polygon

from monitor.simulation.changes import Change, Course
from monitor.simulation.clock import day_number
from monitor.simulation.events import Event, EventKind, between, log_uniform
from monitor.simulation.fields import Field
from monitor.simulation.land import Land
from monitor.simulation.materials import Cover
from monitor.simulation.streams import stream
from monitor.simulation.terrain import PIXEL_M
from monitor.simulation.villages import GROUND_PER_SHELTER_M2, inside_of, lobed, window_of

AREA_HA = (0.5, 40.0)
FILLING_DAYS = (10.0, 60.0)
TENT_COVER = (0.09, 0.14)
DISMANTLING_DAYS = (5.0, 20.0)
DECAYING_DAYS = (120.0, 240.0)
DECAYED = 0.7
"""Share of the shelters that a deserted camp loses to wind and salvage."""

TRODDEN = {Cover.SAND: 0.8, Cover.CLAY: 0.8}
DUST_DAYS = 30.0
"""Fresh tarpaulin dulls within weeks; only the first change knows it as fresh."""

KEEP_OFF_M = 250.0
"""Least distance of a new camp from a settlement."""

GROUND = {Cover.SAND: 1.0, Cover.CLAY: 1.0, Cover.GRASS_EARLY: 0.2, Cover.GRASS_LATE: 0.2,
          Cover.FIELD: 0.2}  # fmt: skip
PLANTS = {Cover.GRASS_EARLY: 0.75, Cover.GRASS_LATE: 0.75, Cover.FIELD: 0.75, Cover.BUSH: 0.6}
SHELTERS = {Cover.TARPAULIN: 1.0, Cover.STRAW: 0.7}


def camp_events(land: Land) -> Iterator[Event]:
    """Yield what becomes of the camps of a world."""
    camps = land.settings.camps
    first = land.first_camp + camps.standing
    for index in range(first, first + camps.growing):
        yield _grown(land, index, stream(land.seed, "camp-growth", index))
    deserted = len(land.villages) - camps.deserted
    for index in range(first + camps.growing, deserted):
        yield _emptied(land, index, stream(land.seed, "camp-emptied", index))
    for index in range(deserted, len(land.villages)):
        yield _deserted(land, index, stream(land.seed, "camp-deserted", index))
    for number in range(camps.new):
        yield from _new(land, number, stream(land.seed, "camp-new", number))


def tents(
    land: Land, outline: Polygon, cover: float, course: Course, draws: np.random.Generator
) -> Change:
    """Return shelters that fill an outline (pixels of 10 m) to a mean cover, 0 to 1."""
    rows, columns = window_of(outline, land.shape)
    inside = _inside(outline, rows, columns)
    count = outline.area * PIXEL_M**2 / draws.uniform(*GROUND_PER_SHELTER_M2)
    # Shelters stand in rows of some tens of metres, so density is uneven.
    lumps = gaussian_filter(draws.standard_normal(inside.shape), 1.5)
    expected = inside * np.exp(1.5 * lumps / lumps.std())
    expected *= count / expected.sum()
    density = gaussian_filter(draws.poisson(expected).astype(np.float32), 0.7)
    convertible = sum(share * land.shares[kind, rows, columns] for kind, share in GROUND.items())
    mean = float((density * convertible)[inside > 0.5].mean())
    touched = np.clip(density * cover / max(mean, 1e-6), 0.0, 0.9).astype(np.float32)
    return land.change(rows, columns, touched, GROUND, course)


def _new(land: Land, number: int, draws: np.random.Generator) -> Iterator[Event]:
    """Yield a new camp where there is room: clearing first, then shelters."""
    radius = math.sqrt(1e4 * log_uniform(draws, *AREA_HA) / math.pi) / PIXEL_M
    place = _free_place(land, radius, draws)
    if place is None:
        return
    start, filling = _when(land, draws), draws.uniform(*FILLING_DAYS)
    outline = lobed(draws, place, radius)
    yield Event(
        event_id=f"camp-new-{number:02d}",
        kind=EventKind.CAMP_NEW,
        settlement_id=None,
        interval=between(start, filling),
        fraction=1.0,
        tau_days=math.nan,
        pattern="clearing, then shelters",
        centre=place,
        changes=_settled(land, outline, start, filling, draws),
    )


def _grown(land: Land, index: int, draws: np.random.Generator) -> Event:
    """Return the growth of a camp on one of its sides."""
    village = land.villages[index]
    gain = log_uniform(draws, *land.settings.camps.growth)
    angle = draws.uniform(0.0, 2.0 * math.pi)
    wider = scale(village.outline, math.sqrt(gain), math.sqrt(gain))
    reach = 0.9 * math.sqrt(village.outline.area / math.pi) * (1.0 + math.sqrt(gain))
    beside = translate(wider, reach * math.cos(angle), reach * math.sin(angle))
    start, filling = _when(land, draws), draws.uniform(*FILLING_DAYS)
    return Event(
        event_id=f"camp-growth-{index:03d}",
        kind=EventKind.CAMP_GROWTH,
        settlement_id=land.settlement_id(index),
        interval=between(start, filling),
        fraction=gain,
        tau_days=math.nan,
        pattern="one side",
        centre=(beside.centroid.y, beside.centroid.x),
        changes=_settled(land, beside, start, filling, draws),
    )


def _emptied(land: Land, index: int, draws: np.random.Generator) -> Event:
    """Return the dismantling of a camp, compound by compound."""
    village = land.villages[index]
    start, taking = _when(land, draws), draws.uniform(*DISMANTLING_DAYS)
    share = draws.uniform(0.4, 1.0)
    inside = village.inside()
    noise = gaussian_filter(draws.standard_normal(inside.shape), 2.0)
    taken = (noise > np.quantile(noise, 1.0 - share)) & (inside > 0.2)
    change = land.change(
        village.rows, village.columns, taken.astype(np.float32), SHELTERS,
        Course(start=start, taking_days=taking),
    )  # fmt: skip
    return Event(
        event_id=f"camp-emptied-{index:03d}",
        kind=EventKind.CAMP_EMPTIED,
        settlement_id=land.settlement_id(index),
        interval=between(start, taking),
        fraction=share,
        tau_days=math.nan,
        pattern="dismantled",
        centre=village.centre,
        changes=(change,),
    )


def _deserted(land: Land, index: int, draws: np.random.Generator) -> Event:
    """Return a camp that people left as it stood: it falls apart, and weeds come with the rain."""
    village = land.villages[index]
    start, decaying = _when(land, draws), draws.uniform(*DECAYING_DAYS)
    inside = village.inside()
    fallen = land.change(
        village.rows, village.columns, (DECAYED * inside).astype(np.float32), SHELTERS,
        Course(start=start, taking_days=decaying),
    )  # fmt: skip
    weeds = land.change(
        village.rows, village.columns, inside.astype(np.float32), TRODDEN,
        # Bare ground from the first day; what grows on it follows the season.
        Course(start=start, taking_days=30.0),
    )  # fmt: skip
    return Event(
        event_id=f"camp-deserted-{index:03d}",
        kind=EventKind.CAMP_EMPTIED,
        settlement_id=land.settlement_id(index),
        interval=between(start, decaying),
        fraction=DECAYED,
        tau_days=math.nan,
        pattern="deserted",
        centre=village.centre,
        changes=(fallen, weeds),
    )


def _settled(
    land: Land, outline: Polygon, start: float, filling: float, draws: np.random.Generator
) -> tuple[Change, ...]:
    """Return clearing and shelters of new ground, pixels of 10 m."""
    rows, columns = window_of(outline, land.shape)
    clearing = land.change(
        rows, columns, _inside(outline, rows, columns), PLANTS,
        Course(start=start - 3.0, taking_days=0.7 * filling + 3.0, gradual=True),
    )  # fmt: skip
    course = Course(
        start=start, taking_days=filling, left={"tarpaulin": 1.0}, gradual=True,
    )  # fmt: skip
    return clearing, tents(land, outline, draws.uniform(*TENT_COVER), course, draws)


def _inside(outline: Polygon, rows: slice, columns: slice) -> Field:
    return inside_of(
        outline,
        np.arange(rows.start, rows.stop) + 0.5,
        np.arange(columns.start, columns.stop) + 0.5,
    )


def _when(land: Land, draws: np.random.Generator) -> float:
    """Return a day number in the part of the span in which camps change."""
    span, camps = land.settings.span, land.settings.camps
    share = draws.uniform(camps.from_share, camps.until_share)
    return day_number(span.start) + share * span.length.days


def _free_place(
    land: Land, radius: float, draws: np.random.Generator
) -> tuple[float, float] | None:
    """Return a row and column with room for a camp, None if there is none."""
    margin = land.settings.village_margin_m / PIXEL_M
    for _ in range(300):
        row, column = (float(draws.uniform(margin, side - margin)) for side in land.shape)
        near_m = float(land.distance_m[int(row), int(column)])
        if near_m > KEEP_OFF_M + 1.5 * radius * PIXEL_M:
            return row, column
    return None
