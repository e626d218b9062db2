from __future__ import annotations

import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from monitor.backup import Place, examined, require_empty, unpack, write_backup
from monitor.errors import BackupRefused
from monitor.sealed_file import SealedWriter
from tests.builders import NOW

WORDS = "five words are good here"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A data folder with a database that is open, archived looks, keys and a cache."""
    folder = tmp_path / "data"
    made = Place(folder, folder / "emberwatch.sqlite", (folder / "cache", folder / "service.lock"))
    for name, text in (
        ("looks/a/one.tif", "pixels"), ("keys/master", "0" * 32), ("cache/big", "again"),
        ("service.lock", "1"), ("looks/a/two.part", "half"),
        ("emberwatch.sqlite.generation", "{}"),
    ):  # fmt: skip
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "keys/master").chmod(0o600)
    with closing(sqlite3.connect(made.database)) as connection, connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE people (name TEXT)")
        connection.execute("INSERT INTO people VALUES ('ann')")
    return made


@pytest.fixture
def backup(place: Place, tmp_path: Path) -> Path:
    out = tmp_path / "night.backup"
    write_backup(place, out, WORDS, NOW)
    return out


def elsewhere(place: Place, tmp_path: Path) -> Place:
    folder = tmp_path / "new"
    return replace(place, folder=folder, database=folder / "emberwatch.sqlite", left_out=())


def names_in(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        return [row[0] for row in connection.execute("SELECT name FROM people")]


def test_what_was_backed_up_comes_back_and_nothing_else(
    place: Place, backup: Path, tmp_path: Path
) -> None:
    new = elsewhere(place, tmp_path)

    made = unpack(backup, WORDS, new)

    there = {p.relative_to(new.folder).as_posix() for p in new.folder.rglob("*") if p.is_file()}
    assert there == {"emberwatch.sqlite", "keys/master", "looks/a/one.tif"}
    assert names_in(new.database) == ["ann"]
    assert (new.folder / "keys/master").stat().st_mode & 0o777 == 0o600
    assert (made.made_at, made.files) == (NOW, 2)


def test_it_is_taken_while_somebody_writes(place: Place, tmp_path: Path) -> None:
    with closing(sqlite3.connect(place.database, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO people VALUES ('ben')")
        write_backup(place, tmp_path / "b", WORDS, NOW)
        writer.execute("COMMIT")

    new = elsewhere(place, tmp_path)
    unpack(tmp_path / "b", WORDS, new)
    assert names_in(new.database) == ["ann"]
    assert names_in(place.database) == ["ann", "ben"]


def test_nobody_reads_it_without_the_passphrase(backup: Path) -> None:
    assert backup.stat().st_mode & 0o077 == 0
    assert b"people" not in backup.read_bytes()
    with pytest.raises(BackupRefused, match="passphrase"):
        examined(backup, "another passphrase")


@pytest.mark.parametrize("cut", [1, 1_000])
def test_one_that_was_cut_short_is_refused_before_anything_is_written(
    place: Place, backup: Path, tmp_path: Path, cut: int
) -> None:
    backup.write_bytes(backup.read_bytes()[:-cut])
    new = elsewhere(place, tmp_path)

    with pytest.raises(BackupRefused):
        unpack(backup, WORDS, new)
    assert not new.folder.exists()


@pytest.mark.parametrize("name", ["emberwatch.sqlite", "emberwatch.sqlite-wal", "looks"])
def test_a_folder_that_is_not_empty_is_refused(
    place: Place, backup: Path, tmp_path: Path, name: str
) -> None:
    new = elsewhere(place, tmp_path)
    new.folder.mkdir()
    (new.folder / name).write_text("mine")

    with pytest.raises(BackupRefused, match="not empty"):
        unpack(backup, WORDS, new)
    assert [path.name for path in new.folder.iterdir()] == [name]


def test_what_is_left_out_of_backups_may_be_there_already(place: Place, tmp_path: Path) -> None:
    new = replace(elsewhere(place, tmp_path), left_out=(tmp_path / "new/journal",))
    (tmp_path / "new/journal").mkdir(parents=True)

    require_empty(new)


@pytest.mark.parametrize(
    ("change", "words", "why"),
    [
        (lambda out: None, "short", "characters"),
        (lambda out: out.write_text("mine"), WORDS, "is there already"),
    ],
)
def test_a_bad_request_writes_nothing(
    place: Place, tmp_path: Path, change: Callable[[Path], object], words: str, why: str
) -> None:
    out = tmp_path / "b"
    change(out)
    before = sorted(path.name for path in tmp_path.iterdir())

    with pytest.raises(BackupRefused, match=why):
        write_backup(place, out, words, NOW)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_folder_that_cannot_be_written_to_is_said(place: Place, tmp_path: Path) -> None:
    with pytest.raises(BackupRefused, match="cannot be used"):
        write_backup(place, tmp_path / "none" / "b", WORDS, NOW)


def test_a_damaged_database_is_no_backup(place: Place, tmp_path: Path) -> None:
    place.database.write_bytes(b"SQLite format 3\0" + b"\0" * 5_000)
    for ending in ("-wal", "-shm"):
        place.database.with_name(place.database.name + ending).unlink(missing_ok=True)

    with pytest.raises(BackupRefused):
        write_backup(place, tmp_path / "b", WORDS, NOW)
    assert not list(tmp_path.glob("b*"))


@pytest.mark.parametrize("name", ["files/../../out", "/etc/passwd", "other", "files"])
def test_an_entry_that_leads_out_of_the_folder_is_refused(
    place: Place, tmp_path: Path, name: str
) -> None:
    file = BytesIO()
    sealed = SealedWriter(file, WORDS)
    with tarfile.open(fileobj=sealed, mode="w|gz") as archive:
        about = b'{"layout": 1, "made_at": "2024-05-20T12:00:00+00:00", "program": "1"}'
        for entry, content in (("backup.json", about), ("database.sqlite", b""), (name, b"x")):
            member = tarfile.TarInfo(entry)
            member.size = len(content)
            archive.addfile(member, BytesIO(content))
    sealed.finish()
    (tmp_path / "b").write_bytes(file.getvalue())

    with pytest.raises(BackupRefused, match="should not"):
        unpack(tmp_path / "b", WORDS, elsewhere(place, tmp_path))
    assert not (tmp_path / "out").exists()
