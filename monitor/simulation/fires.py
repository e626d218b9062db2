"""Burned settlements, burned compounds and bush fires."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from aoi.settlement import SettlementKind
from monitor.simulation.changes import Change, Course
from monitor.simulation.clock import day_number, new_year
from monitor.simulation.events import Event, EventKind, between, log_uniform
from monitor.simulation.fields import Field, FieldShape
from monitor.simulation.land import Land, block_window
from monitor.simulation.materials import Cover
from monitor.simulation.streams import stream
from monitor.simulation.villages import Village

BURNT_CHAR = (0.68, 0.78)
"""Share of burned roofs and fences that becomes char; the rest of it bares the soil."""

ASH_OF_CHAR = (0.0, 0.15)
CHAR_DAYS = (10.0, 30.0)
WILD_CHAR = 0.85
WILD_CHAR_DAYS = (15.0, 40.0)
ASH_DAYS = (3.0, 6.0)
FIRE_HOURS = (1.0, 10.0)
NEVER_REBUILT = 0.4
CAMP_REBUILT_DAYS = (7.0, 21.0)
PATTERNS = ("contiguous", "scattered", "house by house")

# What a fire in a settlement consumes: structures alone, or the ground between them too.
STRUCTURES = {Cover.THATCH: 1.0, Cover.STRAW: 0.9, Cover.TIMBER: 1.0, Cover.TARPAULIN: 1.0,
              Cover.WOODLAND: 0.4, Cover.BUSH: 0.4}  # fmt: skip
GROUND_TOO = {**STRUCTURES, Cover.STRAW: 1.0, Cover.WOODLAND: 0.7, Cover.BUSH: 0.7,
              Cover.GRASS_EARLY: 0.6, Cover.GRASS_LATE: 0.6}  # fmt: skip
WILD = {Cover.GRASS_EARLY: 0.95, Cover.GRASS_LATE: 0.95, Cover.FIELD: 0.6, Cover.BUSH: 0.45,
        Cover.WOODLAND: 0.12, Cover.STRAW: 0.8, Cover.THATCH: 0.8}  # fmt: skip

REACH_PX = 160
"""Half the side of the window of a bush fire: 1.6 km, just beyond a ring."""

Structures = NDArray[np.bool_]
"""True for the structures that burn, shape (structures,)."""


def village_burns(land: Land) -> Iterator[Event]:
    """Yield the fires that burn settlements: scripted ones, then drawn ones."""
    by_size = sorted(
        range(land.first_camp), key=lambda index: -len(land.villages[index].structures)
    )
    for planned in land.settings.burns.planned:
        index = by_size[planned.rank]
        village = land.villages[index]
        draws = stream(land.seed, "burn-planned", planned.rank)
        chosen = _chosen(draws, village, planned.fraction, planned.pattern)
        day = day_number(planned.at)
        yield _settlement_fire(land, index, draws, day, chosen, planned.pattern)
    for year, rate in enumerate(land.settings.burns.rate_per_year):
        first = day_number(land.settings.start) + 365.25 * year
        for index in range(len(land.villages)):
            draws = stream(land.seed, "burn", index, year)
            if draws.uniform() < rate:
                yield from _drawn_burn(land, index, draws, first + draws.uniform(0.0, 365.0))


def compound_fires(land: Land) -> Iterator[Event]:
    """Yield accidents that burn a few neighbouring structures."""
    for index, village, year, draws in land.village_years("compound"):
        day = new_year(year) + draws.uniform(0.0, 365.0)
        if draws.uniform() >= land.settings.confounders.compound_fires:
            continue
        at = village.structures[draws.integers(len(village.structures))]
        distance = np.hypot(*(village.structures - at).T)
        # Within 25 m and six structures at most: less than four blocks.
        chosen = (distance <= 2.5) & (np.argsort(np.argsort(distance)) < 6)
        if land.is_free(index, day):
            yield _settlement_fire(land, index, draws, day, chosen, "compound")


def bush_fires(land: Land) -> Iterator[Event]:
    """Yield bush fires: around settlements, and away from them."""
    for season in land.years:
        burned = np.zeros(land.shape, dtype=np.bool_)
        for index in range(len(land.villages)):
            yield from _ring_fire(land, index, season, burned)
        draws = stream(land.seed, "bush-fires-free", season)
        count = draws.poisson(land.settings.confounders.free_fires * len(land.villages))
        for number in range(count):
            centre = (draws.uniform(0.0, land.shape[0]), draws.uniform(0.0, land.shape[1]))
            day = _fire_day(land, draws, season)
            yield _bush_fire(
                land, draws, day, centre, burned, name=f"fire-{season}-f{number:03d}",
                share=draws.uniform(0.02, 0.25), holdoff_m=draws.uniform(20.0, 300.0),
            )  # fmt: skip


def _drawn_burn(land: Land, index: int, draws: np.random.Generator, day: float) -> Iterator[Event]:
    burns, village = land.settings.burns, land.villages[index]
    fraction = draws.uniform(*burns.fraction)
    pattern = PATTERNS[draws.integers(len(PATTERNS))]
    chosen = _chosen(draws, village, fraction, pattern)
    yield _settlement_fire(land, index, draws, day, chosen, pattern)
    if fraction < 0.7 and draws.uniform() < burns.repeat_share:
        rest = ~chosen & _chosen(draws, village, draws.uniform(0.4, 0.9), "scattered")
        if rest.any():
            later = day + draws.uniform(20.0, 200.0)
            yield _settlement_fire(land, index, draws, later, rest, "scattered")


def _chosen(
    draws: np.random.Generator, village: Village, fraction: float, pattern: str
) -> Structures:
    """Return which structures burn: on one side, in clusters, or one by one."""
    places = village.structures
    count = max(round(fraction * len(places)), 1)
    if pattern == "house by house":
        order = draws.permutation(len(places)).astype(float)
    elif pattern == "contiguous":
        angle = draws.uniform(0.0, 2.0 * math.pi)
        order = places @ np.array([math.sin(angle), math.cos(angle)])
        order = order + draws.normal(0.0, 1.5, len(places))
    else:
        centres = places[draws.integers(len(places), size=max(len(places) // 12, 2))]
        apart = places[:, np.newaxis] - centres[np.newaxis]
        order = np.hypot(apart[..., 0], apart[..., 1]).min(axis=1)
    return np.argsort(np.argsort(order)) < count


def _settlement_fire(
    land: Land, index: int, draws: np.random.Generator, day: float, chosen: Structures,
    pattern: str,
) -> Event:  # fmt: skip
    village = land.villages[index]
    density, burned = village.density(), village.density(chosen)
    touched = np.where(density > 1e-3, burned / np.maximum(density, 1e-3), 0.0)
    if pattern == "contiguous":
        # The ground between huts burns with them: fill gaps of a few pixels.
        wide = gaussian_filter(burned, 2.5) / np.maximum(gaussian_filter(density, 2.5), 1e-4)
        touched = np.maximum(touched, np.clip(wide, 0.0, 1.0) * (village.inside() > 0.5))
    touched = np.clip(touched, 0.0, 1.0).astype(np.float32)
    course = _fire_course(land, draws, day, village)
    is_compound = pattern == "compound"
    weights = GROUND_TOO if pattern == "contiguous" else STRUCTURES
    changes = [land.change(village.rows, village.columns, touched, weights, course)]
    if village.kind is SettlementKind.CAMP:
        changes.append(_fresh_shelters(land, village, touched, course))
    return Event(
        event_id=f"{'compound' if is_compound else 'burn'}-{index:03d}-{round(day)}",
        kind=EventKind.COMPOUND_FIRE if is_compound else EventKind.BURNED,
        settlement_id=land.settlement_id(index),
        interval=between(day, course.taking_days),
        fraction=float(chosen.mean()),
        tau_days=course.char_days,
        pattern=pattern,
        centre=village.centre,
        changes=tuple(changes),
    )


def _fresh_shelters(land: Land, village: Village, touched: Field, fire: Course) -> Change:
    """Return the tarpaulin that replaces what burned: brighter than before the fire."""
    course = Course(
        start=fire.recovers_at, taking_days=fire.recovering_days, left={"tarpaulin": 1.0},
        recovers_at=fire.recovers_at + 40.0, recovering_days=40.0,
    )  # fmt: skip
    return land.change(village.rows, village.columns, touched, {Cover.TARPAULIN: 1.0}, course)


def _fire_course(land: Land, draws: np.random.Generator, day: float, village: Village) -> Course:
    char = draws.uniform(*BURNT_CHAR)
    is_camp = village.kind is SettlementKind.CAMP
    rebuilt = math.inf if draws.uniform() < NEVER_REBUILT else day + draws.uniform(30.0, 200.0)
    if is_camp:
        rebuilt = day + draws.uniform(*CAMP_REBUILT_DAYS)
    return Course(
        start=day,
        taking_days=draws.uniform(*FIRE_HOURS) / 24.0,
        char=char,
        ash=char * draws.uniform(*ASH_OF_CHAR),
        char_days=log_uniform(draws, *CHAR_DAYS),
        ash_days=draws.uniform(*ASH_DAYS),
        washed_at=land.washed_at(day, village.centre),
        recovers_at=rebuilt,
        recovering_days=10.0 if is_camp else 30.0,
    )


def _ring_fire(land: Land, index: int, season: int, burned: NDArray[np.bool_]) -> Iterator[Event]:
    """Yield the bush fire around one settlement in one season, if there is one."""
    village, settings = land.villages[index], land.settings.confounders
    habit = stream(land.seed, "bush-fires-habit", index)
    # Some rings burn nearly every year, in the same weeks; others hardly ever.
    rate = min(max(settings.ring_fires, 1e-6), 1.0 - 1e-6)
    usual = habit.beta(rate, 1.0 - rate)
    usual_day = _fire_day(land, habit, season)
    draws = stream(land.seed, "bush-fires", index, season)
    if draws.uniform() >= usual:
        return
    spills = draws.uniform() < settings.spill
    stops = draws.uniform() < 0.4
    yield _bush_fire(
        land, draws, usual_day + draws.normal(0.0, 8.0), village.centre, burned,
        name=f"fire-{season}-v{index:03d}", share=draws.uniform(0.1, 0.9),
        holdoff_m=draws.uniform(100.0, 500.0) if stops else draws.uniform(0.0, 60.0),
        spill=draws.uniform(0.0, 0.06) if spills else 0.0, beside=index,
    )  # fmt: skip


def _bush_fire(
    land: Land, draws: np.random.Generator, day: float, centre: tuple[float, float],
    burned: NDArray[np.bool_], *, name: str, share: float, holdoff_m: float,
    spill: float = 0.0, beside: int | None = None,
) -> Event:  # fmt: skip
    rows, columns = block_window(centre, REACH_PX, land.shape)
    touched = _front(land, draws, rows, columns, share, holdoff_m)
    if spill > 0 and beside is not None:
        touched = np.maximum(touched, _spilled(land, beside, rows, columns, touched, spill))
    touched = np.where(burned[rows, columns], 0.0, touched).astype(np.float32)
    burned[rows, columns] |= touched > 0
    # Late fires find less to burn, but litter and stubble still char the ground.
    fuel = 0.5 + 0.5 * min(land.seasons.fuel(day), 1.0)
    course = Course(
        start=day,
        taking_days=draws.uniform(0.1, 1.0),
        char=WILD_CHAR * fuel,
        ash=0.05 * fuel,
        char_days=log_uniform(draws, *WILD_CHAR_DAYS),
        ash_days=draws.uniform(*ASH_DAYS),
        washed_at=land.washed_at(day, centre),
        recovers_at=land.seasons.next_onset(day),
        recovering_days=25.0,
    )
    return Event(
        event_id=name,
        kind=EventKind.BUSH_FIRE,
        settlement_id=None if beside is None else land.settlement_id(beside),
        interval=between(day, course.taking_days),
        fraction=share,
        tau_days=course.char_days,
        pattern="spilling" if spill > 0 else "front",
        centre=centre,
        changes=(land.change(rows, columns, touched, WILD, course),),
    )


def _front(
    land: Land, draws: np.random.Generator, rows: slice, columns: slice, share: float,
    holdoff_m: float,
) -> Field:  # fmt: skip
    """Return what a front burns: a lobed part of the window, patchy, away from settlements."""
    shape = (rows.stop - rows.start, columns.stop - columns.start)
    noise = FieldShape.of_scale((REACH_PX // 2, REACH_PX // 2), (8.0, 0.7), (2.0, 0.3)).draw(draws)
    rows_at = np.linspace(0, noise.shape[0] - 1, shape[0]).astype(int)
    columns_at = np.linspace(0, noise.shape[1] - 1, shape[1]).astype(int)
    score = noise[np.ix_(rows_at, columns_at)]
    angle = draws.uniform(0.0, 2.0 * math.pi)
    down = np.linspace(-1.0, 1.0, shape[0])[:, np.newaxis]
    across = np.linspace(-1.0, 1.0, shape[1])[np.newaxis, :]
    score = score + 1.2 * (math.sin(angle) * down + math.cos(angle) * across)
    taken = score > np.quantile(score, 1.0 - share)
    taken &= land.distance_m[rows, columns] > holdoff_m
    # Tufts escape: a tenth of the pixels, and part of the others.
    complete = np.clip(draws.normal(0.85, 0.2, shape), 0.0, 1.0)
    complete[draws.uniform(size=shape) < 0.1] = 0.0
    return np.asarray(taken * complete, dtype=np.float32)


def _spilled(
    land: Land, index: int, rows: slice, columns: slice, front: Field, spill: float
) -> Field:
    """Return the edge of a settlement that a front reaches: a share of its ground."""
    village = land.villages[index]
    near = gaussian_filter(front, 8.0)
    inside = np.zeros(land.shape, dtype=np.bool_)
    inside[village.rows, village.columns] = village.inside() > 0.5
    inside = inside[rows, columns]
    if not inside.any() or near[inside].max() < 0.02:
        return np.zeros_like(front)
    reached = inside & (near > np.quantile(near[inside], 1.0 - spill))
    return np.asarray(reached, dtype=np.float32)


def _fire_day(land: Land, draws: np.random.Generator, season: int) -> float:
    """Return a day of the fire season that begins in a year; early fires are commoner."""
    climate = land.settings.climate
    late = math.pow(draws.uniform(), 1.3) * climate.fire_length_days
    return new_year(season) + climate.fire_from_day + late
