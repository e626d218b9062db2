"""Makes an old database fit to go on: what happened since is told to it again (ALERTS 3.10).

In:   a database from a backup, and the journal that was kept outside it, if there is one.
Out:  the same database, in which nobody who was reached is owed anything, who left has left,
      and what was taken back is taken back. What is in doubt is marked so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection, Engine, func, select, update

from alerts.errors import JournalUnusable
from alerts.generation import HELD, OPEN, Generations, generation_in
from alerts.incidents import report_incident
from alerts.journal import Journal, Line, Position
from alerts.outbox import DeliveryState
from alerts.retelling import Retold, retell
from alerts.tables import DELIVERIES, PERSONS
from aoi.database import reading, writing

logger = structlog.get_logger(__name__)

COPIES_KEPT = timedelta(days=7)
"""How long the server's own copies are kept at least (ALERTS 3.4): older doubts stay doubts."""

NUMBERS_SKIPPED = 1_000
"""More than anybody was sent since the backup; so no number is ever used twice."""

RESTORED = "restored"
"""Why a delivery is held that may have been sent after the backup."""

IN_THE_OPEN = (
    DeliveryState.QUEUED, DeliveryState.READY, DeliveryState.RETRY_WAIT, DeliveryState.SENDING,
    DeliveryState.UNKNOWN, DeliveryState.RENDER_ERROR,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Restored:
    """What became of a database that was put back."""

    generation: int
    retold: Retold | None
    """None where there was no journal: then nothing is sent until an operator says so."""

    held: int
    """Deliveries that may have been sent since, and wait for an operator."""

    asked: int
    """Deliveries about which the server's own copies are asked before anything is sent."""


class Restorer:
    """Takes up work on a database that is not the one that sent last.

    Parameters
    ----------
    engine : Engine
    generations : Generations
    journal : Journal
    folding : collection of str
        Channels whose receivers fold copies: what was sent to them twice arrives once.
    copies_kept : bool
        True if the mail server's copies can be asked.
    """

    def __init__(
        self, engine: Engine, generations: Generations, journal: Journal, *,
        folding: tuple[str, ...] = ("webhook",), copies_kept: bool = False,
    ) -> None:  # fmt: skip
        self._engine = engine
        self._generations = generations
        self._journal = journal
        self._folding = folding
        self._copies_kept = copies_kept

    def is_put_back(self) -> bool:
        """Return True if the database is not the one that sent last."""
        return self._generations.is_put_back()

    def restore(self, now: datetime, *, made_at: datetime | None = None) -> Restored:
        """Tell the database what happened since, and let it send again where that is safe.

        Parameters
        ----------
        made_at : datetime, optional
            When the backup was made; else when the database last began to send.
        """
        lines = self._lines()
        with writing(self._engine) as connection:
            known = generation_in(connection)
            retold = None if lines is None else retell(connection, lines, now)
            age = now - (made_at or (known.at if known else now))
            asks = self._copies_kept and age <= COPIES_KEPT
            if retold is None:
                _skip_numbers(connection)
            held = 0 if asks else _hold(connection, self._folding, now)
            asked = _doubt(connection, self._folding, now) if asks else 0
            stamp = self._generations.begin_next(
                connection, now, OPEN if retold else HELD, now + COPIES_KEPT if asks else None
            )
            if held:
                sentence = f"{held} deliveries may have been sent since the backup, and are held"
                report_incident(connection, "backup:held", sentence, now)
            after = generation_in(connection)
        self._generations.settle(stamp, now)
        assert after is not None  # begun above
        logger.warning("database restored", generation=after.number, held=held, asked=asked)
        return Restored(after.number, retold, held, asked)

    def release(self, now: datetime) -> int:
        """Send what was held since a restore, and let the service send; return how many rows."""
        query = (
            update(DELIVERIES)
            .where(DELIVERIES.c.state == DeliveryState.HELD.value)
            .where(DELIVERIES.c.hold_reason == RESTORED)
        )
        freed = {"hold_reason": "", "changed_at": now, "not_before": now}
        with writing(self._engine) as connection:
            count = sum(
                connection.execute(query.where(rows).values(state=state.value, **freed)).rowcount
                for rows, state in (
                    (DELIVERIES.c.raw.is_not(None), DeliveryState.READY),
                    (DELIVERIES.c.raw.is_(None), DeliveryState.QUEUED),
                )
            )
        self._generations.release(now)
        return count

    def _lines(self) -> list[Line] | None:
        """Return what happened since, None if nothing tells it."""
        with reading(self._engine) as connection:
            known = generation_in(connection)
        position = known.journal if known else Position("", 0)
        if not self._journal.continues(position):
            return None
        try:
            return list(self._journal.since(position))
        except JournalUnusable as error:
            logger.warning("journal unusable", reason=error.message)
            return None


def _hold(connection: Connection, folding: tuple[str, ...], now: datetime) -> int:
    """Hold what may have been sent since: a person looks first."""
    return connection.execute(
        update(DELIVERIES)
        .where(DELIVERIES.c.state.in_([state.value for state in IN_THE_OPEN]))
        .where(DELIVERIES.c.channel.not_in(folding))
        .values(
            state=DeliveryState.HELD.value, hold_reason=RESTORED, settle_at=None, changed_at=now
        )
    ).rowcount


def _doubt(connection: Connection, folding: tuple[str, ...], now: datetime) -> int:
    """Have the server's copies asked about what was on its way; the courier does the rest."""
    return connection.execute(
        update(DELIVERIES)
        .where(DELIVERIES.c.state.in_([state.value for state in IN_THE_OPEN]))
        .where(DELIVERIES.c.channel.not_in(folding), DELIVERIES.c.raw.is_not(None))
        .values(state=DeliveryState.UNKNOWN.value, settle_at=now, changed_at=now)
    ).rowcount


def _skip_numbers(connection: Connection) -> None:
    """Leave a gap that is wider than what was sent since the backup can be."""
    sent = select(func.count()).where(DELIVERIES.c.person_id == PERSONS.c.person_id)
    connection.execute(
        update(PERSONS)
        .where(sent.scalar_subquery() > 0)
        .values(
            last_number=PERSONS.c.last_number + NUMBERS_SKIPPED,
            numbers_lost=PERSONS.c.numbers_lost + NUMBERS_SKIPPED,
        )
    )
