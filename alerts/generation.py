"""Whether this database is the latest one, or an old one that was put back (ALERTS 3.10)."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog
from sqlalchemy import Connection, Engine, insert, select, update

from alerts.errors import JournalUnusable
from alerts.incidents import close_incident, report_incident
from alerts.journal import Position, journal_of
from alerts.tables import GENERATIONS
from aoi.database import reading, writing

logger = structlog.get_logger(__name__)

OPEN, HELD = "open", "held"
CAUSE = "backup:restored"

PUT_BACK = (
    "the database is an older one than the file beside it knows: nothing is sent until somebody "
    "says: emberwatch backup resume"
)
WAITING = (
    "the database was restored without the journal: nothing is sent until somebody looked at what "
    "waits and says: emberwatch backup release"
)


@dataclass(frozen=True, slots=True)
class Generation:
    """What a database says of itself."""

    number: int
    """Grows by one with every restore."""

    stamp: str
    """Changes whenever the courier begins to send."""

    state: str
    journal: Position
    at: datetime
    """When the stamp was changed."""

    restored_at: datetime | None = None
    wary_until: datetime | None = None


class Generations:
    """Holds the stamp of the database against the file beside it.

    Before anything is sent the stamp changes in both places, so a database
    from before that has a stamp that the file no longer knows.

    Parameters
    ----------
    engine : Engine
    path : Path
        The file. It must not lie in the same copy as the database.
    """

    def __init__(self, engine: Engine, path: Path) -> None:
        self._engine = engine
        self._path = path

    def wants_nothing_sent(self, now: datetime) -> str:
        """Return why nothing may be sent, empty if it may; operators are told of it."""
        why = self._refusal()
        if why:
            with writing(self._engine) as connection:
                report_incident(connection, CAUSE, why, now)
        return why

    def _refusal(self) -> str:
        with reading(self._engine) as connection:
            known = generation_in(connection)
        noted = self._noted()
        if known is None:
            return PUT_BACK if noted else ""
        if known.stamp not in noted:
            return PUT_BACK
        return WAITING if known.state == HELD else ""

    def is_put_back(self) -> bool:
        """Return True if the database is not the one that sent last."""
        return self._refusal() == PUT_BACK

    def advance(self, now: datetime) -> None:
        """Change the stamp: from here on every older copy of the database is known as such.

        Raises
        ------
        JournalUnusable
            If the file cannot be written: nothing may be sent then.
        """
        with reading(self._engine) as connection:
            known = generation_in(connection)
        stamp = secrets.token_hex(16)
        # Both are right until the database has the new one: a crash in between does no harm.
        self._note(known.stamp if known else stamp, stamp)
        with writing(self._engine) as connection:
            self._put(connection, stamp, now)
        self._note(stamp)

    def begin_next(
        self, connection: Connection, now: datetime, state: str, wary_until: datetime | None
    ) -> str:
        """Make the database the next generation; `settle` with the stamp after the commit."""
        known = generation_in(connection)
        stamp = secrets.token_hex(16)
        self._put(
            connection, stamp, now, number=(known.number if known else 0) + 1, state=state,
            restored_at=now, wary_until=wary_until,
        )  # fmt: skip
        return stamp

    def settle(self, stamp: str, now: datetime) -> None:
        """Let the file know the stamp of a restored database."""
        self._note(stamp)
        close_incident(self._engine, CAUSE, now)

    def release(self, now: datetime) -> None:
        """Let a database that is held send again."""
        with writing(self._engine) as connection:
            connection.execute(update(GENERATIONS).values(state=OPEN))
        close_incident(self._engine, CAUSE, now)

    def _put(self, connection: Connection, stamp: str, now: datetime, **more: object) -> None:
        journal = journal_of(connection)
        position = str(journal.position()) if journal else ""
        values = {"stamp": stamp, "journal": position, "at": now, **more}
        if connection.execute(update(GENERATIONS).values(**values)).rowcount == 0:
            first = {"n": 1, "number": 1, "state": OPEN, **values}
            connection.execute(insert(GENERATIONS).values(**first))

    def _noted(self) -> tuple[str, ...]:
        """Return the stamps that the file allows, none if there is no file."""
        try:
            return tuple(json.loads(self._path.read_bytes())["stamps"])
        except FileNotFoundError:
            return ()
        except (OSError, ValueError, KeyError, TypeError) as error:
            # A file that says nothing is as good as one that says something else.
            logger.warning("generation file unreadable", error=type(error).__name__)
            return ("",)

    def _note(self, *stamps: str) -> None:
        part = self._path.with_name(f"{self._path.name}.{os.getpid()}.part")
        try:
            with part.open("w", encoding="ascii") as file:
                json.dump({"stamps": list(dict.fromkeys(stamps))}, file)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._path)
        except OSError as error:
            raise JournalUnusable(
                f"{self._path.name} cannot be written: {error.strerror}",
                hint="it lies beside the database; see its folder's rights and space",
            ) from error


def generation_in(connection: Connection) -> Generation | None:
    """Return what the database says of itself, None if it never sent anything."""
    row = connection.execute(select(GENERATIONS)).mappings().first()
    if row is None:
        return None
    return Generation(
        row["number"], row["stamp"], row["state"], Position.from_text(row["journal"]), row["at"],
        row["restored_at"], row["wary_until"],
    )  # fmt: skip


def generation_path_of(engine: Engine, folder: Path) -> Path | None:
    """Return the file beside a database, None for one in memory."""
    if engine.dialect.name != "sqlite":
        return folder / "database.generation"
    database = engine.url.database
    return Path(f"{database}.generation") if database and database != ":memory:" else None
