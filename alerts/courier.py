"""Sends what waits in the outbox, one message at a time, exactly accounted for (ALERTS 3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from threading import Lock
from zlib import crc32

import structlog
from jinja2 import TemplateError
from sqlalchemy import Engine

from alerts.dispatch import (
    Claim,
    Withdrawn,
    accept,
    cancel,
    charged_attempts,
    claims,
    delivery_in,
    fail,
    mark_dot,
    recover_orphans,
    release_due,
    store_rendered,
)
from alerts.doubts import EMAIL, doubt_untried, settle_blindly, settle_by_copies
from alerts.errors import DeliveryFailed, FailureClass, InvalidAddress, NotCleared
from alerts.generation import Generations, generation_in
from alerts.grounds import grounds_of
from alerts.incidents import report_incident
from alerts.journal import journal_of
from alerts.keys import Keyring
from alerts.lanes import Head, lane_heads
from alerts.letters import WEBHOOK, LetterWriter
from alerts.lock import Right, right_to_send
from alerts.notes import NoteOrder
from alerts.order import Order, Written
from alerts.orders import Orders
from alerts.outbox import Delivery, DeliveryState, deliveries_in, move
from alerts.patience import (
    MAX_ATTEMPTS,
    MAX_RETRACTION_ATTEMPTS,
    RELAY_PAUSE,
    RETRY_AFTER,
    WEBHOOK_RETRY_AFTER,
    next_attempt,
)
from alerts.ports import Channel, Parcel
from alerts.sent_copies import SentCopies
from alerts.side_by_side import Send, batched, side_by_side
from aoi.database import reading, writing

logger = structlog.get_logger(__name__)

RENDERED_AT_ONCE = 50
"""Messages that are made and kept in one transaction; all their numbers or none."""

CLAIMED_AT_ONCE = 8
"""Messages whose bytes are read in one transaction; each is asked about again before its dot."""


@dataclass(frozen=True, slots=True)
class CourierPolicy:
    """How patiently it sends. From ``[email]`` and ``[alerts]`` in config.toml."""

    settle: timedelta = timedelta(seconds=60)
    """How long a message whose fate is in doubt is left alone."""

    recheck: timedelta = timedelta(seconds=5)
    """How long until the server's copies are asked again."""

    on_unknown: str = "resend"
    """``"resend"`` once, or ``"hold"`` until an operator looked."""

    mail_connections: int = 1
    """Connections to the mail server, each with readers of its own."""

    endpoints: int = 4
    """Endpoints that are sent to at a time, beside the mails."""

    only_to: frozenset[str] | None = None
    """Of a dry run: addresses that may be written to; None outside one."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What one round of the courier did."""

    accepted: int = 0
    failed: int = 0
    standby: bool = False
    """True if another process holds the lock and does the sending."""

    held: bool = False
    """True if nothing may be sent until an operator has looked at a restored database."""


