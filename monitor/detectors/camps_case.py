"""What every finding about a camp is made from, and what was said of it before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shapely.geometry.base import BaseGeometry

from monitor.camps.calibration import CampCalibration
from monitor.camps.region import KnownCamp, Region
from monitor.camps.settings import CampSettings
from monitor.detectors.camps import VERSION
from monitor.finding import Evidence, Finding, FindingKind, Tier, finding_id
from monitor.fusion import FusionSettings, tier_of

UNKNOWN_BEFORE = timedelta(days=30)
"""Start of the interval where no earlier look saw the place."""

LOCAL_ODDS = 2.0
"""How much denser quiet scores are at a threshold than beyond it. Small, because the worlds
that the rates come from hold more mimics of camps than land does: what just passes is raised,
as tier C."""

TWO_LOOKS = "two_looks"
"""Flag of a new camp that two looks running show: a third one has to find it again."""

WEAK = frozenset({"texture_unknown", "no_earlier_season", "coming_unseen", TWO_LOOKS})
"""Flags with which a finding is never more than tier C: for the desk. What nobody saw come is a
camp that clouds hid, or a building site."""

HIGHEST = 0.97
"""No single sensor is surer than this."""


@dataclass(frozen=True, slots=True, eq=False)
class CampCase:
    """Everything that a finding is made from besides the verdict."""

    aoi_id: str
    region: Region
    camps: Sequence[KnownCamp]
    """Settlements of kind camp, and camps that were found."""

    reported: Sequence[Finding]
    """Earlier findings of the area: camps, and burns."""

    settings: CampSettings
    calibration: CampCalibration
    known_at: datetime


def found_camps(findings: Sequence[Finding], region: Region) -> list[KnownCamp]:
    """Return the camps that earlier findings are about, settlements left out.

    Later findings of one place widen its outline; its identifier stays that of the first.
    """
    found: dict[str, KnownCamp] = {}
    for finding in sorted(findings, key=lambda f: (f.known_at, f.finding_id)):
        if finding.kind is not FindingKind.CAMP_NEW:
            continue
        own = region.grid.inside(finding.geometry).ravel() & ~region.settled
        if not own.any():
            continue
        known = next((c for c in found.values() if (c.own & own).any()), None)
        camp_id = f"new/{finding.finding_id}" if known is None else known.camp_id
        wide = own if known is None else own | known.own
        camp = region.camp(camp_id, wide, finding.area_m2)
        unsure = (known is None or known.provisional) and TWO_LOOKS in finding.flags
        found[camp_id] = replace(camp, provisional=unsure)
    return list(found.values())


def reported_about(
    kind: FindingKind, camp: KnownCamp, since: datetime, case: CampCase
) -> Iterator[Finding]:
    """Yield the findings of a kind about a camp since an instant."""
    for finding in case.reported:
        if finding.kind is not kind or finding.last_seen < since:
            continue
        if finding.settlement_id is not None:
            if finding.settlement_id == camp.camp_id:
                yield finding
        elif _is_near(finding.geometry, camp, case.region):
            yield finding


def _is_near(geometry: BaseGeometry, camp: KnownCamp, region: Region) -> bool:
    outline = region.outline(camp.own)
    # A thousandth of a degree is a hundred metres.
    return bool(outline.distance(geometry) < 1e-3)


def probability_of(prior: float, rate: float) -> float:
    odds = prior / (LOCAL_ODDS * max(rate, 1e-9))
    return min(odds / (1.0 + odds), HIGHEST)


def finding_of(
    case: CampCase,
    *,
    kind: FindingKind,
    camp_id: str,
    geometry: BaseGeometry,
    area_m2: float,
    fraction: float | None,
    probability: float,
    evidence: Evidence,
    seen: Sequence[datetime],
    indicators: Mapping[str, float],
    flags: tuple[str, ...],
    clear: float,
) -> Finding:
    settlement_id = camp_id if camp_id and not camp_id.startswith("new/") else None
    centre = geometry.centroid
    place = settlement_id or f"{centre.x:.4f},{centre.y:.4f}"
    tier = tier_of(probability, (evidence,), flags, FusionSettings())
    return Finding(
        finding_id=finding_id(case.aoi_id, kind, VERSION, place, evidence.look_ids),
        aoi_id=case.aoi_id,
        settlement_id=settlement_id,
        kind=kind,
        geometry=geometry,
        area_m2=area_m2,
        settlement_fraction=fraction,
        probability=probability,
        tier=Tier.C if WEAK & set(flags) else tier,
        looks_agreeing=len(evidence.look_ids),
        happened=evidence.happened,
        first_seen=seen[0],
        last_seen=seen[-1],
        known_at=case.known_at,
        evidence=(evidence,),
        mode="series",
        detector=VERSION,
        calibration=case.calibration.version,
        clear_fraction=clear,
        indicators=indicators,
        flags=flags,
    )
