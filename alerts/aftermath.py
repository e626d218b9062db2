"""What later looks say of an alert: that it may be wrong, or that it is over (ALERTS 2.2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection, Engine, select

from alerts.alert import SERVICE, Action, Alert, AlertEvent, Status, act
from alerts.store import AlertStore, alert_in, events_in, update_alert
from aoi.database import writing
from monitor.finding import FindingKind
from monitor.reading import Reading, Verdict
from monitor.store import MonitorStore
from monitor.tables import LOOKS

logger = structlog.get_logger(__name__)

STANDING = (Status.FIRST, Status.PROVISIONAL, Status.CONFIRMED)
LATE = "contradicted"
OVER = "updated"

DETECTOR = "burn/"
"""Whose readings are asked; those of another detector say nothing of a burn."""

ASKED_FOR = timedelta(days=180)
"""Alerts that did not change for longer are not looked at any more."""


@dataclass(frozen=True, slots=True)
class AftermathPolicy:
    """From ``[alerts]`` and ``[detection.burn]`` in config.toml."""

    contradicted_within: timedelta = timedelta(days=20)
    """A burned place is not healed so soon after it was last seen: a quiet look contradicts it."""

    end_after_looks: int = 6
    """Clear looks without the sign, after that, end an alert."""


@dataclass(frozen=True, slots=True)
class Question:
    """The desk should look again; nothing is withdrawn."""

    look_id: str
    note: str


@dataclass(frozen=True, slots=True)
class End:
    """Close it on the record."""

    note: str


def judged(
    alert: Alert, readings: Sequence[Reading], superseded: Mapping[str, str],
    asked: Iterable[str], policy: AftermathPolicy,
) -> Question | End | None:  # fmt: skip
    """Say what later looks mean for an alert, None if nothing.

    Parameters
    ----------
    readings : sequence of Reading
        Of its settlement, without superseded looks, oldest first.
    superseded : mapping of str to str
        Looks that were processed again, and what replaced them.
    asked : iterable of str
        Looks that the desk was asked about before.
    """
    known, finding = set(asked), alert.finding
    quiet = [
        one
        for one in readings
        if one.verdict is Verdict.QUIET and one.detector.startswith(DETECTOR)
    ]
    of_evidence = {look_id for evidence in finding.evidence for look_id in evidence.look_ids}
    weighed = {look_id for evidence in finding.evidence for look_id in evidence.quiet_look_ids}
    replaced = {superseded[look_id] for look_id in of_evidence if look_id in superseded}
    until = finding.last_seen + policy.contradicted_within
    for one in quiet:
        # Whoever was asked once and let it stand is asked again only for other evidence.
        soon = not known and finding.first_seen < one.acquired_at <= until
        again = one.look_id in replaced
        if (soon or again) and one.look_id not in known | weighed:
            return Question(one.look_id, _why(one, finding.last_seen, again=again))
    after = [one for one in quiet if one.acquired_at > finding.last_seen]
    over = alert.status in (Status.PROVISIONAL, Status.CONFIRMED)
    if over and len(after) >= policy.end_after_looks:
        return End(f"{len(after)} clear looks since {finding.last_seen:%Y-%m-%d} show nothing new")
    return None


def _why(one: Reading, last_seen: datetime, *, again: bool) -> str:
    if again:
        return f"look {one.look_id} was processed again, and no longer shows it"
    late = "late " if one.acquired_at <= last_seen else ""
    return f"{late}look {one.look_id} of {one.acquired_at:%Y-%m-%d} was clear and does not show it"


class Aftermath:
    """Puts contradicted alerts on top of the queue, and ends those that are over.

    Parameters
    ----------
    engine : Engine
    monitor : MonitorStore
        Readings of every look.
    policy : AftermathPolicy
    """

    def __init__(
        self, engine: Engine, monitor: MonitorStore, policy: AftermathPolicy | None = None
    ) -> None:
        self._engine = engine
        self._monitor = monitor
        self._policy = policy or AftermathPolicy()
        self._alerts = AlertStore(engine)

    def watch(self, now: datetime) -> int:
        """Look at every alert that stands; return how many changed."""
        changed = 0
        for alert in self._alerts.alerts(states=STANDING):
            recent = alert.finding.last_seen >= now - ASKED_FOR
            if alert.kind is FindingKind.BURN and alert.settlement_id is not None and recent:
                changed += self._look_back(alert, now)
        return changed

    def _look_back(self, alert: Alert, now: datetime) -> int:
        assert alert.settlement_id is not None
        since = alert.finding.first_seen
        readings = self._monitor.readings(alert.settlement_id, since)
        with writing(self._engine) as connection:
            current = alert_in(connection, alert.event_id)
            if current.revision != alert.revision:
                return 0
            outcome = judged(
                current, readings, _superseded(connection, alert.aoi_id, since),
                _asked_about(connection, current), self._policy,
            )  # fmt: skip
            if outcome is None:
                return 0
            changed, event = _changed(current, outcome, now)
            update_alert(connection, changed, [event])
        logger.info("alert looked at again", event_id=alert.event_id, action=event.action.value)
        return 1


def _changed(alert: Alert, outcome: Question | End, now: datetime) -> tuple[Alert, AlertEvent]:
    if isinstance(outcome, End):
        return act(alert, Action.END, actor=SERVICE, at=now, reason=OVER, note=outcome.note)
    changed, event = act(
        alert, Action.QUESTION, actor=SERVICE, at=now, reason=LATE, note=outcome.note
    )
    return replace(changed, needs_review=True), event


def _superseded(connection: Connection, aoi_id: str, since: datetime) -> dict[str, str]:
    """Return the looks that were processed again, and what replaced each."""
    query = (
        select(LOOKS.c.look_id, LOOKS.c.superseded_by)
        .where(LOOKS.c.aoi_id == aoi_id, LOOKS.c.acquired_at >= since)
        .where(LOOKS.c.superseded_by.is_not(None))
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def _asked_about(connection: Connection, alert: Alert) -> list[str]:
    """Return the looks that the desk was asked about, as the notes of the log name them."""
    asked = [one for one in events_in(connection, alert.event_id) if one.reason == LATE]
    return [word for one in asked for word in one.note.split()]
