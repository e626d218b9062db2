"""Make the calibration that ships with the program, from simulated settlements.

Every world comes from the tuning seeds; the test seeds are refused. Worlds that were
scored already are not scored again; delete the folder after a change of the detector.

    python -m benchmarks.calibrate FOLDER [--workers N] [--worlds NAME:COUNT ...]

Fits the weights of the evidence on fresh burns and quiet looks, ranks it among quiet
looks, counts the false alarms of each rule, and writes monitor/calibration.json.
"""

from __future__ import annotations

import argparse
import json
import pickle
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from monitor.blocks import BlockSettings, block_sets
from monitor.calibration import calibration_table, shipped_calibration
from monitor.detectors.burn import BurnSettings
from monitor.detectors.burn_events import fires_at
from monitor.detectors.burn_stream import stream_verdicts
from monitor.detectors.fire_years import FireYears
from monitor.evidence import EvidenceWeights, fitted_weights, measured_of
from monitor.persistence import PersistenceSettings, usable
from monitor.reading import Reading
from monitor.recalibration import QuietPlace, recalibrated
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
ROOT = Path(__file__).resolve().parent.parent
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

    def quiet(self) -> QuietPlace:
        """Return what lies outside its burns and their aftermath."""
        kept = tuple(
            r for r in self.readings
            if not any(s <= r.acquired_at <= s + AFTERMATH for s, _, _ in self.burns)
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


def scored_places(name: str, seed: int, kept: Path) -> Path:
    """Score one world and keep the readings of its settlements."""
    if kept.exists():
        return kept
    settings = preset(name)
    if settings.villages < VILLAGES:
        settings = replace(
            settings, villages=VILLAGES - settings.camps.known, village_margin_m=900.0
        )
    temporary = kept.with_suffix(".part")
    temporary.write_bytes(pickle.dumps(places_of(build(settings, require_seed(seed, "tuning")))))
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


def weights_of(places: Iterable[ScoredPlace]) -> EvidenceWeights:
    """Return the weights that tell fresh burns from quiet looks best."""
    rows = [row for place in places for row in place.labelled()]
    return fitted_weights(
        np.array([measured_of(r.values, r.burned_fraction) for r, _, _ in rows]),
        np.array([label for _, label, _ in rows]),
        np.array([weight for _, _, weight in rows]),
    )


def quiet_apart(places: Mapping[int, list[ScoredPlace]]) -> Iterator[QuietPlace]:
    """Yield the quiet times, each with weights fitted on the worlds of other seeds."""
    for seed, found in places.items():
        others = [place for s, other in places.items() if s != seed for place in other]
        weights = weights_of(others) if others else None
        for place in found:
            yield replace(place.quiet(), weights=weights)


def main() -> None:
    """Score, fit, rank, count, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--worlds", nargs="+", default=DEFAULT_WORLDS)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    wanted = [word.split(":") for word in options.worlds]
    jobs = [(name, seed) for name, count in wanted for seed in TUNING_SEEDS[: int(count)]]
    places: dict[int, list[ScoredPlace]] = defaultdict(list)
    with ProcessPoolExecutor(options.workers, mp_context=get_context("spawn")) as pool:
        futures = [
            pool.submit(scored_places, n, s, options.folder / f"{n}-{s}.pickle") for n, s in jobs
        ]
        for done in as_completed(futures):
            print(f"scored {done.result().stem}", flush=True)
    for name, seed in jobs:
        places[seed] += pickle.loads((options.folder / f"{name}-{seed}.pickle").read_bytes())
    weights = weights_of(place for found in places.values() for place in found)
    words = (
        f"{len(jobs)} simulated worlds ({', '.join(options.worlds)}), tuning seeds, each counted"
        " with weights fitted on the others"
    )
    quiet = list(quiet_apart(places))
    calibration = recalibrated(quiet, words, PersistenceSettings(), weights)
    table = json.dumps(calibration_table(calibration), indent=0)
    (ROOT / "monitor" / "calibration.json").write_text(table + "\n", encoding="utf-8")
    years = sum(place.years for place in quiet)
    print(
        f"{calibration.version}: {years:.0f} quiet village-years, {len(calibration.strata)} strata,"
        f" {weights}"
    )


if __name__ == "__main__":
    main()
