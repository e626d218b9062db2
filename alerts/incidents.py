"""What an operator must hear of: one open row for each cause, however often it strikes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import Connection, Engine, insert, select, update

from alerts.tables import INCIDENTS
from aoi.database import reading, writing

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that keeps messages from people until somebody acts."""

    cause: str
    """Key of the cause, such as ``"relay:config"`` or ``"delivery:<id>"``."""

    sentence: str
    """What happened and what to do, without addresses or places."""

    opened_at: datetime
    seen_at: datetime
    times: int
    n: int = 0
    """Its number; later ones are higher."""


def report_incident(connection: Connection, cause: str, sentence: str, now: datetime) -> None:
    """Open an incident, or count one more time of an open one."""
    known = connection.execute(
        update(INCIDENTS)
        .where(INCIDENTS.c.cause == cause, INCIDENTS.c.closed_at.is_(None))
        .values(times=INCIDENTS.c.times + 1, seen_at=now, sentence=sentence)
    )
    if known.rowcount == 0:
        connection.execute(
            insert(INCIDENTS).values(
                cause=cause, sentence=sentence, opened_at=now, seen_at=now, times=1
            )
        )
        logger.warning("incident", cause=cause, sentence=sentence)


def words_missing(engine: Engine, clock: Callable[[], datetime], fault: str) -> None:
    """Report that a message, or a sentence of it, had to be said in English."""
    logger.error("words missing", fault=fault)
    sentence = f"a translation is broken: {fault}; English was sent instead"
    with writing(engine) as connection:
        report_incident(connection, f"words:{fault}"[:120], sentence, clock())


def open_incidents(engine: Engine) -> list[Incident]:
    """Return the incidents that nobody closed, oldest first."""
    query = select(INCIDENTS).where(INCIDENTS.c.closed_at.is_(None)).order_by(INCIDENTS.c.opened_at)
    with reading(engine) as connection:
        return [
            Incident(
                row["cause"], row["sentence"], row["opened_at"], row["seen_at"], row["times"],
                row["n"],
            )
            for row in connection.execute(query).mappings()
        ]  # fmt: skip


def close_incident(engine: Engine, cause: str, now: datetime) -> bool:
    """Close an incident that was dealt with; say if it was open."""
    with writing(engine) as connection:
        closed = connection.execute(
            update(INCIDENTS)
            .where(INCIDENTS.c.cause == cause, INCIDENTS.c.closed_at.is_(None))
            .values(closed_at=now)
        )
    return closed.rowcount > 0
