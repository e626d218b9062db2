"""From what a look says of an area's camps to findings: new, grown, emptied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from shapely.geometry.base import BaseGeometry

from aoi.interval import Interval
from monitor.camps.calibration import CampCalibration
from monitor.camps.components import first_sign
from monitor.camps.emptying import EmptyingClass, class_of
from monitor.camps.growth import Growth
from monitor.camps.reading import CampReading
from monitor.camps.region import KnownCamp, Region
from monitor.camps.rules import fall_at, growth_at
from monitor.camps.settings import CampSettings
from monitor.camps.sign import LookSign
from monitor.detectors.camps import VERSION, CampVerdict, NewPatch
from monitor.finding import Evidence, Finding, FindingKind, SensorFamily, Tier, finding_id
from monitor.fusion import FusionSettings, tier_of

UNKNOWN_BEFORE = timedelta(days=30)
"""Start of the interval where no earlier look saw the place."""

YOUNG = timedelta(days=60)
"""A camp that was found is still filling for so long: its growth belongs to the find."""

AGAIN = timedelta(days=60)
"""Growth or emptying that was reported is not reported again within this, unless it went on."""

WORSE = 0.15
BURN_REACH = timedelta(days=60)
"""A burn finding so long before the fall of a camp's sign explains it."""

NEW_PER_1000_KM2_YEAR = 1.0
"""Prior rate of new camps, customary: a region in which people are being displaced."""

EMPTIED_PER_CAMP_YEAR = 0.05
LOCAL_ODDS = 4.0
"""How much denser quiet scores are at a threshold than beyond it."""

HIGHEST = 0.97
LEAST_PROBABILITY = 0.2
"""Below it nothing is raised (DETECTION 4e)."""


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


def camp_findings(verdict: CampVerdict, at: datetime, case: CampCase) -> Iterator[Finding]:
    """Yield the findings that a look completes.

    Parameters
    ----------
    verdict : CampVerdict
    at : datetime
        Acquisition of the look.
    case : CampCase

    Notes
    -----
    Cause and responsibility are not determined, and no number of people is given.
    """
    for patch in verdict.patches:
        if not patch.refused:
            found = _new(patch, verdict, case)
            if found.probability >= LEAST_PROBABILITY:
                yield found
    for camp in case.camps:
        series = verdict.state.series.get(camp.camp_id, ())
        if not series or series[-1].at != at:
            continue
        grown = _growth(camp, series, verdict, case)
        if grown is not None:
            yield grown
        emptied = _emptying(camp, series, case)
        if emptied is not None:
            yield emptied


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
        found[camp_id] = region.camp(camp_id, wide, finding.area_m2)
    return list(found.values())


def _new(patch: NewPatch, verdict: CampVerdict, case: CampCase) -> Finding:
    calibration, own = case.calibration, patch.patch.own
    shows, quiet = first_sign(verdict.state.signs, own, case.settings)
    flags = _new_flags(patch, quiet)
    rate = calibration.patches.rate(patch.score)
    happened = _between(quiet, shows)
    sigma_m2 = _edge_sigma_m2(patch, case.region)
    evidence = Evidence(
        family=SensorFamily.OPTICAL,
        detector=VERSION,
        p=calibration.patches.p(patch.score),
        score=patch.score,
        score_unit="ln hectares plus 5 x rise of brightness and blueness",
        happened=happened,
        look_ids=tuple(s.look_id for s in shows),
        quiet_look_ids=tuple(s.look_id for s in quiet[-1:]),
        values={**patch.means, "texture_sigma": patch.texture_sigma},
        confounders=_new_confounders(patch),
    )
    return _finding(
        case,
        kind=FindingKind.CAMP_NEW,
        camp_id="",
        geometry=case.region.outline(own),
        area_m2=patch.area_m2,
        fraction=None,
        probability=_probability(NEW_PER_1000_KM2_YEAR, rate),
        evidence=evidence,
        seen=[s.at for s in shows],
        indicators={
            "area_ha": patch.area_m2 / 1e4,
            "area_low_ha": max(patch.area_m2 - 1.645 * sigma_m2, 0.0) / 1e4,
            "area_high_ha": (patch.area_m2 + 1.645 * sigma_m2) / 1e4,
            "rate_per_1000_km2_year": rate,
            "earlier_years_checked": float(patch.years_checked),
            "p": evidence.p,
        },
        flags=flags,
        clear=patch.clear,
    )


