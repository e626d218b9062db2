"""Deliveries: one message to one person, exactly accounted for (ALERTS 3.2)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, null, select, update
from sqlalchemy.dialects import postgresql, sqlite

from alerts.disclosure import DESK
from alerts.grading import Rank
from alerts.tables import DELIVERIES


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    HELD = "held"
    QUEUED = "queued"
    RENDER_ERROR = "render_error"
    READY = "ready"
    SENDING = "sending"
    RETRY_WAIT = "retry_wait"
    UNKNOWN = "unknown"
    """The server may hold it: cut off between the dot and its reply."""

    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    FAILED_PERM = "failed_perm"
    DEAD = "dead"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    IN_DIGEST = "in_digest"


_S = DeliveryState

UNSENT = frozenset({_S.HELD, _S.QUEUED, _S.RENDER_ERROR, _S.READY, _S.RETRY_WAIT})
"""Before the dot: may still be cancelled or superseded."""

OPEN = UNSENT | {_S.SENDING, _S.UNKNOWN}
TOLD = frozenset({_S.ACCEPTED, _S.DELIVERED, _S.UNKNOWN, _S.IN_DIGEST, _S.BOUNCED})
"""States whose rank counts as told to the person."""

STEPS: dict[DeliveryState, frozenset[DeliveryState]] = {
    _S.HELD: frozenset({_S.QUEUED, _S.CANCELLED, _S.SUPERSEDED, _S.IN_DIGEST}),
    _S.QUEUED: frozenset({_S.READY, _S.HELD, _S.RENDER_ERROR, _S.CANCELLED, _S.SUPERSEDED}),
    _S.RENDER_ERROR: frozenset({_S.QUEUED, _S.CANCELLED, _S.SUPERSEDED}),
    _S.READY: frozenset({_S.SENDING, _S.HELD, _S.CANCELLED, _S.SUPERSEDED}),
    _S.SENDING: frozenset({_S.READY, _S.RETRY_WAIT, _S.ACCEPTED, _S.FAILED_PERM, _S.UNKNOWN}),
    _S.RETRY_WAIT: frozenset({_S.SENDING, _S.DEAD, _S.HELD, _S.CANCELLED, _S.SUPERSEDED}),
    # After a restore also what has no bytes any more: it is written again.
    _S.UNKNOWN: frozenset({_S.ACCEPTED, _S.READY, _S.QUEUED, _S.DEAD}),
    _S.ACCEPTED: frozenset({_S.DELIVERED, _S.BOUNCED}),
    # Its digest was cancelled before anybody could have it.
    _S.IN_DIGEST: frozenset({_S.HELD}),
    # An operator may try again what was given up before it could have been taken.
    _S.DEAD: frozenset({_S.READY}),
    _S.FAILED_PERM: frozenset({_S.READY}),
}
"""Every step that a delivery can take; what is not here is refused."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one person by one channel."""

    delivery_id: str
    event_id: str
    revision: int
    person_id: str
    channel: str
    audience: str
    reason: str
    """Why it is sent: ``first escalated confirmed updated retracted repeat digest notice``."""

    profiles: tuple[str, ...]
    """Names of the profiles that asked for it."""

    rank: Rank
    settlement_id: str | None
    kind: str
    state: DeliveryState
    hold_reason: str
    created_at: datetime
    changed_at: datetime
    not_before: datetime
    settle_at: datetime | None = None
    dotted_at: datetime | None = None
    """When the end of the message first went out: from here on somebody may have it."""

    ended_at: datetime | None = None
    attempts: int = 0
    resends: int = 0
    possible_duplicate: bool = False
    number: int | None = None
    message_id: str | None = None
    raw: bytes | None = field(default=None, repr=False)
    raw_sha256: str | None = None
    carried_by: str | None = None
    """The digest that tells it, for a delivery that has no message of its own."""

    last_error: str = ""

    @property
    def lane(self) -> tuple[str, str, str]:
        """Deliveries of one lane go out in the order of their revisions."""
        return self.person_id, self.event_id, self.channel


