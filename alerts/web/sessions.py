"""Who is signed in: kept here, so that a sign-in can be ended from here."""

from __future__ import annotations

import hashlib
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, insert, select, update

from alerts.web.accounts import ACCOUNT_ROWS, Account, account_of, end_sessions
from alerts.web.tables import ACCOUNTS, SESSIONS
from aoi.database import reading, writing
from aoi.errors import DatabaseUnavailable

TOKEN_BYTES = 32

FOR_THE_CODE = timedelta(minutes=5)
"""After the password, that long to type the code of the second factor."""

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

    def open(self, name: str, now: datetime, *, awaits_code: bool = False) -> str:
        """Return the cookie of a new sign-in; never one that the browser had before.

        Parameters
        ----------
        awaits_code : bool
            True after the password where a second factor is still to come: the cookie opens
            nothing but the page that asks for it.
        """
        token = secrets.token_urlsafe(TOKEN_BYTES)
        row = {"token_sha256": digest_of(token), "name": name, "opened_at": now, "seen_at": now,
               "awaits_code": awaits_code}  # fmt: skip
        with writing(self._engine) as connection:
            connection.execute(insert(SESSIONS).values(**row))
        return token

    def awaiting_code(self, token: str, now: datetime) -> str:
        """Return whose password was right with this cookie; empty if nobody's, or too late."""
        query = select(SESSIONS.c.name, SESSIONS.c.opened_at).where(
            SESSIONS.c.token_sha256 == digest_of(token),
            SESSIONS.c.awaits_code,
            SESSIONS.c.ended_at.is_(None),
        )
        with reading(self._engine) as connection:
            row = connection.execute(query).first()
        return "" if row is None or now - row.opened_at >= FOR_THE_CODE else str(row.name)

    def visit(self, token: str, now: datetime) -> Account | None:
        """Return whose cookie it is, None if it was ended, has expired, or is nobody's."""
        query = (
            ACCOUNT_ROWS.add_columns(SESSIONS.c.opened_at, SESSIONS.c.seen_at)
            .join(SESSIONS, SESSIONS.c.name == ACCOUNTS.c.name)
            .where(SESSIONS.c.token_sha256 == digest_of(token), ~SESSIONS.c.awaits_code)
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
        return account_of(row)

    def end(self, token: str, now: datetime) -> None:
        """End a sign-in; its cookie is worthless from now on."""
        self._set(token, ended_at=now)

    def end_all(self, name: str, now: datetime) -> None:
        """End every sign-in of a person."""
        with writing(self._engine) as connection:
            end_sessions(connection, name, now)

    def of(self, name: str, now: datetime) -> list[SignIn]:
        """Return the sign-ins of a person that stand, latest first."""
        query = (
            select(SESSIONS)
            .where(SESSIONS.c.name == name, SESSIONS.c.ended_at.is_(None), ~SESSIONS.c.awaits_code)
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
