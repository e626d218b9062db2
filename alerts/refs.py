"""References that people can say on the phone: as short as is still free."""

from __future__ import annotations

from sqlalchemy import Connection

from alerts.alert import ref_of
from alerts.store import ref_is_free

REF_LENGTHS = range(4, 9)


def free_ref(connection: Connection, event_id: str, key: bytes) -> str:
    """Return the shortest reference of an event that no other alert has."""
    refs = (ref_of(event_id, key, length) for length in REF_LENGTHS)
    return next(ref for ref in refs if ref_is_free(connection, ref))
