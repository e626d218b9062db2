"""What fires and radar add to the optical looks, on worlds that choices are made on.

    python -m benchmarks.fusion_check FOLDER [--worlds bench:14 adversarial:14] [--scores DIR]

FOLDER is that of `benchmarks.calibrate`. Its readings are judged again by the shipped
calibration and fusion, with every sensor and with some left out, as a study does. For each
preset and for all together: false alarms at equal recall, and how many times as many the
optical looks alone have, with an interval by bootstrap over worlds; and the same if fires
told every burn they saw from everything else, which is the most they could give. Then
where the pixels of fires lie and what radar says, beside burns and beside nothing, and what
weights a ridge-logistic fit gives. Simulated, tuning seeds, never an accuracy; results are
quoted from test seeds (`benchmarks.detection_study`).
"""

from __future__ import annotations

import argparse
import pickle
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from aoi.interval import Interval
from benchmarks.scored_places import TRAIN, WINDOW, ScoredPlace, jobs_of, scored_worlds, world_of
from monitor.alarm import seconds
from monitor.blocks import block_sets
from monitor.calibration import Calibration, shipped_calibration
from monitor.comparison import promised
from monitor.detector_scores import lax
from monitor.detectors.burn import BurnSettings
from monitor.detectors.burn_events import burn_finding
from monitor.detectors.fire_years import FireYears
from monitor.detectors.fires import FireSky, fire_sky
from monitor.finding import Evidence, Finding, SensorFamily
from monitor.fusion import FusionSettings
from monitor.reading import Reading, Verdict
from monitor.recalibration import rejudged, reweighed
from monitor.report import ratio_text
from monitor.sensor_effect import sensor_effects
from monitor.sensors_left_out import ALL, OPTICAL, SensorsLeftOut, unbounded
from monitor.simulation.hotspots import hotspots
from monitor.simulation.looks import radar_looks
from monitor.simulation.world import World
from monitor.skill import EARLY, LATE, TrueEvent
from monitor.stacking import Case, enough, refitted
from monitor.study import true_events
from monitor.world_scores import WorldScores

WORLDS = ("bench:14", "adversarial:14")
EPISODE_S = 45 * 86_400.0
"""Of one place and so long, the strongest finding is a case."""

LEAST_FRACTION = 0.25
MOST_PER_YEAR = 3.0
"""Findings whose looks are commoner than this in quiet times teach nothing."""

PERFECT = 20.0
"""Decimal logarithm of odds that puts a burn before everything else."""

MEASURED = (Verdict.QUIET, Verdict.BURN_LIKE)


