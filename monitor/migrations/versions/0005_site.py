"""The site: people, their sign-ins, failed tries, keys of machines."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from aoi.database import UtcDateTime
from monitor.migrations.snapshot import snapshot

revision = "0005"
down_revision = "0004"

TABLES = snapshot()

ACCOUNTS = sa.Table(
    "accounts",
    TABLES,
    sa.Column("name", sa.String(60), primary_key=True),
    sa.Column("role", sa.String(20), nullable=False),
    sa.Column("areas", sa.JSON),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("changed_at", UtcDateTime, nullable=False),
    sa.Column("removed_at", UtcDateTime),
)

SESSIONS = sa.Table(
    "sessions",
    TABLES,
    sa.Column("token_sha256", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(60), sa.ForeignKey("accounts.name"), nullable=False, index=True),
    sa.Column("opened_at", UtcDateTime, nullable=False),
    sa.Column("seen_at", UtcDateTime, nullable=False),
    sa.Column("ended_at", UtcDateTime),
)

SIGN_INS = sa.Table(
    "sign_ins",
    TABLES,
    sa.Column("n", sa.Integer, primary_key=True),
    sa.Column("account_key", sa.String(64), nullable=False),
    sa.Column("address_key", sa.String(64), nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("succeeded", sa.Boolean, nullable=False),
    sa.Index("ix_sign_ins_account_key_at", "account_key", "at"),
    sa.Index("ix_sign_ins_address_key_at", "address_key", "at"),
)

API_KEYS = sa.Table(
    "api_keys",
    TABLES,
    sa.Column("key_id", sa.String(16), primary_key=True),
    sa.Column("secret_sha256", sa.String(64), nullable=False, unique=True),
    sa.Column("label", sa.String(120), nullable=False),
    sa.Column("clearance", sa.String(20), nullable=False),
    sa.Column("areas", sa.JSON),
    sa.Column("made_by", sa.String(60), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("used_at", UtcDateTime),
    sa.Column("revoked_at", UtcDateTime),
)


def upgrade() -> None:
    """Add the tables."""
    TABLES.create_all(op.get_bind())


def downgrade() -> None:
    """Take them away."""
    TABLES.drop_all(op.get_bind())
