"""How fast worlds are made: building, looks, radar looks, scenes; and how much memory.

    python -m benchmarks.simulation [--preset bench] [--looks 73] [--scenes 6]

Prints one JSON document. Times are of the processor, one process; run it on an idle
machine, and with OPENBLAS_NUM_THREADS=1 for numbers per core.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from aoi.interval import Interval
from monitor.simulation.looks import looks, radar_looks
from monitor.simulation.orbits import acquisitions
from monitor.simulation.presets import preset
from monitor.simulation.scene_files import SceneWriter
from monitor.simulation.world import World, build

SEED = 1_000
Result = TypeVar("Result")


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="bench")
    parser.add_argument("--looks", type=int, default=73)
    parser.add_argument("--scenes", type=int, default=6)
    chosen = parser.parse_args()
    settings = preset(chosen.preset)
    world, build_s = timed(lambda: build(settings, SEED))
    year = Interval(settings.span.end - timedelta(days=365), settings.span.end)
    made, looks_s = timed(lambda: sum(1 for _ in islice(looks(world, year), chosen.looks)))
    radar, radar_s = timed(lambda: sum(1 for _ in islice(radar_looks(world, year), 20)))
    scenes, scenes_s = timed(lambda: write_scenes(world, year, chosen.scenes))
    per_look = looks_s / made
    passes_a_year = sum(1 for _ in acquisitions(settings, SEED, year))
    worlds = 1_000 / len(world.settlements)
    print(
        json.dumps(
            {
                "preset": chosen.preset,
                "settlements": len(world.settlements),
                "blocks": world.blocks.height * world.blocks.width,
                "build_s": round(build_s, 2),
                "look_ms": round(1e3 * per_look, 1),
                "radar_look_ms": round(1e3 * radar_s / radar, 1),
                "scene_s": round(scenes_s / scenes, 2),
                "thousand_settlements_three_years_minutes": round(
                    worlds * (build_s + 3 * passes_a_year * per_look) / 60, 1
                ),
                "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
            },
            indent=1,
        )
    )


def write_scenes(world: World, interval: Interval, count: int) -> int:
    """Write some scenes to a folder that goes away."""
    writer = SceneWriter.of(world)
    with tempfile.TemporaryDirectory() as folder:
        passes = list(islice(acquisitions(world.settings, world.seed, interval), count))
        for passing in passes:
            writer.write(passing, Path(folder))
    return len(passes)


def timed(work: Callable[[], Result]) -> tuple[Result, float]:
    """Return what the work gives, and its processor time in seconds."""
    started = time.process_time()
    result = work()
    return result, time.process_time() - started


if __name__ == "__main__":
    main()
