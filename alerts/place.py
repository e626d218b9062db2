"""The place that an alert is about, as it was known when the alert was opened."""

from __future__ import annotations

from dataclasses import dataclass

from shapely.geometry.base import BaseGeometry

from aoi.area import Aoi, Sensitivity
from aoi.settlement import Settlement, SettlementKind


@dataclass(frozen=True, slots=True)
class Place:
    """Names and outlines, kept with the alert: renaming an area rewrites no message."""

    aoi_id: str
    aoi_name: str
    sensitivity: Sensitivity
    settlement_id: str | None = None
    """None for a new place."""

    name: str = ""
    """Untrusted text, as is `name_local`."""

    name_local: str = ""
    kind: SettlementKind | None = None
    footprint: BaseGeometry | None = None
    """Built-up outline, EPSG:4326; None for a new place."""

    footprint_assumed: bool = False
    structures: int | None = None
    admin_pcode: str = ""


def place_of(area: Aoi, settlement: Settlement | None) -> Place:
    """Return what an alert keeps of an area and a settlement, None for a new place."""
    if settlement is None:
        return Place(area.aoi_id, area.name, area.sensitivity)
    return Place(
        aoi_id=area.aoi_id,
        aoi_name=area.name,
        sensitivity=area.sensitivity,
        settlement_id=settlement.settlement_id,
        name=settlement.name,
        name_local=settlement.name_local,
        kind=settlement.kind,
        footprint=settlement.footprint,
        footprint_assumed=settlement.footprint_assumed,
        structures=settlement.structures,
        admin_pcode=settlement.admin_pcode,
    )
