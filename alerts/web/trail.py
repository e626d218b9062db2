"""Who did what to accounts and keys: one line for each change, never changed itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, Engine, insert, select

from alerts.web.tables import ACCOUNT_EVENTS
from aoi.database import reading

COMMAND_LINE = "command line"
"""Who acts where nobody signed in: somebody at the machine itself."""


class Deed(StrEnum):
    """What can be done to an account or a key."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"
    PASSWORD = "password"
    FACTOR_ON = "factor_on"
    FACTOR_OFF = "factor_off"
    FACTOR_RESET = "factor_reset"
    RECOVERY_USED = "recovery_used"
    RECOVERY_MADE = "recovery_made"
    KEY_MADE = "key_made"
    KEY_REVOKED = "key_revoked"


@dataclass(frozen=True, slots=True)
class AccountEvent:
    """One line of the record."""

    at: datetime
    actor: str
    deed: Deed
    subject: str
    detail: str

    @property
    def by_command(self) -> bool:
        """True if it was done at the machine itself."""
        return self.actor == COMMAND_LINE


def record(
    connection: Connection, at: datetime, actor: str, deed: Deed, subject: str, detail: str = ""
) -> None:
    """Add a line, in the transaction of the change itself."""
    row = {"at": at, "actor": actor, "action": deed.value, "subject": subject, "detail": detail}
    connection.execute(insert(ACCOUNT_EVENTS).values(**row))


def trail(engine: Engine, limit: int = 200) -> list[AccountEvent]:
    """Return the newest lines, newest first."""
    query = select(ACCOUNT_EVENTS).order_by(ACCOUNT_EVENTS.c.n.desc()).limit(limit)
    with reading(engine) as connection:
        rows = connection.execute(query).mappings().all()
    return [
        AccountEvent(row["at"], row["actor"], Deed(row["action"]), row["subject"], row["detail"])
        for row in rows
    ]
