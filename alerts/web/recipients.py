"""Who got an alert, and what became of each message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, select

from alerts.tables import DELIVERIES, PERSONS, SERVINGS
from aoi.database import reading

MAX_ROWS = 200


@dataclass(frozen=True, slots=True)
class Recipient:
    """One message to one person, or one answer to one reader."""

    who: str
    """Organisation or a short identifier; the address only for those who keep the list."""

    channel: str
    revision: int
    state: str
    reason: str
    at: datetime
    """When it was last moved."""

    not_before: datetime | None
    error: str


def recipients_of(engine: Engine, event_id: str, *, addresses: bool) -> list[Recipient]:
    """Return what was, or will be, sent of an alert, newest revision first.

    Parameters
    ----------
    addresses : bool
        True for operators, who keep the list of people; analysts need to know that
        somebody got it, not how to reach them.
    """
    sent = (
        select(DELIVERIES, PERSONS.c.address, PERSONS.c.organisation, PERSONS.c.desk)
        .join(PERSONS, PERSONS.c.person_id == DELIVERIES.c.person_id)
        .where(DELIVERIES.c.event_id == event_id)
        .order_by(DELIVERIES.c.revision.desc(), DELIVERIES.c.created_at)
        .limit(MAX_ROWS)
    )
    served = select(SERVINGS).where(SERVINGS.c.event_id == event_id).limit(MAX_ROWS)
    with reading(engine) as connection:
        rows = connection.execute(sent).mappings().all()
        readers = connection.execute(served).mappings().all()
    found = [
        Recipient(
            who=_who(row["address"], row["organisation"], row["person_id"], addresses=addresses),
            channel=row["channel"],
            revision=row["revision"],
            state=row["state"],
            reason=row["hold_reason"] or row["reason"],
            at=row["changed_at"],
            not_before=row["not_before"] if row["state"] in ("held", "queued") else None,
            error=row["last_error"],
        )
        for row in rows
    ]
    return [
        *found,
        *(
            Recipient(row["reader"], row["form"], row["revision"], "served", "", row["served_at"],
                      None, "")
            for row in readers
        ),
    ]  # fmt: skip


def _who(address: str, organisation: str, person_id: str, *, addresses: bool) -> str:
    if addresses:
        return address
    return organisation or person_id[:8]


def counts_of(recipients: Sequence[Recipient]) -> dict[str, int]:
    """Return how many there are in each state."""
    counts: dict[str, int] = {}
    for one in recipients:
        counts[one.state] = counts.get(one.state, 0) + 1
    return counts
