"""Which messages may go now: in a lane, one after the other (ALERTS 3.1)."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, select

from alerts.errors import FailureClass
from alerts.grounds import MANDATORY
from alerts.outbox import OPEN, DeliveryState
from alerts.tables import DELIVERIES


class Head(NamedTuple):
    """The first message of a lane that is not over."""

    delivery_id: str
    state: DeliveryState
    person_id: str
    channel: str


def lane_heads(connection: Connection, now: datetime) -> list[Head]:
    """Return what may be rendered or sent now, one of each lane."""
    columns = (
        DELIVERIES.c.delivery_id, DELIVERIES.c.state, DELIVERIES.c.not_before,
        DELIVERIES.c.person_id, DELIVERIES.c.event_id, DELIVERIES.c.channel, DELIVERIES.c.reason,
    )  # fmt: skip
    waiting = [state.value for state in OPEN if state is not DeliveryState.HELD]
    query = (
        select(*columns)
        .where(DELIVERIES.c.state.in_(waiting))
        .order_by(DELIVERIES.c.revision, DELIVERIES.c.created_at, DELIVERIES.c.delivery_id)
    )
    blocked = _blocked_lanes(connection)
    heads: dict[tuple[str, str, str], Head] = {}
    seen: set[tuple[str, str, str]] = set()
    for row in connection.execute(query):
        lane = (row.person_id, row.event_id, row.channel)
        if lane in seen or (lane in blocked and row.reason not in MANDATORY):
            continue
        seen.add(lane)
        state = DeliveryState(row.state)
        ready = state in (DeliveryState.QUEUED, DeliveryState.READY, DeliveryState.RETRY_WAIT)
        if ready and row.not_before <= now:
            heads[lane] = Head(row.delivery_id, state, row.person_id, row.channel)
    return list(heads.values())


def _blocked_lanes(connection: Connection) -> set[tuple[str, str, str]]:
    """Return the lanes whose last message was refused by policy, until an operator looked."""
    query = select(DELIVERIES.c.person_id, DELIVERIES.c.event_id, DELIVERIES.c.channel).where(
        DELIVERIES.c.state == DeliveryState.FAILED_PERM.value,
        DELIVERIES.c.hold_reason == FailureClass.POLICY.value,
    )
    return {(row[0], row[1], row[2]) for row in connection.execute(query)}
