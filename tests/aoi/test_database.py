from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import Column, Engine, Integer, MetaData, Table, insert, select, text
from sqlalchemy.exc import StatementError

from aoi.database import (
    PRAGMAS,
    GeometryColumn,
    UtcDateTime,
    instant_of,
    open_database,
    reading,
    writing,
)
from aoi.errors import DatabaseUnavailable
from tests.builders import NOW, a_square

NOTES = Table(
    "notes",
    MetaData(),
    Column("note_id", Integer, primary_key=True),
    Column("at", UtcDateTime),
    Column("shape", GeometryColumn),
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def engine(file: Path) -> Iterator[Engine]:
    """A database on disk with one small table, that waits 50 ms for a lock."""
    engine = open_database(f"sqlite:///{file}")
    NOTES.metadata.create_all(engine)
    yield engine
    engine.dispose()


def count(engine: Engine) -> int:
    with reading(engine) as connection:
        return len(connection.execute(select(NOTES)).all())


def add(engine: Engine, at: datetime | None = NOW) -> None:
    with writing(engine) as connection:
        connection.execute(insert(NOTES).values(at=at, shape=a_square(100)))


def test_what_was_written_is_read(engine: Engine) -> None:
    add(engine)

    with reading(engine) as connection:
        row = connection.execute(select(NOTES)).one()
    assert row.at == NOW
    assert row.at.utcoffset() == timedelta(0)
    assert row.shape == a_square(100)


def test_nothing_is_read_as_nothing(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(insert(NOTES).values(at=None, shape=None))

    with reading(engine) as connection:
        assert connection.execute(select(NOTES.c.at, NOTES.c.shape)).one() == (None, None)


@pytest.mark.parametrize("zone", [None, timezone(timedelta(hours=2))], ids=["naive", "Khartoum"])
def test_an_instant_of_another_zone_is_refused(engine: Engine, zone: timezone | None) -> None:
    with pytest.raises(StatementError, match="an instant is in UTC"):
        add(engine, datetime(2024, 5, 20, tzinfo=zone))

    assert count(engine) == 0


def test_instants_sort_as_time_does(engine: Engine) -> None:
    for days in (0, -400, 3):
        add(engine, NOW + timedelta(days=days))

    with reading(engine) as connection:
        earlier = connection.scalars(select(NOTES.c.at).where(NOTES.c.at < NOW)).all()
    assert earlier == [NOW - timedelta(days=400)]


def test_a_transaction_that_fails_keeps_nothing(engine: Engine) -> None:
    with pytest.raises(ZeroDivisionError), writing(engine) as connection:
        connection.execute(insert(NOTES).values(at=NOW))
        connection.execute(insert(NOTES).values(at=NOW + timedelta(days=1 // 0)))

    assert count(engine) == 0


def impatient(file: Path) -> sqlite3.Connection:
    """Another process, as far as the database knows; it does not wait."""
    return sqlite3.connect(file, timeout=0, isolation_level=None)


def test_a_writer_holds_the_lock_from_its_start(engine: Engine, file: Path) -> None:
    other = impatient(file)
    with writing(engine), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")

    other.execute("BEGIN IMMEDIATE")  # free again
    other.close()


def test_readers_are_not_kept_waiting_by_a_writer(engine: Engine) -> None:
    add(engine)
    with writing(engine) as connection:
        connection.execute(insert(NOTES).values(at=NOW))
        assert count(engine) == 1

    assert count(engine) == 2


def test_a_locked_database_is_told_with_a_hint(engine: Engine, file: Path) -> None:
    with reading(engine) as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 20")
    other = impatient(file)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(DatabaseUnavailable) as refused:
        add(engine)
    other.close()

    assert "database is locked" in refused.value.message
    assert "another process is writing" in refused.value.hint


def test_a_folder_that_is_missing_is_told(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path}/missing/state.db")

    with (
        pytest.raises(DatabaseUnavailable, match="unable to open database file") as refused,
        reading(engine),
    ):
        pass
    assert "[database] url" in refused.value.hint


def test_a_database_without_tables_says_what_to_run(file: Path) -> None:
    engine = open_database(f"sqlite:///{file}")

    with pytest.raises(DatabaseUnavailable, match="no such table: notes") as refused:
        count(engine)
    engine.dispose()

    assert "emberwatch init" in refused.value.hint


def test_a_full_disk_is_told_and_nothing_is_lost(engine: Engine) -> None:
    add(engine)
    with writing(engine) as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    # SQLite refuses to grow beyond this, with the error of a full disk.
    with reading(engine) as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    with pytest.raises(DatabaseUnavailable, match="full") as refused:
        for _ in range(1_000):
            add(engine)

    assert "free space" in refused.value.hint
    assert count(engine) >= 1


def test_a_file_that_may_not_be_written_is_told(engine: Engine) -> None:
    add(engine)
    with reading(engine) as connection:
        connection.exec_driver_sql("PRAGMA query_only = ON")

    with pytest.raises(DatabaseUnavailable, match="readonly") as refused:
        add(engine)

    assert "read-only" in refused.value.hint


def test_the_settings_that_our_guarantees_need_are_on(engine: Engine) -> None:
    with reading(engine) as connection:
        found = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }

    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1} | {
        "busy_timeout": 5_000
    }
    assert len(PRAGMAS) == 4


def test_a_database_in_memory_lives_as_long_as_its_engine() -> None:
    engine = open_database("sqlite://")
    NOTES.metadata.create_all(engine)
    add(engine, datetime(2024, 1, 1, tzinfo=UTC))

    assert count(engine) == 1
    engine.dispose()


@pytest.mark.parametrize(
    "kept",
    [
        pytest.param("2026-11-22 06:10:00.000000", id="as SQLite keeps it"),
        pytest.param("2026-11-22 09:10:00+03:00", id="with a zone"),
        pytest.param(
            datetime(2026, 11, 22, 8, 10, tzinfo=timezone(timedelta(hours=2))), id="elsewhere"
        ),
    ],
)
def test_an_instant_read_without_its_type_is_the_same(kept: object) -> None:
    assert instant_of(kept) == datetime(2026, 11, 22, 6, 10, tzinfo=UTC)
    assert instant_of(kept).tzinfo is UTC
