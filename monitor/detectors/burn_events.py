"""From the readings of one settlement to a finding: persistence, fires, fusion."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from aoi.area import Aoi
from aoi.grid import Grid
from aoi.interval import Interval
from aoi.settlement import Settlement
from monitor.audit import audit_line
from monitor.calibration import Calibration
from monitor.detectors.burn import VERSION, BurnSettings
from monitor.detectors.fire_events import fire_evidence, fire_indicators
from monitor.detectors.fires import FireHits, FireSky, fire_hits
from monitor.finding import Evidence, Finding, FindingKind, SensorFamily, finding_id
from monitor.fusion import ONE_LOOK, burn_probability, tier_of
from monitor.persistence import Judgement, judge, last_quiet, usable
from monitor.reading import Reading, Verdict
from monitor.scene import Hotspot

Blocks = NDArray[np.int32]

HIT_P = 1e-3
"""A fire this surprising may stand for a second look (DETECTION 4a, step 7)."""

SAME_BLOCKS = 1.0 / 3.0

SURE_WITHIN = 2.5
"""Log-odds below the surest look of a run within which a look shows the event for sure. A weak
look before it may be chance: its time belongs to the interval, and does not end it."""

UNKNOWN_BEFORE = timedelta(days=30)
"""Start of the interval where no earlier look saw the settlement."""


def burn_finding(
    aoi: Aoi,
    settlement: Settlement,
    readings: Sequence[Reading],
    burned: Mapping[str, Blocks],
    sky: FireSky,
    settings: BurnSettings,
    calibration: Calibration,
    blocks: Grid,
    *,
    day_q: float = float("nan"),
) -> Finding | None:
    """Return the burn finding of one settlement as of its latest clear look, if any.

    Parameters
    ----------
    aoi : Aoi
    settlement : Settlement
    readings : sequence of Reading
        Of this settlement over the last 60 days, all tracks.
    burned : mapping
        Look id to flat indices on `blocks` of the settlement's blocks that look burned.
    sky : FireSky
        Detections in and near the area over the same time, and what is usual there.
    settings : BurnSettings
    calibration : Calibration
    blocks : Grid
        Block grid of the area.
    day_q : float
        False discovery rate of the newest look at this settlement, NaN if unknown.

    Notes
    -----
    The change came between the last clear look without the sign and the first look that
    shows it for sure: an interval, never a date. Cause and responsibility are not determined.
    """
    fires, believed = fires_at(settlement, readings, sky)
    judgement = judge(readings, burned, believed, settings.persistence, calibration)
    if judgement is None:
        return None
    finding = _finding(
        aoi, settlement, readings, burned, sky, fires, judgement, settings, calibration, blocks
    )
    if finding.probability < settings.fusion.tier_c:
        return None
    lines = {"audit_line": audit_line(readings), "q_of_the_look": day_q}
    told = {name: value for name, value in lines.items() if np.isfinite(value)}
    return replace(finding, indicators={**finding.indicators, **told})


def fires_at(
    settlement: Settlement, readings: Sequence[Reading], sky: FireSky
) -> tuple[FireHits, tuple[Hotspot, ...]]:
    """Return the fires since the last clear look without the sign, and those that count.

    What burned before such a look is not what the newest one shows; and only what is
    surprising there and then may stand for a second look.
    """
    newest = max(reading.acquired_at for reading in readings)
    fires = fire_hits(settlement, sky, last_quiet(readings, newest), newest)
    return fires, fires.hits if fires.p <= HIT_P else ()


def _finding(
    aoi: Aoi,
    settlement: Settlement,
    readings: Sequence[Reading],
    burned: Mapping[str, Blocks],
    sky: FireSky,
    fires: FireHits,
    judgement: Judgement,
    settings: BurnSettings,
    calibration: Calibration,
    blocks: Grid,
) -> Finding:
    run = sign_run(readings, judgement, burned)
    happened = _happened(readings, run, fires)
    evidence = _evidence(judgement, run, readings, happened, fires)
    flags = _flags(judgement)
    probability = _probability(judgement, evidence, readings, burned, settings, calibration)
    if judgement.rule == "cold":
        # One look without history: provisional whatever its score.
        probability = min(probability, 0.59)
    outline = _outline(judgement, burned)
    latest = judgement.readings[-1]
    look_ids = tuple(r.look_id for r in run)
    place = settlement.settlement_id
    return Finding(
        finding_id=finding_id(aoi.aoi_id, FindingKind.BURN, VERSION, place, look_ids),
        aoi_id=aoi.aoi_id,
        settlement_id=place,
        kind=FindingKind.BURN,
        geometry=blocks.polygons(_selected(outline, blocks)),
        area_m2=float(len(outline) * blocks.pixel_area_m2),
        settlement_fraction=max(r.burned_fraction for r in judgement.readings),
        probability=probability,
        tier=tier_of(probability, evidence, flags, settings.fusion),
        looks_agreeing=len(run),
        happened=happened,
        first_seen=surely_seen(run).acquired_at,
        last_seen=latest.acquired_at,
        known_at=max(r.known_at for r in judgement.readings),
        evidence=evidence,
        mode=latest.mode,
        detector=VERSION,
        calibration=calibration.version,
        clear_fraction=latest.values["settlement_clear"],
        indicators=_indicators(settlement, judgement, fires, sky),
        flags=flags,
    )


def _probability(
    judgement: Judgement,
    evidence: Sequence[Evidence],
    readings: Sequence[Reading],
    burned: Mapping[str, Blocks],
    settings: BurnSettings,
    calibration: Calibration,
) -> float:
    """Return the probability of a burn, from the looks and everything beside them.

    The rule of one look and a fire knows that there was a fire, not how surprising it was.
    Where the looks alone, weighed with the fire, say more, they count: otherwise a rule that
    is met by a little would throw away what the fire says.
    """
    fusion = settings.fusion
    if judgement.rule != "hit":
        return burn_probability(judgement.rate, evidence, fusion)
    counted = frozenset({SensorFamily.HOTSPOTS})
    stated = burn_probability(judgement.rate, evidence, fusion, counted)
    whatever = replace(settings.persistence, false_alarms_per_year=math.inf)
    looks = judge(readings, burned, (), whatever, calibration)
    if looks is None or looks.rule == "cold":
        return stated
    return max(stated, burn_probability(looks.rate, evidence, fusion))


def _flags(judgement: Judgement) -> tuple[str, ...]:
    """Return the flags of the looks that carry a judgement, and whether it is one only."""
    flags = {f for r in judgement.readings for f in r.flags}
    return tuple(sorted(flags | ({ONE_LOOK} if len(judgement.readings) == 1 else set())))


def sign_run(
    readings: Sequence[Reading], judgement: Judgement, burned: Mapping[str, Blocks]
) -> tuple[Reading, ...]:
    """Return the unbroken run of clear looks with the sign that ends the judgement's.

    An earlier look belongs to it only if it shows a third of the same blocks: chance
    scores of other blocks must not move the date of the event.
    """
    outline = _outline(judgement, burned)
    run = list(judgement.readings)
    for reading in reversed([r for r in usable(readings) if r.acquired_at < run[0].acquired_at]):
        blocks = burned.get(reading.look_id)
        if reading.verdict is not Verdict.BURN_LIKE or blocks is None:
            break
        if len(np.intersect1d(blocks, outline)) < SAME_BLOCKS * len(outline):
            break
        run.insert(0, reading)
    return tuple(run)


def surely_seen(run: Sequence[Reading]) -> Reading:
    """Return the first look of a run that shows the event about as surely as the surest.

    A faint look some days before a burn would date it too early.
    """
    surest = max(reading.score for reading in run)
    return next((r for r in run if r.score >= surest - SURE_WITHIN), run[0])


def _happened(readings: Sequence[Reading], run: Sequence[Reading], fires: FireHits) -> Interval:
    first = surely_seen(run).acquired_at
    without = [
        r.acquired_at
        for r in readings
        if r.acquired_at < run[0].acquired_at and r.verdict not in (Verdict.NOT_CLEAR, Verdict.HELD)
    ]
    start = max(without, default=run[0].acquired_at - UNKNOWN_BEFORE)
    end = first + timedelta(seconds=1)
    inside = [h.acquired_at for h in fires.hits if start < h.acquired_at <= first]
    if inside and fires.p <= HIT_P:
        # Fires were seen at it: the change began within half a day before the first.
        began = max(start, min(inside) - timedelta(hours=12))
        return Interval(began, max(inside) + timedelta(seconds=1))
    return Interval(start, end)


def _evidence(
    judgement: Judgement,
    run: Sequence[Reading],
    readings: Sequence[Reading],
    happened: Interval,
    fires: FireHits,
) -> tuple[Evidence, ...]:
    latest = judgement.readings[-1]
    quiet = [
        r.look_id
        for r in usable(readings)
        if r.verdict is Verdict.QUIET and happened.start <= r.acquired_at
    ]
    optical = Evidence(
        family=SensorFamily.OPTICAL,
        detector=VERSION,
        p=judgement.p,
        score=judgement.score,
        score_unit=f"log-odds of the {judgement.rule} rule",
        happened=happened,
        look_ids=tuple(r.look_id for r in run),
        quiet_look_ids=tuple(quiet),
        values={**latest.values, "rate_per_village_year": judgement.rate},
        confounders=_confounders(latest, judgement),
    )
    if not fires.hits:
        return (optical,)
    return (optical, fire_evidence(fires))


def _confounders(latest: Reading, judgement: Judgement) -> tuple[str, ...]:
    """Return what else it could be, each with what speaks for or against it."""
    values = latest.values
    found = [
        "accidental fire: looks the same from space, cannot be told apart",
        "cloud shadow: "
        + (
            "unlikely, the same blocks are dark in every look"
            if len(judgement.readings) > 1 or judgement.hits
            else "possible, only one look shows it"
        ),
    ]
    unburned = values["ring_unburned"]
    if unburned < 0.9:
        found.append(
            f"bush or field fire: {100 * (1 - unburned):.0f} % of the land around burned as well"
        )
    if "reduced_bands" in latest.flags:
        found.append("clearing of trees or harvest: cannot be told apart without band 12")
    if values["visible_change"] < 0:
        found.append("fresh ash or new bright material: the visible bands rose")
    return tuple(found)


def _outline(judgement: Judgement, burned: Mapping[str, Blocks]) -> Blocks:
    parts = [burned[r.look_id] for r in judgement.readings if r.look_id in burned]
    return np.unique(np.concatenate(parts)) if parts else np.empty(0, dtype=np.int32)


def _selected(outline: Blocks, blocks: Grid) -> NDArray[np.bool_]:
    selected = np.zeros(blocks.height * blocks.width, dtype=np.bool_)
    selected[outline] = True
    return selected.reshape(blocks.shape)


def _indicators(
    settlement: Settlement, judgement: Judgement, fires: FireHits, sky: FireSky
) -> dict[str, float]:
    latest = judgement.readings[-1]
    return {
        "q_median": latest.values["q_median"],
        "scan_max": latest.values["scan_max"],
        "p": judgement.p,
        "rate_per_village_year": judgement.rate,
        "burned_low": latest.values["burned_low"],
        "burned_high": latest.values["burned_high"],
        **fire_indicators(fires, settlement.settlement_id, sky),
        **_structures(settlement, judgement),
    }


def _structures(settlement: Settlement, judgement: Judgement) -> dict[str, float]:
    """Return how many structures the burned share touches, where somebody has counted them."""
    if settlement.structures is None:
        return {}
    share = max(r.burned_fraction for r in judgement.readings)
    return {"structures_touched": float(round(settlement.structures * share))}
