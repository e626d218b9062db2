"""Studies: many simulated worlds, every rule on the same looks, one file for each world.

Worlds are independent jobs that leave a file; a study that was stopped goes on where
it was. Tuning and test worlds come from seeds kept apart in `simulation.presets`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from aoi.grid import to_metres
from aoi.interval import Interval
from monitor.backtest import AFTERMATH, AGAIN, cut
from monitor.blocks import BlockSets, block_sets
from monitor.calibration import Calibration, shipped_calibration
from monitor.detector_scores import DetectorScores, lax
from monitor.detectors.burn import BurnSettings
from monitor.detectors.burn_stream import Unfolding, stream_verdicts
from monitor.detectors.fire_years import FireYears
from monitor.detectors.fires import fire_sky
from monitor.looks import Look
from monitor.ports import Engine
from monitor.rivals.catalogue import RivalRun
from monitor.sensors_left_out import SensorsLeftOut, unbounded
from monitor.simulation.events import Event, EventKind
from monitor.simulation.hotspots import hotspots
from monitor.simulation.looks import looks, radar_looks
from monitor.simulation.presets import PURPOSES, preset, require_seed
from monitor.simulation.world import World, build
from monitor.skill import LATE, TrueEvent, area_class, fraction_class, settlement_years
from monitor.world_scores import WorldScores, load_world, save_world


@dataclass(frozen=True, slots=True)
class StudyPlan:
    """Which worlds a study is made of."""

    presets: tuple[str, ...]
    worlds: int
    """Worlds of each preset and purpose."""

    train_years: float = 2.0
    """Years of each world that rules learn from before they are scored."""

    rivals: bool = True
    """False: the detector alone, in half the time."""

    skipped: int = 0
    """Test seeds left out at the beginning: an earlier version was looked at on them."""

    def seeds(self, purpose: str) -> range:
        """Return the seeds of one purpose."""
        first = self.skipped if purpose == "test" else 0
        return PURPOSES[purpose][first : first + self.worlds]


@dataclass(frozen=True, slots=True)
class WorldJob:
    """One world to be scored."""

    preset: str
    seed: int
    purpose: str
    train_years: float
    folder: Path
    rivals: bool = True

    @property
    def path(self) -> Path:
        """Where its scores are kept: apart for each calibration, whose scores differ."""
        made_with = shipped_calibration().version
        kind = self.purpose if self.rivals else f"{self.purpose}-alone"
        return self.folder / made_with / f"{kind}-{self.preset}-{self.seed}.npz"


def jobs_of(
    plan: StudyPlan, folder: Path, purposes: Iterable[str] = tuple(PURPOSES)
) -> list[WorldJob]:
    """Return the worlds of a plan, tuning worlds first."""
    return [
        WorldJob(name, seed, purpose, plan.train_years, folder, plan.rivals)
        for purpose in purposes
        for name in plan.presets
        for seed in plan.seeds(purpose)
    ]


def run_study(
    plan: StudyPlan, folder: Path, engine: Engine, purposes: Iterable[str] = tuple(PURPOSES)
) -> Iterator[Path]:
    """Score the worlds that have no file yet; yield every file as it becomes ready.

    Raises
    ------
    BaseException
        What a world died of: a bug, shown as such.
    """
    jobs = jobs_of(plan, folder, purposes)
    for place in {job.path.parent for job in jobs}:
        place.mkdir(parents=True, exist_ok=True)
    yield from (job.path for job in jobs if job.path.exists())
    for _, outcome in engine.run(scored_to_file, [job for job in jobs if not job.path.exists()]):
        if isinstance(outcome, BaseException):
            raise outcome
        yield outcome


def worlds_of(plan: StudyPlan, folder: Path, purpose: str) -> list[WorldScores]:
    """Return the worlds of one purpose that have been scored."""
    jobs = jobs_of(plan, folder, (purpose,))
    return [load_world(job.path) for job in jobs if job.path.exists()]


def scored_to_file(job: WorldJob) -> Path:
    """Score one world and keep it."""
    world = build(preset(job.preset), require_seed(job.seed, job.purpose))
    scores = scored_world(
        world, job.train_years, BurnSettings(), shipped_calibration(), rivals=job.rivals
    )
    save_world(scores, job.path)
    return job.path


def scored_world(
    world: World,
    train_years: float,
    settings: BurnSettings,
    calibration: Calibration,
    *,
    rivals: bool = True,
) -> WorldScores:
    """Return what the detector and every rival say of one simulated world.

    Parameters
    ----------
    world : World
    train_years : float
        From its start; rules learn from these and are scored on the rest.
    settings : BurnSettings
    calibration : Calibration
    rivals : bool
        False: the detector and its parts alone.
    """
    whole = world.settings.span
    watched = Interval(whole.start + timedelta(days=365.25 * train_years), whole.end)
    sets = block_sets(world.aoi, world.settlements)
    spots = list(hotspots(world, whole))
    fires = FireYears(world.aoi, world.settlements, spots)
    none = fire_sky([], world.blocks.outline, world.aoi.epsg)
    others = RivalRun(sets, spots, watched.start)
    ids = [settlement.settlement_id for settlement in world.settlements]
    detector = DetectorScores(ids, settings)
    judged_by = unbounded(lax(settings))
    left_out = SensorsLeftOut(sets, radar_looks(world, whole), judged_by)
    shown: Iterable[Look] = looks(world, whole)
    if rivals:
        shown = shown_to(others, shown, radar_looks(world, whole))
    unfolding = Unfolding(world.aoi, world.settlements, judged_by, calibration)
    for look, verdict in stream_verdicts(shown, sets, judged_by, calibration, watched.start):
        unfolding.take(look, verdict)
        with_fires = unfolding.findings(look, fires.sky(look.acquired_at))
        without = unfolding.findings(look, none)
        detector.take(look.acquired_at, verdict.readings, with_fires)
        left_out.take(look.acquired_at, verdict.readings, with_fires, without)
    events, confounders = true_events(world, sets)
    scored = [*detector.scored(), *left_out.scored(), *(others.scored() if rivals else ())]
    return WorldScores(
        world=f"{world.settings.name}/{world.seed}",
        origin="simulated",
        interval=watched,
        years=settlement_years(len(ids), watched),
        settlement_ids=tuple(ids),
        scored=tuple(cut(one, watched) for one in scored),
        events=events,
        confounders=confounders,
        quiet_p=detector.quiet_p(events, AFTERMATH),
        clear_looks=detector.clear_looks,
        held_looks=detector.held_looks,
    )


def true_events(
    world: World, sets: BlockSets
) -> tuple[tuple[TrueEvent, ...], tuple[TrueEvent, ...]]:
    """Return the burns of a world, and its confounders by settlement.

    A fire on open land counts for every settlement whose blocks or ring it touched.
    """
    burns, others = [], []
    last: dict[str, datetime] = {}
    for event in sorted(world.truth, key=lambda e: e.interval.start):
        if event.interval.start >= world.settings.span.end:
            continue
        if event.kind is EventKind.BURNED and event.settlement_id is not None:
            repeated = event.interval.start - last.get(event.settlement_id, _LONG_AGO) < AGAIN
            burns.append(_burn(world, event, repeated=repeated))
            last[event.settlement_id] = event.interval.start
        else:
            places = [event.settlement_id] if event.settlement_id else _touched(event, sets)
            others += [
                TrueEvent(place, event.kind.value, event.interval.start, event.interval.end)
                for place in places
            ]
    return tuple(burns), tuple(others)


_LONG_AGO = datetime.fromisoformat("1900-01-01T00:00:00+00:00")


def _burn(world: World, event: Event, *, repeated: bool) -> TrueEvent:
    place = str(event.settlement_id)
    index = [s.settlement_id for s in world.settlements].index(place)
    area_m2 = to_metres(world.true_footprint(index), world.aoi.epsg).area
    start = event.interval.start
    climate = world.settings.climate
    wet = climate.wet_from_day <= start.timetuple().tm_yday < climate.wet_until_day
    return TrueEvent(
        settlement_id=place,
        kind=event.kind.value,
        started_at=start,
        ended_at=event.interval.end,
        fraction=event.fraction,
        strata={
            "season": "wet" if wet else "dry",
            "fraction": fraction_class(event.fraction),
            "area": area_class(area_m2 / 1e4),
            "setting": world.settings.name,
            "pattern": event.pattern,
            "char": "tau <= 15 d" if event.tau_days <= 15 else "tau > 15 d",
            "repeat": "repeat" if repeated else "first",
            "late": "late" if start > world.settings.span.end - LATE else "in time",
        },
    )


def _touched(event: Event, sets: BlockSets) -> list[str]:
    burned = np.isin(sets.watched, event.blocks(0.1))
    return [
        place.settlement_id
        for place in sets.settlements
        if burned[place.own].any() or burned[place.ring].any()
    ]


def shown_to(
    rivals: RivalRun, optical: Iterable[Look], radar: Iterable[Look] = ()
) -> Iterator[Look]:
    """Yield the optical looks, each after the rivals have seen it and all radar before it."""
    waiting = iter(radar)
    following = next(waiting, None)
    for look in optical:
        while following is not None and following.acquired_at <= look.acquired_at:
            rivals.see(following)
            following = next(waiting, None)
        rivals.see(look)
        yield look
