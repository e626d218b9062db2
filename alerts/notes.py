"""Messages that are about no single alert: confirmations, digests, news for the operator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from alerts.disclosure import Tlp
from alerts.formats.text import Paragraph
from alerts.grading import NEVER_TOLD
from alerts.keys import Keyring
from alerts.outbox import Delivery, DeliveryState, add_delivery, delivery_id_of
from alerts.subscription import Person
from alerts.tables import NOTES

NOTE = "note"
"""Kind of a delivery that is about no single alert."""


@dataclass(frozen=True, slots=True)
class Note:
    """What such a message says; fixed when it is queued."""

    subject: str
    """Without its label of the TLP."""

    parts: tuple[Paragraph, ...]
    """The first one is the status line."""

    tlp: Tlp = Tlp.CLEAR


@dataclass(frozen=True, slots=True)
class NoteOrder:
    """Everything that such a message is written from."""

    delivery: Delivery
    note: Note
    person: Person
    number: int
    last: tuple[int, datetime] | None
    at: datetime


def queue_note(
    connection: Connection, keys: Keyring, person: Person, event_id: str, note: Note,
    reason: str, now: datetime, revision: int = 1,
) -> str:  # fmt: skip
    """Queue a message, once for each person and event; return the delivery's identifier."""
    delivery_id = delivery_id_of(
        event_id, revision, person.person_id, person.channel, keys.derived("delivery")
    )
    delivery = Delivery(
        delivery_id=delivery_id,
        event_id=event_id,
        revision=revision,
        person_id=person.person_id,
        channel=person.channel,
        audience=person.clearance,
        reason=reason,
        profiles=(),
        rank=NEVER_TOLD,
        settlement_id=None,
        kind=NOTE,
        state=DeliveryState.QUEUED,
        hold_reason="",
        created_at=now,
        changed_at=now,
        not_before=now,
    )
    if add_delivery(connection, delivery, now):
        connection.execute(insert(NOTES).values(delivery_id=delivery_id, **_row(note)))
    return delivery_id


def note_in(connection: Connection, delivery_id: str) -> Note:
    """Return what a delivery of this kind says."""
    query = select(NOTES).where(NOTES.c.delivery_id == delivery_id)
    row = connection.execute(query).mappings().one()
    parts = tuple(
        Paragraph(part["role"], part["heading"], tuple(part["lines"])) for part in row["parts"]
    )
    return Note(row["subject"], parts, Tlp(row["tlp"]))


def _row(note: Note) -> dict[str, Any]:
    parts: Sequence[Paragraph] = note.parts
    return {
        "subject": note.subject,
        "tlp": note.tlp.value,
        "parts": [
            {"role": part.role, "heading": part.heading, "lines": list(part.lines)}
            for part in parts
        ],
    }
