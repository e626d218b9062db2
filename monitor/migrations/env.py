"""Runs revisions on the connection that `monitor.schema` hands over."""

from __future__ import annotations

from alembic import context

from aoi.database import METADATA

# SQLite cannot alter most of a table in place: batch mode copies it.
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
    compare_type=True,
    user_module_prefix="aoi.database.",
)
with context.begin_transaction():
    context.run_migrations()
