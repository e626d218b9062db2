"""Radar on real stacks in which nothing happened: p against placebos, alarms, PWTT beside it.

python benchmarks/radar.py --build    makes monitor/radar_calibration.json
python benchmarks/radar.py            p on other bursts, alarms, the published PWTT beside it
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.blocks import BlockSets, SettlementBlocks
from monitor.detectors.sar import radar_reading
from monitor.detectors.sar_calibration import (
    RadarCalibration,
    radar_calibration_table,
    radar_tail,
    size_of,
)
from monitor.detectors.sar_stack import RadarStack, SarSettings, held_looks, stacks_of
from monitor.looks import Look
from monitor.real_radar import bursts, placebo_sets
from monitor.rivals.pwtt import absolute_t, stouffer

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "monitor" / "radar_calibration.json"
REAL = ROOT.parent / "shared" / "data"
CALIFORNIA = REAL / "s1-rtc-california-timeseries"
GUINEA = REAL / "s1-rtc-distmetrics-2024" / "T009_019294_IW2_cropped"
LAND = tuple(
    f"T137-29{n}"
    for n in ("2319-IW2", "2320-IW2", "2321-IW2", "2322-IW2", "2323-IW2", "2324-IW2", "2325-IW1")
)
SEA = tuple(f"T137-29{n}" for n in ("2318-IW1", "2320-IW1", "2322-IW1", "2324-IW1"))
"""Bursts on land, the first of them the edge of a town, and open water with its winds."""

NOT_CALIBRATED = RadarCalibration("none", {})
UNGUARDED = SarSettings(max_shift_db=99.0)
PLACEBOS = 60
LEAST_SCORES = 10_000
"""Placebo scores that a stratum of its own needs (DETECTION 4a, step 6)."""

STEP = timedelta(hours=12)
LEVELS = (0.1, 0.03, 0.01, 0.003, 0.001)
PWTT_LEVEL = 3.3


@dataclass(frozen=True, slots=True)
class Row:
    """One placebo at one date."""

    burst: str
    after: int
    blocks: int
    score: float
    p: float
    pwtt: float


def sets_of(look: Look, places: Sequence[NDArray[np.int32]]) -> BlockSets:
    """Return block sets of these places alone; each is judged by itself."""
    grid = look.blocks
    watched = np.arange(grid.height * grid.width, dtype=np.int32)
    empty = np.empty(0, dtype=np.int32)
    sets = tuple(
        SettlementBlocks(
            f"placebo-{n}", own,
            (own // grid.width - (own // grid.width).min()).astype(np.int32),
            (own % grid.width - (own % grid.width).min()).astype(np.int32), empty, True,
        )
        for n, own in enumerate(places)
    )  # fmt: skip
    return BlockSets(grid, watched, (), sets, "placebos")


def rows_of(
    looks: Sequence[Look],
    calibration: RadarCalibration,
    seed: int,
    settings: SarSettings,
    placebos: int = PLACEBOS,
) -> Iterator[Row]:
    """Yield what radar and PWTT say of placebos at each date that can be judged."""
    stacks = [without_held(stack, settings) for stack in stacks_of(looks)]
    draws = np.random.default_rng(seed)
    places = list(placebo_sets(looks[0].blocks, placebos, draws))
    sets = sets_of(looks[0], places)
    (stack,) = stacks
    for index in range(len(stack.look_ids)):
        for count in (1, 2, 3):
            if index + count > len(stack.look_ids):
                continue
            upto = stack.only(range(index + count))
            first = stack.acquired_at[index]
            if stack.acquired_at[index + count - 1] - first > timedelta(days=60):
                continue
            published = pwtt_map(upto, index, settings) if count > 1 else None
            for place, own in zip(sets.placebos, places, strict=True):
                found = radar_reading(
                    [upto], sets, place, first - STEP, first, settings, calibration
                )
                if found.judged:
                    mean = (
                        float("nan")
                        if published is None
                        else float(np.nanmean(published.flat[own]))
                    )
                    yield Row(looks[0].aoi_id, count, own.size, found.score, found.p, float(mean))


def pwtt_map(stack: RadarStack, index: int, settings: SarSettings) -> NDArray[np.float32] | None:
    """Return the published statistic of each block on the same looks before and after.

    Absolute t (Welch) of the natural logarithm, the larger of VV and VH.
    """
    first = stack.acquired_at[index]
    before = [i for i, at in enumerate(stack.acquired_at) if first - settings.before <= at < first]
    after = list(range(index, len(stack.acquired_at)))
    if len(before) < 3 or len(after) < 2:
        return None
    natural = (stack.decibel * np.log(10.0) / 10.0).astype(np.float32)
    t, freedom = absolute_t(natural[before], natural[after], pooled=False)
    combined = stouffer([(t, freedom)])
    return np.asarray(np.fmax(*combined), dtype=np.float32)


def without_held(stack: RadarStack, settings: SarSettings) -> RadarStack:
    """Return a stack without the looks that the scene guard holds."""
    held = held_looks(stack, settings)
    return stack.only([i for i, one in enumerate(stack.look_ids) if one not in held])


def ks(p: NDArray[np.float64]) -> float:
    """Return the distance of p-values from uniform."""
    ordered = np.sort(p)
    grid = np.arange(1, p.size + 1) / p.size
    return float(np.max(np.maximum(grid - ordered, ordered - grid + 1 / p.size)))


def report(name: str, rows: Sequence[Row]) -> None:
    """Print the distribution of p, and how often PWTT passes its own level."""
    if not rows:
        print(f"{name}: nothing could be judged")
        return
    p = np.array([row.p for row in rows])
    rates = ", ".join(f"{level:g}: {(p <= level).mean():.3g}" for level in LEVELS)
    passing = np.array([row.pwtt for row in rows if np.isfinite(row.pwtt)])
    share = f"{(passing > PWTT_LEVEL).mean():.3g} of {passing.size}" if passing.size else "-"
    print(f"{name}: {p.size} placebo looks, KS {ks(p):.4f}; share with p at most {rates}")
    print(f"   PWTT above {PWTT_LEVEL}: {share}; radar p <= 1e-3: {(p <= 1e-3).sum()}")


def real_rows(
    names: Sequence[str], calibration: RadarCalibration, settings: SarSettings, placebos: int
) -> dict[str, list[Row]]:
    """Return the rows of some bursts of California."""
    stacks = bursts(CALIFORNIA)
    found = {}
    for number, name in enumerate(names):
        found[name] = list(rows_of(stacks[name], calibration, number, settings, placebos))
        print(name, len(found[name]), "rows", flush=True)
    return found


def calibrated(rows: Sequence[Row], calibration: RadarCalibration) -> list[Row]:
    """Return rows with p of a calibration."""
    return [replace(row, p=calibration.p(row.score, row.blocks)) for row in rows]


def calibration_of(rows: Sequence[Row]) -> RadarCalibration:
    """Return the calibration that rows make."""
    scores: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        scores["any"].append(row.score)
        scores[size_of(row.blocks)].append(row.score)
    kept = {name: v for name, v in scores.items() if name == "any" or len(v) >= LEAST_SCORES}
    tails = {name: radar_tail(np.array(values)) for name, values in kept.items()}
    return RadarCalibration(f"california-placebo-{len(rows)}", tails)


def left_out(rows: dict[str, list[Row]]) -> list[Row]:
    """Return the rows of each burst with p of the other bursts."""
    found: list[Row] = []
    for name, own in rows.items():
        others = [row for other, of in rows.items() if other != name for row in of]
        mine = calibrated(own, calibration_of(others))
        report(f"   {name}", mine)
        found += mine
    return found


def main() -> None:
    """Judge each burst by the others; with --build, write the table of all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", action="store_true")
    arguments = parser.parse_args()
    if not CALIFORNIA.is_dir():
        print(f"needs the real stacks in {CALIFORNIA}, which are not here")
        return
    # Wet scenes too: p must hold for what the guard lets pass, and it holds back many.
    land = real_rows(LAND, NOT_CALIBRATED, UNGUARDED, PLACEBOS)
    whole = calibration_of([row for of in land.values() for row in of])
    if arguments.build:
        TABLE.write_text(json.dumps(radar_calibration_table(whole)) + "\n")
    judged = left_out(land)
    report("California, land, each burst by the others", judged)
    for count in (1, 2, 3):
        report(f"   {count} looks after", [row for row in judged if row.after == count])
    sea = real_rows(SEA, NOT_CALIBRATED, UNGUARDED, 20)
    report(
        "California, open sea, guard off", [r for of in sea.values() for r in calibrated(of, whole)]
    )
    for name, looks in sorted(bursts(CALIFORNIA).items()):
        for stack in stacks_of(looks):
            print(f"   {name}: the guard holds {len(held_looks(stack))} of {len(looks)} looks")
    few = SarSettings(least_before=4, season=timedelta(days=130), max_shift_db=99.0)
    for burst, looks in bursts(GUINEA, "_cropped").items():
        alone = list(rows_of(looks, whole, 99, few, PLACEBOS))
        report(f"Papua New Guinea {burst}, VH alone", alone)


if __name__ == "__main__":
    main()
