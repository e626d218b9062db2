"""The tables of this room. Rows of events, attempts and decisions are only ever added."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from aoi.database import METADATA, UtcDateTime

ALERTS = Table(
    "alerts",
    METADATA,
    Column("event_id", String(40), primary_key=True),
    Column("ref", String(8), nullable=False, unique=True),
    Column("aoi_id", String(120), nullable=False),
    Column("settlement_id", String(120)),
    Column("kind", String(30), nullable=False),
    Column("status", String(20), nullable=False),
    Column("revision", Integer, nullable=False),
    # The revision that the publisher dealt with last: behind `revision` means work to do.
    Column("told_revision", Integer, nullable=False, default=0),
    # Set by the outbox at the first dot, never taken back; decides reject or retract.
    Column("outside", Boolean, nullable=False, default=False),
    # Copies of what the body says, for the queue: it must not read every body to order them.
    Column("severity", String(10), nullable=False),
    Column("tier", String(1), nullable=False),
    Column("needs_review", Boolean, nullable=False),
    # The negative priority: an index in one direction gives the whole order.
    Column("queue_order", Float, nullable=False),
    Column("review", String(10), nullable=False),
    Column("happened_after", UtcDateTime, nullable=False),
    Column("happened_before", UtcDateTime, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("body", JSON, nullable=False),
    # Whole answers: the queue is ordered, narrowed and counted without touching a body.
    Index(
        "ix_alerts_queue",
        "needs_review",
        "queue_order",
        "opened_at",
        "event_id",
        "status",
        "kind",
        "tier",
        "aoi_id",
    ),
    Index("ix_alerts_record", "opened_at", "event_id", "status", "kind", "tier", "aoi_id"),
    Index("ix_alerts_states", "status", "opened_at", "event_id", "kind", "tier", "aoi_id"),
    Index("ix_alerts_facets", "needs_review", "status", "kind", "tier", "aoi_id"),
    Index("ix_alerts_areas", "aoi_id", "needs_review", "status", "kind", "tier"),
    Index(
        "ix_alerts_happened",
        "happened_before",
        "happened_after",
        "status",
        "review",
        "aoi_id",
        "opened_at",
        "event_id",
    ),
)

ALERT_EVENTS = Table(
    "alert_events",
    METADATA,
    Column("n", Integer, primary_key=True),
    Column("event_id", String(40), ForeignKey("alerts.event_id"), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("action", String(20), nullable=False),
    Column("actor", String(120), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("reason", String(40), nullable=False),
    Column("note", Text, nullable=False),
    Column("before", String(20)),
    Column("after", String(20), nullable=False),
    Column("prev_sha256", String(64), nullable=False),
    Column("sha256", String(64), nullable=False),
    UniqueConstraint("event_id", "revision"),
)

REVISIONS = Table(
    "revisions",
    METADATA,
    Column("event_id", String(40), ForeignKey("alerts.event_id"), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("kind", String(30), nullable=False),
    Column("status", String(20), nullable=False),
    Column("reason", String(20), nullable=False),
    Column("tlp", String(20), nullable=False),
    Column("payload", JSON, nullable=False),
    Column("payload_sha256", String(64), nullable=False),
    Column("published_at", UtcDateTime, nullable=False),
)

PERSONS = Table(
    "persons",
    METADATA,
    Column("person_id", String(40), primary_key=True),
    Column("channel", String(20), nullable=False),
    Column("address", Text, nullable=False),
    Column("state", String(20), nullable=False),
    Column("clearance", String(20), nullable=False),
    Column("organisation", String(120), nullable=False, default=""),
    # The desk: colleagues who see what has not left the house.
    Column("desk", Boolean, nullable=False, default=False),
    Column("language", String(8), nullable=False, default="en"),
    Column("form", String(10), nullable=False, default="full"),
    Column("time_zone", String(64), nullable=False, default="UTC"),
    Column("attachments", Boolean, nullable=False, default=True),
    # Of a webhook: the current secret, and until when the one before it signs too.
    Column("secret_generation", Integer, nullable=False, default=1),
    Column("secret_rotated_at", UtcDateTime),
    # The number of the last message that was rendered for this person.
    Column("last_number", Integer, nullable=False, default=0),
    # Numbers below it whose messages a restored backup knows nothing of.
    Column("numbers_lost", Integer, nullable=False, default=0, server_default="0"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    UniqueConstraint("channel", "address", "desk"),
)

PROFILES = Table(
    "profiles",
    METADATA,
    Column("profile_id", String(40), primary_key=True),
    Column("person_id", String(40), ForeignKey("persons.person_id"), nullable=False, index=True),
    Column("name", String(120), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("starts_at", UtcDateTime, nullable=False),
    Column("wishes", JSON, nullable=False),
    UniqueConstraint("person_id", "name"),
)

PROFILE_AREAS = Table(
    "profile_areas",
    METADATA,
    Column("profile_id", String(40), ForeignKey("profiles.profile_id"), primary_key=True),
    # "aoi:<id>", "unit:<pcode or the start of one>" or "polygon".
    Column("area_key", String(140), primary_key=True, index=True),
)

DELIVERIES = Table(
    "deliveries",
    METADATA,
    Column("delivery_id", String(40), primary_key=True),
    # An event, or the period of a digest.
    Column("event_id", String(60), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("person_id", String(40), ForeignKey("persons.person_id"), nullable=False),
    Column("channel", String(20), nullable=False),
    Column("audience", String(20), nullable=False),
    Column("reason", String(20), nullable=False),
    Column("profiles", JSON, nullable=False),
    # The rank that this message tells, so that escalation compares with what was sent.
    Column("rank", JSON, nullable=False),
    Column("settlement_id", String(120)),
    Column("kind", String(30), nullable=False),
    Column("state", String(20), nullable=False, index=True),
    Column("hold_reason", String(20), nullable=False, default=""),
    Column("created_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("not_before", UtcDateTime, nullable=False),
    Column("rendered_at", UtcDateTime),
    Column("settle_at", UtcDateTime),
    Column("dotted_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("attempts", Integer, nullable=False, default=0),
    Column("resends", Integer, nullable=False, default=0),
    Column("sent_copy", Boolean, nullable=False, default=False),
    Column("possible_duplicate", Boolean, nullable=False, default=False),
    Column("number", Integer),
    Column("message_id", String(120), unique=True),
    Column("raw", LargeBinary),
    Column("raw_sha256", String(64)),
    Column("carried_by", String(40)),
    Column("last_error", Text, nullable=False, default=""),
    UniqueConstraint("event_id", "revision", "person_id", "channel"),
    UniqueConstraint("person_id", "number"),
    CheckConstraint("resends <= 1 OR sent_copy", name="one_blind_resend"),
    Index("ix_deliveries_person_id_event_id", "person_id", "event_id", "channel"),
    Index("ix_deliveries_state_not_before", "state", "not_before"),
)

NOTES = Table(
    "notes",
    METADATA,
    # What a message says that is about no single alert: confirmations, digests, incidents.
    Column("delivery_id", String(40), ForeignKey("deliveries.delivery_id"), primary_key=True),
    Column("subject", Text, nullable=False),
    Column("tlp", String(20), nullable=False),
    Column("parts", JSON, nullable=False),
)

ATTEMPTS = Table(
    "attempts",
    METADATA,
    Column("delivery_id", String(40), ForeignKey("deliveries.delivery_id"), primary_key=True),
    Column("n", Integer, primary_key=True),
    # connect, dot: the last mark that was committed before the outcome.
    Column("phase", String(10), nullable=False),
    Column("boot_id", String(40), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("outcome", String(20), nullable=False, default=""),
    Column("code", Integer, nullable=False, default=0),
    Column("reply", Text, nullable=False, default=""),
)

DECISIONS = Table(
    "decisions",
    METADATA,
    Column("n", Integer, primary_key=True),
    Column("event_id", String(60), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("person_id", String(40), nullable=False),
    Column("profile_id", String(40), nullable=False),
    Column("outcome", String(10), nullable=False),
    Column("reason", String(30), nullable=False),
    Column("hold_until", UtcDateTime),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_decisions_event_id_revision", "event_id", "revision"),
)

FEEDBACK = Table(
    "feedback",
    METADATA,
    Column("n", Integer, primary_key=True),
    Column("event_id", String(40), ForeignKey("alerts.event_id"), nullable=False, index=True),
    Column("person_id", String(40), ForeignKey("persons.person_id"), nullable=False),
    Column("verdict", String(10), nullable=False),
    Column("note", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

SILENCES = Table(
    "silences",
    METADATA,
    Column("n", Integer, primary_key=True),
    Column("author", String(120), nullable=False),
    Column("reason", Text, nullable=False),
    # Empty: every area, every kind.
    Column("aoi_id", String(120), nullable=False),
    Column("kind", String(30), nullable=False),
    Column("starts_at", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime, nullable=False),
)

SERVINGS = Table(
    "servings",
    METADATA,
    # Who pulled what from a feed, the API or as CAP: a retraction is owed to them too.
    Column("event_id", String(40), ForeignKey("alerts.event_id"), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("reader", String(60), primary_key=True),
    Column("form", String(10), nullable=False),
    Column("served_at", UtcDateTime, nullable=False),
)

INCIDENTS = Table(
    "incidents",
    METADATA,
    Column("n", Integer, primary_key=True),
    # One open incident for each cause: a relay that refuses a thousand mails is one.
    Column("cause", String(120), nullable=False, index=True),
    Column("sentence", Text, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("times", Integer, nullable=False),
    Column("closed_at", UtcDateTime),
)

GENERATIONS = Table(
    "generations",
    METADATA,
    # One row. Its stamp stands in a file beside the database too: an old copy has an old one.
    Column("n", Integer, primary_key=True),
    # Grows by one with every restore.
    Column("number", Integer, nullable=False),
    Column("stamp", String(32), nullable=False),
    # "open", or "held": nothing is sent until an operator says so.
    Column("state", String(10), nullable=False),
    # How far the journal outside the database had been written, at the latest.
    Column("journal", String(60), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("restored_at", UtcDateTime),
    # Until then what was never tried is looked for among the server's copies first.
    Column("wary_until", UtcDateTime),
)
