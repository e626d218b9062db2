"""Backups: everything that cannot be made or fetched again, in one file that a passphrase opens.

In:   a data folder, in use or not.
Out:  a file; and from such a file a data folder again.
"""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from io import BytesIO
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from monitor.errors import BackupRefused
from monitor.sealed_file import SealedReader, SealedWriter

LAYOUT = 1
ABOUT = "backup.json"
DATABASE = "database.sqlite"
FILES = "files"
MIN_PASSPHRASE = 12


@dataclass(frozen=True, slots=True)
class Place:
    """What is backed up, and where it comes back to."""

    folder: Path
    """The data folder."""

    database: Path
    """The SQLite file; may lie in the folder."""

    left_out: tuple[Path, ...]
    """Below the folder: what can be fetched again, or must not come back, as the journal."""

    def beside_database(self) -> tuple[Path, ...]:
        """Return the database and the files that SQLite and the courier keep beside it."""
        name = self.database.name
        endings = ("", "-wal", "-shm", "-journal", ".courier-lock", ".generation")
        return tuple(self.database.with_name(name + ending) for ending in endings)


@dataclass(frozen=True, slots=True)
class About:
    """What a backup says of itself."""

    made_at: datetime
    program: str
    """Version that made it."""

    files: int
    """Beside the database."""

    bytes: int


def write_backup(place: Place, out: Path, passphrase: str, now: datetime) -> About:
    """Write a backup while the service may be running, and prove that it can be read.

    Raises
    ------
    BackupRefused
        If the passphrase is short, the file is there already, or anything cannot be read.
    """
    if len(passphrase) < MIN_PASSPHRASE:
        raise BackupRefused(
            f"the passphrase has {len(passphrase)} characters",
            hint=f"{MIN_PASSPHRASE} or more; five words are good",
        )
    if out.exists():
        raise BackupRefused(f"{out} is there already", hint="name another file")
    part = out.with_name(f"{out.name}.part")
    with _files_said(out), TemporaryDirectory(dir=out.parent, prefix=".backup-") as spare:
        copy = Path(spare) / DATABASE
        # First the database: the files that it names are there before it names them.
        _copy_database(place.database, copy)
        _require_sound(copy)
        try:
            _write(place, copy, part, passphrase, now)
            # What cannot be read to its end is no backup.
            about = examined(part, passphrase)
            part.replace(out)
        finally:
            part.unlink(missing_ok=True)
    return about


def _write(place: Place, copy: Path, part: Path, passphrase: str, now: datetime) -> None:
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        sealed = SealedWriter(file, passphrase)
        with (
            # Quick: the archive is of rasters, which are compressed already.
            gzip.GzipFile(fileobj=sealed, mode="wb", compresslevel=1, mtime=0) as small,
            tarfile.open(fileobj=small, mode="w|") as archive,
        ):
            _add_about(archive, now)
            archive.add(copy, DATABASE)
            for name, path in _contents(place):
                _add_file(archive, path, f"{FILES}/{name}")
        sealed.finish()
        file.flush()
        os.fsync(file.fileno())


def examined(backup: Path, passphrase: str) -> About:
    """Read a backup to its end and return what it says of itself; nothing is written.

    Raises
    ------
    BackupRefused
        If it cannot be opened, or anything of it was altered or is missing.
    """
    with _opened(backup, passphrase) as archive:
        made_at, program = _about(archive)
        sizes = {member.name: member.size for member in archive if member.name != ABOUT}
    if DATABASE not in sizes:
        raise BackupRefused(f"{backup} holds no database")
    return About(made_at, program, len(sizes) - 1, sum(sizes.values()))


def unpack(backup: Path, passphrase: str, place: Place) -> About:
    """Bring back what a backup holds; nothing that is there is overwritten.

    Raises
    ------
    BackupRefused
        If something is there, or the backup cannot be opened.
    """
    require_empty(place)
    # First to its end: half a data folder would look like a whole one.
    about = examined(backup, passphrase)
    with _opened(backup, passphrase) as archive, _files_said(place.folder):
        _about(archive)
        place.folder.mkdir(parents=True, exist_ok=True)
        for member in archive:
            if member.name != ABOUT:
                _bring_back(archive, member, place)
    _require_sound(place.database)
    return about


