"""The first tables of the room monitor."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from aoi.database import GeometryColumn, UtcDateTime
from monitor.migrations.snapshot import snapshot

revision = "0002"
down_revision = "0001"

TABLES = snapshot()

COVERAGE_DAYS = sa.Table(
    "coverage_days",
    TABLES,
    sa.Column("aoi_id", sa.String(120), primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("clear_fraction", sa.Float, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)

FINDINGS = sa.Table(
    "findings",
    TABLES,
    sa.Column("finding_id", sa.String(40), primary_key=True),
    sa.Column("aoi_id", sa.String(120), nullable=False),
    sa.Column("settlement_id", sa.String(120), index=True),
    sa.Column("kind", sa.String(30), nullable=False),
    sa.Column("geometry", GeometryColumn, nullable=False),
    sa.Column("area_m2", sa.Float, nullable=False),
    sa.Column("settlement_fraction", sa.Float),
    sa.Column("probability", sa.Float, nullable=False),
    sa.Column("tier", sa.String(1), nullable=False),
    sa.Column("looks_agreeing", sa.Integer, nullable=False),
    sa.Column("happened_after", UtcDateTime, nullable=False),
    sa.Column("happened_before", UtcDateTime, nullable=False),
    sa.Column("first_seen", UtcDateTime, nullable=False),
    sa.Column("last_seen", UtcDateTime, nullable=False),
    sa.Column("known_at", UtcDateTime, nullable=False),
    sa.Column("mode", sa.String(20), nullable=False),
    sa.Column("detector", sa.String(40), nullable=False),
    sa.Column("calibration", sa.String(80), nullable=False),
    sa.Column("clear_fraction", sa.Float, nullable=False),
    sa.Column("evidence", sa.JSON, nullable=False),
    sa.Column("indicators", sa.JSON, nullable=False),
    sa.Column("flags", sa.JSON, nullable=False),
    sa.Column("chips", sa.JSON, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("decision", sa.Text, index=True),
)

LOOKS = sa.Table(
    "looks",
    TABLES,
    sa.Column("look_id", sa.String(80), primary_key=True),
    sa.Column("aoi_id", sa.String(120), nullable=False),
    sa.Column("track", sa.String(40), nullable=False),
    sa.Column("platform", sa.String(40), nullable=False),
    sa.Column("acquired_at", UtcDateTime, nullable=False),
    sa.Column("available_at", UtcDateTime, nullable=False),
    sa.Column("known_at", UtcDateTime, nullable=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("clear_fraction", sa.Float, nullable=False),
    sa.Column("held_reason", sa.Text, nullable=False),
    sa.Column("provider", sa.String(80), nullable=False),
    sa.Column("scene_ids", sa.JSON, nullable=False),
    sa.Column("grid", sa.String(120), nullable=False),
    sa.Column("scored", sa.Boolean, nullable=False),
    sa.Column("superseded_by", sa.String(80)),
    sa.Index("ix_looks_aoi_id_track_acquired_at", "aoi_id", "track", "acquired_at"),
)

READINGS = sa.Table(
    "readings",
    TABLES,
    sa.Column("settlement_id", sa.String(120), primary_key=True),
    sa.Column("look_id", sa.String(80), primary_key=True),
    sa.Column("detector", sa.String(40), primary_key=True),
    sa.Column("aoi_id", sa.String(120), nullable=False),
    sa.Column("track", sa.String(40), nullable=False),
    sa.Column("acquired_at", UtcDateTime, nullable=False),
    sa.Column("known_at", UtcDateTime, nullable=False),
    sa.Column("mode", sa.String(20), nullable=False),
    sa.Column("verdict", sa.String(20), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("p", sa.Float),
    sa.Column("score", sa.Float),
    sa.Column("burned_fraction", sa.Float),
    sa.Column("measured", sa.JSON, nullable=False),
    sa.Column("flags", sa.JSON, nullable=False),
    sa.Column("burned_blocks", sa.LargeBinary, nullable=False),
    sa.Index("ix_readings_aoi_id_acquired_at", "aoi_id", "acquired_at"),
)

RUNS = sa.Table(
    "runs",
    TABLES,
    sa.Column("run_id", sa.String(40), primary_key=True),
    sa.Column("aoi_id", sa.String(120), nullable=False),
    sa.Column("started_at", UtcDateTime, nullable=False),
    sa.Column("finished_at", UtcDateTime, nullable=False),
    sa.Column("outcome", sa.String(20), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("scene_ids", sa.JSON, nullable=False),
    sa.Column("look_ids", sa.JSON, nullable=False),
    sa.Column("finding_ids", sa.JSON, nullable=False),
    sa.Column("clear_fraction", sa.Float),
    sa.Index("ix_runs_aoi_id_started_at", "aoi_id", "started_at"),
)

SCENE_PROBLEMS = sa.Table(
    "scene_problems",
    TABLES,
    sa.Column("aoi_id", sa.String(120), primary_key=True),
    sa.Column("scene_id", sa.String(200), primary_key=True),
    sa.Column("provider", sa.String(80), nullable=False),
    sa.Column("acquired_at", UtcDateTime),
    sa.Column("first_at", UtcDateTime, nullable=False),
    sa.Column("last_at", UtcDateTime, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("hint", sa.Text, nullable=False),
    sa.Column("temporary", sa.Boolean, nullable=False),
)


def upgrade() -> None:
    """Add the tables."""
    TABLES.create_all(op.get_bind())


def downgrade() -> None:
    """Take them away."""
    TABLES.drop_all(op.get_bind())
