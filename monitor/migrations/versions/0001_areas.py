"""The first tables of the room aoi."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from aoi.database import GeometryColumn, UtcDateTime
from monitor.migrations.snapshot import snapshot

revision = "0001"
down_revision = None

TABLES = snapshot()

AOI_AUDIT = sa.Table(
    "aoi_audit",
    TABLES,
    sa.Column("audit_id", sa.Integer, primary_key=True),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("actor", sa.String(200), nullable=False),
    sa.Column("action", sa.String(40), nullable=False),
    sa.Column("subject", sa.String(80), nullable=False, index=True),
    sa.Column("detail", sa.Text, nullable=False),
)

AOIS = sa.Table(
    "aois",
    TABLES,
    sa.Column("aoi_id", sa.String(80), primary_key=True),
    sa.Column("group_id", sa.String(80), nullable=False, index=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("geometry", GeometryColumn, nullable=False),
    sa.Column("west", sa.Float, nullable=False, index=True),
    sa.Column("south", sa.Float, nullable=False),
    sa.Column("east", sa.Float, nullable=False),
    sa.Column("north", sa.Float, nullable=False),
    sa.Column("epsg", sa.Integer, nullable=False),
    sa.Column("revisit_s", sa.Float, nullable=False),
    sa.Column("sensitivity", sa.String(20), nullable=False),
    sa.Column("detectors", sa.JSON, nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("added_at", UtcDateTime, nullable=False),
    sa.Column("last_run_at", UtcDateTime),
    sa.Column("due_at", UtcDateTime, index=True),
)

SETTLEMENTS = sa.Table(
    "settlements",
    TABLES,
    sa.Column("settlement_id", sa.String(80), primary_key=True),
    sa.Column("aoi_id", sa.String(80), sa.ForeignKey("aois.aoi_id"), nullable=False, index=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("name_local", sa.String(200), nullable=False),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("structures", sa.Integer),
    sa.Column("footprint", GeometryColumn, nullable=False),
    sa.Column("footprint_assumed", sa.Boolean, nullable=False),
    sa.Column("west", sa.Float, nullable=False, index=True),
    sa.Column("south", sa.Float, nullable=False),
    sa.Column("east", sa.Float, nullable=False),
    sa.Column("north", sa.Float, nullable=False),
    sa.Column("admin_pcode", sa.String(80), nullable=False),
    sa.Column("added_at", UtcDateTime, nullable=False),
)


def upgrade() -> None:
    """Add the tables."""
    TABLES.create_all(op.get_bind())


def downgrade() -> None:
    """Take them away."""
    TABLES.drop_all(op.get_bind())
