"""Tells a database what the journal says happened since: each thing once, however often told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, DateTime, Table, delete, func, insert, select, update

from alerts.alert import Alert, AlertEvent
from alerts.disclosure import DESK, tlp_of
from alerts.journal import Line
from alerts.notes import NOTE
from alerts.outbox import DeliveryState
from alerts.payload import alert_of, payload_of, sha256_of
from alerts.store import append_events, event_of_body, insert_alert, mark_outside, row_of
from alerts.tables import (
    ALERT_EVENTS,
    ALERTS,
    DELIVERIES,
    PERSONS,
    PROFILE_AREAS,
    PROFILES,
    REVISIONS,
    SERVINGS,
)
from aoi.database import UtcDateTime

OVER = frozenset({
    DeliveryState.ACCEPTED, DeliveryState.DELIVERED, DeliveryState.BOUNCED,
    DeliveryState.FAILED_PERM, DeliveryState.IN_DIGEST,
})  # fmt: skip
"""States that the journal changes nothing of: the database knows as much or more."""


@dataclass(frozen=True, slots=True)
class Retold:
    """How much of the journal was news to the database."""

    people: int
    """Whose state or clearance changed since."""

    alerts: int
    """That were decided on since, or are known from the journal alone."""

    reached: int
    """Messages that were taken by a server since."""

    in_doubt: int
    """Messages that a server may or may not have."""

    strangers: int
    """People who came after the backup, and whose addresses the journal did not keep."""

    newcomers: int = 0
    """People who came after the backup, and are known from the journal."""

    wishes: int = 0
    """Profiles that were made or changed since."""


def retell(connection: Connection, lines: Sequence[Line], now: datetime) -> Retold:
    """Tell everything; return what was new."""
    by_kind: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for line in lines:
        by_kind[line.what].append(line.facts)
    known = set(connection.execute(select(PERSONS.c.person_id)).scalars())
    newcomers = _newcomers(connection, by_kind["person"], known, now)
    known |= newcomers
    people = _people(connection, by_kind["person"], known - newcomers, now)
    wishes = _wishes(connection, by_kind["profile"], known)
    alerts = _alerts(connection, by_kind["alert"])
    _revisions(connection, by_kind["published"], by_kind["alert"])
    _servings(connection, by_kind["served"])
    states = _outcomes(lines)
    reached = in_doubt = 0
    strangers: set[str] = set()
    for row in _dotted_rows(by_kind["dot"]):
        if row["person_id"] not in known:
            strangers.add(row["person_id"])
            continue
        state = states.get(row["carried_by"] or row["delivery_id"])
        if state is None or not _dotted(connection, row, state, now):
            continue
        reached += state is DeliveryState.ACCEPTED
        in_doubt += state is DeliveryState.UNKNOWN
    _count_numbers(connection)
    return Retold(people, alerts, reached, in_doubt, len(strangers), len(newcomers), wishes)


def _newcomers(
    connection: Connection, told: Iterable[Mapping[str, Any]], known: set[str], now: datetime
) -> set[str]:
    """Add everybody whom only the journal knows, as they were last; return who that is."""
    last: dict[str, dict[str, Any]] = {}
    for facts in told:
        person_id = facts["person_id"]
        if person_id in known or ("row" not in facts and person_id not in last):
            continue
        current = {name: facts[name] for name in ("state", "clearance") if name in facts}
        last[person_id] = {**last.get(person_id, {}), **facts.get("row", {}), **current}
    for row in last.values():
        values = {**_typed(PERSONS, row), "last_number": 0, "changed_at": now}
        connection.execute(insert(PERSONS).values(**values))
    return set(last)


OF_PERSONS = ("state", "clearance", "organisation", "language", "form", "time_zone", "attachments")
"""Columns that the journal knows better than an old database."""


def _wishes(connection: Connection, told: Iterable[Mapping[str, Any]], known: set[str]) -> int:
    """Give everybody the profiles that they had last; return how many are others than before."""
    last = {facts["profile_id"]: facts for facts in told if facts["row"]["person_id"] in known}
    changed = 0
    for profile_id, facts in last.items():
        row = _typed(PROFILES, facts["row"])
        mine = PROFILES.c.profile_id == profile_id
        before = connection.execute(select(PROFILES).where(mine)).mappings().first()
        if before is not None and dict(before) == row:
            continue
        connection.execute(delete(PROFILE_AREAS).where(PROFILE_AREAS.c.profile_id == profile_id))
        connection.execute(delete(PROFILES).where(mine))
        connection.execute(insert(PROFILES).values(**row))
        areas = [{"profile_id": profile_id, "area_key": key} for key in facts["areas"]]
        if areas:
            connection.execute(insert(PROFILE_AREAS), areas)
        changed += 1
    return changed


def _people(
    connection: Connection, told: Iterable[Mapping[str, Any]], known: set[str], now: datetime
) -> int:
    """Give everybody the last state, clearance and form of messages that they had."""
    last: dict[str, dict[str, Any]] = defaultdict(dict)
    for facts in told:
        said = {**facts.get("row", {}), **facts}
        last[facts["person_id"]].update({name: said[name] for name in OF_PERSONS if name in said})
    changed = 0
    for person_id, values in last.items():
        if person_id not in known:
            continue
        row = connection.execute(select(PERSONS).where(PERSONS.c.person_id == person_id))
        before = row.mappings().one()
        if any(before[column] != value for column, value in values.items()):
            connection.execute(
                update(PERSONS)
                .where(PERSONS.c.person_id == person_id)
                .values(**values, changed_at=now)
            )
            changed += 1
    return changed


def _alerts(connection: Connection, told: Iterable[Mapping[str, Any]]) -> int:
    """Bring alerts to where people had brought them; the publisher tells who was not reached."""
    changed: set[str] = set()
    for facts in told:
        alert = alert_of(facts["alert"])
        events = [event_of_body(body) for body in facts["events"]]
        if _is_news(connection, alert):
            _put(connection, alert, events)
            changed.add(alert.event_id)
    return len(changed)


def _is_news(connection: Connection, alert: Alert) -> bool:
    query = select(ALERTS.c.revision).where(ALERTS.c.event_id == alert.event_id)
    revision = connection.execute(query).scalar_one_or_none()
    return revision is None or revision < alert.revision


def _put(connection: Connection, alert: Alert, events: Sequence[AlertEvent]) -> None:
    query = select(func.max(ALERT_EVENTS.c.revision)).where(
        ALERT_EVENTS.c.event_id == alert.event_id
    )
    last = connection.execute(query).scalar_one()
    new = [event for event in events if last is None or event.revision > last]
    if last is None:
        insert_alert(connection, alert, new)
        return
    connection.execute(
        update(ALERTS).where(ALERTS.c.event_id == alert.event_id).values(**row_of(alert))
    )
    append_events(connection, new)


def _revisions(
    connection: Connection, published: Iterable[Mapping[str, Any]],
    decided: Iterable[Mapping[str, Any]],
) -> None:  # fmt: skip
    """Keep what was published; the last revision of an alert is left for the publisher.

    Whoever was not reached by it before is then reached now.
    """
    payloads = {
        (facts["alert"]["event_id"], facts["alert"]["revision"]): facts["alert"]
        for facts in decided
    }
    for facts in published:
        key = (facts["event_id"], facts["revision"])
        if key in payloads and not _has(connection, REVISIONS, facts, ("event_id", "revision")):
            connection.execute(insert(REVISIONS).values(**_revision_row(payloads[key], facts)))


def _revision_row(payload: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    alert = alert_of(dict(payload))
    body = payload_of(alert)
    return {
        "event_id": alert.event_id,
        "revision": alert.revision,
        "kind": alert.kind.value,
        "status": alert.status.value,
        "reason": facts["reason"],
        "tlp": tlp_of(alert).value,
        "payload": body,
        "payload_sha256": sha256_of(body),
        "published_at": datetime.fromisoformat(facts["at"]),
    }


def _servings(connection: Connection, told: Iterable[Mapping[str, Any]]) -> None:
    for facts in told:
        row = {name: value for name, value in facts.items() if name != "desk"}
        missing = connection.execute(
            select(ALERTS.c.event_id).where(ALERTS.c.event_id == row["event_id"])
        ).first()
        if missing is None or _has(connection, SERVINGS, row, ("event_id", "revision", "reader")):
            continue
        connection.execute(insert(SERVINGS).values(**_typed(SERVINGS, row)))
        if not facts["desk"]:
            mark_outside(connection, [row["event_id"]])


def _outcomes(lines: Iterable[Line]) -> dict[str, DeliveryState | None]:
    """Return where each message stands after the last thing that was said of it."""
    meaning = {
        "dot": DeliveryState.UNKNOWN, "taken": DeliveryState.ACCEPTED, "refused": None,
    }  # fmt: skip
    found: dict[str, DeliveryState | None] = {}
    for line in lines:
        if line.what in meaning:
            found[line.facts["delivery_id"]] = meaning[line.what]
    return found


def _dotted_rows(told: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of what left, those that a digest carries after the digest."""
    rows = {row["delivery_id"]: row for facts in told for row in facts["rows"]}
    return sorted(
        (_typed(DELIVERIES, row) for row in rows.values()),
        key=lambda row: row["carried_by"] is not None,
    )


