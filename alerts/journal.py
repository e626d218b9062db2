"""A second book, outside the database: what a restored backup must be told (ALERTS 3.10).

In:   every change of a person's state, every decision on an alert, every message that left.
Out:  the lines that were written since a position, in their order.

Each line is encrypted with a key of its own purpose: it can neither be read nor
altered unseen without the master key. People stand in it as keyed hashes; their
addresses and wishes too, unless that is switched off.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, Engine

from alerts.errors import JournalUnusable
from alerts.keys import Keyring

NONCE_BYTES = 12
END = b"."
OPTION = "journal"

LASTING = frozenset({"person", "profile", "alert"})
"""Decisions of people: on the disk before the database has them. Sent mails follow in batches."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened."""

    what: str
    """``person profile alert published dot taken refused served``."""

    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Position:
    """How far the journal had been written at some moment."""

    name: str
    """Its last file; empty before the first line."""

    size: int

    def __str__(self) -> str:
        return f"{self.name}:{self.size}"

    @classmethod
    def from_text(cls, text: str) -> Position:
        name, _, size = text.rpartition(":")
        return cls(name, int(size or 0))


class Journal:
    """Files of one line for each thing, one file a month; lines are only ever added.

    Parameters
    ----------
    folder : Path
        Made at the first line. Best on another disk than the database.
    keys : Keyring
    keeps_people : bool
        True if it also keeps addresses and wishes, encrypted as everything: who came after
        a backup is then not lost with the database.
    """

    def __init__(self, folder: Path, keys: Keyring, *, keeps_people: bool = True) -> None:
        self.keeps_people = keeps_people
        self._folder = folder
        self._cipher = AESGCM(keys.derived("journal"))
        self._seen = (0, "")

    def add(self, what: str, facts: Mapping[str, Any]) -> None:
        """Write one line.

        Raises
        ------
        JournalUnusable
            If it cannot be written: what it would tell must not happen then.
        """
        text = _as_json({"what": what, **facts})
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, text.encode(), None)
        try:
            # A clock that was set back must not write before what is there.
            month = max(f"{datetime.now(UTC):%Y-%m}.journal", self._last())
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
            descriptor = os.open(self._folder / month, flags, 0o600)
            try:
                # A line break before it too: what a crash cut off harms only itself.
                line = b"\n" + base64.b64encode(sealed) + END
                if os.write(descriptor, line) != len(line):
                    raise OSError(28, "no space left")
                if what in LASTING:
                    os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise _unwritable(error) from error

    def _last(self) -> str:
        """Return the name of the last file; the folder is made where there is none."""
        try:
            changed = self._folder.stat().st_mtime_ns
        except FileNotFoundError:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            changed = 0
        if changed != self._seen[0]:
            # Two lines a mail: the folder is listed only after files came or went.
            files = self._files()
            self._seen = (changed, files[-1].name if files else "")
        return self._seen[1]

    def sync(self) -> None:
        """Have the last file on the disk.

        Raises
        ------
        JournalUnusable
        """
        files = self._files()
        if not files:
            return
        try:
            descriptor = os.open(files[-1], os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise _unwritable(error) from error

    def position(self) -> Position:
        """Return where the next line goes."""
        files = self._files()
        return Position(files[-1].name, files[-1].stat().st_size) if files else Position("", 0)

    def continues(self, position: Position) -> bool:
        """Return True if this is the journal that was at a position once, and goes on from it."""
        if not position.name:
            return bool(self._files())
        path = self._folder / position.name
        return path.is_file() and path.stat().st_size >= position.size

    def since(self, position: Position) -> Iterator[Line]:
        """Yield what was written since a position, in its order; half a line counts for nothing.

        Raises
        ------
        JournalUnusable
            If a whole line was altered, or is of another master key.
        """
        for path in self._files():
            if path.name < position.name:
                continue
            text = path.read_bytes()
            start = position.size if path.name == position.name else 0
            for number, line in enumerate(text[start:].split(b"\n"), start=1):
                # Half a line is what a full disk or a power cut left: nothing came of it.
                if line.endswith(END):
                    found = self._opened(line.removesuffix(END))
                    if found is None:
                        raise JournalUnusable(
                            f"line {number} of {path.name} was altered, or is of another key",
                            hint="use the journal and keys/master of one and the same service",
                        )
                    yield found

    def forget(self, first: str) -> tuple[str, ...]:
        """Delete the files before `first`, but never the last one; return their names.

        Raises
        ------
        JournalUnusable
            If one cannot be deleted.
        """
        old = [path for path in self._files()[:-1] if path.name < first]
        try:
            for path in old:
                path.unlink()
        except OSError as error:
            raise JournalUnusable(
                f"old months of the journal cannot be deleted: {error.strerror}",
                hint="see the rights of [backup] journal",
            ) from error
        return tuple(path.name for path in old)

    def _opened(self, line: bytes) -> Line | None:
        try:
            sealed = base64.b64decode(line, validate=True)
            text = self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)
        except (binascii.Error, InvalidTag, ValueError):
            return None
        facts = json.loads(text)
        return Line(facts.pop("what"), facts)

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("*.journal"))


def keep_journal(engine: Engine, journal: Journal) -> None:
    """Have what happens over this engine written to a journal as well."""
    engine.update_execution_options(**{OPTION: journal})


def journal_of(connection: Connection | Engine) -> Journal | None:
    """Return the journal of a database, None if none is kept."""
    kept: Journal | None = connection.get_execution_options().get(OPTION)
    return kept


def noted(connection: Connection, what: str, **facts: Any) -> None:
    """Write one line to the journal, before the transaction that does the thing is committed.

    A thing that is noted and then not done is harmless: what a restore takes
    from it was asked for, or would have been.
    """
    journal = journal_of(connection)
    if journal is not None:
        journal.add(what, facts)


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"no JSON for {type(value).__name__}")


_as_json = json.JSONEncoder(separators=(",", ":"), default=_plain).encode


def _unwritable(error: OSError) -> JournalUnusable:
    return JournalUnusable(
        f"the journal cannot be written: {error.strerror}",
        hint="see [backup] journal in config.toml, its rights, and the space on its disk",
    )
