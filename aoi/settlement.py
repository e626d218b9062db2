"""Settlements: the villages, towns and camps that alerts are about."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shapely.geometry import MultiPolygon, Polygon


class SettlementKind(StrEnum):
    """What kind of place it is; decides the template and the default sensitivity."""

    VILLAGE = "village"
    TOWN = "town"
    CAMP = "camp"


@dataclass(frozen=True, slots=True)
class Settlement:
    """An inhabited place: a footprint and a name."""

    settlement_id: str
    """Identifier that never changes and is unique over all areas, such as ``"sd-nyala-0042"``."""

    aoi_id: str
    """Area of interest that it lies in."""

    name: str
    footprint: Polygon | MultiPolygon
    """Built-up outline, EPSG:4326, longitude first."""

    name_local: str = ""
    """Name in the local script, empty if unknown."""

    kind: SettlementKind = SettlementKind.VILLAGE
    structures: int | None = None
    """Number of buildings, if anyone has counted them."""

    footprint_assumed: bool = False
    """True if the footprint is a disc around a point and not a mapped outline."""

    admin_pcode: str = ""
    """OCHA P-code of its smallest administrative unit, empty if unknown."""