@dataclass(frozen=True, slots=True)
class Judged:
    """What everything and what the looks alone say of one place at one look."""

    everything: Finding
    looks_rate: float
    """False alarms per village-year of the looks without fires."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """One tuning world, judged."""

    scores: WorldScores
    judged: tuple[Judged, ...]


def replayed(world: World, places: Sequence[ScoredPlace]) -> Replayed:
    """Return what the shipped fusion says of readings that were kept."""
    span = world.settings.span
    calibration, settings = shipped_calibration(), unbounded(lax(BurnSettings()))
    sets = block_sets(world.aoi, world.settlements)
    fires = FireYears(world.aoi, world.settlements, hotspots(world, span))
    none = fire_sky([], world.blocks.outline, world.aoi.epsg)
    left_out = SensorsLeftOut(sets, radar_looks(world, span), settings)
    known = {p.readings[0].settlement_id: p for p in places if p.readings}
    histories = {place: _history(p, calibration) for place, p in known.items()}
    judged: list[Judged] = []
    for at, readings in _by_look(histories):
        with_fires, without = (
            _findings(world, readings, histories, known, sky, settings)
            for sky in (fires.sky(at), none)
        )
        rates = {f.settlement_id: f.indicators["rate_per_village_year"] for f in without}
        judged += [
            Judged(left_out.with_radar(finding, at), rates[finding.settlement_id])
            for finding in with_fires
            if finding.settlement_id in rates
        ]
        left_out.take(at, readings, with_fires, without)
    events, confounders = true_events(world, sets)
    scores = WorldScores(
        world=f"{world.settings.name}/{world.seed}",
        origin="simulated",
        interval=Interval(span.start + TRAIN, span.end),
        years=sum(p.years for p in known.values()),
        settlement_ids=tuple(s.settlement_id for s in world.settlements),
        scored=tuple(left_out.scored()),
        events=events,
        confounders=confounders,
        quiet_p=np.empty(0, dtype=np.float32),
        clear_looks=sum(r.verdict in MEASURED for h in histories.values() for r in h),
    )
    return Replayed(scores, tuple(judged))


def _history(place: ScoredPlace, calibration: Calibration) -> list[Reading]:
    measured = [r for r in place.readings if r.verdict in MEASURED]
    again = [rejudged(r, calibration) for r in reweighed(measured, calibration.weights)]
    others = [r for r in place.readings if r.verdict not in MEASURED]
    return sorted([*again, *others], key=lambda r: (r.acquired_at, r.look_id))


def _by_look(histories: dict[str, list[Reading]]) -> Iterator[tuple[datetime, list[Reading]]]:
    looks: dict[datetime, list[Reading]] = defaultdict(list)
    for history in histories.values():
        for reading in history:
            looks[reading.acquired_at].append(reading)
    yield from sorted(looks.items())


def _findings(
    world: World, readings: Sequence[Reading], histories: Mapping[str, list[Reading]],
    known: Mapping[str, ScoredPlace], sky: FireSky, settings: BurnSettings,
) -> list[Finding]:  # fmt: skip
    """Return what a look completes under a sky."""
    settlements = {s.settlement_id: s for s in world.settlements}
    found = []
    for reading in readings:
        place, at = reading.settlement_id, reading.acquired_at
        if reading.verdict is not Verdict.BURN_LIKE:
            continue
        recent = [r for r in histories[place] if at - WINDOW <= r.acquired_at <= at]
        finding = burn_finding(
            world.aoi, settlements[place], recent, known[place].burned, sky, settings,
            shipped_calibration(), world.blocks,
        )  # fmt: skip
        found += [] if finding is None else [finding]
    return found


def labelled(replays: Sequence[Replayed]) -> list[tuple[bool, Judged]]:
    """Return the strongest finding of each burn and of each quiet episode, True for burns."""
    chosen: dict[tuple[bool, str, float], tuple[bool, Judged]] = {}
    for replay in replays:
        burns: dict[str, list[TrueEvent]] = defaultdict(list)
        for event in replay.scores.events:
            burns[event.settlement_id].append(event)
        for one in replay.judged:
            place, at = str(one.everything.settlement_id), one.everything.last_seen
            near = [e for e in burns[place] if e.started_at - EARLY <= at <= e.ended_at + LATE]
            small = bool(near) and near[0].fraction < LEAST_FRACTION
            if small or one.looks_rate > MOST_PER_YEAR:
                continue
            when = near[0].started_at.timestamp() if near else at.timestamp() // EPISODE_S
            key = bool(near), place, when
            kept = chosen.get(key)
            if kept is None or kept[1].everything.probability < one.everything.probability:
                chosen[key] = bool(near), one
    return [chosen[key] for key in sorted(chosen)]


def case_of(burned: bool, one: Judged) -> Case:
    """Return a case for the fit: radar's p is 1 where it says anything but a loss."""
    fires, radar = (_of(one.everything, f) for f in (SensorFamily.HOTSPOTS, SensorFamily.RADAR))
    return Case(
        burned=burned,
        rate=one.looks_rate,
        hotspots_p=None if fires is None else fires.p,
        hotspots_share=None if fires is None else fires.values["inside_share"],
        radar_p=None if radar is None or radar.p >= 1.0 else radar.p,
    )


def _of(finding: Finding, family: SensorFamily) -> Evidence | None:
    return next((e for e in finding.evidence if e.family is family), None)


def with_perfect_fires(replay: Replayed) -> WorldScores:
    """Return the world with, instead of all sensors, the most that fires could give.

    The looks alone, but whatever is said of a burn that any detection touched in time comes
    first, and no fire raises anything else.
    """
    world = replay.scores
    burns: dict[str, list[TrueEvent]] = defaultdict(list)
    for event in world.events:
        burns[event.settlement_id].append(event)
    order = {place: index for index, place in enumerate(world.settlement_ids)}
    seen = set()
    for one in replay.judged:
        place, first = str(one.everything.settlement_id), one.everything.first_seen
        true = any(e.started_at <= first <= e.ended_at + LATE for e in burns[place])
        if true and _of(one.everything, SensorFamily.HOTSPOTS) is not None:
            seen.add((order[place], seconds(one.everything.last_seen)))
    alone = world.of_rule(OPTICAL)
    keys = zip(alone.scores.settlement.tolist(), alone.scores.at, strict=True)
    raised = np.array([(place, at) in seen for place, at in keys], dtype=np.bool_)
    score = np.where(raised, alone.scores.score + PERFECT, alone.scores.score)
    best = replace(alone, rule=ALL, scores=replace(alone.scores, score=score))
    return replace(world, scored=(best, alone))


