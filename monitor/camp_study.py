"""Camps in simulated worlds: what the detector said look by look, beside what was true.

A world leaves one file of plain records, from which calibration and reports are made;
thresholds can be moved without judging the looks again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.camps.region import KnownCamp, Region, region_of
from monitor.camps.settings import CampSettings
from monitor.camps.stream import CampStream
from monitor.camps.verdict import CampVerdict, NewPatch
from monitor.looks import Look
from monitor.simulation.clock import day_number, instant
from monitor.simulation.events import Event, EventKind
from monitor.simulation.fields import block_means
from monitor.simulation.looks import looks
from monitor.simulation.presets import preset, require_seed
from monitor.simulation.world import World, build

SETTINGS = CampSettings()
ORBITS = 1
"""Looks every five days: what most places have; overlaps of orbits see twice as often."""

LEAST_COVER = 0.025
"""Ground counts as camp from this share of it under shelters."""

STEP_DAYS = 0.5


@dataclass(frozen=True, slots=True)
class PatchRecord:
    """A patch of lasting shelters at one look."""

    at: str
    area_ha: float
    score: float
    texture_sigma: float
    years_checked: int
    earlier: float
    early: bool
    """True if two looks alone showed it."""

    refused: str
    row: float
    column: float
    events: tuple[str, ...]
    """Events that changed two or more of its blocks before the look."""

    means: dict[str, float]
    new: bool
    """True if it became a found camp at this look."""


@dataclass(frozen=True, slots=True)
class CampRecord:
    """One camp at one look, with the truth."""

    camp_id: str
    reading: dict[str, Any]
    true_ha: float
    true_before_ha: float
    """30 days before."""

    disturbed: bool
    """True if it burned before: its true area is not known then."""


def world_records(
    preset_name: str, seed: int, purpose: str, train_years: float = 2.0
) -> dict[str, Any]:
    """Return everything that the detector said of one world, and what was true."""
    settings = replace(preset(preset_name), orbits=ORBITS)
    world = build(settings, require_seed(seed, purpose))
    region = region_of(world.blocks, world.blocks.outline, world.settlements)
    start = world.settings.span.start + timedelta(days=365.25 * train_years)
    # Calibration wants the small ones too; results are of the detector as areas run it.
    stream = CampStream(region, SETTINGS, start, relaxed=purpose == "tuning")
    found: list[KnownCamp] = []
    patches: list[PatchRecord] = []
    camps: list[CampRecord] = []
    gained: list[dict[str, Any]] = []
    reasons: list[tuple[str, str]] = []
    for look in looks(world, world.settings.span):
        verdict = stream.take(look, found)
        if verdict is None:
            continue
        if verdict.reason:
            reasons.append((look.acquired_at.isoformat(), verdict.reason))
        for one in verdict.patches:
            is_new = not one.refused and one.area_m2 >= 1e4 * SETTINGS.min_new_area_ha
            patches.append(_patch(one, look, world, region, new=is_new))
            if is_new:
                found = _with(found, one, f"found-{len(patches)}", region)
        camps.extend(_camps(verdict, region, look, world))
        gained.extend(_gained(verdict, found, region))
    years = (world.settings.span.end - start) / timedelta(days=365.25)
    return {
        "world": f"{preset_name}/{seed}",
        "from": start.isoformat(),
        "until": world.settings.span.end.isoformat(),
        "km2_years": world.blocks.height * world.blocks.width * 1.6e-3 * years,
        "events": [
            _event(event, world.blocks.width)
            for event in world.truth
            if event.kind is not EventKind.BUSH_FIRE
        ],
        "patches": [asdict(one) for one in patches],
        "camps": [asdict(one) for one in camps],
        "found": gained,
        "reasons": reasons,
    }


def _with(found: Sequence[KnownCamp], new: NewPatch, name: str, region: Region) -> list[KnownCamp]:
    """Return found camps and one more, which takes the place of what two looks showed there."""
    kept = [c for c in found if not (c.provisional and (c.near & new.patch.own).any())]
    camp = region.camp(name, new.patch.own, new.area_m2)
    return [*kept, replace(camp, provisional=new.patch.early)]


def records_path(preset_name: str, seed: int, purpose: str, folder: Path) -> Path:
    """Return where the records of a world are kept."""
    return folder / f"{purpose}-{preset_name}-{seed}.json"


def records_to_file(preset_name: str, seed: int, purpose: str, folder: Path) -> Path:
    """Judge one world and keep what was said; a world that has its file is left alone."""
    path = records_path(preset_name, seed, purpose, folder)
    if not path.exists():
        text = json.dumps(world_records(preset_name, seed, purpose))
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    return path


def _patch(one: NewPatch, look: Look, world: World, region: Region, *, new: bool) -> PatchRecord:
    own = np.flatnonzero(one.patch.own)
    rows, columns = np.divmod(own, region.shape[1])
    touched = [
        event.event_id
        for event in world.truth
        if event.interval.start <= look.acquired_at
        and event.kind is not EventKind.BUSH_FIRE
        and len(np.intersect1d(event.blocks(0.02), own)) >= 2
    ]
    return PatchRecord(
        at=look.acquired_at.isoformat(),
        area_ha=one.area_m2 / 1e4,
        score=one.score,
        texture_sigma=one.texture_sigma,
        years_checked=one.years_checked,
        earlier=one.coming.earlier,
        early=one.patch.early,
        refused=one.refused,
        row=float(rows.mean()),
        column=float(columns.mean()),
        events=tuple(touched),
        means=dict(one.means),
        new=new,
    )


def _camps(verdict: CampVerdict, region: Region, look: Look, world: World) -> Iterator[CampRecord]:
    day = day_number(look.acquired_at)
    ids = [settlement.settlement_id for settlement in world.settlements]
    for camp in region.camps:
        reading = verdict.readings.get(camp.camp_id)
        if reading is None:
            continue
        burns = [
            event
            for event in world.truth
            if event.settlement_id == camp.camp_id
            and event.kind in (EventKind.BURNED, EventKind.COMPOUND_FIRE)
            and event.interval.start <= look.acquired_at
        ]
        index = ids.index(camp.camp_id)
        yield CampRecord(
            camp_id=camp.camp_id,
            reading={**asdict(reading), "at": reading.at.isoformat()},
            true_ha=true_area_ha(world, index, day),
            true_before_ha=true_area_ha(world, index, day - 30.0),
            disturbed=bool(burns),
        )


def _gained(
    verdict: CampVerdict, found: list[KnownCamp], region: Region
) -> Iterator[dict[str, Any]]:
    """Yield the readings of camps that the detector found, and where their gain lies."""
    for camp in found:
        reading = verdict.readings.get(camp.camp_id)
        if reading is None or camp.provisional:
            continue
        gain = np.flatnonzero(verdict.gains[camp.camp_id])
        rows, columns = np.divmod(gain if gain.size else np.flatnonzero(camp.own), region.shape[1])
        yield {
            "camp_id": camp.camp_id,
            "reading": {**asdict(reading), "at": reading.at.isoformat()},
            "row": float(rows.mean()),
            "column": float(columns.mean()),
        }


def true_area_ha(world: World, index: int, day: float) -> float:
    """Return the ground of a camp that has 2.5 % or more under shelters on a day."""
    village = world.land.villages[index]
    area_ha = village.area_ha
    for event in world.truth:
        if event.settlement_id != world.settlements[index].settlement_id:
            continue
        if event.kind is EventKind.CAMP_GROWTH:
            area_ha += _gained_ha(event, day, world.blocks.width)
        elif event.kind is EventKind.CAMP_EMPTIED:
            amount = event.changes[0].course.amount(day)
            area_ha -= village.area_ha * event.fraction * amount
    return area_ha


def _gained_ha(event: Event, day: float, world_width: int) -> float:
    clearing, shelters = event.changes
    inside = block_means(clearing.touched[np.newaxis], 4)[0]
    width = inside.shape[1]
    share = np.zeros(inside.size, dtype=np.float32)
    rows, columns = np.divmod(shelters.blocks, world_width)
    rows, columns = rows - shelters.rows.start // 4, columns - shelters.columns.start // 4
    share[rows * width + columns] = shelters.changed_share
    cover = share * shelters.course.amount(day)
    filled: NDArray[np.bool_] = cover >= LEAST_COVER * np.maximum(inside.ravel(), 0.1)
    return float(inside.ravel()[filled].sum() * 0.16)


def one_ha_at(event: Event, world_width: int) -> datetime | None:
    """Return when a new camp measured a hectare, to half a day; None if it never did.

    By the same measure as `true_area_ha`: ground of which 2.5 % is under shelters.
    """
    if event.kind is not EventKind.CAMP_NEW:
        return None
    first, last = event.start, day_number(event.interval.end)
    for day in np.arange(first, last + STEP_DAYS, STEP_DAYS):
        if _gained_ha(event, float(day), world_width) >= 1.0:
            return instant(float(day))
    return None


def _event(event: Event, world_width: int) -> dict[str, Any]:
    reached = one_ha_at(event, world_width)
    return {
        "one_ha_at": reached.isoformat() if reached is not None else None,
        "id": event.event_id,
        "kind": event.kind.value,
        "settlement_id": event.settlement_id,
        "start": event.interval.start.isoformat(),
        "end": event.interval.end.isoformat(),
        "fraction": event.fraction,
        "pattern": event.pattern,
        "area_ha": event.area_m2 / 1e4,
        "row": event.centre[0] / 4.0,
        "column": event.centre[1] / 4.0,
    }