class Courier:
    """Drains the outbox through its channels.

    Parameters
    ----------
    engine : Engine
    channels : mapping of str to Channel
        By the names that deliveries have: ``"email"``, ``"webhook"``.
    writer : LetterWriter
    keys : Keyring
    policy : CourierPolicy
    copies : SentCopies, optional
        Asked about messages in doubt; without it they are sent once more.
    generations : Generations, optional
        Says whether the database is the latest one; without it that is believed.
    """

    def __init__(
        self,
        engine: Engine,
        channels: Mapping[str, Channel],
        writer: LetterWriter,
        keys: Keyring,
        policy: CourierPolicy,
        copies: SentCopies | None = None,
        generations: Generations | None = None,
    ) -> None:
        self._engine = engine
        self._channels = channels
        self._writer = writer
        self._keys = keys
        self._policy = policy
        self._copies = copies
        self._generations = generations
        self._orders = Orders()
        # One writes at a time: waiting here costs less than asking a locked database again.
        self._books = Lock()

    def deliver_due(self, now: datetime) -> Tally:
        """Send everything that is due; leave it to whoever holds the lock already."""
        with right_to_send(self._engine) as right:
            if right is None:
                logger.info("another courier holds the lock; it does the sending")
                return Tally(standby=True)
            why = self._generations and self._generations.wants_nothing_sent(now)
            if why:
                logger.warning("nothing is sent", reason=why)
                return Tally(held=True)
            with ExitStack() as stack:
                for channel in self._channels.values():
                    stack.callback(channel.close)
                return self._drain(right, now)

    def _drain(self, right: Right, now: datetime) -> Tally:
        policy = self._policy
        folding = [name for name, channel in self._channels.items() if channel.folds]
        with writing(self._engine) as connection:
            recover_orphans(connection, folding, now, policy.settle)
            release_due(connection, now)
        self._settle_doubts(now)
        counts: Counter[str] = Counter()
        resting: set[str] = set()
        self._mark_generation(now)
        while self._round(right, now, resting, counts):
            pass
        journal = journal_of(self._engine)
        if journal is not None and counts:
            journal.sync()
        return Tally(accepted=counts["accepted"], failed=counts["failed"])

    def _mark_generation(self, now: datetime) -> None:
        """Before anything is sent, make every older copy of the database known as such."""
        if self._generations is None:
            return
        with reading(self._engine) as connection:
            due = lane_heads(connection, now)
        if due:
            self._generations.advance(now)

    def _settle_doubts(self, now: datetime) -> None:
        if self._copies is not None:
            restored_at = self._doubt_since_restore(now)
            settle_by_copies(self._engine, self._copies, now, self._policy.recheck, restored_at)
        if self._policy.on_unknown == "resend":
            settle_blindly(self._engine, now, self._copies)

    def _doubt_since_restore(self, now: datetime) -> datetime | None:
        """Look among the copies first for what a restored database never tried (ALERTS 3.10)."""
        with reading(self._engine) as connection:
            known = generation_in(connection)
        if known is None or known.wary_until is None or known.wary_until <= now:
            return None
        doubt_untried(self._engine, self._writer.message_id_of, now)
        return known.restored_at

    def _round(self, right: Right, now: datetime, resting: set[str], counts: Counter[str]) -> bool:
        """Take the head of each lane one step; say if anything moved."""
        with reading(self._engine) as connection:
            heads = lane_heads(connection, now)
        queued = [one.delivery_id for one in heads if one.state is DeliveryState.QUEUED]
        for batch in batched(queued, RENDERED_AT_ONCE):
            self._render(batch, now)
        written = [one for one in heads if one.state is not DeliveryState.QUEUED]
        outcomes = self._sent(written, partial(self._send_all, right, now, resting))
        counts.update(outcomes)
        return bool(queued) or any(outcome != "rested" for outcome in outcomes)

    def _sent(self, heads: Sequence[Head], send: Send) -> list[str]:
        """Send what is written, and return what became of each: no destination waits for others.

        Mails are shared out among connections by reader; every endpoint is one of its own.
        """
        most = self._policy.mail_connections
        mails: dict[str, list[str]] = {}
        endpoints: dict[str, list[str]] = {}
        for one in heads:
            if one.channel == EMAIL:
                connection = str(crc32(one.person_id.encode()) % most)
                mails.setdefault(connection, []).append(one.delivery_id)
            else:
                endpoints.setdefault(one.person_id, []).append(one.delivery_id)
        groups = [*mails.values(), *endpoints.values()]
        if self._engine.url.database in (None, "", ":memory:"):
            return [outcome for group in groups for outcome in send(group)]
        return side_by_side(groups, send, most=most + self._policy.endpoints)

    def _send_all(
        self, right: Right, now: datetime, resting: set[str], delivery_ids: Sequence[str]
    ) -> list[str]:
        """Send some messages one after the other, and return what became of each."""
        outcomes: list[str] = []
        for batch in batched(delivery_ids, CLAIMED_AT_ONCE):
            with reading(self._engine) as connection:
                claimed = claims(connection, batch)
            outcomes += [self._send(right, claim, now, resting) for claim in claimed]
        return outcomes

    def _render(self, delivery_ids: Sequence[str], now: datetime) -> None:
        """Make the bytes of some messages, once, and keep them in one transaction.

        Of one person only the first is made: the number of the next one
        depends on it.
        """
        with reading(self._engine) as connection:
            found = deliveries_in(connection, delivery_id=delivery_ids)
            by_id = {delivery.delivery_id: delivery for delivery in found}
            first: dict[str, Delivery] = {}
            for delivery_id in delivery_ids:
                first.setdefault(by_id[delivery_id].person_id, by_id[delivery_id])
            grounds = grounds_of(connection, list(first.values()))
            standing = [one for one in first.values() if not grounds[one.delivery_id].lost]
            orders = self._orders.of_all(connection, standing, now)
        for delivery in first.values():
            if lost := grounds[delivery.delivery_id].lost:
                self._cancel(delivery, lost, now)
        made = [(order, written) for order in orders if (written := self._written(order))]
        with writing(self._engine) as connection:
            store_rendered(connection, made, now)

    def _written(self, order: Order | NoteOrder) -> Written | None:
        """Return the message of an order; None if it may not or cannot be written."""
        try:
            if isinstance(order, NoteOrder):
                return self._writer.write_note(order)
            return self._writer.write(order)
        except NotCleared as refusal:
            self._cancel(order.delivery, refusal.message, order.at)
        except (TemplateError, ValueError, InvalidAddress) as fault:
            self._keep_render_error(order.delivery, fault, order.at)
        return None

    def _cancel(self, delivery: Delivery, why: str, now: datetime) -> None:
        with self._books, writing(self._engine) as connection:
            cancel(connection, delivery, why, now)
        logger.info("delivery cancelled", delivery_id=delivery.delivery_id, reason=why)

    def _keep_render_error(self, delivery: Delivery, fault: Exception, now: datetime) -> None:
        # Its words may quote what was rendered; only its kind goes into the record.
        words = f"the message cannot be written: {type(fault).__name__}"
        with self._books, writing(self._engine) as connection:
            move(connection, delivery, DeliveryState.RENDER_ERROR, now, last_error=words)
            cause = f"delivery:{delivery.delivery_id}"
            report_incident(connection, cause, f"{cause}: {words}", now)

    def _send(self, right: Right, claimed: Claim, now: datetime, resting: set[str]) -> str:
        """Send one message, and return what became of it.

        A channel that is badly set up rests until the next round.
        """
        delivery = claimed.delivery
        if delivery.channel in resting or delivery.channel not in self._channels:
            return "rested"
        if lost := claimed.lost or self._not_of_test(claimed):
            self._cancel(delivery, lost, now)
            return "cancelled"
        try:
            reply = self._hand_over(right, claimed, now)
        except Withdrawn as withdrawn:
            self._cancel(delivery, str(withdrawn), now)
            return "cancelled"
        except DeliveryFailed as failure:
            self._record_failure(claimed, failure, now)
            if failure.failure is FailureClass.CONFIG:
                resting.add(delivery.channel)
            return "failed"
        with self._books, writing(self._engine) as connection:
            accept(connection, claimed, reply, now)
        logger.info("delivery accepted", delivery_id=delivery.delivery_id, attempt=claimed.attempt)
        return "accepted"

    def _not_of_test(self, claimed: Claim) -> str:
        allowed = self._policy.only_to
        off_list = allowed is not None and claimed.address not in allowed
        return "a dry run writes to test addresses only" if off_list else ""

    def _hand_over(self, right: Right, claimed: Claim, now: datetime) -> str:
        delivery = claimed.delivery
        assert delivery.raw is not None  # READY rows have bytes
        assert delivery.message_id is not None
        parcel = Parcel(
            delivery_id=delivery.delivery_id,
            sender=self._keys.bounce_address(
                delivery.delivery_id, now, self._writer.settings.bounces
            ),
            address=claimed.address,
            message_id=delivery.message_id,
            raw=delivery.raw,
            person_id=delivery.person_id,
        )

        def before_dot() -> None:
            with self._books, right.writing() as connection:
                mark_dot(connection, claimed, now)

        return self._channels[delivery.channel].send(parcel, before_dot)

    def _record_failure(self, claimed: Claim, failure: DeliveryFailed, now: datetime) -> None:
        delivery = claimed.delivery
        most = MAX_RETRACTION_ATTEMPTS if delivery.reason == "retracted" else MAX_ATTEMPTS
        ladder = WEBHOOK_RETRY_AFTER if delivery.channel == WEBHOOK else RETRY_AFTER
        with self._books, writing(self._engine) as connection:
            charged = charged_attempts(connection, delivery.delivery_id) + 1
            again_at = next_attempt(delivery.delivery_id, charged, now, most, ladder)
            if failure.failure is FailureClass.CONFIG:
                again_at = now + RELAY_PAUSE
            if again_at is not None:
                again_at = max(again_at, now + failure.retry_after)
            state = fail(connection, claimed, failure, now, again_at, self._policy.settle)
        if failure.failure is FailureClass.CONTENT:
            self._render_smaller(claimed, now)
        logger.warning(
            "delivery failed", delivery_id=delivery.delivery_id, attempt=claimed.attempt,
            failure=failure.failure.value, state=state.value,
        )  # fmt: skip

    def _render_smaller(self, claimed: Claim, now: datetime) -> None:
        """Write a message that was refused as too large once more, without pictures and files."""
        with reading(self._engine) as connection:
            delivery = delivery_in(connection, claimed.delivery.delivery_id)
            order = self._orders.of(connection, delivery, now)
        shrunk = delivery.message_id is None or ".l@" in delivery.message_id
        if shrunk or isinstance(order, NoteOrder):
            return
        smaller = replace(order, form="light")
        written = self._writer.write(smaller)
        with self._books, writing(self._engine) as connection:
            store_rendered(connection, [(smaller, written)], now)
