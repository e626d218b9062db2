"""Keys of machines: feeds, programs, a GIS. Each sees what its clearance allows."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Engine, RowMapping, insert, select, update

from alerts.disclosure import AUDIENCES, DESK
from alerts.web.accounts import Role
from alerts.web.errors import InvalidAccount, UnknownAccount
from alerts.web.sessions import digest_of
from alerts.web.tables import API_KEYS
from alerts.web.trail import COMMAND_LINE, Deed, record
from alerts.words import plain
from aoi.database import reading, writing
from aoi.errors import DatabaseUnavailable

logger = structlog.get_logger(__name__)

CLEARANCES = tuple(name for name in AUDIENCES if name != DESK)
KEY_ROLES = (Role.READER, Role.ANALYST, Role.OPERATOR)
"""Roles that a key can have; keys make no keys and no people."""

PREFIX = "ew_"
USED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key, without its secret, which is shown once."""

    key_id: str
    label: str
    clearance: str
    areas: tuple[str, ...] | None
    """Areas whose alerts it may read, None for all."""

    made_by: str
    created_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None
    role: Role = Role.READER
    """What it may do under ``/api``; anything above a reader sees what the desk sees."""


class ApiKeys:
    """Makes, finds and revokes keys."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def make(
        self, label: str, clearance: str, made_by: str, now: datetime,
        areas: Sequence[str] | None = None, role: str = Role.READER,
    ) -> tuple[ApiKey, str]:  # fmt: skip
        """Return a new key and its secret, which is kept nowhere.

        Raises
        ------
        InvalidAccount
        """
        if clearance not in CLEARANCES:
            raise InvalidAccount(
                f"{clearance!r} is no clearance", hint=f"use one of: {', '.join(CLEARANCES)}"
            )
        if role not in KEY_ROLES:
            raise InvalidAccount(
                f"{role!r} is no role of a key", hint=f"use one of: {', '.join(KEY_ROLES)}"
            )
        if not plain(label, 120):
            raise InvalidAccount("the key has no name", hint="name the program that will use it")
        secret = PREFIX + secrets.token_urlsafe(32)
        row = {
            "key_id": secrets.token_hex(6), "label": plain(label, 120), "clearance": clearance,
            "areas": None if areas is None else list(areas), "made_by": made_by,
            "created_at": now, "secret_sha256": digest_of(secret), "role": str(role),
        }  # fmt: skip
        with writing(self._engine) as connection:
            connection.execute(insert(API_KEYS).values(**row))
            record(connection, now, made_by, Deed.KEY_MADE, str(row["label"]), str(role))
        logger.info("key made", key_id=row["key_id"], clearance=clearance, role=str(role))
        return self.key(str(row["key_id"])), secret

    def all(self) -> list[ApiKey]:
        """Return every key, newest first."""
        query = select(API_KEYS).order_by(API_KEYS.c.created_at.desc(), API_KEYS.c.key_id)
        with reading(self._engine) as connection:
            return [_key(row) for row in connection.execute(query).mappings()]

    def key(self, key_id: str) -> ApiKey:
        """Return one key.

        Raises
        ------
        UnknownAccount
        """
        query = select(API_KEYS).where(API_KEYS.c.key_id == key_id)
        with reading(self._engine) as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            raise UnknownAccount(f"no key is called {key_id[:40]!r}", hint="see the page of keys")
        return _key(row)

    def visit(self, secret: str, now: datetime) -> ApiKey | None:
        """Return whose secret it is, None if it was revoked or is nobody's."""
        if not secret.startswith(PREFIX):
            return None
        query = select(API_KEYS).where(
            API_KEYS.c.secret_sha256 == digest_of(secret), API_KEYS.c.revoked_at.is_(None)
        )
        with reading(self._engine) as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            return None
        if row["used_at"] is None or now - row["used_at"] >= USED_EVERY:
            with suppress(DatabaseUnavailable), writing(self._engine) as connection:
                connection.execute(
                    update(API_KEYS).where(API_KEYS.c.key_id == row["key_id"]).values(used_at=now)
                )
        return _key(row)

    def revoke(self, key_id: str, now: datetime, by: str = COMMAND_LINE) -> ApiKey:
        """Let a key open nothing from now on.

        Raises
        ------
        UnknownAccount
        """
        key = self.key(key_id)
        with writing(self._engine) as connection:
            connection.execute(
                update(API_KEYS).where(API_KEYS.c.key_id == key_id).values(revoked_at=now)
            )
            record(connection, now, by, Deed.KEY_REVOKED, key.label)
        logger.info("key revoked", key_id=key_id)
        return self.key(key_id)


def _key(row: RowMapping) -> ApiKey:
    areas = row["areas"]
    return ApiKey(
        key_id=row["key_id"],
        label=row["label"],
        clearance=row["clearance"],
        areas=None if areas is None else tuple(areas),
        made_by=row["made_by"],
        created_at=row["created_at"],
        used_at=row["used_at"],
        revoked_at=row["revoked_at"],
        role=Role(row["role"]),
    )
