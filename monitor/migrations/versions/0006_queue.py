"""The queue: alerts can be ordered and counted without reading their bodies."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

WEIGHTS = {"minor": 1.0, "moderate": 2.0, "severe": 4.0, "extreme": 8.0}
BATCH = 1_000

INDEXES = {
    "ix_alerts_queue": [
        "needs_review", "queue_order", "opened_at", "event_id", "status", "kind", "tier", "aoi_id",
    ],
    "ix_alerts_record": ["opened_at", "event_id", "status", "kind", "tier", "aoi_id"],
    "ix_alerts_states": ["status", "opened_at", "event_id", "kind", "tier", "aoi_id"],
    "ix_alerts_facets": ["needs_review", "status", "kind", "tier", "aoi_id"],
    "ix_alerts_areas": ["aoi_id", "needs_review", "status", "kind", "tier"],
}  # fmt: skip


def upgrade() -> None:
    """Add the columns, and fill them from what is there."""
    # Added one by one and with a value: to change a column of SQLite afterwards, its table is
    # made anew, which the deliveries that point to it do not allow.
    for column in (
        sa.Column("severity", sa.String(10), nullable=False, server_default="minor"),
        sa.Column("tier", sa.String(1), nullable=False, server_default="C"),
        sa.Column("needs_review", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("queue_order", sa.Float, nullable=False, server_default="0"),
    ):
        op.add_column("alerts", column)
    _fill(op.get_bind())
    for name in ("aoi_id", "status"):
        op.drop_index(f"ix_alerts_{name}", "alerts")
    for name, columns in INDEXES.items():
        op.create_index(name, "alerts", columns)


def downgrade() -> None:
    """Take them away."""
    for name in INDEXES:
        op.drop_index(name, "alerts")
    for column in ("aoi_id", "status"):
        op.create_index(f"ix_alerts_{column}", "alerts", [column])
    with op.batch_alter_table("alerts") as alerts:
        for column in ("queue_order", "needs_review", "tier", "severity"):
            alerts.drop_column(column)


def _fill(connection: sa.Connection) -> None:
    update = sa.text(
        "UPDATE alerts SET severity = :severity, tier = :tier, needs_review = :needs_review, "
        "queue_order = :queue_order WHERE event_id = :event_id"
    )
    rows = connection.execute(sa.text("SELECT event_id, body FROM alerts"))
    while batch := rows.fetchmany(BATCH):
        connection.execute(update, [_columns(row.event_id, row.body) for row in batch])


def _columns(event_id: str, kept: Any) -> dict[str, Any]:
    # As `alerts.grading.priority_of` had it when this was written.
    body = json.loads(kept) if isinstance(kept, str) else kept
    p = min(max(body["finding"]["probability"], 0.0), 1.0)
    again = body["needs_review"] and body["review"] != "unset"
    waits = body["needs_review"] and body["status"] not in ("rejected", "retracted")
    return {
        "event_id": event_id,
        "severity": body["severity"],
        "tier": body["finding"]["tier"],
        "needs_review": waits,
        "queue_order": -WEIGHTS[body["severity"]] * (1 + 4 * p * (1 - p))
        - (100.0 if again else 0.0),
    }
