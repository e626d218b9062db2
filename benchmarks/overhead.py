"""What we add to the reading of pixels: many areas in one tick, on two processes.

    python benchmarks/overhead.py [--areas 1000] [--side-km 4] [--history 8] [--scenes 1]
                                  [--http] [--profile]

Every area has villages, a history that was read before (not measured), and some new scenes
over it, read from local files or, with --http, by ranges from a server on loopback that is
a process of its own. Measured is the tick that finds them, from asking which areas are due to
the last row recorded. Prints:

* service: processor time of the service itself (which areas are due, jobs, rows recorded), as a
  share of the processor time in `read`, waiting not counted: what others do on the machine
  changes neither much;
* idle: the time in which a worker had nothing to do, as a share of the time in `read`;
* analysis: processor time of workers besides reading (masks, blocks, archive, baselines,
  verdicts), as a share of that in `read`.

Local files are the strictest case, since nothing is ever waited for; behind a network reading
takes longer and the rest stays. --profile prints what the service and its workers spend most on.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import logging
import os
import pstats
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import structlog
from shapely.geometry import Polygon, box

from aoi.area import Aoi
from aoi.database import open_database
from aoi.grid import Grid, to_degrees
from aoi.interval import Interval
from aoi.registry import AoiRegistry
from aoi.settlement import Settlement
from benchmarks.reading import EPSG, TILE, an_item, serve, write_scene
from monitor.calibration import shipped_calibration
from monitor.detectors.burn import BurnSettings
from monitor.engine import LocalEngine
from monitor.observation import Observation
from monitor.pipeline import Pipeline, PipelineSettings
from monitor.ports import SearchProblem
from monitor.run import Outcome
from monitor.scene import Scene
from monitor.schema import upgrade
from monitor.sources.folder import Folder
from monitor.sources.stac import Stac
from monitor.store import MonitorStore

WORKERS = 2
VILLAGES = 5
FIRST = datetime(2024, 1, 1, 8, 30, tzinfo=UTC)
EVERY = timedelta(days=5)
Job = TypeVar("Job")
Report = TypeVar("Report")


@dataclass(frozen=True, slots=True)
class TimedSource:
    """A source that adds up the time in `read`, in the file of its process."""

    folder: Folder
    over_http: bool
    times: Path

    @property
    def name(self) -> str:
        """Name of the provider."""
        return self.folder.name

    def search(self, aoi: Aoi, interval: Interval) -> list[Scene]:
        """Return what the folder lists."""
        return self.folder.search(aoi, interval)

    def problems(self, aoi: Aoi, interval: Interval) -> list[SearchProblem]:
        """Return what the folder had to leave out."""
        return self.folder.problems(aoi, interval)

    def read(self, scene: Scene, grid: Grid, bands: Sequence[str]) -> Observation:
        """Return the pixels, and note how long they took."""
        began = clocks()
        try:
            if self.over_http:
                web = Stac(self.name, "http://127.0.0.1", (scene.collection,))
                return web.read(scene, grid, bands)
            return self.folder.read(scene, grid, bands)
        finally:
            _note(self.times, "read", began)


@dataclass(frozen=True, slots=True)
class TimedEngine:
    """Two processes, in which each job notes how long it took."""

    engine: LocalEngine
    times: Path
    is_profiled: bool

    def run(
        self, function: Callable[[Job], Report], jobs: Iterable[Job]
    ) -> Iterator[tuple[Job, Report | BaseException]]:
        """Run the jobs."""
        return self.engine.run(partial(timed, function, self.times, self.is_profiled), jobs)

    def close(self) -> None:
        """Stop the processes."""
        self.engine.close()


def timed(function: Callable[[Job], Report], times: Path, is_profiled: bool, job: Job) -> Report:
    """Do one job, and note how long it took."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    profile = cProfile.Profile()
    began = clocks()
    report = profile.runcall(function, job) if is_profiled else function(job)
    if is_profiled:
        profile.dump_stats(times / f"{os.getpid()}-{time.monotonic_ns()}.prof")
    _note(times, "job", began)
    return report


def clocks() -> tuple[float, float]:
    """Return the time on the clock, and the processor time of this process with its threads."""
    return time.perf_counter(), time.process_time()


def _note(folder: Path, what: str, began: tuple[float, float]) -> None:
    wall, processor = clocks()
    with (folder / f"{os.getpid()}.jsonl").open("a") as file:
        file.write(json.dumps([what, wall - began[0], processor - began[1]]) + "\n")


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of all workers."""

    read: float
    job: float
    read_processor: float
    job_processor: float


def noted(folder: Path) -> Spent:
    """Return what was noted so far; the notes are removed."""
    total = {"read": [0.0, 0.0], "job": [0.0, 0.0]}
    for path in folder.glob("*.jsonl"):
        for line in path.read_text().splitlines():
            what, *seconds = json.loads(line)
            total[what] = [one + more for one, more in zip(total[what], seconds, strict=True)]
        path.unlink()
    (read, read_processor), (job, job_processor) = total["read"], total["job"]
    return Spent(read, job, read_processor, job_processor)


def write_items(folder: Path, store: str, count: int) -> None:
    """Write items of one overpass each; all name the same files, in other brightness."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        at = FIRST + number * EVERY
        item = an_item(store)
        item["id"] = f"S2B_{number:03d}"
        item["properties"].update(
            {
                "datetime": f"{at:%Y-%m-%dT%H:%M:%SZ}",
                "created": f"{at + timedelta(hours=6):%Y-%m-%dT%H:%M:%SZ}",
                "sat:relative_orbit": 93,
            }
        )
        for name, asset in item["assets"].items():
            if name != "scl":
                brightness = 1e-4 * (1 + 0.01 * (number % 3 - 1))
                asset["raster:bands"][0] |= {"scale": brightness, "offset": 0.0}
        (folder / f"{item['id']}.json").write_text(json.dumps(item))


