"""The first tables of the room alerts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from aoi.database import UtcDateTime
from monitor.migrations.snapshot import snapshot

revision = "0003"
down_revision = "0002"

TABLES = snapshot()

ALERTS = sa.Table(
    "alerts",
    TABLES,
    sa.Column("event_id", sa.String(40), primary_key=True),
    sa.Column("ref", sa.String(8), nullable=False, unique=True),
    sa.Column("aoi_id", sa.String(120), nullable=False, index=True),
    sa.Column("settlement_id", sa.String(120)),
    sa.Column("kind", sa.String(30), nullable=False),
    sa.Column("status", sa.String(20), nullable=False, index=True),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("told_revision", sa.Integer, nullable=False),
    sa.Column("outside", sa.Boolean, nullable=False),
    sa.Column("opened_at", UtcDateTime, nullable=False),
    sa.Column("changed_at", UtcDateTime, nullable=False),
    sa.Column("body", sa.JSON, nullable=False),
)

DECISIONS = sa.Table(
    "decisions",
    TABLES,
    sa.Column("n", sa.Integer, primary_key=True),
    sa.Column("event_id", sa.String(60), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("person_id", sa.String(40), nullable=False),
    sa.Column("profile_id", sa.String(40), nullable=False),
    sa.Column("outcome", sa.String(10), nullable=False),
    sa.Column("reason", sa.String(30), nullable=False),
    sa.Column("hold_until", UtcDateTime),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Index("ix_decisions_event_id_revision", "event_id", "revision"),
)

INCIDENTS = sa.Table(
    "incidents",
    TABLES,
    sa.Column("n", sa.Integer, primary_key=True),
    sa.Column("cause", sa.String(120), nullable=False, index=True),
    sa.Column("sentence", sa.Text, nullable=False),
    sa.Column("opened_at", UtcDateTime, nullable=False),
    sa.Column("seen_at", UtcDateTime, nullable=False),
    sa.Column("times", sa.Integer, nullable=False),
    sa.Column("closed_at", UtcDateTime),
)

PERSONS = sa.Table(
    "persons",
    TABLES,
    sa.Column("person_id", sa.String(40), primary_key=True),
    sa.Column("channel", sa.String(20), nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("clearance", sa.String(20), nullable=False),
    sa.Column("organisation", sa.String(120), nullable=False),
    sa.Column("desk", sa.Boolean, nullable=False),
    sa.Column("language", sa.String(8), nullable=False),
    sa.Column("form", sa.String(10), nullable=False),
    sa.Column("time_zone", sa.String(64), nullable=False),
    sa.Column("attachments", sa.Boolean, nullable=False),
    sa.Column("last_number", sa.Integer, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("changed_at", UtcDateTime, nullable=False),
    sa.UniqueConstraint("channel", "address", "desk"),
)

ALERT_EVENTS = sa.Table(
    "alert_events",
    TABLES,
    sa.Column("n", sa.Integer, primary_key=True),
    sa.Column("event_id", sa.String(40), sa.ForeignKey("alerts.event_id"), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("action", sa.String(20), nullable=False),
    sa.Column("actor", sa.String(120), nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("reason", sa.String(40), nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("before", sa.String(20)),
    sa.Column("after", sa.String(20), nullable=False),
    sa.Column("prev_sha256", sa.String(64), nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.UniqueConstraint("event_id", "revision"),
)

DELIVERIES = sa.Table(
    "deliveries",
    TABLES,
    sa.Column("delivery_id", sa.String(40), primary_key=True),
    sa.Column("event_id", sa.String(60), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("person_id", sa.String(40), sa.ForeignKey("persons.person_id"), nullable=False),
    sa.Column("channel", sa.String(20), nullable=False),
    sa.Column("audience", sa.String(20), nullable=False),
    sa.Column("reason", sa.String(20), nullable=False),
    sa.Column("profiles", sa.JSON, nullable=False),
    sa.Column("rank", sa.JSON, nullable=False),
    sa.Column("settlement_id", sa.String(120)),
    sa.Column("kind", sa.String(30), nullable=False),
    sa.Column("state", sa.String(20), nullable=False, index=True),
    sa.Column("hold_reason", sa.String(20), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("changed_at", UtcDateTime, nullable=False),
    sa.Column("not_before", UtcDateTime, nullable=False),
    sa.Column("rendered_at", UtcDateTime),
    sa.Column("settle_at", UtcDateTime),
    sa.Column("dotted_at", UtcDateTime),
    sa.Column("ended_at", UtcDateTime),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("resends", sa.Integer, nullable=False),
    sa.Column("sent_copy", sa.Boolean, nullable=False),
    sa.Column("possible_duplicate", sa.Boolean, nullable=False),
    sa.Column("number", sa.Integer),
    sa.Column("message_id", sa.String(120), unique=True),
    sa.Column("raw", sa.LargeBinary),
    sa.Column("raw_sha256", sa.String(64)),
    sa.Column("carried_by", sa.String(40)),
    sa.Column("last_error", sa.Text, nullable=False),
    sa.UniqueConstraint("event_id", "revision", "person_id", "channel"),
    sa.UniqueConstraint("person_id", "number"),
    sa.CheckConstraint("resends <= 1 OR sent_copy", name="ck_deliveries_one_blind_resend"),
    sa.Index("ix_deliveries_person_id_event_id", "person_id", "event_id", "channel"),
    sa.Index("ix_deliveries_state_not_before", "state", "not_before"),
)

PROFILES = sa.Table(
    "profiles",
    TABLES,
    sa.Column("profile_id", sa.String(40), primary_key=True),
    sa.Column(
        "person_id", sa.String(40), sa.ForeignKey("persons.person_id"), nullable=False, index=True
    ),
    sa.Column("name", sa.String(120), nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("starts_at", UtcDateTime, nullable=False),
    sa.Column("wishes", sa.JSON, nullable=False),
    sa.UniqueConstraint("person_id", "name"),
)

REVISIONS = sa.Table(
    "revisions",
    TABLES,
    sa.Column("event_id", sa.String(40), sa.ForeignKey("alerts.event_id"), primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True),
    sa.Column("kind", sa.String(30), nullable=False),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("reason", sa.String(20), nullable=False),
    sa.Column("tlp", sa.String(20), nullable=False),
    sa.Column("payload", sa.JSON, nullable=False),
    sa.Column("payload_sha256", sa.String(64), nullable=False),
    sa.Column("published_at", UtcDateTime, nullable=False),
)

ATTEMPTS = sa.Table(
    "attempts",
    TABLES,
    sa.Column(
        "delivery_id", sa.String(40), sa.ForeignKey("deliveries.delivery_id"), primary_key=True
    ),
    sa.Column("n", sa.Integer, primary_key=True),
    sa.Column("phase", sa.String(10), nullable=False),
    sa.Column("boot_id", sa.String(40), nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("started_at", UtcDateTime, nullable=False),
    sa.Column("ended_at", UtcDateTime),
    sa.Column("outcome", sa.String(20), nullable=False),
    sa.Column("code", sa.Integer, nullable=False),
    sa.Column("reply", sa.Text, nullable=False),
)

NOTES = sa.Table(
    "notes",
    TABLES,
    sa.Column(
        "delivery_id", sa.String(40), sa.ForeignKey("deliveries.delivery_id"), primary_key=True
    ),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("tlp", sa.String(20), nullable=False),
    sa.Column("parts", sa.JSON, nullable=False),
)

PROFILE_AREAS = sa.Table(
    "profile_areas",
    TABLES,
    sa.Column("profile_id", sa.String(40), sa.ForeignKey("profiles.profile_id"), primary_key=True),
    sa.Column("area_key", sa.String(140), primary_key=True, index=True),
)


def upgrade() -> None:
    """Add the tables."""
    TABLES.create_all(op.get_bind())


def downgrade() -> None:
    """Take them away."""
    TABLES.drop_all(op.get_bind())
