"""What is forgotten by itself, and when (ALERTS 3.4, 3.11, T7).

In:   messages that arrived long ago, the mail server's copies of them, old months of the journal.
Out:  the same without their text. Who was sent what and when, its number, Message-ID and digest
      stay, and so does every alert, decision and revision.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection, Engine, delete, select, update

from alerts.errors import JournalUnusable, MailboxUnavailable
from alerts.generation import generation_in
from alerts.incidents import close_incident, report_incident
from alerts.journal import Journal, journal_of
from alerts.maildirs import Archive
from alerts.outbox import DeliveryState
from alerts.tables import DELIVERIES, NOTES
from aoi.database import reading, writing

logger = structlog.get_logger(__name__)

ARRIVED = (DeliveryState.ACCEPTED, DeliveryState.DELIVERED, DeliveryState.BOUNCED)
"""What was given up or waits keeps its bytes: an operator may try it again."""

ROWS_AT_ONCE = 1_000
CAUSE = "retention"


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """How long texts are kept; None: for ever. From ``[retention]`` in config.toml."""

    messages: timedelta | None = None
    """Bytes of messages that arrived, in the database."""

    copies: timedelta | None = None
    """The mail server's own copies. No less than a restore may ask for: a week."""

    journal_months: int | None = None
    """Months of the journal before this one."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What went, and what of it was kept and why."""

    messages: int
    copies: int
    journal: tuple[str, ...]
    """Names of the files."""

    kept: tuple[str, ...]


class Retention:
    """Deletes what is older than it is needed.

    Parameters
    ----------
    engine : Engine
    policy : RetentionPolicy
    archive : Archive, optional
        The mail server's copies; None where there are none.
    domains : tuple of str
        Of our Message-IDs: no other mail in that mailbox is touched.
    """

    def __init__(
        self, engine: Engine, policy: RetentionPolicy, archive: Archive | None = None,
        domains: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        self._engine = engine
        self._policy = policy
        self._archive = archive
        self._domains = domains

    def forget(self, now: datetime) -> Forgotten:
        """Delete what is due; what cannot be deleted is an incident."""
        kept = [
            "of each message: to whom, when, its number, Message-ID and SHA-256",
            "every alert, revision, decision and the log",
        ]
        try:
            messages = self._messages(now)
            copies = self._copies(now, kept)
            journal = self._journal(now, kept)
        except (MailboxUnavailable, JournalUnusable) as error:
            with writing(self._engine) as connection:
                report_incident(connection, CAUSE, f"old texts stay: {error.message}", now)
            raise
        close_incident(self._engine, CAUSE, now)
        logger.info("old texts deleted", messages=messages, copies=copies, journal=len(journal))
        return Forgotten(messages, copies, journal, tuple(kept))

    def _messages(self, now: datetime) -> int:
        """Clear bytes, a few at a time: nobody waits long for the database."""
        if self._policy.messages is None:
            return 0
        due = (
            select(DELIVERIES.c.delivery_id)
            .where(DELIVERIES.c.state.in_([state.value for state in ARRIVED]))
            .where(DELIVERIES.c.raw.is_not(None))
            .where(DELIVERIES.c.ended_at < now - self._policy.messages)
            .limit(ROWS_AT_ONCE)
        )
        cleared = 0
        while True:
            with writing(self._engine) as connection:
                _overwrite(connection, "ON")
                some = list(connection.execute(due).scalars())
                connection.execute(delete(NOTES).where(NOTES.c.delivery_id.in_(some)))
                connection.execute(
                    update(DELIVERIES).where(DELIVERIES.c.delivery_id.in_(some)).values(raw=None)
                )
                _overwrite(connection, "OFF")
            cleared += len(some)
            if len(some) < ROWS_AT_ONCE:
                return cleared

    def _copies(self, now: datetime, kept: list[str]) -> int:
        if self._policy.copies is None or self._archive is None:
            return 0
        with reading(self._engine) as connection:
            known = generation_in(connection)
            in_doubt = connection.execute(_IN_DOUBT).first()
        if known is not None and known.wary_until is not None and known.wary_until > now:
            kept.append("all copies of the mail server: a restored backup still asks for them")
            return 0
        if in_doubt is not None:
            kept.append("all copies of the mail server: a message is in doubt")
            return 0
        return self._archive.forget(now - self._policy.copies, self._domains)

    def _journal(self, now: datetime, kept: list[str]) -> tuple[str, ...]:
        journal: Journal | None = journal_of(self._engine)
        months = self._policy.journal_months
        if journal is None or months is None:
            return ()
        with reading(self._engine) as connection:
            known = generation_in(connection)
        number = now.year * 12 + now.month - 1 - months
        first = f"{number // 12:04d}-{number % 12 + 1:02d}.journal"
        if known is not None and known.journal.name:
            # What this database itself would need to be told again.
            first = min(first, known.journal.name)
        kept.append(f"the journal from {first.partition('.')[0]} on: for backups since then")
        return journal.forget(first)


_IN_DOUBT = (
    select(DELIVERIES.c.delivery_id)
    .where(DELIVERIES.c.state.in_([DeliveryState.UNKNOWN.value, DeliveryState.SENDING.value]))
    .limit(1)
)


def _overwrite(connection: Connection, how: str) -> None:
    """Have SQLite write zeros where the text stood: a seized disk must not show it."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA secure_delete = {how}")
