"""People of the site: their roles, their areas, their passwords."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import structlog
from sqlalchemy import Connection, Engine, RowMapping, func, insert, select, update

from alerts.alert import SERVICE
from alerts.web.errors import InvalidAccount, UnknownAccount
from alerts.web.passwords import hashed, matches, require_strong
from alerts.web.tables import ACCOUNTS, SECOND_FACTORS, SESSIONS
from alerts.web.trail import COMMAND_LINE, Deed, record
from aoi.database import reading, writing

logger = structlog.get_logger(__name__)

MAX_NAME = 60
BETWEEN = frozenset(".@+-_ ")


class Role(StrEnum):
    """What a person may do; each role may do what the one before it may."""

    ANYONE = "anyone"
    """Nobody is signed in: the sign-in page and the links of mails."""

    READER = "reader"
    """The key of a machine: feeds and the API, as far as its clearance goes."""

    ANALYST = "analyst"
    OPERATOR = "operator"
    ADMIN = "admin"

    def covers(self, needed: Role) -> bool:
        """Return True if this role may do what `needed` may."""
        return RANKS.index(self) >= RANKS.index(needed)


RANKS = tuple(Role)
GIVEN = (Role.ANALYST, Role.OPERATOR, Role.ADMIN)
"""Roles that a person can have."""


@dataclass(frozen=True, slots=True)
class Account:
    """One person of the site."""

    name: str
    role: Role
    areas: tuple[str, ...] | None
    """Areas that the person may see, None for all."""

    created_at: datetime
    second_factor: bool = False
    """True if a code is asked for after the password."""


ACCOUNT_ROWS = select(
    ACCOUNTS, SECOND_FACTORS.c.confirmed_at.is_not(None).label("second_factor")
).outerjoin(SECOND_FACTORS, SECOND_FACTORS.c.name == ACCOUNTS.c.name)


class Accounts:
    """Keeps who may sign in."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(
        self, name: str, role: str, password: str, now: datetime,
        areas: Sequence[str] | None = None, by: str = COMMAND_LINE,
    ) -> Account:  # fmt: skip
        """Add a person; a name that was ever used is not given to another.

        Raises
        ------
        InvalidAccount
        """
        known = _known_role(role)
        if not _is_name(name) or name.lower() == SERVICE:
            raise InvalidAccount(
                f"{name[:60]!r} cannot be a name here",
                hint="use 1 to 60 letters, digits, and . @ + - _ between them",
            )
        require_strong(password, name)
        row = {
            "name": name, "role": known.value, "areas": _listed(areas),
            "password_hash": hashed(password), "created_at": now, "changed_at": now,
        }  # fmt: skip
        with writing(self._engine) as connection:
            taken = select(ACCOUNTS.c.name).where(func.lower(ACCOUNTS.c.name) == name.lower())
            if connection.execute(taken).first() is not None:
                raise InvalidAccount(
                    f"{name!r} is, or was, the name of somebody",
                    hint="choose another: names stand under decisions for ever",
                )
            connection.execute(insert(ACCOUNTS).values(**row))
            record(connection, now, by, Deed.ADDED, name, _standing(known, areas))
        logger.info("account added", role=known.value)
        return Account(name, known, None if areas is None else tuple(areas), now)

    def all(self) -> list[Account]:
        """Return everybody who may sign in, by name."""
        query = ACCOUNT_ROWS.where(ACCOUNTS.c.removed_at.is_(None)).order_by(ACCOUNTS.c.name)
        with reading(self._engine) as connection:
            return [account_of(row) for row in connection.execute(query).mappings()]

    def none_yet(self) -> bool:
        """Return True while nobody can sign in."""
        query = select(ACCOUNTS.c.name).where(ACCOUNTS.c.removed_at.is_(None)).limit(1)
        with reading(self._engine) as connection:
            return connection.execute(query).first() is None

    def account(self, name: str) -> Account:
        """Return one person.

        Raises
        ------
        UnknownAccount
        """
        query = ACCOUNT_ROWS.where(ACCOUNTS.c.name == name, ACCOUNTS.c.removed_at.is_(None))
        with reading(self._engine) as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            raise UnknownAccount(
                f"nobody is called {name[:60]!r}", hint="see: emberwatch user list"
            )
        return account_of(row)

    def verified(self, name: str, password: str) -> Account | None:
        """Return the person if the password is theirs; slow, and as slow for an unknown name."""
        query = ACCOUNT_ROWS.where(ACCOUNTS.c.name == name, ACCOUNTS.c.removed_at.is_(None))
        with reading(self._engine) as connection:
            row = connection.execute(query).mappings().first()
        if not matches(password, None if row is None else row["password_hash"]):
            return None
        return None if row is None else account_of(row)

    def reset(self, name: str, password: str, now: datetime, by: str = COMMAND_LINE) -> Account:
        """Give a person another password, and end every sign-in of theirs.

        A second factor stays: whoever may set a password has no telephone in their hand.

        Raises
        ------
        UnknownAccount, InvalidAccount
        """
        require_strong(password, name)
        return self._changed(name, now, by, Deed.PASSWORD, password_hash=hashed(password))

    def change(
        self, name: str, now: datetime, *, role: str, areas: Sequence[str] | None,
        by: str = COMMAND_LINE,
    ) -> Account:  # fmt: skip
        """Give a person another role, or other areas; None is all. Their sign-ins end.

        Raises
        ------
        UnknownAccount, InvalidAccount
        """
        known = _known_role(role)
        return self._changed(
            name, now, by, Deed.CHANGED, _standing(known, areas),
            role=known.value, areas=_listed(areas),
        )  # fmt: skip

    def remove(self, name: str, now: datetime, by: str = COMMAND_LINE) -> Account:
        """Let a person sign in no more; their name stays under their decisions.

        Raises
        ------
        UnknownAccount
        """
        return self._changed(name, now, by, Deed.REMOVED, removed_at=now)

    def _changed(
        self, name: str, now: datetime, by: str, deed: Deed, detail: str = "", **values: object
    ) -> Account:
        account = self.account(name)
        with writing(self._engine) as connection:
            connection.execute(
                update(ACCOUNTS)
                .where(ACCOUNTS.c.name == account.name)
                .values(changed_at=now, **values)
            )
            end_sessions(connection, account.name, now)
            record(connection, now, by, deed, account.name, detail)
        logger.info("account changed", fields=sorted(values))
        return account if deed is Deed.REMOVED else self.account(name)


