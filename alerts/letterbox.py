"""What an operator does with the outbox: look, try again, let go, recall."""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlalchemy import Connection, Engine, func, select, update

from alerts.errors import NotAllowed, UnknownAlert
from alerts.incidents import close_incident
from alerts.outbox import UNSENT, Delivery, DeliveryState, deliveries_in, move
from alerts.store import alert_in
from alerts.tables import DECISIONS, DELIVERIES
from aoi.database import reading, writing

logger = structlog.get_logger(__name__)

STUCK = (DeliveryState.DEAD, DeliveryState.FAILED_PERM, DeliveryState.RENDER_ERROR)


class Letterbox:
    """The operator's view of the outbox."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def counts(self) -> dict[str, int]:
        """Return how many deliveries are in each state."""
        query = select(DELIVERIES.c.state, func.count()).group_by(DELIVERIES.c.state)
        with reading(self._engine) as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def of_event(self, event_id: str) -> list[Delivery]:
        """Return the deliveries of one alert, named by event or reference.

        Raises
        ------
        UnknownAlert
        """
        with reading(self._engine) as connection:
            alert = alert_in(connection, event_id)
            return deliveries_in(connection, event_id=alert.event_id)

    def decided(self, event_id: str) -> list[tuple[int, str, str, int]]:
        """Return revision, outcome, reason and number of people, for every reader of an alert."""
        sent = (
            select(DELIVERIES.c.revision, DELIVERIES.c.state, DELIVERIES.c.reason, func.count())
            .where(DELIVERIES.c.event_id == event_id)
            .group_by(DELIVERIES.c.revision, DELIVERIES.c.state, DELIVERIES.c.reason)
        )
        others = (
            select(DECISIONS.c.revision, DECISIONS.c.outcome, DECISIONS.c.reason, func.count())
            .where(DECISIONS.c.event_id == event_id, DECISIONS.c.outcome == "skip")
            .group_by(DECISIONS.c.revision, DECISIONS.c.outcome, DECISIONS.c.reason)
        )
        with reading(self._engine) as connection:
            rows = [*connection.execute(sent), *connection.execute(others)]
        return sorted((row[0], row[1], row[2], row[3]) for row in rows)

    def delivery(self, delivery_id: str) -> Delivery:
        """Return one delivery.

        Raises
        ------
        UnknownAlert
        """
        with reading(self._engine) as connection:
            return _found(connection, delivery_id)

    def stuck(self) -> list[Delivery]:
        """Return what was given up and waits for somebody."""
        with reading(self._engine) as connection:
            return deliveries_in(connection, state=[state.value for state in STUCK])

    def retry(self, delivery_id: str, now: datetime) -> None:
        """Try again what was given up: the same bytes, the same Message-ID.

        Raises
        ------
        UnknownAlert
            If there is no such delivery.
        NotAllowed
            If it was not given up, or the person may have it.
        """
        with writing(self._engine) as connection:
            delivery = _found(connection, delivery_id)
            if delivery.state not in STUCK or delivery.resends > 0:
                raise NotAllowed(
                    f"delivery {delivery_id} cannot be tried again: it is {delivery.state}",
                    hint="only what was given up, and nobody can have, is tried again",
                )
            rendered = delivery.state is not DeliveryState.RENDER_ERROR
            state = DeliveryState.READY if rendered else DeliveryState.QUEUED
            move(connection, delivery, state, now, not_before=now, hold_reason="", ended_at=None)
        close_incident(self._engine, f"delivery:{delivery_id}", now)
        logger.info("delivery tried again", delivery_id=delivery_id)

    def recall(self, now: datetime, event_id: str | None = None) -> int:
        """Hold everything that was not sent, of one alert or of all; return how many rows.

        Raises
        ------
        UnknownAlert
        """
        query = (
            update(DELIVERIES)
            .where(DELIVERIES.c.state.in_([state.value for state in UNSENT]))
            .where(DELIVERIES.c.dotted_at.is_(None))
            .values(state=DeliveryState.HELD.value, hold_reason="recall", changed_at=now)
        )
        with writing(self._engine) as connection:
            if event_id is not None:
                event = alert_in(connection, event_id).event_id
                query = query.where(DELIVERIES.c.event_id == event)
            held = connection.execute(query).rowcount
        logger.warning("deliveries recalled", event_id=event_id or "all", count=held)
        return held

    def let_go(self, now: datetime, event_id: str | None = None) -> int:
        """Send what was recalled after all; return how many rows.

        Raises
        ------
        UnknownAlert
        """
        query = (
            update(DELIVERIES)
            .where(DELIVERIES.c.state == DeliveryState.HELD.value)
            .where(DELIVERIES.c.hold_reason == "recall")
        )
        with writing(self._engine) as connection:
            if event_id is not None:
                event = alert_in(connection, event_id).event_id
                query = query.where(DELIVERIES.c.event_id == event)
            rendered = query.where(DELIVERIES.c.raw.is_not(None))
            plain = query.where(DELIVERIES.c.raw.is_(None))
            freed = {"hold_reason": "", "changed_at": now, "not_before": now}
            return sum(
                connection.execute(part.values(state=state.value, **freed)).rowcount
                for part, state in ((rendered, DeliveryState.READY), (plain, DeliveryState.QUEUED))
            )


def _found(connection: Connection, delivery_id: str) -> Delivery:
    for delivery in deliveries_in(connection, delivery_id=delivery_id):
        return delivery
    raise UnknownAlert(
        f"no delivery is called {delivery_id[:60]!r}", hint="see: emberwatch delivery list"
    )
