"""The tables of this room: runs, coverage, looks, readings, findings, scenes that failed."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    Float,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from aoi.database import METADATA, GeometryColumn, UtcDateTime

RUNS = Table(
    "runs",
    METADATA,
    Column("run_id", String(40), primary_key=True),
    Column("aoi_id", String(120), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime, nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("reason", Text, nullable=False),
    Column("scene_ids", JSON, nullable=False),
    Column("look_ids", JSON, nullable=False),
    Column("finding_ids", JSON, nullable=False),
    Column("clear_fraction", Float),
    Index("ix_runs_aoi_id_started_at", "aoi_id", "started_at"),
)

COVERAGE_DAYS = Table(
    "coverage_days",
    METADATA,
    Column("aoi_id", String(120), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("state", String(20), nullable=False),
    Column("clear_fraction", Float, nullable=False),
    Column("reason", Text, nullable=False),
    # Days of thousands of areas are counted without reading their reasons.
    Index("ix_coverage_days_day", "day", "state", "aoi_id"),
)

LOOKS = Table(
    "looks",
    METADATA,
    Column("look_id", String(80), primary_key=True),
    Column("aoi_id", String(120), nullable=False),
    Column("track", String(40), nullable=False),
    Column("platform", String(40), nullable=False),
    Column("acquired_at", UtcDateTime, nullable=False),
    Column("available_at", UtcDateTime, nullable=False),
    Column("known_at", UtcDateTime, nullable=False),
    Column("path", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("clear_fraction", Float, nullable=False),
    Column("held_reason", Text, nullable=False),
    Column("provider", String(80), nullable=False),
    Column("scene_ids", JSON, nullable=False),
    Column("grid", String(120), nullable=False),
    Column("scored", Boolean, nullable=False),
    # A re-processed or completed acquisition is a new look; the one it replaces stays, and is
    # no longer counted.
    Column("superseded_by", String(80)),
    Index("ix_looks_aoi_id_track_acquired_at", "aoi_id", "track", "acquired_at"),
)

READINGS = Table(
    "readings",
    METADATA,
    Column("settlement_id", String(120), primary_key=True),
    Column("look_id", String(80), primary_key=True),
    Column("detector", String(40), primary_key=True),
    Column("aoi_id", String(120), nullable=False),
    Column("track", String(40), nullable=False),
    Column("acquired_at", UtcDateTime, nullable=False),
    Column("known_at", UtcDateTime, nullable=False),
    Column("mode", String(20), nullable=False),
    Column("verdict", String(20), nullable=False),
    Column("reason", Text, nullable=False),
    Column("p", Float),
    Column("score", Float),
    Column("burned_fraction", Float),
    Column("measured", JSON, nullable=False),
    Column("flags", JSON, nullable=False),
    # Flat block indices, little-endian int32: the map of what looks burned, 4 bytes a block.
    Column("burned_blocks", LargeBinary, nullable=False),
    Index("ix_readings_aoi_id_acquired_at", "aoi_id", "acquired_at"),
)

FINDINGS = Table(
    "findings",
    METADATA,
    Column("finding_id", String(40), primary_key=True),
    Column("aoi_id", String(120), nullable=False),
    Column("settlement_id", String(120)),
    Column("kind", String(30), nullable=False),
    Column("geometry", GeometryColumn, nullable=False),
    Column("area_m2", Float, nullable=False),
    Column("settlement_fraction", Float),
    Column("probability", Float, nullable=False),
    Column("tier", String(1), nullable=False),
    Column("looks_agreeing", Integer, nullable=False),
    Column("happened_after", UtcDateTime, nullable=False),
    Column("happened_before", UtcDateTime, nullable=False),
    Column("first_seen", UtcDateTime, nullable=False),
    Column("last_seen", UtcDateTime, nullable=False),
    Column("known_at", UtcDateTime, nullable=False),
    Column("mode", String(20), nullable=False),
    Column("detector", String(40), nullable=False),
    Column("calibration", String(80), nullable=False),
    Column("clear_fraction", Float, nullable=False),
    Column("evidence", JSON, nullable=False),
    Column("indicators", JSON, nullable=False),
    Column("flags", JSON, nullable=False),
    Column("chips", JSON, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    # What intake made of it, in words; NULL until then.
    Column("decision", Text),
    Index("ix_findings_settlement_id", "settlement_id"),
    Index("ix_findings_decision", "decision"),
)

SCENE_PROBLEMS = Table(
    "scene_problems",
    METADATA,
    Column("aoi_id", String(120), primary_key=True),
    Column("scene_id", String(200), primary_key=True),
    Column("provider", String(80), nullable=False),
    Column("acquired_at", UtcDateTime),
    Column("first_at", UtcDateTime, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("hint", Text, nullable=False),
    Column("temporary", Boolean, nullable=False),
)