def _new_flags(patch: NewPatch, quiet: Sequence[LookSign]) -> tuple[str, ...]:
    flags = []
    if np.isnan(patch.texture_sigma) or not patch.has_texture:
        flags.append("texture_unknown")
    if patch.years_checked == 0:
        flags.append("no_earlier_season")
    if not quiet:
        flags.append("start_unknown")
    return tuple(flags)


def _new_confounders(patch: NewPatch) -> tuple[str, ...]:
    years = patch.years_checked
    yearly = (
        f"absent in the same weeks of {years} earlier {'year' if years == 1 else 'years'}"
        if years
        else "not checked, no earlier year was seen"
    )
    return (
        f"market, fair or threshing floor: they come every year; {yearly}",
        "mine or quarry: brighter ground, but not bluer",
        "building site with metal roofs: looks alike until it is looked at closely",
        "camp of herders: the same sign, smaller and gone within weeks",
    )


def _growth(
    camp: KnownCamp, series: Sequence[CampReading], verdict: CampVerdict, case: CampCase
) -> Finding | None:
    growth = growth_at(series, case.settings)
    if growth is None:
        return None
    latest = series[-1]
    kind = FindingKind.CAMP_NEW if _is_young(camp, latest.at, case) else FindingKind.CAMP_GROWTH
    if _is_reported(kind, camp, growth.area_m2, latest.at, case):
        return None
    return _growth_finding(kind, camp, series, growth, verdict, case)


def _growth_finding(
    kind: FindingKind,
    camp: KnownCamp,
    series: Sequence[CampReading],
    growth: Growth,
    verdict: CampVerdict,
    case: CampCase,
) -> Finding:
    gain = verdict.gains[camp.camp_id] > 0
    run = _run_of_gain(series)
    gained_m2 = growth.area_m2 - growth.before_m2
    evidence = Evidence(
        family=SensorFamily.OPTICAL,
        detector=VERSION,
        p=max(1.0 - growth.certainty, 1e-4),
        score=growth.change,
        score_unit="share of its area gained in 30 days",
        happened=_grew(kind, camp, series, case),
        look_ids=tuple(r.look_id for r in run),
        quiet_look_ids=_last_clear(series, _grew(kind, camp, series, case).start, case),
        values={"gain_ha": series[-1].gain_m2 / 1e4, "certainty": growth.certainty},
        confounders=(
            "market or building site beside the camp: looks alike",
            "shelters that were put up again after a clearing",
        ),
    )
    is_new = kind is FindingKind.CAMP_NEW
    return _finding(
        case,
        kind=kind,
        camp_id=camp.camp_id,
        geometry=case.region.outline(gain | camp.own if is_new else gain),
        area_m2=growth.area_m2 if is_new else gained_m2,
        fraction=None if is_new else min(max(growth.change, 0.0), 1.0),
        probability=min(0.9 * growth.certainty, HIGHEST),
        evidence=evidence,
        seen=[r.at for r in run],
        indicators={
            "area_ha": growth.area_m2 / 1e4,
            "area_low_ha": growth.low_m2 / 1e4,
            "area_high_ha": growth.high_m2 / 1e4,
            "area_before_ha": growth.before_m2 / 1e4,
            "outline_ha": series[-1].outline_m2 / 1e4,
            "change_30_days": growth.change,
            "change_low": growth.change_low,
            "change_high": growth.change_high,
            "p": evidence.p,
        },
        flags=(),
        clear=series[-1].clear,
    )


