"""From what a look says of an area's camps to findings: new, grown, emptied."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import numpy as np

from aoi.interval import Interval
from monitor.camps.components import first_sign
from monitor.camps.region import Region
from monitor.camps.settings import CampSettings
from monitor.camps.sign import LookSign
from monitor.camps.verdict import CampVerdict, NewPatch
from monitor.detectors.camps import VERSION
from monitor.detectors.camps_case import (
    TWO_LOOKS,
    UNKNOWN_BEFORE,
    CampCase,
    finding_of,
    probability_of,
)
from monitor.detectors.camps_changes import emptying_finding, growth_finding
from monitor.finding import Evidence, Finding, FindingKind, SensorFamily

NEW_PER_1000_KM2_YEAR = 1.0
"""Prior rate of new camps, customary: a region in which people are being displaced."""

LEAST_PROBABILITY = 0.2
"""Below it nothing is raised (DETECTION 4e)."""


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
        if camp.provisional or not series or series[-1].at != at:
            continue
        grown = growth_finding(camp, series, verdict, case)
        if grown is not None:
            yield grown
        emptied = emptying_finding(camp, series, case)
        if emptied is not None:
            yield emptied


def _new(patch: NewPatch, verdict: CampVerdict, case: CampCase) -> Finding:
    calibration, own = case.calibration, patch.patch.own
    shows, quiet = first_sign(verdict.state.signs, own, case.settings)
    flags = _new_flags(patch, quiet, case.settings)
    rate = calibration.patches.rate(patch.score)
    happened = _between(quiet, shows)
    sigma_m2 = _edge_sigma_m2(patch, case.region)
    evidence = Evidence(
        family=SensorFamily.OPTICAL,
        detector=VERSION,
        p=calibration.placebos.p(patch.score),
        score=patch.score,
        score_unit="0.6 x ln hectares + 5 x rise of brightness and blueness in two weeks",
        happened=happened,
        look_ids=tuple(s.look_id for s in shows),
        quiet_look_ids=tuple(s.look_id for s in quiet[-1:]),
        values={
            **patch.means,
            "texture_sigma": patch.texture_sigma,
            "strength_per_day": patch.coming.per_day,
        },
        confounders=_new_confounders(patch),
    )
    return finding_of(
        case,
        kind=FindingKind.CAMP_NEW,
        camp_id="",
        geometry=case.region.outline(own),
        area_m2=patch.area_m2,
        fraction=None,
        probability=probability_of(NEW_PER_1000_KM2_YEAR, rate),
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


def _new_flags(
    patch: NewPatch, quiet: Sequence[LookSign], settings: CampSettings
) -> tuple[str, ...]:
    flags = []
    if np.isnan(patch.texture_sigma) or not patch.has_texture:
        flags.append("texture_unknown")
    if patch.years_checked == 0:
        flags.append("no_earlier_season")
    if not quiet:
        flags.append("start_unknown")
    if patch.patch.early:
        flags.append(TWO_LOOKS)
    if np.isnan(patch.coming.earlier) and patch.score < settings.min_slow_score:
        flags.append("coming_unseen")
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


def _between(quiet: Sequence[LookSign], shows: Sequence[LookSign]) -> Interval:
    first = shows[0].at
    start = quiet[-1].at if quiet else first - UNKNOWN_BEFORE
    return Interval(start, first + timedelta(seconds=1))


def _edge_sigma_m2(patch: NewPatch, region: Region) -> float:
    weight = patch.patch.weight
    edge = float(np.sqrt((weight * (1.0 - weight)).sum() + 0.15 * (weight > 0).sum()))
    return (edge + 0.08 * float(weight.sum())) * region.block_m2
