"""Messages that the server may or may not have: how the doubt is settled (ALERTS 3.3, 3.4)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, update

from alerts.disclosure import DESK
from alerts.incidents import report_incident
from alerts.journal import noted
from alerts.outbox import Delivery, DeliveryState, deliveries_in, move
from alerts.sent_copies import CopyAnswer, SentCopies
from alerts.store import mark_outside
from alerts.tables import DELIVERIES
from aoi.database import reading, writing

EMAIL = "email"
UNTRIED = (DeliveryState.QUEUED, DeliveryState.READY, DeliveryState.RETRY_WAIT)

TELL_OPERATOR_AFTER = timedelta(minutes=30)


def doubtful(engine: Engine, now: datetime) -> list[Delivery]:
    """Return the deliveries in doubt that were left alone for long enough."""
    with reading(engine) as connection:
        unknown = deliveries_in(connection, state=DeliveryState.UNKNOWN.value)
    return [one for one in unknown if one.settle_at is not None and one.settle_at <= now]


def settle_blindly(engine: Engine, now: datetime, copies: SentCopies | None = None) -> None:
    """Send what is in doubt once more, flagged, and give up what is in doubt a second time.

    Without a way to ask the server nobody ever gets more than two copies, of
    the same bytes and the same Message-ID. With `copies`, only what they do not cover.
    """
    for delivery in doubtful(engine, now):
        if copies is not None and copies.covers(delivery.raw):
            continue
        with writing(engine) as connection:
            if delivery.resends == 0:
                move(
                    connection, delivery, DeliveryState.READY, now,
                    resends=1, possible_duplicate=True, settle_at=None, not_before=now,
                )  # fmt: skip
            else:
                _give_up(connection, delivery, now)


def _give_up(connection: Connection, delivery: Delivery, now: datetime) -> None:
    words = "ambiguous twice: the person may have it, once or twice"
    move(connection, delivery, DeliveryState.DEAD, now, last_error=words, ended_at=now)
    cause = f"delivery:{delivery.delivery_id}"
    report_incident(connection, cause, f"delivery {delivery.delivery_id}: {words}", now)


def doubt_untried(engine: Engine, name: Callable[[Delivery], str], now: datetime) -> None:
    """Doubt what this database never tried: before it was put back it may have been sent.

    Parameters
    ----------
    name : callable
        Returns the Message-ID that a delivery has, or will have.
    """
    with reading(engine) as connection:
        untried = deliveries_in(
            connection, channel=EMAIL, state=[state.value for state in UNTRIED],
            dotted_at=None, sent_copy=False,
        )  # fmt: skip
    for delivery in untried:
        with writing(engine) as connection:
            connection.execute(
                update(DELIVERIES)
                .where(DELIVERIES.c.delivery_id == delivery.delivery_id)
                .where(DELIVERIES.c.state == delivery.state.value)
                .values(
                    state=DeliveryState.UNKNOWN.value, settle_at=now, changed_at=now,
                    message_id=delivery.message_id or name(delivery),
                )
            )  # fmt: skip


def settle_by_copies(
    engine: Engine, copies: SentCopies, now: datetime, recheck: timedelta,
    restored_at: datetime | None = None,
) -> None:  # fmt: skip
    """Ask the server's own copies, and resend only what it certainly does not have."""
    waiting = [one for one in doubtful(engine, now) if copies.covers(one.raw)]
    asked = [(delivery, _asked(copies, delivery, restored_at)) for delivery in waiting]
    if any(answer is CopyAnswer.CANNOT_SAY for _, answer in asked):
        copies.probe(now)
    for delivery, answer in asked:
        with writing(engine) as connection:
            _settle(connection, delivery, answer, now, recheck)


def _asked(copies: SentCopies, delivery: Delivery, restored_at: datetime | None) -> CopyAnswer:
    assert delivery.message_id is not None
    assert delivery.settle_at is not None
    untried = delivery.dotted_at is None and restored_at is not None
    since = restored_at if untried and restored_at else delivery.changed_at
    return copies.answer(delivery.message_id, f"b+{delivery.delivery_id[:8]}.", since)


def _settle(
    connection: Connection,
    delivery: Delivery,
    answer: CopyAnswer,
    now: datetime,
    recheck: timedelta,
) -> None:
    match answer:
        case CopyAnswer.FOUND:
            move(
                connection, delivery, DeliveryState.ACCEPTED, now, ended_at=now, sent_copy=True,
                last_error="the server's copy was found", settle_at=None,
                dotted_at=delivery.dotted_at or now,
            )  # fmt: skip
            noted(connection, "taken", delivery_id=delivery.delivery_id, at=now)
            if delivery.dotted_at is None and delivery.audience != DESK:
                mark_outside(connection, [delivery.event_id])
        case CopyAnswer.NOT_FOUND:
            written = delivery.raw is not None
            move(
                connection, delivery, DeliveryState.READY if written else DeliveryState.QUEUED,
                now, sent_copy=True, settle_at=None, not_before=now,
                resends=delivery.resends + (delivery.dotted_at is not None),
            )  # fmt: skip
        case CopyAnswer.CANNOT_SAY:
            _wait(connection, delivery, now, recheck)


def _wait(connection: Connection, delivery: Delivery, now: datetime, recheck: timedelta) -> None:
    connection.execute(
        update(DELIVERIES)
        .where(DELIVERIES.c.delivery_id == delivery.delivery_id)
        .values(settle_at=now + recheck)
    )
    if delivery.dotted_at is not None and now - delivery.dotted_at > TELL_OPERATOR_AFTER:
        sentence = (
            f"delivery {delivery.delivery_id} is in doubt, and the archive of sent copies "
            "does not answer: see that its mailbox exists and takes mail"
        )
        report_incident(connection, "sent-copy", sentence, now)