def _grew(
    kind: FindingKind, camp: KnownCamp, series: Sequence[CampReading], case: CampCase
) -> Interval:
    """Return when a camp grew: after the last look without the gain, until now.

    A camp that still fills keeps the interval in which it appeared.
    """
    if kind is FindingKind.CAMP_NEW:
        for finding in case.reported:
            if camp.camp_id == f"new/{finding.finding_id}":
                return finding.happened
    latest = series[-1]
    small_m2 = min(0.1 * latest.gain_m2, 0.5 * case.settings.min_growth_area_ha * 1e4)
    without = [r.at for r in series if r.gain_m2 <= small_m2]
    # Two looks must show a gain before it counts: the last one without may show it already.
    start = without[-2] if len(without) > 1 else series[0].at - UNKNOWN_BEFORE
    return Interval(start, latest.at + timedelta(seconds=1))


def _last_clear(series: Sequence[CampReading], until: datetime, case: CampCase) -> tuple[str, ...]:
    """Return the last look up to an instant that saw a camp, as the picture of before."""
    clear = [r for r in series if r.at <= until and r.clear >= case.settings.clear]
    return tuple(r.look_id for r in clear[-1:])


def _run_of_gain(series: Sequence[CampReading]) -> list[CampReading]:
    """Return the readings at the end that show half of the latest gain or more."""
    run: list[CampReading] = []
    for reading in reversed(series):
        if reading.gain_m2 < 0.5 * series[-1].gain_m2:
            break
        run.append(reading)
    return run[::-1]


def _emptying(camp: KnownCamp, series: Sequence[CampReading], case: CampCase) -> Finding | None:
    run = fall_at(series, case.settings)
    if not run:
        return None
    clear = [r for r in series if not np.isnan(r.fall)]
    fall = float(np.median([r.fall for r in run[-3:]]))
    burned_at = _burned_at(camp, run[0].at, case)
    kind = class_of(clear, burned_at, case.settings.min_emptying_fraction)
    if _emptying_is_reported(camp, fall, kind, run[-1].at, case):
        return None
    return _emptying_finding(camp, clear, run, fall, kind, case)


def _emptying_finding(
    camp: KnownCamp,
    clear: Sequence[CampReading],
    run: Sequence[CampReading],
    fall: float,
    kind: EmptyingClass,
    case: CampCase,
) -> Finding:
    least = min(r.fall for r in run[-3:])
    rate = case.calibration.falls.rate(least)
    without = [r.at for r in clear if r.at < run[0].at]
    spread = float(np.std([r.fall for r in run[-6:]])) + 0.05
    evidence = Evidence(
        family=SensorFamily.OPTICAL,
        detector=VERSION,
        p=case.calibration.falls.p(least),
        score=least,
        score_unit="share of the sign of its shelters lost, least of three looks",
        happened=Interval(
            max(without, default=run[0].at - UNKNOWN_BEFORE), run[0].at + timedelta(seconds=1)
        ),
        look_ids=tuple(r.look_id for r in run),
        quiet_look_ids=_last_clear(clear, max(without, default=clear[0].at), case),
        values={"fall": fall, "ndvi_rise": float(np.median([r.greening for r in run[-3:]]))},
        confounders=_emptying_confounders(kind),
    )
    share = min(max(fall, 0.0), 1.0)
    return _finding(
        case,
        kind=FindingKind.CAMP_EMPTYING,
        camp_id=camp.camp_id,
        geometry=case.region.outline(camp.own),
        area_m2=share * camp.area_m2,
        fraction=share,
        probability=_probability(EMPTIED_PER_CAMP_YEAR, rate),
        evidence=evidence,
        seen=[r.at for r in run],
        indicators={
            "area_ha": (1.0 - share) * camp.area_m2 / 1e4,
            "lost_low": max(fall - 1.645 * spread, 0.0),
            "lost_high": min(fall + 1.645 * spread, 1.0),
            "ndvi_rise": evidence.values["ndvi_rise"],
            "rate_per_camp_year": rate,
            "p": evidence.p,
        },
        flags=(f"emptying={kind.value}",),
        clear=run[-1].clear,
    )


