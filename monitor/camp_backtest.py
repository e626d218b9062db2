"""Camps in a replay beside the truth: alarms from findings, exposure from areas."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from aoi.area import Aoi
from aoi.grid import to_metres
from aoi.interval import Interval
from aoi.settlement import Settlement, SettlementKind
from monitor.camp_skill import EMPTYING, GROWTH, NEW, CampAlarm, CampEvent, CampResult, camp_results
from monitor.camp_watch import NAME
from monitor.finding import Finding, FindingKind
from monitor.skill import DAYS_PER_YEAR

KIND_OF = {
    FindingKind.CAMP_NEW: NEW,
    FindingKind.CAMP_GROWTH: GROWTH,
    FindingKind.CAMP_EMPTYING: EMPTYING,
}


def camp_alarms(findings: Iterable[Finding], epsg: int) -> list[CampAlarm]:
    """Return what findings say of camps; those of other kinds are left out.

    Growth and emptying of a camp that the detector found itself count as statements about
    the place where it was found.
    """
    alarms = []
    for finding in findings:
        if finding.kind not in KIND_OF:
            continue
        middle = to_metres(finding.geometry, epsg).centroid
        place = finding.settlement_id or ""
        alarms.append(
            CampAlarm(
                kind=KIND_OF[finding.kind] if place else NEW,
                settlement_id=place,
                at=finding.last_seen,
                x_m=middle.x,
                y_m=middle.y,
                area_ha=finding.indicators.get("area_ha", finding.area_m2 / 1e4),
                change=_change(finding),
            )
        )
    return alarms


def replayed_camps(
    areas: Sequence[Aoi],
    settlements: Sequence[Settlement],
    findings: Iterable[Finding],
    events: Sequence[CampEvent],
    interval: Interval,
) -> tuple[CampResult, ...]:
    """Return how a replay did on camps; empty where no area looks for them.

    Parameters
    ----------
    areas : sequence of Aoi
        Those that were replayed.
    settlements : sequence of Settlement
        Of these areas.
    findings : iterable of Finding
    events : sequence of CampEvent
        In the projected system of the first area.
    interval : Interval
        Of the replay; events outside it are left out.
    """
    watched = [area for area in areas if NAME in area.detectors]
    if not watched:
        return ()
    years = interval.length / timedelta(days=DAYS_PER_YEAR)
    km2 = sum(to_metres(area.geometry, area.epsg).area for area in watched) / 1e6
    ids = {area.aoi_id for area in watched}
    camps = [s for s in settlements if s.kind is SettlementKind.CAMP and s.aoi_id in ids]
    within = [e for e in events if interval.start <= e.started_at < interval.end]
    alarms = camp_alarms(findings, areas[0].epsg)
    return camp_results(alarms, within, km2 * years, len(camps) * years)


def _change(finding: Finding) -> float:
    """Return the share of a camp's area that a finding says came or went."""
    if finding.kind is FindingKind.CAMP_EMPTYING:
        return finding.settlement_fraction or 0.0
    said = finding.indicators
    if "outline_ha" not in said:
        return float("nan")
    return said["area_ha"] / said["outline_ha"] - 1.0
