"""What the shipped calibration does on the worlds that it was made from. Never an accuracy.

    python -m benchmarks.tuning_check FOLDER [--allowed RATE ...]

FOLDER is that of `benchmarks.calibrate`. For each preset and each allowed rate of false
alarms: how many there were and when, how many burns were found, and how far stated
probabilities lie from what came true for several values of `local_odds`. Choices are made
here; results are quoted from test seeds (`benchmarks.detection_study`).
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.scored_places import (
    DEFAULT_WORLDS,
    WINDOW,
    ScoredPlace,
    jobs_of,
    scored_worlds,
)
from monitor.alarm import REPEAT, Alarm
from monitor.calibration import Calibration, shipped_calibration
from monitor.detectors.burn_events import sign_run, surely_seen
from monitor.fusion import FusionSettings, burn_probability
from monitor.persistence import PersistenceSettings, judge, usable
from monitor.reading import Verdict
from monitor.recalibration import rejudged, reweighed
from monitor.reliability import expected_calibration_error, reliability
from monitor.skill import Matching, TrueEvent, matched, poisson_rate, share

DAY = timedelta(days=1)
LOCAL_ODDS = (3.0, 4.0, 6.0, 8.0, 10.0, 15.0)
OWN_BLOCKS = 7
"""Blocks of 40 m below which a village is smaller than what is promised."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the detector would say of one look, at whatever rate is allowed."""

    alarm: Alarm
    rate: float
    rule: str


def said_of(place: ScoredPlace, calibration: Calibration, most_per_year: float) -> list[Said]:
    """Return everything that would be raised of one settlement, oldest first."""
    settings = PersistenceSettings(false_alarms_per_year=most_per_year)
    readings = [
        rejudged(r, calibration) for r in reweighed(usable(place.readings), calibration.weights)
    ]
    found = []
    for index, reading in enumerate(readings):
        if reading.verdict is not Verdict.BURN_LIKE:
            continue
        at = reading.acquired_at
        recent = [r for r in readings[: index + 1] if at - r.acquired_at <= WINDOW]
        hits = place.hits.get(reading.look_id, ())
        judgement = judge(recent, place.burned, hits, settings, calibration)
        if judgement is None:
            continue
        run = sign_run(recent, judgement, place.burned)
        first = surely_seen(run).acquired_at
        before = max((r.acquired_at for r in recent if r.acquired_at < first), default=first)
        alarm = Alarm(reading.settlement_id, at, before, first, -judgement.rate)
        found.append(Said(alarm, judgement.rate, judgement.rule))
    return found


def alarms_of(said: Iterable[Said], allowed: float) -> Iterator[Said]:
    """Yield one alarm in 30 days of what is rare enough."""
    last = None
    for one in said:
        if one.rate <= allowed and (last is None or one.alarm.at - last >= REPEAT):
            last = one.alarm.at
            yield one


def burns_of(place: ScoredPlace) -> list[TrueEvent]:
    """Return the burns of a settlement, those before and at the end of the watch too."""
    where = place.readings[0].settlement_id
    return [TrueEvent(where, "burned", start, end, share) for start, end, share in place.burns]


def in_time(event: TrueEvent, place: ScoredPlace) -> bool:
    """Return True if a burn came while the settlement was watched, and a month before its end."""
    watched = [reading.acquired_at for reading in place.readings]
    return watched[0] <= event.started_at <= watched[-1] - WINDOW / 2


def printed(name: str, allowed: float, found: Sequence[tuple[ScoredPlace, list[Said]]]) -> None:
    """Print one line of a preset, one of what was false, and one of the probabilities."""
    years = sum(place.years for place, _ in found)
    recall: dict[str, list[bool]] = {"half": [], "quarter": []}
    kinds: Counter[str] = Counter()
    stated: list[tuple[float, bool]] = []
    count = 0
    for place, said in found:
        raised = list(alarms_of(said, allowed))
        rules = {one.alarm: one for one in raised}
        events = burns_of(place)
        result = matched(rules, events)
        count += sum(in_time(event, place) for event in events)
        stated += [(rules[hit].rate, True) for hit in result.hits if hit is not None]
        stated += [(rules[alarm].rate, False) for alarm in result.false]
        kinds.update(f"{rules[a].rule}, {_when(a, place)}" for a in result.false)
        _add_recall(recall, place, result)
    false = poisson_rate(kinds.total(), years)
    parts = ", ".join(f"{k} {share(sum(v), len(v)).value:.2f} ({sum(v)}/{len(v)})"
                      for k, v in recall.items())  # fmt: skip
    print(f"{name:18} {allowed:.4f}: {false.count} false in {years:.0f} village-years,"
          f" {false.value:.4f} ({false.low:.4f}-{false.high:.4f}); found: {parts}")  # fmt: skip
    print(f"{'':18} {dict(kinds)}")
    errors = (f"{odds:g}: {_error(stated, odds, count, years):.3f}" for odds in LOCAL_ODDS)
    print(f"{'':18} calibration error by local odds: {', '.join(errors)}")


def _when(alarm: Alarm, place: ScoredPlace) -> str:
    since = [(alarm.at - start) / DAY for start, _, _ in place.burns if start <= alarm.at]
    return "never burned" if not since else f"{'<' if min(since) < 400 else '>'} 400 d after"


def _add_recall(recall: dict[str, list[bool]], place: ScoredPlace, result: Matching) -> None:
    if max(r.values.get("own_blocks", 0.0) for r in place.readings) < OWN_BLOCKS:
        return
    for event, hit in zip(result.events, result.hits, strict=True):
        if event.fraction >= 0.25 and in_time(event, place):
            recall["half" if event.fraction >= 0.5 else "quarter"].append(hit is not None)


def _error(
    stated: Sequence[tuple[float, bool]], local_odds: float, burns: int, years: float
) -> float:
    """Return the calibration error, burns weighted as often as the prior has them."""
    fusion = replace(FusionSettings(), local_odds=local_odds)
    weight = fusion.burns_per_village_year * years / max(burns, 1)
    diagram = reliability(
        [burn_probability(rate, (), fusion, frozenset()) for rate, _ in stated],
        [true for _, true in stated],
        [weight if true else 1.0 for _, true in stated],
    )
    return expected_calibration_error(diagram)


def main() -> None:
    """Judge every place once, and print what each allowed rate would give."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--allowed", type=float, nargs="+", default=[0.01])
    parser.add_argument("--worlds", nargs="+", default=DEFAULT_WORLDS)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    calibration = shipped_calibration()
    found: dict[str, list[tuple[ScoredPlace, list[Said]]]] = defaultdict(list)
    worlds = scored_worlds(options.folder, jobs_of(options.worlds), options.workers)
    for (name, _), places in worlds.items():
        found[name] += [
            (place, said_of(place, calibration, max(options.allowed)))
            for place in places
            if place.readings
        ]
    print(f"simulated, tuning seeds, calibration {calibration.version}")
    for name, pairs in found.items():
        for allowed in options.allowed:
            printed(name, allowed, pairs)


if __name__ == "__main__":
    main()
