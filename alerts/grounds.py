"""Whether a message may still be sent: asked when it is rendered, and again before its dot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, bindparam, select

from alerts.alert import WITHDRAWN, Status
from alerts.disclosure import AUDIENCES, TLPS, Audience, Tlp
from alerts.notes import NOTE
from alerts.outbox import Delivery
from alerts.subscription import PersonState
from alerts.tables import ALERTS, DELIVERIES, PERSONS, PROFILES, REVISIONS

MANDATORY = ("retracted",)
"""Owed to whoever may have the claim, also after they left."""

_OF_REVISION = (REVISIONS.c.event_id == DELIVERIES.c.event_id) & (
    REVISIONS.c.revision == DELIVERIES.c.revision
)
_OF_PROFILE = (PROFILES.c.person_id == DELIVERIES.c.person_id) & PROFILES.c.active

# One row for each active profile of the person. Made once: it is asked for every message.
_GROUNDS: Select[Any] = (
    select(
        DELIVERIES.c.delivery_id, DELIVERIES.c.state.label("standing"), PERSONS.c.state,
        PERSONS.c.clearance, ALERTS.c.status, ALERTS.c.outside, REVISIONS.c.tlp, PROFILES.c.name,
    )
    .select_from(DELIVERIES)
    .join(PERSONS, PERSONS.c.person_id == DELIVERIES.c.person_id)
    .outerjoin(PROFILES, _OF_PROFILE)
    .outerjoin(ALERTS, ALERTS.c.event_id == DELIVERIES.c.event_id)
    .outerjoin(REVISIONS, _OF_REVISION)
)  # fmt: skip
_OF_ONE = _GROUNDS.where(DELIVERIES.c.delivery_id == bindparam("delivery_id"))
_OF_MANY = _GROUNDS.where(DELIVERIES.c.delivery_id.in_(bindparam("delivery_ids", expanding=True)))

_CARRIED_WITHDRAWN = (
    select(ALERTS.c.event_id)
    .join(DELIVERIES, DELIVERIES.c.event_id == ALERTS.c.event_id)
    .where(DELIVERIES.c.carried_by == bindparam("delivery_id"))
    .where(ALERTS.c.status.in_([status.value for status in WITHDRAWN]))
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Ground:
    """What a message stands on at this moment."""

    lost: str
    """Why it may no longer be sent, empty if it may."""

    standing: str
    """State of the delivery in the database."""

    outside: bool
    """True if somebody outside the desk may have its alert already."""


def ground_of(connection: Connection, delivery: Delivery) -> Ground:
    """Return what one message stands on."""
    rows = connection.execute(_OF_ONE, {"delivery_id": delivery.delivery_id}).mappings().all()
    return _ground(connection, delivery, rows)


def grounds_of(connection: Connection, deliveries: Sequence[Delivery]) -> dict[str, Ground]:
    """Return what each of several messages stands on, by identifier, in one question."""
    wanted = {"delivery_ids": [delivery.delivery_id for delivery in deliveries]}
    rows: dict[str, list[RowMapping]] = {}
    for row in connection.execute(_OF_MANY, wanted).mappings():
        rows.setdefault(row["delivery_id"], []).append(row)
    return {
        delivery.delivery_id: _ground(connection, delivery, rows[delivery.delivery_id])
        for delivery in deliveries
    }


def lost_ground(connection: Connection, delivery: Delivery) -> str:
    """Return why a message may no longer be sent, empty if it may."""
    return ground_of(connection, delivery).lost


def _ground(connection: Connection, delivery: Delivery, rows: Sequence[RowMapping]) -> Ground:
    row = rows[0]
    wanted = any(one["name"] in delivery.profiles for one in rows)
    lost = _lost(connection, delivery, row, wanted=wanted)
    return Ground(lost, row["standing"], bool(row["outside"]))


def _lost(connection: Connection, delivery: Delivery, row: RowMapping, *, wanted: bool) -> str:
    if delivery.reason in MANDATORY:
        suppressed = row["state"] == PersonState.SUPPRESSED.value
        return "the address is suppressed" if suppressed else ""
    asked = delivery.reason == "confirm" and row["state"] == PersonState.PENDING.value
    if row["state"] != PersonState.ACTIVE.value and not asked:
        return f"the person is {row['state']}"
    if _is_narrower(AUDIENCES[row["clearance"]], AUDIENCES[delivery.audience]):
        return "the clearance was withdrawn"
    if delivery.kind == NOTE:
        return _lost_ground_of_note(connection, delivery)
    return _lost_ground_of_alert(delivery, row, wanted=wanted)


def _lost_ground_of_alert(delivery: Delivery, row: RowMapping, *, wanted: bool) -> str:
    if Status(row["status"]) in WITHDRAWN:
        return f"the alert was {row['status']}"
    ceiling = AUDIENCES[row["clearance"]].ceiling
    if TLPS.index(Tlp(row["tlp"])) > TLPS.index(ceiling):
        return "the clearance was withdrawn"
    if delivery.profiles and not wanted:
        return "the profiles that asked for it are gone"
    return ""


def _lost_ground_of_note(connection: Connection, delivery: Delivery) -> str:
    gone = connection.execute(_CARRIED_WITHDRAWN, {"delivery_id": delivery.delivery_id}).first()
    return "" if gone is None else "one of its alerts was withdrawn"


def _is_narrower(now: Audience, then: Audience) -> bool:
    """Return True if the person may now see less than the message was made for."""
    if TLPS.index(now.ceiling) < TLPS.index(then.ceiling):
        return True
    if now.step_deg is None or then.step_deg is None:
        return now.step_deg is None and then.step_deg is not None
    return now.step_deg > then.step_deg
