"""How much time and memory the burn test takes, beside reading the scene and beside nrt.

    python -m benchmarks.detection [--repeats 9] [--tile]

Four questions, one run: what one new look of 10 x 10 km with 100 settlements costs beside
reading its pixels from files over HTTP; baseline fit and one step beside those of `nrt`
(EWMA) on the same cube; whether cost and state grow with the history; and with `--tile`
one whole Sentinel-2 tile of 3,000 settlements, as the nine areas that the service makes of it.

nrt is not among our dependencies; without it that part is left out. Into an environment
apart: pip install nrt, and name its site-packages in EMBERWATCH_ORACLES.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
if os.environ.get("EMBERWATCH_ORACLES"):
    sys.path.append(os.environ["EMBERWATCH_ORACLES"])

import numpy as np
from numpy.typing import NDArray
from shapely.geometry import Point, box

from aoi.area import Aoi
from aoi.grid import Grid, to_degrees
from aoi.settlement import Settlement
from benchmarks.reading import TILE, an_item, ours, write_scene
from monitor.baseline import Baseline, absorb
from monitor.baseline_fit import fit_baseline
from monitor.blocks import BlockSets, block_sets
from monitor.calibration import shipped_calibration
from monitor.detectors.burn import BurnSettings, burn_readings
from monitor.looks import OPTICAL_BANDS, Look
from monitor.recent import Recent
from monitor.scene import Sensor

START = datetime(2023, 1, 1, tzinfo=UTC)
REVISIT = timedelta(days=10)
GROUND = dict(zip(OPTICAL_BANDS, (0.09, 0.12, 0.15, 0.27, 0.33, 0.27), strict=True))
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """An area whose looks can be made again, one at a time."""

    aoi: Aoi
    sets: BlockSets
    seed: int

    def look(self, number: int) -> Look:
        """Return a look of patchy ground with a season, noise and a cloud."""
        random = np.random.default_rng([self.seed, number])
        shape = self.aoi.blocks.shape
        at = START + number * REVISIT
        season = 1.0 + 0.15 * np.sin(2 * np.pi * at.timetuple().tm_yday / 365.25)
        steady = np.random.default_rng(self.seed).normal(1.0, 0.1, shape).astype(np.float32)
        bands = {}
        for name, level in GROUND.items():
            noise = random.standard_normal(shape, dtype=np.float32) * np.float32(0.01)
            bands[name] = (np.float32(level * season) * steady + noise).clip(0.005, 0.9)
        clear = np.ones(shape, np.float32)
        row, column = (int(random.integers(0, side // 2)) for side in shape)
        clear[row : row + shape[0] // 8, column : column + shape[1] // 8] = 0.0
        return Look(
            look_id=f"look-{number}",
            aoi_id=self.aoi.aoi_id,
            sensor=Sensor.SENTINEL_2,
            platform="sentinel-2b",
            track="sentinel-2-093",
            acquired_at=at,
            available_at=at + timedelta(hours=6),
            blocks=self.aoi.blocks,
            bands=bands,
            texture=np.full(shape, 0.02, np.float32),
            clear_fraction=clear,
            flags=np.zeros(shape, np.uint16),
            scene_ids=(f"scene-{number}",),
        )

    def before(self, number: int) -> list[Look]:
        """Return the looks that a look is held against, oldest first."""
        return [self.look(earlier) for earlier in range(number - 5, number)]


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--tile", action="store_true", help="a whole tile as well: 1-3 minutes")
    chosen = parser.parse_args()
    small = a_place(side_km=10.0, settlements=100, seed=3)
    baseline, fit_s = timed(lambda: fitted(small, 60))
    print(
        json.dumps(
            {
                "new_look_10_km_100_settlements": beside_reading(small, baseline, chosen.repeats),
                "fit_and_step": beside_nrt(small, baseline, fit_s, looks=60),
                "history": with_history(small),
                **({"tile": whole_tile()} if chosen.tile else {}),
            },
            indent=2,
        )
    )


def beside_reading(place: Place, baseline: Baseline, repeats: int) -> dict[str, float]:
    """Return the medians of reading one scene's window and of judging its look, in turn."""
    side = round(10_000 / TILE.resolution_m)
    grid = Grid(TILE.epsg, TILE.left_m + 13_370, TILE.top_m - 17_770, 10, side, side)
    read, judged = [], []
    with scene_server() as url:
        past = None
        earlier = place.before(60)
        for repeat in range(repeats + 1):
            item = an_item(f"{url}/pass-{repeat}")
            _, read_s = timed(lambda item=item: ours(item, grid))  # type: ignore[misc]
            look = place.look(60 + repeat)
            past, judge_s = timed(
                lambda k=look, p=past: judge(place, baseline, k, p, earlier)  # type: ignore[misc]
            )
            if repeat:
                read.append(read_s)
                judged.append(judge_s)
    reading, judging = statistics.median(read), statistics.median(judged)
    return {
        "reading_ms": round(1e3 * reading, 1),
        "detection_ms": round(1e3 * judging, 1),
        "detection_to_reading": round(judging / reading, 2),
    }


