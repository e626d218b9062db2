"""What looks like a camp or a burn and is neither: kilns, markets, mines, roofs, floods."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping

import numpy as np
from scipy.ndimage import gaussian_filter

from monitor.simulation.changes import Change, Course
from monitor.simulation.clock import new_year
from monitor.simulation.events import Event, EventKind, between, log_uniform
from monitor.simulation.fields import Field
from monitor.simulation.land import Land, block_window
from monitor.simulation.materials import Cover
from monitor.simulation.streams import stream
from monitor.simulation.villages import Village

OPEN = {Cover.SAND: 1.0, Cover.CLAY: 1.0, Cover.GRASS_EARLY: 0.9, Cover.GRASS_LATE: 0.9,
        Cover.FIELD: 0.9, Cover.BUSH: 0.5}  # fmt: skip
ROOFS = {Cover.THATCH: 1.0}
PIXELS_PER_HA = 100.0

Made = tuple[Course, Change]
Patch = tuple[slice, slice, Field]
"""Rows, columns and inside share of a patch, pixels of 10 m."""

Maker = Callable[[Land, Village, int, np.random.Generator], Made]


def mimics(land: Land) -> Iterator[Event]:
    """Yield mimics near settlements, each settlement at most one kind a year."""
    yield from _chosen(land, "mimics", MAKERS, land.settings.confounders.mimics)
    yield from _chosen(land, "camp-mimics", OF_CAMP_SIZE, land.settings.confounders.camp_mimics)


def _chosen(
    land: Land, name: str, table: Mapping[EventKind, Maker], per_year: float
) -> Iterator[Event]:
    makers = list(table.items())
    for index, village, year, draws in land.village_years(name):
        happens = draws.uniform() < per_year
        # A place keeps its mimic: the same market and kiln come back.
        habit = stream(land.seed, f"{name}-habit", index)
        kind, make = makers[habit.integers(len(makers))]
        if table is OF_CAMP_SIZE and kind in EVERY_YEAR:
            happens = habit.uniform() < per_year
        if not happens:
            continue
        if kind is EventKind.NEW_ROOFS and (year % 3 or not land.is_free(index, new_year(year))):
            continue
        course, change = make(land, village, year, draws)
        days = min(course.recovers_at, course.start + 365.0) - course.start
        yield Event(
            event_id=f"{kind.value}-{index:03d}-{year}" + ("" if table is MAKERS else "-large"),
            kind=kind,
            settlement_id=land.settlement_id(index),
            interval=between(course.start, days),
            fraction=float(change.changed_share.mean()) if len(change.blocks) else 0.0,
            tau_days=math.nan,
            pattern="mimic",
            centre=village.centre,
            changes=(change,),
        )


def _market(land: Land, village: Village, year: int, draws: np.random.Generator) -> Made:
    """Stalls under tarpaulin at the edge, the same months each year."""
    start = new_year(year) + 20.0 + draws.normal(0.0, 8.0)
    course = Course(
        start=start, taking_days=10.0, left={"tarpaulin": 1.0},
        recovers_at=start + draws.uniform(60.0, 90.0), recovering_days=10.0,
    )  # fmt: skip
    habit = stream(land.seed, "market", round(village.centre[0]), round(village.centre[1]))
    patch = _patch(land, village, habit, draws.uniform(0.2, 0.6), edge_m=(0.0, 60.0))
    return _made(land, patch, 0.25, course, draws)


def _nomads(land: Land, village: Village, year: int, draws: np.random.Generator) -> Made:
    """Tents and animals in the dry months, each year somewhere else."""
    start = new_year(year) + draws.uniform(0.0, 60.0)
    course = Course(
        start=start, taking_days=5.0, left={"tarpaulin": 1.0},
        recovers_at=start + draws.uniform(40.0, 100.0), recovering_days=5.0,
    )  # fmt: skip
    patch = _patch(land, village, draws, draws.uniform(0.3, 1.0), edge_m=(300.0, 1_200.0))
    return _made(land, patch, 0.06, course, draws)


def _kiln(land: Land, village: Village, year: int, draws: np.random.Generator) -> Made:
    """Black ground that is stoked again and again in the dry months."""
    start = new_year(year) + draws.uniform(0.0, 30.0)
    course = Course(
        start=start, taking_days=10.0, char=0.35, ash=0.05, char_days=400.0, ash_days=200.0,
        recovers_at=start + draws.uniform(80.0, 130.0), recovering_days=20.0,
    )  # fmt: skip
    habit = stream(land.seed, "kiln", round(village.centre[0]), round(village.centre[1]))
    patch = _patch(land, village, habit, draws.uniform(0.1, 0.3), edge_m=(30.0, 150.0))
    return _made(land, patch, 0.8, course, draws)


def _mine(land: Land, village: Village, year: int, draws: np.random.Generator) -> Made:
    """Bright spoil that grows over the year and stays."""
    start = new_year(year) + draws.uniform(0.0, 200.0)
    course = Course(
        start=start, taking_days=draws.uniform(60.0, 200.0), left={"sand": 0.9},
        recovers_at=start + 330.0, recovering_days=400.0,
    )  # fmt: skip
    area_ha = log_uniform(draws, 0.5, 5.0)
    patch = _patch(land, village, draws, area_ha, edge_m=(300.0, 1_200.0))
    return _made(land, patch, 0.7, course, draws)


def _flood(land: Land, village: Village, year: int, draws: np.random.Generator) -> Made:
    """Water in a hollow after the rains, drying over two months."""
    start = new_year(year) + land.settings.climate.wet_from_day + draws.uniform(20.0, 50.0)
    course = Course(
        start=start, taking_days=15.0, left={"water": 0.9},
        recovers_at=start + draws.uniform(40.0, 80.0), recovering_days=60.0,
    )  # fmt: skip
    habit = stream(land.seed, "flood", round(village.centre[0]), round(village.centre[1]))
    patch = _patch(land, village, habit, log_uniform(draws, 1.0, 8.0), edge_m=(60.0, 600.0))
    return _made(land, patch, 0.9, course, draws)


def _new_roofs(land: Land, village: Village, year: int, draws: np.random.Generator) -> Made:
    """Metal in place of thatch, and it stays."""
    start = new_year(year) + draws.uniform(0.0, 150.0)
    course = Course(
        start=start, taking_days=60.0, left={"metal": 1.0},
        recovers_at=start + 3.0 * 365.0, recovering_days=60.0,
    )  # fmt: skip
    chosen = draws.uniform(size=len(village.structures)) < draws.uniform(0.1, 0.4)
    density = village.density()
    touched = village.density(chosen) / np.maximum(density, 1e-3)
    clipped = np.clip(touched, 0.0, 1.0).astype(np.float32)
    return course, land.change(village.rows, village.columns, clipped, ROOFS, course)


def _construction(land: Land, village: Village, year: int, draws: np.random.Generator) -> Made:
    """Metal roofs on cleared ground: bright, blue against soil, and they stay."""
    start = new_year(year) + draws.uniform(0.0, 330.0)
    course = Course(
        start=start, taking_days=draws.uniform(60.0, 240.0),
        left={"metal": draws.uniform(0.25, 0.6), "sand": 0.3},
        recovers_at=start + 4.0 * 365.0, recovering_days=60.0,
    )  # fmt: skip
    patch = _patch(land, village, draws, log_uniform(draws, 0.5, 4.0), edge_m=(30.0, 2_000.0))
    return _made(land, patch, draws.uniform(0.15, 0.4), course, draws)


def _threshing(land: Land, village: Village, year: int, draws: np.random.Generator) -> Made:
    """Heaps of straw and trodden floors after the harvest, the same fields each year."""
    start = new_year(year) + land.settings.climate.harvest_day + draws.normal(5.0, 8.0)
    course = Course(
        start=start, taking_days=10.0, left={"straw": 0.6, "sand": 0.3},
        recovers_at=start + draws.uniform(25.0, 60.0), recovering_days=30.0,
    )  # fmt: skip
    habit = stream(land.seed, "threshing", round(village.centre[0]), round(village.centre[1]))
    patch = _patch(land, village, habit, log_uniform(habit, 1.0, 6.0), edge_m=(100.0, 1_000.0))
    return _made(land, patch, 0.6, course, draws)


def _fair(land: Land, village: Village, year: int, draws: np.random.Generator) -> Made:
    """A market of the size of a camp, under tarpaulin, the same weeks each year."""
    habit = stream(land.seed, "fair", round(village.centre[0]), round(village.centre[1]))
    start = new_year(year) + habit.uniform(0.0, 300.0) + draws.normal(0.0, 6.0)
    course = Course(
        start=start, taking_days=8.0, left={"tarpaulin": 1.0},
        recovers_at=start + draws.uniform(40.0, 70.0), recovering_days=8.0,
    )  # fmt: skip
    patch = _patch(land, village, habit, log_uniform(habit, 1.0, 3.0), edge_m=(50.0, 600.0))
    return _made(land, patch, 0.15, course, draws)


def _caravan(land: Land, village: Village, year: int, draws: np.random.Generator) -> Made:
    """Herders with many animals: few tents, trodden and grazed ground, gone within weeks."""
    start = new_year(year) + draws.uniform(0.0, 100.0)
    course = Course(
        start=start, taking_days=5.0, left={"tarpaulin": 0.1, "sand": 0.7},
        recovers_at=start + draws.uniform(25.0, 60.0), recovering_days=15.0,
    )  # fmt: skip
    patch = _patch(land, village, draws, log_uniform(draws, 1.0, 4.0), edge_m=(300.0, 2_500.0))
    return _made(land, patch, 0.35, course, draws)


MAKERS: dict[EventKind, Maker] = {
    EventKind.MARKET: _market,
    EventKind.NOMAD_CAMP: _nomads,
    EventKind.KILN: _kiln,
    EventKind.MINE: _mine,
    EventKind.FLOOD: _flood,
    EventKind.NEW_ROOFS: _new_roofs,
}

# Apart from MAKERS, so that worlds without them stay what they were.
OF_CAMP_SIZE: dict[EventKind, Maker] = {
    EventKind.CONSTRUCTION: _construction,
    EventKind.THRESHING: _threshing,
    EventKind.MARKET: _fair,
    EventKind.NOMAD_CAMP: _caravan,
    EventKind.MINE: _mine,
}

EVERY_YEAR = (EventKind.THRESHING, EventKind.MARKET)
"""Kinds of camp size that a settlement has each year or never."""


def _patch(
    land: Land, village: Village, draws: np.random.Generator, area_ha: float,
    *, edge_m: tuple[float, float],
) -> Patch:  # fmt: skip
    """Return a round patch so far from the edge of a settlement, pixels of its window."""
    radius = math.sqrt(area_ha * PIXELS_PER_HA / math.pi)
    angle = draws.uniform(0.0, 2.0 * math.pi)
    away = math.sqrt(village.outline.area / math.pi) * 1.2 + radius
    away += draws.uniform(*edge_m) / 10.0
    row = village.centre[0] + away * math.sin(angle)
    column = village.centre[1] + away * math.cos(angle)
    rows, columns = block_window((row, column), int(radius) + 8, land.shape)
    down = np.arange(rows.start, rows.stop)[:, np.newaxis] + 0.5 - row
    across = np.arange(columns.start, columns.stop)[np.newaxis, :] + 0.5 - column
    inside = np.clip(radius - np.hypot(down, across) + 0.5, 0.0, 1.0)
    # Inside settlements the ground belongs to other events.
    inside *= land.distance_m[rows, columns] > 0
    return rows, columns, inside.astype(np.float32)


def _made(
    land: Land, patch: Patch, cover: float, course: Course, draws: np.random.Generator
) -> Made:
    """Return a change that takes a mean share of a patch, unevenly."""
    rows, columns, inside = patch
    uneven = np.exp(0.6 * gaussian_filter(draws.standard_normal(inside.shape), 1.0) / 0.28)
    touched = np.clip(inside * cover * uneven / 1.2, 0.0, 0.95).astype(np.float32)
    return course, land.change(rows, columns, touched, OPEN, course)
