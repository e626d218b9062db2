"""False alarms of an area's first year, with and without the limit on the leverage of a day.

    python -m benchmarks.first_year [--worlds PRESET:SEED:OFFSET_D ...] [--history-d 30]

Each world (a tuning seed) is watched for a year from OFFSET_D days after its start, with so
many days of history before. *Simulated*.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from aoi.interval import Interval
from monitor.alarm import REPEAT
from monitor.blocks import block_sets
from monitor.calibration import shipped_calibration
from monitor.detectors.burn import BurnSettings
from monitor.detectors.burn_stream import Unfolding, stream_verdicts
from monitor.detectors.fire_years import FireYears
from monitor.finding import Finding
from monitor.simulation.events import EventKind
from monitor.simulation.hotspots import hotspots
from monitor.simulation.looks import looks
from monitor.simulation.presets import preset, require_seed
from monitor.simulation.world import World, build
from monitor.skill import EARLY, LATE

WORLDS = ("adversarial:1020:0", "bench:1021:700", "adversarial:1022:850", "bench:1023:1000")
YEAR = timedelta(days=330)
LIMITS = {"with the limit": None, "without it": 1e18}


def watched(world: World, interval: Interval, begins: datetime) -> dict[str, list[Finding]]:
    """Return the alarms of an interval that nothing before `begins` is judged of, by limit."""
    sets, calibration = block_sets(world.aoi, world.settlements), shipped_calibration()
    usual = BurnSettings()
    fires = FireYears(world.aoi, world.settlements, hotspots(world, interval))
    judges = {
        name: Unfolding(world.aoi, world.settlements, _limited(usual, limit), calibration)
        for name, limit in LIMITS.items()
    }
    raised: dict[str, list[Finding]] = {name: [] for name in LIMITS}
    for look, verdict in stream_verdicts(looks(world, interval), sets, usual, calibration, begins):
        sky = fires.sky(look.acquired_at)
        for name, judge in judges.items():
            judge.take(look, verdict)
            raised[name] += _news(raised[name], judge.findings(look, sky))
    return raised


def _limited(settings: BurnSettings, limit: float | None) -> BurnSettings:
    if limit is None:
        return settings
    return replace(settings, persistence=replace(settings.persistence, most_leverage=limit))


def _news(known: list[Finding], found: list[Finding]) -> Iterator[Finding]:
    """Yield what is not said of a settlement a second time in 30 days."""
    for finding in found:
        before = [f for f in known if f.settlement_id == finding.settlement_id]
        if not before or finding.last_seen - before[-1].last_seen >= REPEAT:
            yield finding


def is_true(finding: Finding, world: World) -> bool:
    """Return True if a burn of the settlement explains the finding."""
    return any(
        event.kind is EventKind.BURNED
        and event.settlement_id == finding.settlement_id
        and finding.first_seen >= event.interval.start - EARLY
        and finding.happened.start <= event.interval.end + LATE
        for event in world.truth
    )


def main() -> None:
    """Watch each world once and print what was false."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worlds", nargs="+", default=WORLDS)
    parser.add_argument("--history-d", type=int, default=30)
    options = parser.parse_args()
    false = dict.fromkeys(LIMITS, 0)
    years = 0.0
    for word in options.worlds:
        name, seed, offset = word.split(":")
        world = build(preset(name), require_seed(int(seed), "tuning"))
        start = world.settings.span.start + timedelta(days=int(offset))
        begins = start + timedelta(days=options.history_d)
        raised = watched(world, Interval(start, begins + YEAR), begins)
        years += len(world.settlements) * YEAR / timedelta(days=365.25)
        for limit, findings in raised.items():
            wrong = sum(not is_true(finding, world) for finding in findings)
            false[limit] += wrong
            print(f"{word}, {limit}: {wrong} false of {len(findings)}", flush=True)
    print(f"simulated, {years:.0f} village-years: {false}")


if __name__ == "__main__":
    main()
