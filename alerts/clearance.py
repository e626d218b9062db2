"""Another clearance for a person: set by an operator, never by the person."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import structlog
from sqlalchemy import Engine

from alerts.disclosure import AUDIENCES, DESK
from alerts.errors import InvalidAddress
from alerts.subscribers import put_person
from alerts.subscription import Person
from aoi.database import writing

logger = structlog.get_logger(__name__)

CLEARANCES = tuple(name for name in AUDIENCES if name != DESK)


def cleared(engine: Engine, person: Person, clearance: str, now: datetime, actor: str) -> Person:
    """Give a person another clearance, and return them; what waits unsent is judged by it.

    Raises
    ------
    InvalidAddress
        If there is no such clearance.
    """
    if clearance not in CLEARANCES:
        raise InvalidAddress(
            f"{clearance[:40]!r} is no clearance", hint=f"use one of: {', '.join(CLEARANCES)}"
        )
    changed = replace(person, clearance=clearance)
    with writing(engine) as connection:
        put_person(connection, changed, now)
    logger.info("subscriber cleared", person_id=person.person_id, clearance=clearance, by=actor)
    return changed
