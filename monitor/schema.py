"""The tables of the database, brought up to date by the revisions in `monitor.migrations`."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from aoi.database import reading, writing
from aoi.errors import DatabaseUnavailable

REVISIONS = Path(__file__).parent / "migrations"


def upgrade(engine: Engine) -> None:
    """Bring the tables up to date, all revisions in one transaction.

    Raises
    ------
    DatabaseUnavailable
        If a newer program wrote the database, or it cannot be used; it is left as it was.
    """
    require_known(engine)
    if is_current(engine):
        return
    with writing(engine) as connection:
        command.upgrade(config_of(connection), "head")


def is_current(engine: Engine) -> bool:
    """Return True if every revision has been run."""
    with reading(engine) as connection:
        return _revisions_of(connection) == set(_script().get_heads())


def require_known(engine: Engine) -> None:
    """Refuse a database that a newer program wrote; nothing in it is touched.

    Raises
    ------
    DatabaseUnavailable
    """
    known = {script.revision for script in _script().walk_revisions()}
    with reading(engine) as connection:
        unknown = _revisions_of(connection) - known
    if unknown:
        raise DatabaseUnavailable(
            f"the database {engine.url.render_as_string()} was written by a newer version "
            f"(revision {', '.join(sorted(unknown))})",
            hint="install that version again; nothing in the database was changed",
        )


def draft(engine: Engine, message: str) -> None:
    """Write a revision with the difference between the tables of `engine` and the program's."""
    with writing(engine) as connection:
        number = len(list(_script().walk_revisions())) + 1
        command.revision(config_of(connection), message, autogenerate=True, rev_id=f"{number:04d}")


def check(engine: Engine) -> None:
    """Raise `alembic.util.CommandError` unless the revisions make exactly the program's tables."""
    with reading(engine) as connection:
        command.check(config_of(connection))


def _revisions_of(connection: Connection) -> set[str]:
    return set(MigrationContext.configure(connection).get_current_heads())


def _script() -> ScriptDirectory:
    return ScriptDirectory(str(REVISIONS))


def config_of(connection: Connection) -> Config:
    """Return what Alembic needs to run our revisions on a connection."""
    config = Config()
    config.set_main_option("script_location", str(REVISIONS))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["connection"] = connection
    return config
