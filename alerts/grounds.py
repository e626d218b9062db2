"""Whether a message may still be sent: asked when it is rendered, and again before its dot."""

from __future__ import annotations

from sqlalchemy import Connection, RowMapping, bindparam, exists, select

from alerts.alert import WITHDRAWN, Status
from alerts.disclosure import AUDIENCES, TLPS, Audience, Tlp
from alerts.notes import NOTE
from alerts.outbox import Delivery
from alerts.subscription import PersonState
from alerts.tables import ALERTS, DELIVERIES, PERSONS, PROFILES, REVISIONS

MANDATORY = ("retracted",)
"""Owed to whoever may have the claim, also after they left."""

_WANTED = exists().where(
    PROFILES.c.person_id == DELIVERIES.c.person_id,
    PROFILES.c.name.in_(bindparam("names", expanding=True)),
    PROFILES.c.active,
)

_OF_REVISION = (REVISIONS.c.event_id == DELIVERIES.c.event_id) & (
    REVISIONS.c.revision == DELIVERIES.c.revision
)

# One statement, made once: it is asked twice for every message that leaves.
_GROUNDS = (
    select(
        PERSONS.c.state, PERSONS.c.clearance, ALERTS.c.status, REVISIONS.c.tlp,
        _WANTED.label("wanted"),
    )
    .select_from(DELIVERIES)
    .join(PERSONS, PERSONS.c.person_id == DELIVERIES.c.person_id)
    .outerjoin(ALERTS, ALERTS.c.event_id == DELIVERIES.c.event_id)
    .outerjoin(REVISIONS, _OF_REVISION)
    .where(DELIVERIES.c.delivery_id == bindparam("delivery_id"))
)  # fmt: skip

_CARRIED_WITHDRAWN = (
    select(ALERTS.c.event_id)
    .join(DELIVERIES, DELIVERIES.c.event_id == ALERTS.c.event_id)
    .where(DELIVERIES.c.carried_by == bindparam("delivery_id"))
    .where(ALERTS.c.status.in_([status.value for status in WITHDRAWN]))
    .limit(1)
)


def lost_ground(connection: Connection, delivery: Delivery) -> str:
    """Return why a message may no longer be sent, empty if it may."""
    row = connection.execute(
        _GROUNDS, {"delivery_id": delivery.delivery_id, "names": delivery.profiles}
    ).mappings().one()  # fmt: skip
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
    return _lost_ground_of_alert(delivery, row)


def _lost_ground_of_alert(delivery: Delivery, row: RowMapping) -> str:
    if Status(row["status"]) in WITHDRAWN:
        return f"the alert was {row['status']}"
    ceiling = AUDIENCES[row["clearance"]].ceiling
    if TLPS.index(Tlp(row["tlp"])) > TLPS.index(ceiling):
        return "the clearance was withdrawn"
    if delivery.profiles and not row["wanted"]:
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
