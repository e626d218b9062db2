"""From the readings of one camp to findings: it grew, it emptied."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from aoi.interval import Interval
from monitor.camps.emptying import EmptyingClass, class_of
from monitor.camps.growth import Growth
from monitor.camps.reading import CampReading
from monitor.camps.region import KnownCamp
from monitor.camps.rules import fall_at, growth_at
from monitor.camps.verdict import CampVerdict
from monitor.detectors.camps import VERSION
from monitor.detectors.camps_case import (
    HIGHEST,
    UNKNOWN_BEFORE,
    CampCase,
    finding_of,
    probability_of,
    reported_about,
)
from monitor.finding import Evidence, Finding, FindingKind, SensorFamily

YOUNG = timedelta(days=60)
"""A camp that was found is still filling for so long: its growth belongs to the find."""

AGAIN = timedelta(days=60)
"""Growth or emptying that was reported is not reported again within this, unless it went on."""

WORSE = 0.15
BURN_REACH = timedelta(days=60)
"""A burn finding so long before the fall of a camp's sign explains it."""

SINCE = {False: "in 30 days", True: "since it was mapped or last told of"}

EMPTIED_PER_CAMP_YEAR = 0.05
"""Prior rate of emptied camps, customary."""


def growth_finding(
    camp: KnownCamp, series: Sequence[CampReading], verdict: CampVerdict, case: CampCase
) -> Finding | None:
    growth = growth_at(series, case.settings, _told_m2(camp, case))
    if growth is None:
        return None
    latest = series[-1]
    kind = FindingKind.CAMP_NEW if _is_young(camp, latest.at, case) else FindingKind.CAMP_GROWTH
    if _is_reported(kind, camp, growth.area_m2, latest.at, case) or _comes_yearly(camp, verdict):
        return None
    return _grown(kind, camp, series, growth, verdict, case)


def _grown(
    kind: FindingKind,
    camp: KnownCamp,
    series: Sequence[CampReading],
    growth: Growth,
    verdict: CampVerdict,
    case: CampCase,
) -> Finding:
    gain = verdict.gains[camp.camp_id] > 0
    gained_m2 = growth.area_m2 - growth.before_m2
    # What it had gained before this growth is part of the camp that grew.
    stood_m2 = min(max(growth.before_m2 - series[-1].outline_m2, 0.0), series[-1].gain_m2)
    run = _run_of_gain(series, stood_m2)
    happened = _grew(kind, camp, series, stood_m2, case)
    evidence = Evidence(
        family=SensorFamily.OPTICAL,
        detector=VERSION,
        p=max(1.0 - growth.certainty, 1e-4),
        score=growth.change,
        score_unit=f"share of its area gained {SINCE[growth.slow]}",
        happened=happened,
        look_ids=tuple(r.look_id for r in run),
        quiet_look_ids=_last_clear(series, happened.start, case),
        values={"gain_ha": series[-1].gain_m2 / 1e4, "certainty": growth.certainty},
        confounders=(
            "market or building site beside the camp: looks alike",
            "shelters that were put up again after a clearing",
        ),
    )
    is_new = kind is FindingKind.CAMP_NEW
    return finding_of(
        case,
        kind=kind,
        camp_id=camp.camp_id,
        geometry=case.region.outline(gain | camp.own if is_new else gain),
        area_m2=growth.area_m2 if is_new else gained_m2,
        fraction=None if is_new else min(max(growth.change, 0.0), 1.0),
        probability=min(0.9 * growth.certainty, HIGHEST),
        evidence=evidence,
        seen=[r.at for r in run],
        indicators=_said_of(growth, series[-1], evidence.p),
        flags=(),
        clear=series[-1].clear,
    )


def _said_of(growth: Growth, latest: CampReading, p: float) -> dict[str, float]:
    return {
        "area_ha": growth.area_m2 / 1e4,
        "area_low_ha": growth.low_m2 / 1e4,
        "area_high_ha": growth.high_m2 / 1e4,
        "area_before_ha": growth.before_m2 / 1e4,
        "outline_ha": latest.outline_m2 / 1e4,
        "change_since_told" if growth.slow else "change_30_days": growth.change,
        "change_low": growth.change_low,
        "change_high": growth.change_high,
        "p": p,
    }