def beside_nrt(place: Place, baseline: Baseline, fit_s: float, looks: int) -> dict[str, object]:
    """Return our fit and step (six features, rings, places) beside nrt's (one index)."""
    _, step_s = timed(lambda: absorb(baseline, place.look(looks), place.sets))
    look, earlier = place.look(looks), place.before(looks)
    _, judge_s = timed(lambda: judge(place, baseline, look, None, earlier))
    mine = {"fit_s": round(fit_s, 2), "step_s": round(step_s + judge_s, 3)}
    if importlib.util.find_spec("nrt") is None:
        return {"emberwatch": mine, "nrt": "not installed"}
    theirs = nrt_seconds(place, looks)
    return {
        "emberwatch": mine,
        "nrt": {name: round(value, 3) for name, value in theirs.items()},
        "nrt_to_emberwatch": {
            name: round(theirs[name] / mine[name], 1) for name in ("fit_s", "step_s")
        },
    }


def nrt_seconds(place: Place, looks: int) -> dict[str, float]:
    """Return the seconds of nrt's EWMA on the NBR of every block of the same looks.

    It is run once on a corner first, so that compiling is not counted.
    """
    import xarray
    from nrt.monitor.ewma import EWMA

    times, cube = [], []
    for number in range(looks + 1):
        look = place.look(number)
        near, far = look.bands["nir08"], look.bands["swir22"]
        cube.append(np.where(look.valid, (near - far) / (near + far), np.nan))
        times.append(np.datetime64(look.acquired_at.replace(tzinfo=None), "ns"))
    values = xarray.DataArray(np.stack(cube), dims=("time", "y", "x"), coords={"time": times})

    def run(part: xarray.DataArray) -> tuple[float, float]:
        size = {axis: part.sizes[axis] for axis in ("y", "x")}
        model = EWMA(
            mask=np.ones((size["y"], size["x"]), dtype=np.int8), trend=True, harmonic_order=2
        )
        history = part.isel(time=slice(None, looks))
        _, fit_s = timed(lambda: model.fit(history, method="OLS", screen_outliers="Shewhart"))
        _, step_s = timed(
            lambda: model.monitor(
                array=part.isel(time=looks).values, date=times[looks].astype("datetime64[s]").item()
            )
        )
        return fit_s, step_s

    run(values.isel(y=slice(0, 12), x=slice(0, 12)))
    fit_s, step_s = run(values)
    return {"fit_s": fit_s, "step_s": step_s}