def delivery_id_of(event_id: str, revision: int, person_id: str, channel: str, key: bytes) -> str:
    """Return the identifier of a delivery: keyed, so that nobody else can compute it."""
    text = f"delivery|{event_id}|{revision}|{person_id}|{channel}".encode()
    return hmac.new(key, text, hashlib.sha256).hexdigest()[:24]


ROWS_AT_ONCE = 5_000


def add_delivery(connection: Connection, delivery: Delivery, now: datetime) -> bool:
    """Add one row, once for each event, revision, person and channel; say if it is new."""
    statement = _insertion(connection)
    return bool(connection.execute(statement, _row(delivery, now)).rowcount == 1)


def add_deliveries(connection: Connection, deliveries: Sequence[Delivery], now: datetime) -> None:
    """Add rows, each once for its event, revision, person and channel."""
    statement = _insertion(connection)
    for start in range(0, len(deliveries), ROWS_AT_ONCE):
        piece = deliveries[start : start + ROWS_AT_ONCE]
        connection.execute(statement, [_row(one, now) for one in piece])


def _insertion(connection: Connection) -> Any:
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(DELIVERIES).on_conflict_do_nothing()


def _row(delivery: Delivery, now: datetime) -> dict[str, Any]:
    rank = delivery.rank
    return {
        "delivery_id": delivery.delivery_id,
        "event_id": delivery.event_id,
        "revision": delivery.revision,
        "person_id": delivery.person_id,
        "channel": delivery.channel,
        "audience": delivery.audience,
        "reason": delivery.reason,
        "profiles": list(delivery.profiles),
        "rank": [rank.status, rank.severity, rank.tier],
        "settlement_id": delivery.settlement_id,
        "kind": delivery.kind,
        "state": delivery.state.value,
        "hold_reason": delivery.hold_reason,
        "created_at": delivery.created_at,
        "changed_at": now,
        "not_before": delivery.not_before,
    }


def supersede_earlier(connection: Connection, event_id: str, revision: int, now: datetime) -> None:
    """End what was not sent of earlier revisions to those who get this one."""
    readers = select(DELIVERIES.c.person_id).where(
        DELIVERIES.c.event_id == event_id, DELIVERIES.c.revision == revision
    )
    connection.execute(
        update(DELIVERIES)
        .where(DELIVERIES.c.event_id == event_id, DELIVERIES.c.revision < revision)
        .where(DELIVERIES.c.state.in_([unsent.value for unsent in UNSENT]))
        .where(DELIVERIES.c.dotted_at.is_(None), DELIVERIES.c.person_id.in_(readers))
        .values(
            state=DeliveryState.SUPERSEDED.value, last_error=f"replaced by revision {revision}",
            changed_at=now, ended_at=now, raw=None,
        )
    )  # fmt: skip


_OF_IDS = (
    select(DELIVERIES)
    .where(DELIVERIES.c.delivery_id.in_(bindparam("delivery_ids", expanding=True)))
    .order_by(DELIVERIES.c.created_at, DELIVERIES.c.revision)
)


_LIGHT = (*(column for column in DELIVERIES.c if column.name != "raw"), null().label("raw"))


def deliveries_in(
    connection: Connection, *, with_bytes: bool = True, **equal: Any
) -> list[Delivery]:
    """Return the deliveries whose columns have the given values, oldest first.

    A collection means any of its values. Without their bytes a hundred thousand fit
    into memory.
    """
    if list(equal) == ["delivery_id"]:
        one = equal["delivery_id"]
        ids = {"delivery_ids": [one] if isinstance(one, str) else list(one)}
        return [delivery_of(row) for row in connection.execute(_OF_IDS, ids).mappings()]
    columns = DELIVERIES.c if with_bytes else _LIGHT
    query = select(*columns).order_by(DELIVERIES.c.created_at, DELIVERIES.c.revision)
    for column, value in equal.items():
        clause = DELIVERIES.c[column]
        several = isinstance(value, Collection) and not isinstance(value, str)
        query = query.where(clause.in_(list(value)) if several else clause == value)
    return [delivery_of(row) for row in connection.execute(query).mappings()]