def require_empty(place: Place) -> None:
    """Refuse a place in which there is anything that a restore would mix with.

    Raises
    ------
    BackupRefused
    """
    there = [path for path in place.beside_database() if path.exists()]
    if place.folder.is_dir():
        there += [path for path in place.folder.iterdir() if path not in place.left_out]
    if there:
        raise BackupRefused(
            f"{place.folder} is not empty: there is {there[0].name}",
            hint="move it away, and keep it: its journal tells what happened since the backup",
        )


def _bring_back(archive: tarfile.TarFile, member: tarfile.TarInfo, place: Place) -> None:
    path = PurePosixPath(member.name)
    inside = path.parts[0] == FILES and len(path.parts) > 1
    if not member.isfile() or ".." in path.parts or not (inside or member.name == DATABASE):
        raise BackupRefused(f"the backup has an entry {member.name[:80]!r}, which it should not")
    target = place.folder.joinpath(*path.parts[1:]) if inside else place.database
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    source = archive.extractfile(member)
    assert source is not None  # a regular file has content
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, member.mode & 0o700)
    with os.fdopen(descriptor, "wb") as file:
        while piece := source.read(1 << 20):
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())


def _contents(place: Place) -> Iterator[tuple[str, Path]]:
    """Yield name and path of what is kept, but for the database."""
    beside = set(place.beside_database())
    for path in sorted(place.folder.rglob("*")):
        left_out = any(path.is_relative_to(other) for other in place.left_out)
        kept = path.is_file() and not path.is_symlink() and path.suffix != ".part"
        if kept and path not in beside and not left_out:
            yield path.relative_to(place.folder).as_posix(), path


def _copy_database(source: Path, target: Path) -> None:
    """Copy a database as it is at one moment, also while it is written to."""
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as here,
            closing(sqlite3.connect(target)) as there,
        ):
            here.backup(there)
            # One file, whole in itself; the service turns the log on again.
            there.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise BackupRefused(f"the database {source} cannot be copied: {error}") from error


def _require_sound(database: Path) -> None:
    try:
        with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as file:
            (said,) = file.execute("PRAGMA integrity_check").fetchone()
    except sqlite3.Error as error:
        raise BackupRefused(f"the database in the backup cannot be read: {error}") from error
    if said != "ok":
        raise BackupRefused(f"the database is damaged: {said[:200]}")


def _add_about(archive: tarfile.TarFile, made_at: datetime) -> None:
    said = {
        "layout": LAYOUT, "made_at": made_at.isoformat(), "program": version("emberwatch"),
    }  # fmt: skip
    text = json.dumps(said).encode()
    entry = tarfile.TarInfo(ABOUT)
    entry.size = len(text)
    archive.addfile(entry, BytesIO(text))


def _add_file(archive: tarfile.TarFile, path: Path, name: str) -> None:
    """Add a file, unless it went away meanwhile."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        entry = archive.gettarinfo(arcname=name, fileobj=file)
        entry.uname = entry.gname = ""
        archive.addfile(entry, file)


def _about(archive: tarfile.TarFile) -> tuple[datetime, str]:
    """Return when a backup was made, and by which version."""
    member = archive.next()
    content = archive.extractfile(member) if member and member.name == ABOUT else None
    if content is None:
        raise BackupRefused("the backup does not say what it is")
    said: dict[str, Any] = json.loads(content.read())
    if said["layout"] != LAYOUT:
        raise BackupRefused(
            f"the backup is of layout {said['layout']}", hint="install the version that wrote it"
        )
    return datetime.fromisoformat(said["made_at"]), said["program"]


@contextmanager
def _opened(backup: Path, passphrase: str) -> Iterator[tarfile.TarFile]:
    with _files_said(backup), backup.open("rb") as file:
        sealed = SealedReader(file, passphrase)
        try:
            with tarfile.open(fileobj=sealed, mode="r|gz") as archive:
                yield archive
            # To the end: only the last chunk says that nothing was cut off.
            sealed.read()
        except (tarfile.TarError, EOFError) as error:
            raise BackupRefused(f"{backup} is damaged: {error}") from error


@contextmanager
def _files_said(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BackupRefused(
            f"{error.filename or path} cannot be used: {error.strerror}",
            hint="see its rights, and the space on its disk",
        ) from error
