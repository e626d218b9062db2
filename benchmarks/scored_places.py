"""Settlements of simulated tuning worlds, with what the detector read of them, kept in files."""

from __future__ import annotations

import pickle
from collections import defaultdict
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.blocks import BlockSettings, block_sets
from monitor.calibration import shipped_calibration
from monitor.detectors.burn import BurnSettings
from monitor.detectors.burn_events import fires_at
from monitor.detectors.burn_stream import stream_verdicts
from monitor.detectors.fire_years import FireYears
from monitor.persistence import usable
from monitor.reading import Reading
from monitor.recalibration import QuietPlace
from monitor.scene import Hotspot
from monitor.simulation.events import EventKind
from monitor.simulation.hotspots import hotspots
from monitor.simulation.looks import looks
from monitor.simulation.presets import TUNING_SEEDS, preset, require_seed
from monitor.simulation.world import World, build

TRAIN = timedelta(days=730)
WINDOW = timedelta(days=60)
AFTERMATH = timedelta(days=400)
"""So long after a burn a settlement is no quiet place: its char and its rebuilding show."""

FRESH = timedelta(days=25)
FRESH_LOOKS = 2
"""The first clear looks after a burn teach the weights: an alarm should not need more."""

LEAST_STATISTIC = 1.5
"""Looks in which nothing stands out teach nothing."""

VILLAGES = 40
DEFAULT_WORLDS = (
    "bench:14", "adversarial:14", "darfur_mud_brick:3", "rakhine_wood:3", "camp:2",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class ScoredPlace:
    """A settlement of a world, with what the detector read and what was true."""

    readings: tuple[Reading, ...]
    burned: Mapping[str, NDArray[np.int32]]
    hits: Mapping[str, tuple[Hotspot, ...]]
    burns: tuple[tuple[datetime, datetime, float], ...]
    """Start, end and fraction of each."""

    years: float

    def quiet(self, aftermath: timedelta = AFTERMATH) -> QuietPlace:
        """Return what lies outside its burns and their aftermath."""
        kept = tuple(
            r for r in self.readings
            if not any(s <= r.acquired_at <= s + aftermath for s, _, _ in self.burns)
        )  # fmt: skip
        years = self.years * len(kept) / max(len(self.readings), 1)
        return QuietPlace(kept, self.burned, years, self.hits)

    def labelled(self) -> Iterator[tuple[Reading, float, float]]:
        """Yield the looks that stand out with 1 for a fresh burn, else 0, and a weight."""
        seen = usable(self.readings)
        for reading in seen:
            standing = (reading.values["scan_standard"], reading.values["median_q_standard"])
            if not max(np.nan_to_num(standing)) > LEAST_STATISTIC:
                continue
            since = [b for b in self.burns if b[0] <= reading.acquired_at <= b[0] + AFTERMATH / 2]
            if not since:
                yield reading, 0.0, 1.0
                continue
            start, end, fraction = since[-1]
            first = [r for r in seen if start <= r.acquired_at <= end + FRESH][:FRESH_LOOKS]
            if reading in first:
                yield reading, 1.0, min(fraction / 0.5, 1.0)


def jobs_of(worlds: tuple[str, ...] | list[str]) -> list[tuple[str, int]]:
    """Return preset and tuning seed of each world of words such as ``"bench:14"``."""
    wanted = [word.split(":") for word in worlds]
    return [(name, seed) for name, count in wanted for seed in TUNING_SEEDS[: int(count)]]


def scored_worlds(
    folder: Path, jobs: list[tuple[str, int]], workers: int
) -> dict[tuple[str, int], list[ScoredPlace]]:
    """Score the worlds that have no file in the folder yet; return the settlements of all."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = {(name, seed): folder / f"{name}-{seed}.pickle" for name, seed in jobs}
    missing = [(job, path) for job, path in paths.items() if not path.exists()]
    if missing:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            futures = [pool.submit(_score_to_file, *job, path) for job, path in missing]
            for done in as_completed(futures):
                print(f"scored {done.result().stem}", flush=True)
    return {job: pickle.loads(path.read_bytes()) for job, path in paths.items()}


def world_of(name: str, seed: int) -> World:
    """Return a tuning world, with more villages than small presets have."""
    settings = preset(name)
    if settings.villages < VILLAGES:
        settings = replace(
            settings, villages=VILLAGES - settings.camps.known, village_margin_m=900.0
        )
    return build(settings, require_seed(seed, "tuning"))


def _score_to_file(name: str, seed: int, kept: Path) -> Path:
    temporary = kept.with_suffix(".part")
    temporary.write_bytes(pickle.dumps(places_of(world_of(name, seed))))
    temporary.replace(kept)
    return kept


def places_of(world: World) -> list[ScoredPlace]:
    """Return the settlements of a world with everything that was read of them."""
    span = world.settings.span
    sets = block_sets(world.aoi, world.settlements, BlockSettings(placebos=1))
    readings: dict[str, list[Reading]] = defaultdict(list)
    burned: dict[str, dict[str, NDArray[np.int32]]] = defaultdict(dict)
    for look, verdict in stream_verdicts(
        looks(world, span), sets, BurnSettings(), shipped_calibration(), span.start + TRAIN
    ):
        for reading in verdict.readings:
            readings[reading.settlement_id].append(reading)
        for place, blocks in verdict.burned.items():
            burned[place][look.look_id] = blocks
    burns = defaultdict(list)
    for event in world.truth:
        if event.kind is EventKind.BURNED and event.settlement_id is not None:
            burns[event.settlement_id].append(
                (event.interval.start, event.interval.end, event.fraction)
            )
    hits = surprising_hits(world, readings)
    years = (span.end - span.start - TRAIN) / timedelta(days=365.25)
    return [
        ScoredPlace(tuple(found), dict(burned[p]), hits[p], tuple(sorted(burns[p])), years)
        for p, found in readings.items()
    ]


def surprising_hits(
    world: World, readings: Mapping[str, list[Reading]]
) -> dict[str, dict[str, tuple[Hotspot, ...]]]:
    """Return the detections that may stand for a look, by settlement and look."""
    fires = FireYears(world.aoi, world.settlements, hotspots(world, world.settings.span))
    found: dict[str, dict[str, tuple[Hotspot, ...]]] = defaultdict(dict)
    wanted: dict[str, list[Reading]] = defaultdict(list)
    for place_readings in readings.values():
        for reading in usable(place_readings):
            if reading.burned_fraction > 0.0:
                wanted[reading.look_id].append(reading)
    places = {s.settlement_id: s for s in world.settlements}
    for look_id, signed in sorted(wanted.items(), key=lambda item: item[1][0].acquired_at):
        at = signed[0].acquired_at
        sky = fires.sky(at)
        for reading in signed:
            before = [r for r in readings[reading.settlement_id] if at - WINDOW <= r.acquired_at]
            so_far = [r for r in before if r.acquired_at <= at]
            _, hits = fires_at(places[reading.settlement_id], so_far, sky)
            if hits:
                found[reading.settlement_id][look_id] = hits
    return found
