"""Readers of alerts: secrets of endpoints, feedback, silences, and who was served what."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from aoi.database import UtcDateTime
from monitor.migrations.snapshot import snapshot

revision = "0004"
down_revision = "0003"

TABLES = snapshot()

# Keys lead to tables of an earlier revision, which this one must know and not make.
EARLIER = (
    sa.Table("alerts", TABLES, sa.Column("event_id", sa.String(40), primary_key=True)),
    sa.Table("persons", TABLES, sa.Column("person_id", sa.String(40), primary_key=True)),
)

NEW = (
    sa.Table(
        "feedback",
        TABLES,
        sa.Column("n", sa.Integer, primary_key=True),
        sa.Column(
            "event_id", sa.String(40), sa.ForeignKey("alerts.event_id"), nullable=False, index=True
        ),
        sa.Column("person_id", sa.String(40), sa.ForeignKey("persons.person_id"), nullable=False),
        sa.Column("verdict", sa.String(10), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
    ),
    sa.Table(
        "silences",
        TABLES,
        sa.Column("n", sa.Integer, primary_key=True),
        sa.Column("author", sa.String(120), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("aoi_id", sa.String(120), nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("starts_at", UtcDateTime, nullable=False),
        sa.Column("ends_at", UtcDateTime, nullable=False),
    ),
    sa.Table(
        "servings",
        TABLES,
        sa.Column("event_id", sa.String(40), sa.ForeignKey("alerts.event_id"), primary_key=True),
        sa.Column("revision", sa.Integer, primary_key=True),
        sa.Column("reader", sa.String(60), primary_key=True),
        sa.Column("form", sa.String(10), nullable=False),
        sa.Column("served_at", UtcDateTime, nullable=False),
    ),
)


def upgrade() -> None:
    """Add columns and tables."""
    with op.batch_alter_table("persons") as persons:
        persons.add_column(
            sa.Column("secret_generation", sa.Integer, nullable=False, server_default="1")
        )
        persons.add_column(sa.Column("secret_rotated_at", UtcDateTime))
    TABLES.create_all(op.get_bind(), tables=NEW)


def downgrade() -> None:
    """Take them away."""
    TABLES.drop_all(op.get_bind(), tables=NEW)
    with op.batch_alter_table("persons") as persons:
        persons.drop_column("secret_rotated_at")
        persons.drop_column("secret_generation")
