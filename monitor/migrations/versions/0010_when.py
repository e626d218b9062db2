"""When it happened, and the review: reports and programs ask for a period without reading bodies.

Revision ID: 0010
Revises: 0009
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from aoi.database import UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

BATCH = 1_000
LONG_AGO = "1970-01-01 00:00:00.000000"
COLUMNS = [
    "happened_before", "happened_after", "status", "review", "aoi_id", "opened_at", "event_id",
]  # fmt: skip


def upgrade() -> None:
    """Add the columns, and fill them from what is there."""
    # Added one by one and with a value: to change a column of SQLite afterwards, its table is
    # made anew, which the deliveries that point to it do not allow.
    for column in ("happened_after", "happened_before"):
        op.add_column(
            "alerts", sa.Column(column, UtcDateTime, nullable=False, server_default=LONG_AGO)
        )
    op.add_column(
        "alerts", sa.Column("review", sa.String(10), nullable=False, server_default="unset")
    )
    _fill(op.get_bind())
    op.create_index("ix_alerts_happened", "alerts", COLUMNS)
    op.create_index("ix_coverage_days_day", "coverage_days", ["day", "state", "aoi_id"])


def _fill(connection: sa.Connection) -> None:
    kept = sa.table(
        "alerts",
        sa.column("event_id", sa.String),
        sa.column("body", sa.JSON),
        sa.column("happened_after", UtcDateTime),
        sa.column("happened_before", UtcDateTime),
        sa.column("review", sa.String),
    )
    known = sa.update(kept).where(kept.c.event_id == sa.bindparam("which"))
    update = known.values(
        happened_after=sa.bindparam("begun"),
        happened_before=sa.bindparam("done"),
        review=sa.bindparam("judged"),
    )
    rows = connection.execute(sa.select(kept.c.event_id, kept.c.body)).all()
    for first in range(0, len(rows), BATCH):
        connection.execute(update, [_columns(*row) for row in rows[first : first + BATCH]])


def _columns(event_id: str, body: Any) -> dict[str, Any]:
    told = json.loads(body) if isinstance(body, str) else body
    return {
        "which": event_id,
        "begun": datetime.fromisoformat(told["finding"]["happened_after"]),
        "done": datetime.fromisoformat(told["finding"]["happened_before"]),
        "judged": told["review"],
    }
