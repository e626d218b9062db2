"""A second factor at sign-in, and a record of what was done to accounts.

Revision ID: 0009
Revises: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from aoi.database import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    with op.batch_alter_table("sessions") as batch:
        batch.add_column(
            sa.Column("awaits_code", sa.Boolean, nullable=False, server_default=sa.false())
        )
    op.create_table(
        "second_factors",
        sa.Column("name", sa.String(60), sa.ForeignKey("accounts.name"), primary_key=True),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("made_at", UtcDateTime, nullable=False),
        sa.Column("confirmed_at", UtcDateTime),
        sa.Column("last_step", sa.Integer, nullable=False),
        sa.Column("wrong", sa.Integer, nullable=False),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("code_sha256", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(60), sa.ForeignKey("accounts.name"), nullable=False),
        sa.Column("used_at", UtcDateTime),
    )
    op.create_index("ix_recovery_codes_name", "recovery_codes", ["name"])
    op.create_table(
        "account_events",
        sa.Column("n", sa.Integer, primary_key=True),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("actor", sa.String(60), nullable=False),
        sa.Column("action", sa.String(30), nullable=False),
        sa.Column("subject", sa.String(120), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )
    op.create_index("ix_account_events_subject", "account_events", ["subject"])
