"""Who is signed in: kept here, so that a sign-in can be ended from here."""

from __future__ import annotations

import hashlib
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, select, update
from sqlalchemy.sql import insert

from alerts.web.accounts import Account, Role
from alerts.web.tables import ACCOUNTS, SESSIONS
from aoi.database import reading, writing
from aoi.errors import DatabaseUnavailable

TOKEN_BYTES = 32

SEEN_EVERY = timedelta(minutes=1)
"""A page is not a write: when somebody was last seen is kept to the minute."""


@dataclass(frozen=True, slots=True)
class SessionPolicy:
    """From ``[web]`` in config.toml."""

    idle: timedelta = timedelta(minutes=30)
    whole: timedelta = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class SignIn:
    """One sign-in that stands, for the list that a person sees of theirs."""

    session_id: str
    """Digest of the cookie; worthless for signing in."""

    opened_at: datetime
    seen_at: datetime


class Sessions:
    """Opens, finds and ends sign-ins."""

    def __init__(self, engine: Engine, policy: SessionPolicy | None = None) -> None:
        self._engine = engine
        self._policy = policy or SessionPolicy()

    def open(self, name: str, now: datetime) -> str:
        """Return the cookie of a new sign-in; never one that the browser had before."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        with writing(self._engine) as connection:
            connection.execute(
                insert(SESSIONS).values(
                    token_sha256=digest_of(token), name=name, opened_at=now, seen_at=now
                )
            )
        return token

    def visit(self, token: str, now: datetime) -> Account | None:
        """Return whose cookie it is, None if it was ended, has expired, or is nobody's."""
        query = (
            select(SESSIONS, ACCOUNTS.c.role, ACCOUNTS.c.areas, ACCOUNTS.c.created_at)
            .join(ACCOUNTS, ACCOUNTS.c.name == SESSIONS.c.name)
            .where(SESSIONS.c.token_sha256 == digest_of(token))
            .where(SESSIONS.c.ended_at.is_(None), ACCOUNTS.c.removed_at.is_(None))
        )
        with reading(self._engine) as connection:
            row = connection.execute(query).mappings().first()
        if row is None or self._is_over(row["opened_at"], row["seen_at"], now):
            return None
        if now - row["seen_at"] >= SEEN_EVERY:
            # A run may be writing: a page is shown all the same, and the next one counts.
            with suppress(DatabaseUnavailable):
                self._set(token, seen_at=now)
        areas = row["areas"]
        return Account(
            row["name"],
            Role(row["role"]),
            None if areas is None else tuple(areas),
            row["created_at"],
        )

    def end(self, token: str, now: datetime) -> None:
        """End a sign-in; its cookie is worthless from now on."""
        self._set(token, ended_at=now)

    def end_all(self, name: str, now: datetime) -> None:
        """End every sign-in of a person."""
        with writing(self._engine) as connection:
            connection.execute(
                update(SESSIONS)
                .where(SESSIONS.c.name == name, SESSIONS.c.ended_at.is_(None))
                .values(ended_at=now)
            )

    def of(self, name: str, now: datetime) -> list[SignIn]:
        """Return the sign-ins of a person that stand, latest first."""
        query = (
            select(SESSIONS)
            .where(SESSIONS.c.name == name, SESSIONS.c.ended_at.is_(None))
            .order_by(SESSIONS.c.opened_at.desc())
        )
        with reading(self._engine) as connection:
            rows = connection.execute(query).mappings().all()
        return [
            SignIn(row["token_sha256"], row["opened_at"], row["seen_at"])
            for row in rows
            if not self._is_over(row["opened_at"], row["seen_at"], now)
        ]

    def _is_over(self, opened_at: datetime, seen_at: datetime, now: datetime) -> bool:
        return now - seen_at >= self._policy.idle or now - opened_at >= self._policy.whole

    def _set(self, token: str, **values: datetime) -> None:
        with writing(self._engine) as connection:
            connection.execute(
                update(SESSIONS)
                .where(SESSIONS.c.token_sha256 == digest_of(token), SESSIONS.c.ended_at.is_(None))
                .values(**values)
            )


def digest_of(token: str) -> str:
    """Return what is kept of a secret that is random itself."""
    return hashlib.sha256(token.encode()).hexdigest()
