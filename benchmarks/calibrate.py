"""Make the calibration that ships with the program, from simulated quiet settlements.

Every world comes from the tuning seeds; the test seeds are refused. Worlds that were
scored already are not scored again.

    python -m benchmarks.calibrate FOLDER [--workers N] [--worlds NAME:COUNT ...]

Writes monitor/calibration.json.
"""

from __future__ import annotations

import argparse
import json
import pickle
import sys
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from monitor.blocks import BlockSettings, block_sets
from monitor.calibration import calibration_table, shipped_calibration
from monitor.detectors.burn import BurnSettings
from monitor.detectors.burn_stream import stream_verdicts
from monitor.persistence import PersistenceSettings
from monitor.recalibration import QuietPlace, recalibrated
from monitor.simulation.events import EventKind
from monitor.simulation.looks import looks
from monitor.simulation.presets import TUNING_SEEDS, preset, require_seed
from monitor.simulation.world import build

TRAIN = timedelta(days=730)
AFTERMATH = timedelta(days=400)
"""So long after a burn a settlement is no quiet place: its char and its rebuilding show."""

ROOT = Path(__file__).resolve().parent.parent


def quiet_places(name: str, seed: int, kept: Path) -> Path:
    """Score one world and keep the readings of its quiet settlements."""
    if kept.exists():
        return kept
    world = build(preset(name), require_seed(seed, "tuning"))
    span = world.settings.span
    sets = block_sets(world.aoi, world.settlements, BlockSettings(placebos=1))
    readings = defaultdict(list)
    burned: dict[str, dict[str, object]] = defaultdict(dict)
    for look, verdict in stream_verdicts(
        looks(world, span), sets, BurnSettings(), shipped_calibration(), span.start + TRAIN
    ):
        for reading in verdict.readings:
            readings[reading.settlement_id].append(reading)
        for place, blocks in verdict.burned.items():
            burned[place][look.look_id] = blocks
    burns = defaultdict(list)
    for event in world.truth:
        if event.kind is EventKind.BURNED:
            burns[event.settlement_id].append(event.interval.start)
    places = []
    for place, found in readings.items():
        quiet = tuple(
            r for r in found
            if not any(b <= r.acquired_at <= b + AFTERMATH for b in burns[place])
        )  # fmt: skip
        years = (span.end - span.start - TRAIN) / timedelta(days=365.25)
        places.append(QuietPlace(quiet, dict(burned[place]), years * len(quiet) / len(found)))  # type: ignore[arg-type]
    temporary = kept.with_suffix(".part")
    temporary.write_bytes(pickle.dumps(places))
    temporary.replace(kept)
    return kept


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--worlds", nargs="*", default=["bench:4", "adversarial:2"])
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    wanted = [word.split(":") for word in options.worlds]
    jobs = [(name, seed) for name, count in wanted for seed in TUNING_SEEDS[: int(count)]]
    places: list[QuietPlace] = []
    with ProcessPoolExecutor(options.workers, mp_context=get_context("spawn")) as pool:
        futures = [
            pool.submit(quiet_places, n, s, options.folder / f"{n}-{s}.pickle") for n, s in jobs
        ]
        for done in as_completed(futures):
            print(f"scored {done.result().stem}", flush=True)
    for name, seed in jobs:
        places += pickle.loads((options.folder / f"{name}-{seed}.pickle").read_bytes())
    words = f"{len(jobs)} simulated worlds ({', '.join(options.worlds)}), tuning seeds"
    calibration = recalibrated(places, words, PersistenceSettings())
    table = json.dumps(calibration_table(calibration), indent=0)
    (ROOT / "monitor" / "calibration.json").write_text(table + "\n", encoding="utf-8")
    years = sum(place.years for place in places)
    print(
        f"{calibration.version}: {years:.0f} quiet village-years, {len(calibration.strata)} strata"
    )


if __name__ == "__main__":
    main()
