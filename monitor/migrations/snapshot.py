"""Where the first revisions write down their tables, as they were then."""

from __future__ import annotations

from sqlalchemy import MetaData


def snapshot() -> MetaData:
    """Return an empty collection of tables, with the names of keys that revisions rely on."""
    return MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
