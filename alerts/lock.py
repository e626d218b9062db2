"""Who is alive is known by a lock that the kernel frees at death, not by a clock (ALERTS 3.7)."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine


def lock_path_of(engine: Engine) -> Path | None:
    """Return the lock file beside a SQLite database, None for one in memory."""
    database = engine.url.database
    if engine.dialect.name != "sqlite" or not database or database == ":memory:":
        return None
    return Path(f"{database}.courier-lock")


@contextmanager
def courier_lock(path: Path | None) -> Iterator[bool]:
    """Hold the courier's lock for the block; give False if another process holds it.

    Whoever holds it knows that every delivery marked as being sent is an
    orphan. `flock`, since `lockf` locks vanish when any descriptor of the
    file is closed; never inherit it through a fork.
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
