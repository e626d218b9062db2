"""The tables of the site: people, their sign-ins, failed tries, and keys of machines."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

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