def print_effects(name: str, replays: Sequence[Replayed]) -> None:
    """Print false alarms at equal recall, a line for each recall."""
    for what, worlds in (
        ("shipped fusion", [replay.scores for replay in replays]),
        ("if fires told every burn they saw from everything else",
         [with_perfect_fires(replay) for replay in replays]),
    ):  # fmt: skip
        _print_effects(f"{name}, {what}", worlds)


def _print_effects(name: str, worlds: Sequence[WorldScores]) -> None:
    burns = sum(promised(event) for world in worlds for event in world.events)
    years = sum(world.years for world in worlds)
    print(f"{name}: {len(worlds)} worlds, {years:.0f} village-years, {burns} promised burns")
    for effect in sensor_effects(worlds, promised):
        counts = ", ".join(f"{n} {round(rate * years) if rate == rate else '-'}"
                           for n, rate in effect.false_per_year)  # fmt: skip
        print(f"  recall {effect.recall:.1f}: false: {counts};"
              f" optical alone / all sensors {ratio_text(effect)}")  # fmt: skip


def print_features(cases: Sequence[tuple[bool, Judged]]) -> None:
    """Print how fires and radar look beside burns and beside nothing."""
    for burned in (True, False):
        of = [one.everything for label, one in cases if label is burned]
        fires = [e for f in of if (e := _of(f, SensorFamily.HOTSPOTS)) is not None]
        inside = sum(e.values["inside_share"] >= 0.5 for e in fires)
        rare = sum(e.p <= 1e-3 for e in fires)
        radar = [e for f in of if (e := _of(f, SensorFamily.RADAR)) is not None]
        lost = sum(e.p <= 0.05 for e in radar)
        change = [np.mean([v for k, v in e.values.items() if k.startswith("change_db")])
                  for e in radar]  # fmt: skip
        print(
            f"{'burns' if burned else 'quiet'}: {len(of)} cases, {len(fires)} with a fire, of"
            f" which half the pixels or more touch in {inside}, p <= 0.001 in {rare}; radar"
            f" judged {len(radar)}, a loss with p <= 0.05 in {lost}, mean change"
            f" {np.mean(change) if change else np.nan:+.2f} dB"
            f" (sd {np.std(change) if change else np.nan:.2f})"
        )


def print_weights(cases: Sequence[tuple[bool, Judged]]) -> None:
    """Print what a ridge-logistic fit makes of the weights, starting from those in force."""
    stated = [case_of(burned, one) for burned, one in cases]
    missing = enough(stated)
    if missing:
        print(f"weights: {missing}")
        return
    drawn_to = replace(FusionSettings(), hotspot_weight=0.8, front_weight=0.0)
    for settings in (drawn_to, FusionSettings()):
        weights = refitted(stated, settings, ridge=1.0).weights
        print(
            f"weights drawn to hotspots {settings.hotspot_weight}, fronts"
            f" {settings.front_weight}: hotspots {weights.hotspot_weight:.2f}, fronts"
            f" {weights.front_weight:.2f}, radar {weights.radar_weight:.2f},"
            f" from {weights.labels} cases"
        )


def main() -> None:
    """Judge every world once, keep it, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--worlds", nargs="+", default=list(WORLDS))
    parser.add_argument("--scores", type=Path, help="folder to keep judged worlds in")
    options = parser.parse_args()
    found: dict[str, list[Replayed]] = defaultdict(list)
    for job in jobs_of(options.worlds):
        kept = options.scores and options.scores / f"{job[0]}-{job[1]}.pickle"
        if kept and kept.exists():
            found[job[0]].append(pickle.loads(kept.read_bytes()))
            continue
        places = scored_worlds(options.folder, [job], 1)[job]
        found[job[0]].append(replayed(world_of(*job), places))
        if kept:
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_bytes(pickle.dumps(found[job[0]][-1]))
        print(f"judged {job[0]} {job[1]}", file=sys.stderr, flush=True)
    print(f"simulated, tuning seeds, calibration {shipped_calibration().version}")
    everywhere = [replay for replays in found.values() for replay in replays]
    for name, replays in (*found.items(), ("together", everywhere)):
        print_effects(name, replays)
    cases = labelled(everywhere)
    print_features(cases)
    print_weights(cases)


if __name__ == "__main__":
    main()
