"""Generations: a database that was put back from a backup is known as such.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from aoi.database import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    with op.batch_alter_table("persons") as batch:
        batch.add_column(sa.Column("numbers_lost", sa.Integer, nullable=False, server_default="0"))
    op.create_table(
        "generations",
        sa.Column("n", sa.Integer, primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("stamp", sa.String(32), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("journal", sa.String(60), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("restored_at", UtcDateTime),
        sa.Column("wary_until", UtcDateTime),
    )
