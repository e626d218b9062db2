"""Findings become alerts: a new one, more of one that stands, or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection, Engine

from alerts.alert import FAMILIES, SERVICE, Action, Alert, AlertEvent, Review, Status, act
from alerts.alert import event_id_of as event_id_of_finding
from alerts.grading import TIERS, rank_of, severity_of
from alerts.place import Place, place_of
from alerts.refs import free_ref
from alerts.store import alerts_in, insert_alert, update_alert
from aoi.database import writing
from aoi.errors import UnknownAoi
from aoi.grid import to_metres, utm_epsg
from aoi.registry import AoiRegistry
from monitor.finding import Finding, FindingKind, Tier
from monitor.store import MonitorStore

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class IntakePolicy:
    """What belongs to one event. From ``[alerts]`` in config.toml."""

    join_distance_m: float = 500.0
    """A finding without a settlement this near to an alert belongs to it."""

    join_within: timedelta = timedelta(days=30)
    """An alert not seen for longer takes no more findings: what comes is a repeat."""

    reopen_within: timedelta = timedelta(days=90)
    """An ended alert resumes when evidence comes within this time."""

    material_growth: float = 1.10
    """Area or share must grow by this factor to be worth a message."""

    ref_key: bytes = b""
    """Secret that references are made with."""


@dataclass(frozen=True, slots=True)
class Open:
    """Start a new alert."""

    follows: str = ""
    """Event at this place that was retracted, empty if none was."""


@dataclass(frozen=True, slots=True)
class Extend:
    """Add to an alert; reopens one that was ended or rejected."""

    alert: Alert
    reason: str
    """``"escalated"``, ``"updated"``, ``"noted"`` (nothing a reader need hear) or
    ``"replaced"`` (the same looks, processed again)."""


@dataclass(frozen=True, slots=True)
class Ignore:
    """Take the finding, and say why nothing follows from it."""

    reason: str


Decision = Open | Extend | Ignore


def decide(finding: Finding, alerts: Sequence[Alert], policy: IntakePolicy) -> Decision:
    """Say what to do with one finding.

    Parameters
    ----------
    finding : Finding
    alerts : sequence of Alert
        The alerts of the same area, in any state, oldest first.
    policy : IntakePolicy
    """
    near = [alert for alert in alerts if _same_place(finding, alert, policy)]
    for alert in near:
        if finding.finding_id in alert.finding_ids:
            return Ignore(f"alert {alert.ref} has it already")
    current = [alert for alert in near if _same_time(finding, alert, policy)]
    standing = [alert for alert in current if alert.standing]
    if standing:
        return _joined(finding, _nearest(finding, standing), policy)
    if not current:
        return Open()
    return _after_withdrawal(finding, current[-1])


def _nearest(finding: Finding, standing: Sequence[Alert]) -> Alert:
    """Return the alert that a finding speaks of: what it covers most of, else the newest."""

    def shared(alert: Alert) -> float:
        return float(finding.geometry.intersection(alert.finding.geometry).area)

    return max(reversed(standing), key=shared)


def _joined(finding: Finding, alert: Alert, policy: IntakePolicy) -> Decision:
    if _is_processed_again(finding, alert):
        return Extend(alert, "replaced")
    if rank_of(absorbed(alert, finding)).exceeds(rank_of(alert)):
        return Extend(alert, "escalated")
    if finding.kind is not alert.kind:
        return Extend(alert, "updated" if finding.kind is FindingKind.BURN else "noted")
    grown = finding.area_m2 > alert.finding.area_m2 * policy.material_growth
    return Extend(alert, "updated" if grown else "noted")


def _after_withdrawal(finding: Finding, alert: Alert) -> Decision:
    newer = finding.last_seen > alert.finding.last_seen
    stronger = TIERS.index(finding.tier) > TIERS.index(alert.finding.tier)
    if not newer and not stronger:
        who = alert.reviewed_by[-1] if alert.reviewed_by else "a reviewer"
        return Ignore(f"{who} {alert.status} alert {alert.ref} on the same imagery")
    if alert.status is Status.RETRACTED:
        return Open(follows=alert.event_id)
    return Extend(alert, "updated")


def _same_place(finding: Finding, alert: Alert, policy: IntakePolicy) -> bool:
    same_kind = finding.kind is alert.kind or (
        FAMILIES[finding.kind] == FAMILIES[alert.kind] == "fire"
    )
    if not same_kind or finding.aoi_id != alert.aoi_id:
        return False
    if finding.settlement_id is not None and alert.settlement_id is not None:
        return finding.settlement_id == alert.settlement_id
    return _distance_m(finding, alert) <= policy.join_distance_m


def _distance_m(finding: Finding, alert: Alert) -> float:
    centre = alert.finding.geometry.centroid
    epsg = utm_epsg(centre.x, centre.y)
    theirs, ours = to_metres(alert.finding.geometry, epsg), to_metres(finding.geometry, epsg)
    return float(theirs.distance(ours))


def _same_time(finding: Finding, alert: Alert, policy: IntakePolicy) -> bool:
    reach = policy.reopen_within if alert.status is Status.ENDED else policy.join_within
    return (
        finding.first_seen <= alert.finding.last_seen + reach
        and finding.last_seen >= alert.finding.first_seen - reach
    )


def _is_processed_again(finding: Finding, alert: Alert) -> bool:
    """Return True if the finding rests on the acquisitions that the alert rests on."""
    return (
        finding.kind is alert.kind
        and finding.last_seen == alert.finding.last_seen
        and finding.first_seen == alert.finding.first_seen
        and finding.looks_agreeing == alert.finding.looks_agreeing
    )


def opened(finding: Finding, place: Place, ref: str, now: datetime, follows: str = "") -> Alert:
    """Return the alert that a finding opens, before anybody looked at it."""
    return Alert(
        event_id=event_id_of_finding(finding, follows),
        ref=ref,
        status=Status.FIRST,
        revision=1,
        place=place,
        finding=finding,
        finding_ids=(finding.finding_id,),
        severity=severity_of(finding),
        opened_at=now,
        changed_at=now,
        follows=follows,
    )


def absorbed(alert: Alert, finding: Finding, *, replaces: bool = False) -> Alert:
    """Return the alert with one more finding, its status and revision unchanged.

    The strongest statement leads: a later look that saw less of the place
    does not make the damage smaller. Evidence made from the same looks again
    replaces what it was made from, larger or smaller.
    """
    leading = finding if replaces or _is_stronger(finding, alert.finding) else alert.finding
    merged = replace(
        leading,
        tier=finding.tier if replaces else max(alert.finding.tier, finding.tier, key=TIERS.index),
        first_seen=min(alert.finding.first_seen, finding.first_seen),
        last_seen=max(alert.finding.last_seen, finding.last_seen),
        looks_agreeing=max(alert.finding.looks_agreeing, finding.looks_agreeing),
        happened=alert.finding.happened.intersection(finding.happened) or leading.happened,
    )
    severity = severity_of(merged)
    return replace(
        alert,
        finding=merged,
        finding_ids=(*alert.finding_ids, finding.finding_id),
        severity=severity,
    )


def _is_stronger(finding: Finding, other: Finding) -> bool:
    if finding.kind is not other.kind:
        return finding.kind is FindingKind.BURN
    share, known = finding.settlement_fraction, other.settlement_fraction
    if share is not None and known is not None and share != known:
        return share > known
    return (finding.area_m2, finding.known_at) >= (other.area_m2, other.known_at)


def _deserves_provisional(alert: Alert) -> bool:
    """Return True for tier A or B that persisted or that a second family saw (ALERTS 2.2)."""
    finding = alert.finding
    families = {evidence.family for evidence in finding.evidence}
    return finding.tier in (Tier.A, Tier.B) and (finding.looks_agreeing > 1 or len(families) > 1)


def grown(
    alert: Alert, finding: Finding, reason: str, now: datetime
) -> tuple[Alert, list[AlertEvent]]:
    """Return the alert after it took a finding, and the events on the way."""
    events: list[AlertEvent] = []
    note = f"finding {finding.finding_id}"
    if alert.status is Status.REJECTED:
        alert, event = act(
            alert, Action.REOPEN, actor=SERVICE, at=now, reason=reason,
            note=f"{note}: imagery of {finding.last_seen:%Y-%m-%d}, after the rejection",
        )  # fmt: skip
        alert = replace(alert, review=Review.UNSET, released_at=None, review_reason="")
        events.append(event)
    elif alert.status is Status.ENDED and reason != "noted":
        alert, event = act(alert, Action.RESUME, actor=SERVICE, at=now, reason=reason, note=note)
        events.append(event)
    alert, event = act(alert, Action.ABSORB, actor=SERVICE, at=now, reason=reason, note=note)
    events.append(event)
    alert = absorbed(alert, finding, replaces=reason == "replaced")
    alert = replace(alert, needs_review=alert.needs_review or reason != "noted")
    return _raised(alert, events, now)


def _raised(
    alert: Alert, events: list[AlertEvent], now: datetime
) -> tuple[Alert, list[AlertEvent]]:
    if alert.status is not Status.FIRST or not _deserves_provisional(alert):
        return alert, events
    looks = alert.finding.looks_agreeing
    alert, event = act(
        alert, Action.RAISE, actor=SERVICE, at=now, reason="escalated",
        note=f"tier {alert.finding.tier}, {looks} looks agree",
    )  # fmt: skip
    return alert, [*events, event]


class Intake:
    """Takes each new finding once, and opens or extends alerts.

    Parameters
    ----------
    engine : Engine
    findings : MonitorStore
        Where findings wait; told what became of each in the same transaction.
    places : AoiRegistry
        Names and outlines of areas and settlements.
    policy : IntakePolicy
    """

    def __init__(
        self, engine: Engine, findings: MonitorStore, places: AoiRegistry, policy: IntakePolicy
    ) -> None:
        self._engine = engine
        self._findings = findings
        self._places = places
        self._policy = policy

    def absorb_new(self, now: datetime) -> int:
        """Absorb every finding that waits, and return how many there were."""
        waiting = self._findings.unabsorbed_findings()
        for finding in waiting:
            place = self._place_of(finding)
            with writing(self._engine) as connection:
                words = self._absorb(connection, finding, place, now)
                self._findings.mark_absorbed(connection, finding.finding_id, words)
            logger.info("finding absorbed", finding_id=finding.finding_id, decision=words)
        return len(waiting)

    def _place_of(self, finding: Finding) -> Place | None:
        try:
            area = self._places.get(finding.aoi_id)
        except UnknownAoi:
            return None
        if finding.settlement_id is None:
            return place_of(area, None)
        try:
            return place_of(area, self._places.settlement(finding.settlement_id))
        except UnknownAoi:
            # Removed since the detector ran; the finding still stands on its outline.
            return replace(place_of(area, None), settlement_id=finding.settlement_id)

    def _absorb(
        self, connection: Connection, finding: Finding, place: Place | None, now: datetime
    ) -> str:
        if place is None:
            return f"ignored: area {finding.aoi_id} was removed"
        decision = decide(finding, alerts_in(connection, finding.aoi_id), self._policy)
        match decision:
            case Open(follows):
                alert = self._open(connection, finding, place, now, follows)
                return f"opened alert {alert.ref}, {alert.status}"
            case Extend(alert, reason):
                alert, events = grown(alert, finding, reason, now)
                update_alert(connection, alert, events)
                return f"{reason} alert {alert.ref}, {alert.status}"
            case Ignore(reason):
                return f"ignored: {reason}"

    def _open(
        self, connection: Connection, finding: Finding, place: Place, now: datetime, follows: str
    ) -> Alert:
        event_id = event_id_of_finding(finding, follows)
        ref = free_ref(connection, event_id, self._policy.ref_key)
        alert = opened(finding, place, ref, now, follows)
        first = AlertEvent(
            event_id, 1, Action.OPEN, SERVICE, now, "first",
            f"finding {finding.finding_id}", None, Status.FIRST,
        )  # fmt: skip
        alert, events = _raised(alert, [first], now)
        insert_alert(connection, alert, events)
        return alert
