"""Radar readings as evidence of other findings, and alone for towns that ask for it. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from shapely.geometry import MultiPolygon

from aoi.grid import to_metres, utm_epsg
from aoi.interval import Interval
from aoi.settlement import Settlement
from monitor.audit import e_value
from monitor.detectors.sar import VERSION, RadarReading
from monitor.finding import Evidence, Finding, FindingKind, SensorFamily, Tier, finding_id
from monitor.fusion import FusionSettings, tier_of

DAMAGE_PER_TOWN_YEAR = 0.05
"""Prior rate of damage to a town that radar could see (design)."""

SURE_FROM_P = 1e-3
"""Towns are told of from here on: some 0.03 chance tellings a year, at thirty looks."""

LEAST_AFTER = 2
"""Looks after a change that a town needs: one look may be a lorry park or a flood."""

HIGHEST = 0.59
"""Radar alone is provisional: no damaged town was ever among what it was tuned on."""

COLD_RULE = "cold"

CONFOUNDERS = (
    "harvest, flood, snow or moved goods change backscatter as well",
    "building work: structures are taken down before others are put up",
)


def radar_evidence(reading: RadarReading, happened: Interval) -> Evidence:
    """Return the statement of radar about a loss of structures, whatever it says.

    Its p is 1 where backscatter rose or the polarisations disagree: that is no loss.
    """
    return Evidence(
        family=SensorFamily.RADAR,
        detector=VERSION,
        p=reading.p if reading.label == "loss" else 1.0,
        score=reading.score,
        score_unit="sigma",
        happened=happened,
        look_ids=reading.after_ids if reading.label == "loss" else (),
        quiet_look_ids=() if reading.label == "loss" else reading.after_ids,
        values={
            "p_two_sided": reading.p,
            "orbits": float(reading.orbits),
            "looks_before": float(len(reading.before_ids)),
            "lost_fraction": reading.lost_fraction,
            **{f"change_db_{name}": value for name, value in reading.change_db.items()},
            **{f"z_{name}": value for name, value in reading.z.items()},
        },
        confounders=CONFOUNDERS,
    )


def with_radar(finding: Finding, reading: RadarReading, settings: FusionSettings) -> Finding:
    """Return a burn finding with what radar says of it, its probability and tier made anew.

    Only a loss raises the probability. Silence lowers nothing: light dwellings are hardly
    seen by radar, burned or not (DETECTION 1.2).
    """
    if not reading.judged or finding.kind is not FindingKind.BURN:
        return finding
    radar = radar_evidence(reading, finding.happened)
    evidence = (*finding.evidence, radar)
    if radar.p >= 1.0:
        return replace(finding, evidence=evidence)
    probability = finding.probability
    if COLD_RULE not in finding.evidence[0].score_unit:
        # One look without history stays provisional whatever stands beside it.
        probability = raised(probability, radar.p, settings)
    return replace(
        finding,
        evidence=evidence,
        probability=probability,
        tier=tier_of(probability, evidence, finding.flags, settings),
    )


def raised(probability: float, p: float, settings: FusionSettings) -> float:
    """Return a probability after radar evidence: odds times its e-value, weighted, never less."""
    odds = probability / max(1.0 - probability, 1e-9)
    odds *= max(e_value(p) ** settings.radar_weight, 1.0)
    return float(max(min(odds / (1.0 + odds), settings.highest), probability))


def damage_finding(
    settlement: Settlement, reading: RadarReading, happened: Interval, known_at: datetime
) -> Finding | None:
    """Return the finding that a town lost structures, if radar is sure enough; tier C."""
    sure = reading.judged and reading.label == "loss" and reading.p <= SURE_FROM_P
    if not sure or len(reading.after_ids) < LEAST_AFTER:
        return None
    footprint = settlement.footprint
    epsg = utm_epsg(footprint.centroid.x, footprint.centroid.y)
    prior = DAMAGE_PER_TOWN_YEAR * 24.0 / 365.25
    place = settlement.settlement_id
    first = happened.end - timedelta(seconds=1)
    return Finding(
        finding_id=finding_id(
            settlement.aoi_id, FindingKind.STRUCTURE_DAMAGE, VERSION, place, reading.after_ids
        ),
        aoi_id=settlement.aoi_id,
        settlement_id=place,
        kind=FindingKind.STRUCTURE_DAMAGE,
        geometry=footprint if isinstance(footprint, MultiPolygon) else MultiPolygon([footprint]),
        area_m2=float(to_metres(footprint, epsg).area * reading.lost_fraction),
        settlement_fraction=reading.lost_fraction,
        probability=min(prior / (prior + reading.p), HIGHEST),
        tier=Tier.C,
        looks_agreeing=len(reading.after_ids),
        happened=happened,
        first_seen=first,
        last_seen=max(first, reading.last_at or first),
        known_at=known_at,
        evidence=(radar_evidence(reading, happened),),
        mode="radar",
        detector=VERSION,
        calibration=reading.calibration,
        clear_fraction=1.0,
        indicators={
            "p": reading.p,
            **{f"change_db_{name}": value for name, value in reading.change_db.items()},
        },
        flags=reading.flags,
    )