def _grew(
    kind: FindingKind,
    camp: KnownCamp,
    series: Sequence[CampReading],
    stood_m2: float,
    case: CampCase,
) -> Interval:
    """Return when a camp grew: after the last look with no more than had stood, until now.

    A camp that still fills keeps the interval in which it appeared.
    """
    if kind is FindingKind.CAMP_NEW:
        for finding in case.reported:
            if camp.camp_id == f"new/{finding.finding_id}":
                return finding.happened
    latest = series[-1]
    fresh_m2 = latest.gain_m2 - stood_m2
    small_m2 = stood_m2 + min(0.1 * fresh_m2, 0.5 * case.settings.min_growth_area_ha * 1e4)
    without = [r.at for r in series if r.gain_m2 <= small_m2]
    # Two looks must show a gain before it counts: the last one without may show it already.
    start = without[-2] if len(without) > 1 else series[0].at - UNKNOWN_BEFORE
    return Interval(start, latest.at + timedelta(seconds=1))


def _last_clear(series: Sequence[CampReading], until: datetime, case: CampCase) -> tuple[str, ...]:
    """Return the last look up to an instant that saw a camp, as the picture of before."""
    clear = [r for r in series if r.at <= until and r.clear >= case.settings.clear]
    return tuple(r.look_id for r in clear[-1:])


def _run_of_gain(series: Sequence[CampReading], stood_m2: float) -> list[CampReading]:
    """Return the readings at the end that show half of what came beside what had stood."""
    run: list[CampReading] = []
    for reading in reversed(series):
        if reading.gain_m2 < 0.5 * (stood_m2 + series[-1].gain_m2):
            break
        run.append(reading)
    return run[::-1]


def emptying_finding(
    camp: KnownCamp, series: Sequence[CampReading], case: CampCase
) -> Finding | None:
    run = fall_at(series, case.settings)
    if not run:
        return None
    clear = [r for r in series if not np.isnan(r.fall)]
    fall = float(np.median([r.fall for r in run[-3:]]))
    burned_at = _burned_at(camp, run[0].at, case)
    kind = class_of(clear, burned_at, case.settings.min_emptying_fraction)
    if _is_told(camp, fall, kind, run, case):
        return None
    return _emptied(camp, clear, run, fall, kind, case)


def _emptied(
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
    return finding_of(
        case,
        kind=FindingKind.CAMP_EMPTYING,
        camp_id=camp.camp_id,
        geometry=case.region.outline(camp.own),
        area_m2=share * camp.area_m2,
        fraction=share,
        probability=probability_of(EMPTIED_PER_CAMP_YEAR, rate),
        evidence=evidence,
        seen=[r.at for r in run],
        indicators={
            "area_ha": (1.0 - share) * camp.area_m2 / 1e4,
            "lost_low": max(fall - 1.645 * spread, 0.0),
            "lost_high": min(fall + 1.645 * spread, 1.0),
            "ndvi_rise": evidence.values["ndvi_rise"],
            "rate_per_camp_year": rate,
            f"class_{kind.value}": 1.0,
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


def _comes_yearly(camp: KnownCamp, verdict: CampVerdict) -> bool:
    """Return True if the same weeks of earlier years showed the gain too: a market."""
    gain = verdict.gains[camp.camp_id] > 0
    if verdict.years is None or not gain.any():
        return False
    _, recurrent = verdict.years(gain, verdict.strengths[camp.camp_id])
    return recurrent > 0


def _told_m2(camp: KnownCamp, case: CampCase) -> float:
    """Return the largest area that was said of a camp, 0 if none was."""
    beginning = datetime.min.replace(tzinfo=UTC)
    return max(
        (
            1e4 * finding.indicators.get("area_ha", 0.0)
            for kind in (FindingKind.CAMP_NEW, FindingKind.CAMP_GROWTH)
            for finding in reported_about(kind, camp, beginning, case)
        ),
        default=0.0,
    )


def _is_reported(
    kind: FindingKind, camp: KnownCamp, area_m2: float, at: datetime, case: CampCase
) -> bool:
    wanted = 1.0 + case.settings.min_growth_fraction
    return any(
        f.indicators.get("area_ha", 0.0) * 1e4 * wanted > area_m2
        for f in reported_about(kind, camp, at - AGAIN, case)
    )


def _is_told(
    camp: KnownCamp,
    fall: float,
    kind: EmptyingClass,
    run: Sequence[CampReading],
    case: CampCase,
) -> bool:
    """Return True if this fall was reported, as it is: no worse, and of the same class."""
    return any(
        (f.settlement_fraction or 0.0) + WORSE > min(fall, 1.0)
        and f"emptying={kind.value}" in f.flags
        for f in reported_about(FindingKind.CAMP_EMPTYING, camp, run[0].at, case)
    )
