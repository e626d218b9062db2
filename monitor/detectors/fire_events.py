"""From detections at a settlement to a provisional finding, and to evidence of others. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import numpy as np
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from aoi.grid import to_metres
from aoi.interval import Interval
from aoi.settlement import Settlement
from monitor.detectors.fire_pixels import pixel_m2
from monitor.detectors.fires import VERSION, FireHits, FireSky, fire_hits, hits_at
from monitor.finding import Evidence, Finding, FindingKind, SensorFamily, Tier, finding_id
from monitor.scene import Hotspot

FIRES_PER_VILLAGE_YEAR = 0.05
"""Prior rate of fires in a village that a satellite could see, accidents included (design)."""

LEAST_PROBABILITY = 0.20
"""Below it nothing is said (tier C of DETECTION 4e)."""

HIGHEST = 0.59
"""Heat alone is provisional, however sure: the top of tier C."""

BEGAN_BEFORE = timedelta(hours=12)
"""Passes are some twelve hours apart: a fire began at most so long before it was seen."""

WHAT_ELSE = (
    "bush or field fire beside the settlement: a pixel of 0.4 km covers both",
    "burning of refuse, a kiln or a hot roof: the same heat",
)


def hotspot_findings(
    settlements: Sequence[Settlement], sky: FireSky, since: datetime
) -> Iterator[Finding]:
    """Yield a provisional finding for each overpass with a surprising hit at a settlement.

    Each is named after its overpass, so that the same heat is one finding however often it
    is looked at. Tier C always: heat says that something burns, not what was lost.

    Parameters
    ----------
    settlements : sequence of Settlement
    sky : FireSky
        The detections, from three days before `since` on.
    since : datetime
        Overpasses after it are judged.
    """
    for settlement in settlements:
        touching = fire_hits(settlement, sky, since)
        for end in sorted({h.acquired_at for h in touching.hits}):
            found = hits_at(settlement, sky, end)
            if found.hits and probability_of(found) >= LEAST_PROBABILITY:
                yield _finding(settlement, sky, found)


def probability_of(found: FireHits) -> float:
    """Return the probability that something burned in the settlement itself, 0 to 0.59.

    The prior rate of such fires in three days against the chance of such a hit from outside.
    """
    prior = FIRES_PER_VILLAGE_YEAR * 3.0 / 365.25
    return min(prior / (prior + found.p), HIGHEST)


def fire_evidence(found: FireHits) -> Evidence:
    """Return the statement of the fire sensors, at least one hit given."""
    return Evidence(
        family=SensorFamily.HOTSPOTS,
        detector=VERSION,
        p=found.p,
        score=found.weight,
        score_unit="weighted detections",
        happened=when(found.hits),
        look_ids=tuple(dict.fromkeys(hotspot_id(h) for h in found.hits)),
        values={
            "expected": found.expected,
            "count": float(len(found.hits)),
            "overpasses": float(found.overpasses),
            "tail": found.tail,
            "ring_ratio": found.ring_ratio,
            "inside_share": found.inside_share,
            "archive_days": found.archive_days,
            "static_left_out": float(found.static),
        },
        confounders=_confounders(found),
    )


def fire_indicators(found: FireHits, settlement_id: str, sky: FireSky) -> dict[str, float]:
    """Return what is quoted of fires: how many times the norm, how long since the last."""
    quoted = {
        "firms_count": float(len(found.hits)),
        "frp_max_mw": max((_power(h) for h in found.hits), default=0.0),
    }
    if not found.hits:
        return quoted
    quoted["night_share"] = float(np.mean([h.is_night for h in found.hits]))
    quoted["overpasses"] = float(found.overpasses)
    if found.archive_days > 0:
        quoted["fires_norm_ratio"] = found.norm_ratio
    first = found.hits[0].acquired_at
    last = None if sky.seasons is None else sky.seasons.latest.get(settlement_id)
    if last is not None and last < first:
        quoted["days_since_last_fire"] = (first - last) / timedelta(days=1)
    return quoted


def hotspot_id(spot: Hotspot) -> str:
    """Return the name of the overpass of a detection, ``"N20:20240520T1201"``."""
    return f"{spot.satellite}:{spot.acquired_at:%Y%m%dT%H%M}"


def when(hits: Sequence[Hotspot]) -> Interval:
    """Return the interval in which detections were made."""
    times = [h.acquired_at for h in hits]
    return Interval(min(times), max(times) + timedelta(seconds=1))


def _finding(settlement: Settlement, sky: FireSky, found: FireHits) -> Finding:
    evidence = fire_evidence(found)
    latest = found.hits[-1]
    place = settlement.settlement_id
    touched = _touched_m2(settlement, sky, found)
    return Finding(
        finding_id=finding_id(
            settlement.aoi_id, FindingKind.HOTSPOTS, VERSION, place, (hotspot_id(latest),)
        ),
        aoi_id=settlement.aoi_id,
        settlement_id=place,
        kind=FindingKind.HOTSPOTS,
        geometry=_multi(settlement.footprint),
        area_m2=touched,
        settlement_fraction=None,
        probability=probability_of(found),
        tier=Tier.C,
        looks_agreeing=found.overpasses,
        happened=Interval(
            found.hits[0].acquired_at - BEGAN_BEFORE, latest.acquired_at + timedelta(seconds=1)
        ),
        first_seen=found.hits[0].acquired_at,
        last_seen=latest.acquired_at,
        known_at=max(h.available_at for h in found.hits),
        evidence=(evidence,),
        mode="hotspots",
        detector=VERSION,
        calibration=sky.calibration.version,
        clear_fraction=1.0,
        indicators={"p": found.p, **fire_indicators(found, place, sky)},
        flags=_flags(found),
    )


def _flags(found: FireHits) -> tuple[str, ...]:
    flags = []
    if found.archive_days <= 0:
        flags.append("background=assumed")
    if found.static:
        flags.append("static_heat")
    return tuple(flags)


def _confounders(found: FireHits) -> tuple[str, ...]:
    around = (
        f"fires around it these days are {found.ring_ratio:.1f} times what is usual, and were "
        "taken into account"
    )
    static = (f"{found.static} detections of a known static source were left out",)
    return (*WHAT_ELSE, around, *(static if found.static else ()))


def _touched_m2(settlement: Settlement, sky: FireSky, found: FireHits) -> float:
    """Return how much of the footprint the pixels cover at most, in square metres."""
    footprint = to_metres(settlement.footprint, sky.pixels.epsg).area
    pixels = sum(pixel_m2(h) for h in found.hits)
    return float(min(footprint, pixels))


def _multi(footprint: Polygon | MultiPolygon) -> BaseGeometry:
    return footprint if isinstance(footprint, MultiPolygon) else MultiPolygon([footprint])


def _power(spot: Hotspot) -> float:
    return spot.frp_mw if np.isfinite(spot.frp_mw) else 0.0
