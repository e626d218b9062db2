"""The one database: its connection, its types, and the two ways to use it.

Tables stand in the store of the room that owns them (`aoi/registry.py`,
`monitor/store.py`, `alerts/store.py`), all on the `METADATA` of this module.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import (
    Connection,
    DateTime,
    Engine,
    LargeBinary,
    MetaData,
    TypeDecorator,
    create_engine,
    event,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.pool import StaticPool

from aoi.errors import DatabaseUnavailable
from aoi.interval import require_utc

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# FULL: NORMAL lost acknowledged commits in most simulated power cuts (DEPENDENCIES 21).
PRAGMAS = (
    "PRAGMA busy_timeout = 5000",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
)


class UtcDateTime(TypeDecorator[datetime]):
    """An instant; refuses naive ones on the way in, gives UTC on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else require_utc(value).astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else instant_of(value)


def instant_of(value: object) -> datetime:
    """Return what a column of `UtcDateTime` holds, read without its type for speed."""
    instant = datetime.fromisoformat(value) if isinstance(value, str) else value
    assert isinstance(instant, datetime)  # a driver gives no third thing
    # SQLite keeps no zone; what was written was UTC.
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


class GeometryColumn(TypeDecorator[BaseGeometry]):
    """A geometry in EPSG:4326 as well-known binary."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: BaseGeometry | None, dialect: Dialect) -> bytes | None:
        return None if value is None else shapely.to_wkb(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> BaseGeometry | None:
        return None if value is None else shapely.from_wkb(bytes(value))


def open_database(url: str) -> Engine:
    """Return an engine on `url`, with the settings that our guarantees need.

    ``"sqlite://"`` is a database in memory that lives as long as the engine.
    Whoever opens an engine disposes of it.
    """
    if url == "sqlite://":
        engine = create_engine(url, poolclass=StaticPool, connect_args={"check_same_thread": False})
    else:
        # The site answers from 40 threads: none of them waits for the connection of another.
        engine = create_engine(url, max_overflow=40)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that only reads.

    Raises
    ------
    DatabaseUnavailable
        If the database does not answer.
    """
    with _translated(engine), engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that holds the write lock from its start; commit at the end.

    Raises
    ------
    DatabaseUnavailable
        If the lock cannot be had, the disk is full or the file is read-only.
        Nothing of the transaction is kept then.
    """
    with (
        _translated(engine),
        engine.connect().execution_options(writing=True) as connection,
        connection.begin(),
    ):
        yield connection


@contextmanager
def writing_over(engine: Engine, connection: Connection) -> Iterator[Connection]:
    """Open a transaction over a connection that is open already; commit at the end.

    Raises
    ------
    DatabaseUnavailable
        As `writing`; also if the connection broke meanwhile.
    """
    with _translated(engine), connection.begin():
        yield connection


def _set_up_sqlite(connection: Any, _: Any) -> None:
    # The driver must not begin transactions by itself: _begin_sqlite does.
    connection.isolation_level = None
    for pragma in PRAGMAS:
        connection.execute(pragma)


def _begin_sqlite(connection: Connection) -> None:
    # A reader that turns writer fails whatever the timeout, hence IMMEDIATE at once.
    wants_lock = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if wants_lock else "BEGIN")


@contextmanager
def _translated(engine: Engine) -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        # A damaged file raises the base class itself; the other subclasses are conflicts and bugs.
        if type(error) not in {OperationalError, DatabaseError}:
            raise
        reason = str(error.orig)
        raise DatabaseUnavailable(
            f"the database {engine.url.render_as_string()} cannot be used: {reason}",
            hint=_hint_for(reason),
        ) from error


def _hint_for(reason: str) -> str:
    if "locked" in reason or "busy" in reason:
        return "another process is writing; try again, or see which one holds it with: fuser"
    if "full" in reason or "disk I/O" in reason:
        return "the disk is full or failing; free space, then run again: nothing was lost"
    if "readonly" in reason:
        return "the file or its folder is read-only; give the service the right to write"
    if "not a database" in reason or "malformed" in reason:
        return "the file is damaged, or is something else: keep it, and restore a backup"
    if "no such table" in reason or "no such column" in reason:
        return "the database is empty or older than the program; run: emberwatch init"
    return "check [database] url in config.toml, and the folder it names"
