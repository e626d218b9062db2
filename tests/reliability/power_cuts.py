"""A disk that forgets what was not synced: a file system for SQLite, written in Python.

Each write is pending until the file is synced. At a cut every pending write is
kept, lost or torn, each by itself: harsher than most disks.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw
from sqlalchemy import Engine, event

from aoi.database import PRAGMAS

KEPT = 0.5
TORN = 0.3

Statement = tuple[str, Any, bool]
"""SQL, its values, and whether there are many of them."""


@dataclass
class Recording:
    """What a real run asked of its database, transaction by transaction."""

    transactions: list[list[Statement]] = field(default_factory=list)

    @contextmanager
    def of(self, engine: Engine) -> Iterator[None]:
        """Record the writing transactions of the block; those rolled back are left out."""
        current: list[Statement] = []

        def executed(
            connection: Any, cursor: Any, sql: str, values: Any, context: Any, many: bool
        ) -> None:
            if sql.startswith("BEGIN"):
                current[:] = []
            elif not sql.startswith("SELECT"):
                current.append((sql, values, many))

        def committed(connection: Any) -> None:
            if current:
                self.transactions.append(list(current))
            current[:] = []

        event.listen(engine, "before_cursor_execute", executed)
        event.listen(engine, "commit", committed)
        try:
            yield
        finally:
            event.remove(engine, "before_cursor_execute", executed)
            event.remove(engine, "commit", committed)


@dataclass
class Platter:
    """One file: what is on the disk for certain, and what may be."""

    durable: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)
    """Offset and content of a write; no content means cut to that length."""

    def synced(self) -> None:
        for offset, content in self.pending:
            _apply(self.durable, offset, content)
        self.pending.clear()

    def after_a_cut(self, chance: random.Random) -> bytes:
        """Return what a reader finds after the power has failed."""
        found = bytearray(self.durable)
        for offset, content in self.pending:
            if chance.random() >= KEPT:
                continue
            torn = content is not None and chance.random() < TORN
            end = chance.randrange(len(content) + 1) if content is not None and torn else None
            _apply(found, offset, None if content is None else content[:end])
        return bytes(found)


def _apply(image: bytearray, offset: int, content: bytes | None) -> None:
    if content is None:
        del image[offset:]
        return
    if len(image) < offset:
        image.extend(bytes(offset - len(image)))
    image[offset : offset + len(content)] = content


class Disk(apsw.VFS):
    """A file system whose files remember what was synced."""

    def __init__(self, name: str) -> None:
        self.platters: dict[str, Platter] = {}
        super().__init__(name, "")

    def xOpen(self, name: Any, flags: list[int]) -> _File:
        path = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        platter = self.platters.setdefault(Path(path).name, Platter())
        return _File(name, flags, platter)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        super().xDelete(filename, syncdir)
        self.platters.pop(Path(filename).name, None)


class _File(apsw.VFSFile):
    def __init__(self, name: Any, flags: list[int], platter: Platter) -> None:
        super().__init__("", name, flags)
        self._platter = platter

    def xWrite(self, data: bytes, offset: int) -> None:
        super().xWrite(data, offset)
        self._platter.pending.append((offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:
        super().xTruncate(newsize)
        self._platter.pending.append((newsize, None))

    def xSync(self, flags: int) -> None:
        super().xSync(flags)
        self._platter.synced()


@dataclass(frozen=True)
class Outcome:
    """What was found after all cuts."""

    cuts: int
    lost: int
    """Cuts after which an acknowledged transaction was not there."""

    unreadable: int


def survived(
    schema: Sequence[str], recording: Recording, folder: Path, cuts: int, seed: int,
    synchronous: str = "FULL",
) -> Outcome:  # fmt: skip
    """Repeat a recorded run on such a disk, and cut the power again and again.

    Half of the cuts come right after a commit was acknowledged, half in the
    midst of a transaction.
    """
    chance, done, lost, unreadable = random.Random(seed), 0, 0, 0
    round_number = 0
    while done < cuts:
        round_number += 1
        home = folder / f"round-{synchronous}-{seed}-{round_number}"
        home.mkdir()
        for disk, acknowledged in _lived(schema, recording, home, chance, synchronous):
            found = _acknowledged_after_a_cut(disk, folder / "after", chance)
            unreadable += found is None
            lost += found is not None and found < acknowledged
            done += 1
            if done == cuts:
                break
    return Outcome(done, lost, unreadable)


def _lived(
    schema: Sequence[str], recording: Recording, home: Path, chance: random.Random,
    synchronous: str,
) -> Iterator[tuple[Disk, int]]:  # fmt: skip
    """Live through the recording; give the disk at moments at which the power may fail."""
    disk = Disk(f"cut-{home.name}")
    connection = apsw.Connection(str(home / "db"), vfs=f"cut-{home.name}")
    try:
        # Shared memory is not ours to write: one process alone needs none.
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        for pragma in PRAGMAS:
            connection.execute(pragma.replace("FULL", synchronous))
        connection.execute("PRAGMA wal_autocheckpoint = 40")
        for sql in (*schema, "CREATE TABLE acknowledged (n INTEGER PRIMARY KEY)"):
            connection.execute(sql)
        for number, transaction in enumerate(recording.transactions, start=1):
            moment = chance.randrange(2 * len(transaction))
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO acknowledged VALUES (?)", (number,))
            for position, (sql, values, many) in enumerate(transaction):
                if position == moment:
                    yield disk, number - 1
                (connection.executemany if many else connection.execute)(sql, values)
            connection.execute("COMMIT")
            if moment >= len(transaction):
                yield disk, number
    finally:
        connection.close()
        disk.unregister()


def _acknowledged_after_a_cut(disk: Disk, after: Path, chance: random.Random) -> int | None:
    """Return how many transactions a reader finds, None if it finds a damaged file."""
    after.mkdir(exist_ok=True)
    for old in after.iterdir():
        old.unlink()
    for name, platter in disk.platters.items():
        if not name.endswith("-shm"):
            (after / name).write_bytes(platter.after_a_cut(chance))
    try:
        with closing(sqlite3.connect(after / "db")) as reader:
            if reader.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                return None
            (count,) = reader.execute("SELECT count(*) FROM acknowledged").fetchone()
            return int(count)
    except sqlite3.DatabaseError:
        return None
