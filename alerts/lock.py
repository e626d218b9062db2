"""Who is alive is known by a lock that is freed at death, not by a clock (ALERTS 3.7)."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, Engine, func, select

from aoi.database import writing, writing_over

ADVISORY_KEY = 0x656D_6265_7277
"""Number of the lock on PostgreSQL; nothing else of ours locks by number."""


@dataclass(frozen=True, slots=True)
class Right:
    """The right to send, held as long as the block that took it."""

    writing: Callable[[], AbstractContextManager[Connection]]
    """A transaction that cannot be committed by whoever lost the right."""


@contextmanager
def right_to_send(engine: Engine) -> Iterator[Right | None]:
    """Hold the right for the block; give None if another process holds it.

    Whoever holds it knows that every delivery marked as being sent is an
    orphan. On PostgreSQL it belongs to one connection, and the mark before
    the dot is committed over that connection: if it broke, nothing leaves.
    """
    if engine.dialect.name == "postgresql":
        with _advisory_lock(engine) as connection:
            yield None if connection is None else Right(
                partial(writing_over, engine, connection)
            )  # fmt: skip
        return
    with courier_lock(lock_path_of(engine)) as held:
        yield Right(partial(writing, engine)) if held else None


def lock_path_of(engine: Engine) -> Path | None:
    """Return the lock file beside a SQLite database, None for one in memory."""
    database = engine.url.database
    if engine.dialect.name != "sqlite" or not database or database == ":memory:":
        return None
    return Path(f"{database}.courier-lock")


@contextmanager
def courier_lock(path: Path | None) -> Iterator[bool]:
    """Hold the lock file for the block; give False if another process holds it.

    `flock`, since `lockf` locks vanish when any descriptor of the file is
    closed; never inherit it through a fork.
    """
    if path is None:
        yield True
        return
    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


@contextmanager
def _advisory_lock(engine: Engine) -> Iterator[Connection | None]:
    """Give the connection that holds the lock, None if another one does."""
    with engine.connect() as connection:
        # Out of the pool: closing it ends the server's session, and the lock with it.
        connection.detach()
        got = connection.execute(select(func.pg_try_advisory_lock(ADVISORY_KEY))).scalar_one()
        connection.commit()
        yield connection if got else None