def with_history(place: Place) -> dict[str, object]:
    """Return the size of the state and the cost of a look after 30 looks and after 120."""
    found = {}
    for looks in (30, 120):
        baseline = fitted(place, looks)
        earlier = place.before(looks)
        new = [place.look(n) for n in range(looks, looks + 5)]
        spent = [
            timed(lambda k=k, b=baseline, e=earlier: judge(place, b, k, None, e))[1]  # type: ignore[misc]
            for k in new
        ]
        found[f"after_{looks}_looks"] = {
            "state_mb": round(size_of(baseline) / 1e6, 2),
            "look_ms": round(1e3 * statistics.median(spent), 1),
        }
    return found


def whole_tile(areas: int = 9, settlements: int = 3_000) -> dict[str, float]:
    """Return the time of one look of a tile, area after area, and what memory it adds."""
    each = a_place(side_km=36.6, settlements=settlements // areas, seed=5)
    baseline = fitted(each, 26)
    looks = [each.look(26 + number) for number in range(areas)]
    earlier = each.before(26)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    spent = [timed(lambda k=k: judge(each, baseline, k, None, earlier))[1] for k in looks]  # type: ignore[misc]
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "settlements": areas * len(each.sets.settlements),
        "detection_s": round(sum(spent), 1),
        "state_mb_an_area": round(size_of(baseline) / 1e6, 1),
        "peak_added_mb": round((after - before) / 1e3, 1),
        "peak_of_the_whole_run_mb": round(after / 1e3, 1),
    }


def judge(
    place: Place, baseline: Baseline, look: Look, past: Recent | None, earlier: Sequence[Look]
) -> Recent | None:
    """Score every settlement of a look, as a run of the service does."""
    verdict = burn_readings(
        look, place.sets, baseline, earlier, BurnSettings(), shipped_calibration(),
        look.available_at, past,
    )  # fmt: skip
    assert len(verdict.readings) == len(place.sets.settlements)
    return verdict.recent


def fitted(place: Place, looks: int) -> Baseline:
    """Return the baseline of the first looks of a place."""
    baseline = fit_baseline([place.look(n) for n in range(looks)], place.sets, START)
    assert baseline is not None
    return baseline


def a_place(side_km: float, settlements: int, seed: int) -> Place:
    """Return an area with villages of 1 to 6 ha on a loose lattice."""
    random = np.random.default_rng(seed)
    half = side_km * 500.0
    x, y = TILE.left_m + half + 5_000, TILE.top_m - half - 5_000
    square = to_degrees(box(x - half, y - half, x + half, y + half), TILE.epsg)
    aoi = Aoi("bench-area", "Benchmark", square, epsg=TILE.epsg)
    across = int(np.ceil(np.sqrt(settlements)))
    step = 2 * half / across
    villages = []
    for number in range(settlements):
        row, column = divmod(number, across)
        shift = random.uniform(0.35, 0.65, 2) * step
        centre = Point(x - half + column * step + shift[0], y + half - row * step - shift[1])
        shape = to_degrees(centre.buffer(random.uniform(56, 138)), TILE.epsg)
        villages.append(Settlement(f"v-{number:04d}", aoi.aoi_id, f"Village {number}", shape))
    return Place(aoi, block_sets(aoi, villages), seed)


def size_of(baseline: Baseline) -> int:
    """Return the bytes of the arrays of a state."""
    values = (getattr(baseline, name) for name in Baseline.__dataclass_fields__)
    arrays: Sequence[NDArray[np.generic]] = [v for v in values if isinstance(v, np.ndarray)]
    return sum(array.nbytes for array in arrays)


def timed(work: Callable[[], Result]) -> tuple[Result, float]:
    """Return a result and the seconds that it took."""
    started = time.perf_counter()
    result = work()
    return result, time.perf_counter() - started


@contextmanager
def scene_server() -> Iterator[str]:
    """Serve one scene's files from a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        write_scene(Path(folder))
        script = Path(__file__).with_name("reading.py")
        command = [sys.executable, str(script), "--serve", folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            try:
                yield server.stdout.readline().strip() if server.stdout else ""
            finally:
                server.terminate()


if __name__ == "__main__":
    main()