def _emptying_confounders(kind: EmptyingClass) -> tuple[str, ...]:
    found = [
        "dust on tarpaulin dulls it: brightness falls, texture stays",
        "trees that grow over shelters hide them",
    ]
    if kind is EmptyingClass.OVERGROWN:
        found.append("plants lead the change: low confidence, people may still be there")
    if kind is EmptyingClass.UNDETERMINED:
        found.append("how the shelters went cannot be told from these looks")
    return tuple(found)


def _burned_at(camp: KnownCamp, fell_at: datetime, case: CampCase) -> datetime | None:
    burns = [
        f.first_seen
        for f in case.reported
        if f.kind is FindingKind.BURN
        and f.settlement_id == camp.camp_id
        and fell_at - BURN_REACH <= f.first_seen
    ]
    return min(burns, default=None)


def _is_young(camp: KnownCamp, at: datetime, case: CampCase) -> bool:
    if not camp.camp_id.startswith("new/"):
        return False
    first = [f.first_seen for f in case.reported if camp.camp_id == f"new/{f.finding_id}"]
    return bool(first) and at - min(first) <= YOUNG


def _is_reported(
    kind: FindingKind, camp: KnownCamp, area_m2: float, at: datetime, case: CampCase
) -> bool:
    wanted = 1.0 + case.settings.min_growth_fraction
    return any(
        f.indicators.get("area_ha", 0.0) * 1e4 * wanted > area_m2
        for f in _about(kind, camp, at - AGAIN, case)
    )


def _emptying_is_reported(
    camp: KnownCamp, fall: float, kind: EmptyingClass, at: datetime, case: CampCase
) -> bool:
    return any(
        (f.settlement_fraction or 0.0) + WORSE > min(fall, 1.0)
        and f"emptying={kind.value}" in f.flags
        for f in _about(FindingKind.CAMP_EMPTYING, camp, at - AGAIN, case)
    )


def _about(
    kind: FindingKind, camp: KnownCamp, since: datetime, case: CampCase
) -> Iterator[Finding]:
    """Yield the findings of a kind about a camp since an instant."""
    for finding in case.reported:
        if finding.kind is not kind or finding.last_seen < since:
            continue
        if finding.settlement_id is not None:
            if finding.settlement_id == camp.camp_id:
                yield finding
        elif _near(finding.geometry, camp, case.region):
            yield finding


def _near(geometry: BaseGeometry, camp: KnownCamp, region: Region) -> bool:
    outline = region.outline(camp.own)
    # A thousandth of a degree is a hundred metres.
    return bool(outline.distance(geometry) < 1e-3)


def _probability(prior: float, rate: float) -> float:
    odds = prior / (LOCAL_ODDS * max(rate, 1e-9))
    return min(odds / (1.0 + odds), HIGHEST)


def _between(quiet: Sequence[LookSign], shows: Sequence[LookSign]) -> Interval:
    first = shows[0].at
    start = quiet[-1].at if quiet else first - UNKNOWN_BEFORE
    return Interval(start, first + timedelta(seconds=1))


def _edge_sigma_m2(patch: NewPatch, region: Region) -> float:
    weight = patch.patch.weight
    edge = float(np.sqrt((weight * (1.0 - weight)).sum() + 0.15 * (weight > 0).sum()))
    return (edge + 0.08 * float(weight.sum())) * region.block_m2


def _finding(
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
    weak = {"texture_unknown", "no_earlier_season"} & set(flags)
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
        tier=Tier.C if weak else tier,
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
