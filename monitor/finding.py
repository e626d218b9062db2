"""Findings: what the detectors say of a place, in a time interval."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from shapely.geometry.base import BaseGeometry

from aoi.interval import Interval


class FindingKind(StrEnum):
    """Kinds of change (CONTRACT section 6)."""

    BURN = "burn"
    CAMP_NEW = "camp_new"
    CAMP_GROWTH = "camp_growth"
    CAMP_EMPTYING = "camp_emptying"
    STRUCTURE_DAMAGE = "structure_damage"
    HOTSPOTS = "hotspots"
    BLIND = "blind"


class Tier(StrEnum):
    """How sure the fused evidence is (DETECTION 4e)."""

    A = "A"
    B = "B"
    C = "C"


class SensorFamily(StrEnum):
    """Families that count as independent witnesses."""

    OPTICAL = "optical"
    HOTSPOTS = "hotspots"
    RADAR = "radar"
    LEDGER = "ledger"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One sensor family's statement about one place."""

    family: SensorFamily
    detector: str
    """Name and version, such as ``"burn/2"``."""

    p: float
    """Calibrated probability of such evidence without the change, 0 to 1."""

    score: float
    score_unit: str
    """Such as ``"normal score"``, ``"sigma"``, ``"weighted detections"``."""

    happened: Interval
    """The change came after the start and before the end, by this sensor alone."""

    look_ids: tuple[str, ...]
    """Looks (or hotspots) that show it."""

    quiet_look_ids: tuple[str, ...] = ()
    """Looks of the same period that were clear and did not show it."""

    values: Mapping[str, float] = field(default_factory=dict)
    confounders: tuple[str, ...] = ()
    """What else looks the same, each with its verdict, in words for the reader."""


@dataclass(frozen=True, slots=True)
class Chip:
    """Unstretched pixels around a place, kept as evidence and for the pictures."""

    role: str
    """``"before"`` or ``"after"``."""

    path: str
    """File below the data folder, relative to it."""

    look_id: str
    scene_ids: tuple[str, ...]
    acquired_at: datetime
    provider: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What is said of one place in one interval, all sensors together."""

    finding_id: str
    """Digest of area, detector, looks and place: a repeated run finds the same."""

    aoi_id: str
    settlement_id: str | None
    """None for a new place."""

    kind: FindingKind
    geometry: BaseGeometry
    """Outline of the changed blocks, EPSG:4326; for `hotspots` the footprint touched."""

    area_m2: float
    """Changed area in square metres."""

    settlement_fraction: float | None
    """Share of the settlement that changed, 0 to 1; None for a new place."""

    probability: float
    """Fused probability that the change is real, 0 to 1."""

    tier: Tier
    looks_agreeing: int
    """Clear looks that show it: 1 alone, 2 a pair, 3 and more confirmed by persistence."""

    happened: Interval
    """(last clear look without the sign, first look with it]."""

    first_seen: datetime
    """Acquisition of the first look (or hotspot) that shows it."""

    last_seen: datetime
    """Acquisition of the latest that shows it."""

    known_at: datetime
    """When the deciding evidence had become available, UTC."""

    evidence: tuple[Evidence, ...]
    mode: str
    """``"series"``, ``"window"`` or ``"pair"``."""

    detector: str
    calibration: str
    """Version of the calibration set that p was read from."""

    clear_fraction: float
    """Share of the settlement that the deciding look saw."""

    indicators: Mapping[str, float] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    chips: tuple[Chip, ...] = ()


def finding_id(
    aoi_id: str, kind: FindingKind, detector: str, place: str, look_ids: tuple[str, ...]
) -> str:
    """Return the identifier of a finding: a digest of what it was made from."""
    text = "|".join((aoi_id, kind.value, detector, place, *sorted(look_ids)))
    return hashlib.sha256(text.encode()).hexdigest()[:20]