def end_sessions(connection: Connection, name: str, now: datetime) -> None:
    """End every sign-in of a person, in the transaction of what makes them end."""
    connection.execute(
        update(SESSIONS)
        .where(SESSIONS.c.name == name, SESSIONS.c.ended_at.is_(None))
        .values(ended_at=now)
    )


def _is_name(name: str) -> bool:
    """Return True for letters and digits of any script, their marks, and `BETWEEN` inside."""
    spelled = all(c.isalnum() or unicodedata.category(c)[0] == "M" or c in BETWEEN for c in name)
    ends_well = name[:1].isalnum() and name[-1:] not in BETWEEN
    return spelled and ends_well and len(name) <= MAX_NAME


def _known_role(role: str) -> Role:
    if role not in GIVEN:
        raise InvalidAccount(f"{role!r} is no role", hint=f"use one of: {', '.join(GIVEN)}")
    return Role(role)


def _listed(areas: Sequence[str] | None) -> list[str] | None:
    return None if areas is None else list(areas)


def _standing(role: Role, areas: Sequence[str] | None) -> str:
    """Return what a person may, for the record."""
    return role.value if areas is None else f"{role.value}: {', '.join(areas)}"


def account_of(row: RowMapping) -> Account:
    """Return the person of a row of `ACCOUNT_ROWS`."""
    areas = row["areas"]
    return Account(
        name=row["name"],
        role=Role(row["role"]),
        areas=None if areas is None else tuple(areas),
        created_at=row["created_at"],
        second_factor=row["second_factor"],
    )