def areas_in_tile(count: int, side_m: float) -> Iterator[tuple[Aoi, list[Settlement]]]:
    """Yield areas with villages, spread over the tile; with its margin one is 6 km wider."""
    room = TILE.height * TILE.resolution_m - side_m - 8_000
    across = int(count**0.5) + 1
    for number in range(count):
        row, column = divmod(number, across)
        west = TILE.left_m + 4_000 + column * room / across
        south = TILE.top_m - 4_000 - side_m - row * room / across
        outline = _square(west, south, side_m)
        aoi_id = f"bench-{number:04d}"
        villages = []
        for index in range(VILLAGES):
            along = side_m * (0.05 + 0.19 * index)
            footprint = _square(west + along, south + along, min(400.0, 0.15 * side_m))
            villages.append(Settlement(f"{aoi_id}-{index}", aoi_id, f"Village {index}", footprint))
        yield Aoi(aoi_id, aoi_id, outline, EPSG), villages


def _square(west: float, south: float, side_m: float) -> Polygon:
    square = to_degrees(box(west, south, west + side_m, south + side_m), EPSG)
    assert isinstance(square, Polygon)
    return square


def measured(folder: Path, store: str, chosen: argparse.Namespace) -> dict[str, object]:
    """Return the shares, and what they were measured on."""
    database = open_database(f"sqlite:///{folder / 'bench.sqlite'}")
    upgrade(database)
    registry = AoiRegistry(database)
    for aoi, villages in areas_in_tile(chosen.areas, 1_000 * chosen.side_km):
        registry.add(aoi, now=FIRST)
        registry.add_settlements(aoi.aoi_id, villages, now=FIRST)
    items, times = folder / "items", folder / "times"
    times.mkdir()
    source = TimedSource(Folder(items), chosen.http, times)
    engine = TimedEngine(LocalEngine(WORKERS), times, chosen.profile)
    settings = PipelineSettings(folder / "data", BurnSettings(), shipped_calibration())
    pipeline = Pipeline(registry, MonitorStore(database), engine, [source], [], settings)
    write_items(items, store, chosen.history)
    before = FIRST + chosen.history * EVERY
    pipeline.run_due(before)
    noted(times)
    for path in times.glob("*.prof"):
        path.unlink()
    write_items(items, store, chosen.history + chosen.scenes)
    try:
        return shares(pipeline, before + chosen.scenes * EVERY, times, chosen)
    finally:
        engine.close()
        database.dispose()


def shares(
    pipeline: Pipeline, now: datetime, times: Path, chosen: argparse.Namespace
) -> dict[str, object]:
    """Run the tick that is measured."""
    profile = cProfile.Profile()
    began, began_processor = time.perf_counter(), time.process_time()
    if chosen.profile:
        profile.enable()
    runs = pipeline.run_due(now)
    profile.disable()
    wall, own = time.perf_counter() - began, time.process_time() - began_processor
    spent = noted(times)
    # An area that lies under a cloud was read like the others.
    read = (Outcome.COMPLETED, Outcome.TOO_CLOUDY)
    failed = [one for one in runs if one.run.outcome not in read]
    if len(runs) != chosen.areas or failed:
        raise SystemExit(f"{len(runs)} runs, {len(failed)} of them failed: nothing was measured")
    if chosen.profile:
        pstats.Stats(profile, stream=sys.stderr).sort_stats("cumulative").print_stats(25)
        jobs = [str(path) for path in times.glob("*.prof")]
        pstats.Stats(*jobs, stream=sys.stderr).sort_stats("cumulative").print_stats(60)
    idle = max(0.0, WORKERS * wall - spent.job)
    analysis = spent.job_processor - spent.read_processor
    return {
        "areas": chosen.areas,
        "side_km": chosen.side_km,
        "scenes_each": chosen.scenes,
        "from": "loopback http" if chosen.http else "local files",
        "wall_s": round(wall, 2),
        "read_s": round(spent.read, 2),
        "workers_idle_s": round(idle, 2),
        "read_processor_s": round(spent.read_processor, 2),
        "analysis_processor_s": round(analysis, 2),
        "service_processor_s": round(own, 2),
        "service_share": round(own / spent.read_processor, 3),
        "idle_share": round(idle / spent.read, 3),
        "analysis_share": round(analysis / spent.read_processor, 3),
        "load_average": [round(number, 1) for number in os.getloadavg()],
        "processors": os.cpu_count(),
    }


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--areas", type=int, default=1_000)
    parser.add_argument("--side-km", type=float, default=4.0)
    parser.add_argument("--history", type=int, default=8)
    parser.add_argument("--scenes", type=int, default=1)
    parser.add_argument("--http", action="store_true")
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.serve:
        serve(chosen.serve)
        return
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder) / "files"
        files.mkdir()
        write_scene(files)
        if not chosen.http:
            print(json.dumps(measured(Path(folder), str(files), chosen), indent=2))
            return
        command = [sys.executable, __file__, "--serve", str(files)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            try:
                url = server.stdout.readline().strip() if server.stdout else ""
                print(json.dumps(measured(Path(folder), f"{url}/s", chosen), indent=2))
            finally:
                server.terminate()


if __name__ == "__main__":
    main()