def _dotted(
    connection: Connection, row: dict[str, Any], state: DeliveryState, now: datetime
) -> bool:
    """Record that somebody has a message, or may have it; say if that was news."""
    mine = DELIVERIES.c.delivery_id == row["delivery_id"]
    before = connection.execute(select(DELIVERIES.c.state, DELIVERIES.c.raw).where(mine)).first()
    if before is not None and DeliveryState(before.state) in OVER:
        return False
    ended = state is DeliveryState.ACCEPTED
    values = {
        **row,
        "state": _state_of(connection, row, state, is_new=before is None).value,
        "changed_at": now,
        "ended_at": now if ended else None,
        "settle_at": None if ended else now,
        "hold_reason": "",
    }
    if before is None:
        connection.execute(insert(DELIVERIES).values(**values, raw=None))
    else:
        connection.execute(update(DELIVERIES).where(mine).values(**values))
    connection.execute(
        update(PERSONS)
        .where(PERSONS.c.person_id == row["person_id"])
        .where(PERSONS.c.last_number < (row["number"] or 0))
        .values(last_number=row["number"])
    )
    if row["audience"] != DESK:
        mark_outside(connection, [row["event_id"]])
    return True


def _state_of(
    connection: Connection, row: Mapping[str, Any], state: DeliveryState, *, is_new: bool
) -> DeliveryState:
    if row["carried_by"]:
        return DeliveryState.IN_DIGEST
    key = ("event_id", "revision")
    lost = is_new and (row["kind"] == NOTE or not _has(connection, REVISIONS, row, key))
    # What cannot be written again is not sent again, whatever the server says.
    return DeliveryState.DEAD if lost and state is DeliveryState.UNKNOWN else state


def _count_numbers(connection: Connection) -> None:
    """Note how many numbers were given since the backup to what never left."""
    counted = (
        select(func.count())
        .where(DELIVERIES.c.person_id == PERSONS.c.person_id, DELIVERIES.c.number.is_not(None))
        .scalar_subquery()
    )
    connection.execute(
        update(PERSONS)
        .where(PERSONS.c.last_number > counted + PERSONS.c.numbers_lost)
        .values(numbers_lost=PERSONS.c.last_number - counted)
    )


def _has(
    connection: Connection, table: Table, row: Mapping[str, Any], key: tuple[str, ...]
) -> bool:
    query = select(table.c[key[0]])
    for column in key:
        query = query.where(table.c[column] == row[column])
    return connection.execute(query).first() is not None


def _typed(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row from JSON with its instants as instants."""
    instants = {c.name for c in table.c if isinstance(c.type, (UtcDateTime, DateTime))}
    return {
        name: datetime.fromisoformat(value) if name in instants and value else value
        for name, value in row.items()
    }
