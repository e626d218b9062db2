"""The tables of the site: people, what they prove themselves with, and keys of machines."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    false,
)

from aoi.database import METADATA, UtcDateTime

ACCOUNTS = Table(
    "accounts",
    METADATA,
    Column("name", String(60), primary_key=True),
    Column("role", String(20), nullable=False),
    # NULL: every area. Else a list of identifiers of areas, or of the bigger areas they tile.
    Column("areas", JSON(none_as_null=True)),
    Column("password_hash", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    # Removed people stay: their names stand under decisions.
    Column("removed_at", UtcDateTime),
)

SESSIONS = Table(
    "sessions",
    METADATA,
    # The digest of the cookie: whoever reads the database cannot sign in with it.
    Column("token_sha256", String(64), primary_key=True),
    Column("name", String(60), ForeignKey("accounts.name"), nullable=False, index=True),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    # The password was right, and the code of the second factor is still to come.
    Column("awaits_code", Boolean, nullable=False, server_default=false()),
)

SECOND_FACTORS = Table(
    "second_factors",
    METADATA,
    Column("name", String(60), ForeignKey("accounts.name"), primary_key=True),
    # Sealed with a key outside the database: whoever reads it cannot make codes.
    Column("secret", LargeBinary, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    # NULL until its owner has shown a first code.
    Column("confirmed_at", UtcDateTime),
    # The half minute of the last code that was taken: it is not taken again.
    Column("last_step", Integer, nullable=False),
    # Wrong codes since the last right one.
    Column("wrong", Integer, nullable=False),
)

RECOVERY_CODES = Table(
    "recovery_codes",
    METADATA,
    Column("code_sha256", String(64), primary_key=True),
    Column("name", String(60), ForeignKey("accounts.name"), nullable=False, index=True),
    Column("used_at", UtcDateTime),
)

ACCOUNT_EVENTS = Table(
    "account_events",
    METADATA,
    Column("n", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", String(60), nullable=False),
    Column("action", String(30), nullable=False),
    # Whose account, or the name of a key.
    Column("subject", String(120), nullable=False, index=True),
    Column("detail", Text, nullable=False),
)

SIGN_INS = Table(
    "sign_ins",
    METADATA,
    Column("n", Integer, primary_key=True),
    # Keyed digests: the table names no address, and no account that does not exist.
    Column("account_key", String(64), nullable=False),
    Column("address_key", String(64), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("succeeded", Boolean, nullable=False),
    Index("ix_sign_ins_account_key_at", "account_key", "at"),
    Index("ix_sign_ins_address_key_at", "address_key", "at"),
)

API_KEYS = Table(
    "api_keys",
    METADATA,
    Column("key_id", String(16), primary_key=True),
    Column("secret_sha256", String(64), nullable=False, unique=True),
    Column("label", String(120), nullable=False),
    # What its holder may see: a clearance of alerts.disclosure.
    Column("clearance", String(20), nullable=False),
    # What its holder may do: a reader reads, an analyst's key decides too.
    Column("role", String(20), nullable=False, server_default="reader"),
    Column("areas", JSON(none_as_null=True)),
    Column("made_by", String(60), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
)
