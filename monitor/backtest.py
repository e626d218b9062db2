"""A replay beside the truth: the pipeline's own alarms, and every rival on the same looks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from aoi.area import Aoi
from aoi.grid import to_metres
from aoi.interval import Interval
from aoi.settlement import Settlement
from monitor.blocks import block_sets
from monitor.detector_scores import DetectorScores
from monitor.detectors.burn import BurnSettings
from monitor.finding import Finding, FindingKind
from monitor.looks import Look
from monitor.reading import Reading
from monitor.rivals.catalogue import score_all
from monitor.rivals.rule import Scored
from monitor.scene import Hotspot
from monitor.skill import (
    LATE,
    TrueEvent,
    area_class,
    fraction_class,
    season_of,
    settlement_years,
)
from monitor.world_scores import WorldScores

AFTERMATH = timedelta(days=120)
"""After a burn the settlement is no quiet place for so long (the freeze of DETECTION 4.0)."""

AGAIN = timedelta(days=200)
"""A burn within this of the one before is a repeat burn: its village is still a scar."""


@dataclass(frozen=True, slots=True, eq=False)
class ReplayedArea:
    """What a replay left of one area."""

    aoi: Aoi
    settlements: tuple[Settlement, ...]
    looks: Iterable[Look]
    """Archived looks, history included, in order of acquisition; consumed once."""

    readings: Sequence[Reading]
    findings: Sequence[Finding]
    hotspots: Sequence[Hotspot]


def scored_area(
    area: ReplayedArea,
    interval: Interval,
    events: Sequence[TrueEvent],
    confounders: Sequence[TrueEvent],
    settings: BurnSettings,
    origin: str,
) -> WorldScores:
    """Return what the pipeline said of one area, and what every rival says of its looks.

    Parameters
    ----------
    area : ReplayedArea
    interval : Interval
        The replay's; rivals with a history learn from the looks before it.
    events, confounders : sequence of TrueEvent
        Of any area; those of this one are taken.
    settings : BurnSettings
        As the pipeline ran with.
    origin : str
        ``"simulated"``, ``"implanted"`` or ``"real"``.
    """
    ids = tuple(settlement.settlement_id for settlement in area.settlements)
    here = [event for event in events if event.settlement_id in ids]
    detector = DetectorScores(ids, settings)
    for at, readings, findings in _by_look(area.readings, area.findings):
        detector.take(at, readings, findings)
    rivals = score_all(
        area.looks, block_sets(area.aoi, area.settlements), area.hotspots, interval.start
    )
    return WorldScores(
        world=area.aoi.aoi_id,
        origin=origin,
        interval=interval,
        years=settlement_years(len(ids), interval),
        settlement_ids=ids,
        scored=tuple(cut(s, interval) for s in (*detector.scored(), *rivals)),
        events=with_strata(here, area, interval),
        confounders=tuple(c for c in confounders if c.settlement_id in ids),
        quiet_p=detector.quiet_p(here, AFTERMATH),
        clear_looks=detector.clear_looks,
        held_looks=detector.held_looks,
    )


def cut(scored: Scored, interval: Interval) -> Scored:
    """Return the scores that fall into an interval."""
    return replace(scored, scores=scored.scores.between(interval.start, interval.end))


def with_strata(
    events: Sequence[TrueEvent], area: ReplayedArea, interval: Interval
) -> tuple[TrueEvent, ...]:
    """Return the events of an area with the classes that reports divide them by."""
    sizes = {
        s.settlement_id: to_metres(s.footprint, area.aoi.epsg).area / 1e4 for s in area.settlements
    }
    kinds = {s.settlement_id: s.kind.value for s in area.settlements}
    last: dict[str, datetime] = {}
    found = []
    for event in sorted(events, key=lambda e: e.started_at):
        place = event.settlement_id
        repeated = place in last and event.started_at - last[place] < AGAIN
        last[place] = event.started_at
        strata = {
            "season": season_of(event.started_at),
            "fraction": fraction_class(event.fraction),
            "area": area_class(sizes[place]),
            "setting": kinds[place],
            "repeat": "repeat" if repeated else "first",
            "late": "late" if event.started_at > interval.end - LATE else "in time",
        }
        found.append(replace(event, strata=strata))
    return tuple(found)


def _by_look(
    readings: Sequence[Reading], findings: Sequence[Finding]
) -> Iterator[tuple[datetime, list[Reading], list[Finding]]]:
    """Yield each look's time with its readings and the findings that it completed."""
    by_look: dict[str, list[Reading]] = {}
    for reading in readings:
        by_look.setdefault(reading.look_id, []).append(reading)
    completed: Mapping[str, list[Finding]] = {look_id: [] for look_id in by_look}
    for finding in findings:
        look_id = finding.evidence[0].look_ids[-1]
        if finding.kind is FindingKind.BURN and look_id in completed:
            completed[look_id].append(finding)
    for look_id, of_look in sorted(by_look.items(), key=lambda pair: pair[1][0].acquired_at):
        yield of_look[0].acquired_at, of_look, completed[look_id]
