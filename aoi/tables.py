"""Tables of areas and settlements, and how a row becomes a value."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Integer,
    Row,
    String,
    Table,
    Text,
)

from aoi.area import Aoi, AoiState, Sensitivity
from aoi.database import METADATA, GeometryColumn, UtcDateTime
from aoi.settlement import Settlement, SettlementKind

AOIS = Table(
    "aois",
    METADATA,
    Column("aoi_id", String(80), primary_key=True),
    Column("group_id", String(80), nullable=False, index=True),
    Column("name", String(200), nullable=False),
    Column("geometry", GeometryColumn, nullable=False),
    Column("west", Float, nullable=False, index=True),
    Column("south", Float, nullable=False),
    Column("east", Float, nullable=False),
    Column("north", Float, nullable=False),
    Column("epsg", Integer, nullable=False),
    Column("revisit_s", Float, nullable=False),
    Column("sensitivity", String(20), nullable=False),
    Column("detectors", JSON, nullable=False),
    Column("state", String(20), nullable=False),
    Column("added_at", UtcDateTime, nullable=False),
    Column("last_run_at", UtcDateTime),
    Column("due_at", UtcDateTime, index=True),
)
"""Areas; `due_at` is the last run plus the revisit, empty before the first run."""

SETTLEMENTS = Table(
    "settlements",
    METADATA,
    Column("settlement_id", String(80), primary_key=True),
    Column("aoi_id", ForeignKey("aois.aoi_id"), nullable=False, index=True),
    Column("name", String(200), nullable=False),
    Column("name_local", String(200), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("structures", Integer),
    Column("footprint", GeometryColumn, nullable=False),
    Column("footprint_assumed", Boolean, nullable=False),
    Column("west", Float, nullable=False, index=True),
    Column("south", Float, nullable=False),
    Column("east", Float, nullable=False),
    Column("north", Float, nullable=False),
    Column("admin_pcode", String(80), nullable=False),
    Column("added_at", UtcDateTime, nullable=False),
)

AOI_AUDIT = Table(
    "aoi_audit",
    METADATA,
    Column("audit_id", Integer, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", String(200), nullable=False),
    Column("action", String(40), nullable=False),
    Column("subject", String(80), nullable=False, index=True),
    Column("detail", Text, nullable=False),
)
"""Every change of areas and settlements; rows are only ever added."""


def row_of_aoi(aoi: Aoi) -> dict[str, Any]:
    """Return the columns of `aoi` that come from its file."""
    return {
        "aoi_id": aoi.aoi_id,
        "group_id": aoi.group_id,
        "name": aoi.name,
        "geometry": aoi.geometry,
        **_bounds(aoi.geometry.bounds),
        "epsg": aoi.epsg,
        "revisit_s": aoi.revisit.total_seconds(),
        "sensitivity": aoi.sensitivity.value,
        "detectors": list(aoi.detectors),
        "state": aoi.state.value,
    }


def aoi_of(row: Row[Any]) -> Aoi:
    """Return the area of a row of `AOIS`."""
    return Aoi(
        aoi_id=row.aoi_id,
        name=row.name,
        geometry=row.geometry,
        epsg=row.epsg,
        revisit=timedelta(seconds=row.revisit_s),
        sensitivity=Sensitivity(row.sensitivity),
        detectors=tuple(row.detectors),
        state=AoiState(row.state),
        group_id=row.group_id,
    )


def row_of_settlement(settlement: Settlement) -> dict[str, Any]:
    """Return the columns of `settlement` that come from its file."""
    return {
        "settlement_id": settlement.settlement_id,
        "aoi_id": settlement.aoi_id,
        "name": settlement.name,
        "name_local": settlement.name_local,
        "kind": settlement.kind.value,
        "structures": settlement.structures,
        "footprint": settlement.footprint,
        "footprint_assumed": settlement.footprint_assumed,
        **_bounds(settlement.footprint.bounds),
        "admin_pcode": settlement.admin_pcode,
    }


def settlement_of(row: Row[Any]) -> Settlement:
    """Return the settlement of a row of `SETTLEMENTS`."""
    return Settlement(
        settlement_id=row.settlement_id,
        aoi_id=row.aoi_id,
        name=row.name,
        footprint=row.footprint,
        name_local=row.name_local,
        kind=SettlementKind(row.kind),
        structures=row.structures,
        footprint_assumed=row.footprint_assumed,
        admin_pcode=row.admin_pcode,
    )


def _bounds(bounds: tuple[float, float, float, float]) -> dict[str, float]:
    return dict(zip(("west", "south", "east", "north"), bounds, strict=True))