# Made once: columns are set by the names of what it is executed with.
_STEP = update(DELIVERIES).where(
    DELIVERIES.c.delivery_id == bindparam("of"), DELIVERIES.c.state == bindparam("was")
)


def move(
    connection: Connection, delivery: Delivery, state: DeliveryState, now: datetime, **changes: Any
) -> None:
    """Take one step of the table, by compare-and-set.

    Raises
    ------
    ValueError
        If the table has no such step, or the row is no longer where it was read.
    """
    if connection.execute(_STEP, _step(delivery, state, now, changes)).rowcount != 1:
        raise ValueError(f"delivery {delivery.delivery_id} is no longer {delivery.state}")


def move_all(
    connection: Connection, steps: Sequence[tuple[Delivery, Mapping[str, Any]]],
    state: DeliveryState, now: datetime,
) -> None:  # fmt: skip
    """Take the same step with several deliveries, each with its own changes of equal names.

    Raises
    ------
    ValueError
        As `move`; the transaction must be given up then.
    """
    rows = [_step(delivery, state, now, changes) for delivery, changes in steps]
    if connection.execute(_STEP, rows).rowcount != len(steps):
        raise ValueError(f"one of {len(steps)} deliveries is no longer where it was")


def _step(
    delivery: Delivery, state: DeliveryState, now: datetime, changes: Mapping[str, Any]
) -> dict[str, Any]:
    if state not in STEPS.get(delivery.state, frozenset()):
        raise ValueError(f"delivery {delivery.delivery_id}: no step {delivery.state} to {state}")
    return {
        "of": delivery.delivery_id, "was": delivery.state.value, "state": state.value,
        "changed_at": now, **changes,
    }  # fmt: skip


def cancel_unsent(connection: Connection, event_id: str, why: str, now: datetime) -> int:
    """Cancel what nobody can have of an event yet; return how many rows that were."""
    query = (
        update(DELIVERIES)
        .where(DELIVERIES.c.event_id == event_id)
        .where(DELIVERIES.c.state.in_([unsent.value for unsent in UNSENT]))
        .where(DELIVERIES.c.dotted_at.is_(None))
        .values(
            state=DeliveryState.CANCELLED.value, last_error=why, changed_at=now, ended_at=now,
            raw=None,
        )
    )  # fmt: skip
    return connection.execute(query).rowcount


def cancel_unsent_to(connection: Connection, person_id: str, why: str, now: datetime) -> int:
    """Cancel what waits for a person, but for what they are owed; return how many rows."""
    query = (
        update(DELIVERIES)
        .where(DELIVERIES.c.person_id == person_id, DELIVERIES.c.reason != "retracted")
        .where(DELIVERIES.c.state.in_([unsent.value for unsent in UNSENT]))
        .where(DELIVERIES.c.dotted_at.is_(None))
        .values(
            state=DeliveryState.CANCELLED.value, last_error=why, changed_at=now, ended_at=now,
            raw=None,
        )
    )  # fmt: skip
    return connection.execute(query).rowcount


def holders_of(connection: Connection, event_id: str) -> list[tuple[str, str, str]]:
    """Return person, channel and audience of everybody outside the desk who may have it."""
    query = (
        select(DELIVERIES.c.person_id, DELIVERIES.c.channel, DELIVERIES.c.audience)
        .where(DELIVERIES.c.event_id == event_id)
        .where(DELIVERIES.c.dotted_at.is_not(None), DELIVERIES.c.audience != DESK)
        .distinct()
        .order_by(DELIVERIES.c.person_id, DELIVERIES.c.channel)
    )
    return [(row[0], row[1], row[2]) for row in connection.execute(query)]


def delivery_of(row: RowMapping) -> Delivery:
    """Return the delivery that a row holds."""
    columns = {
        name: row[name]
        for name in Delivery.__dataclass_fields__
        if name not in ("profiles", "rank", "state")
    }
    return Delivery(
        **columns,
        profiles=tuple(row["profiles"]),
        rank=Rank(*row["rank"]),
        state=DeliveryState(row["state"]),
    )
