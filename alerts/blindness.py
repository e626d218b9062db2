"""Areas that nobody could see for too long: silence is not an all-clear (ALERTS 2.7)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection, Engine

from alerts.alert import SERVICE, Action, Alert, AlertEvent, Status, act, event_id_of
from alerts.intake import opened
from alerts.place import place_of
from alerts.refs import free_ref
from alerts.store import alerts_in, insert_alert, update_alert
from aoi.area import Aoi, AoiState
from aoi.database import writing
from aoi.grid import to_metres
from aoi.interval import Interval
from aoi.registry import AoiRegistry
from monitor.finding import Evidence, Finding, FindingKind, SensorFamily, Tier, finding_id
from monitor.store import MonitorStore

logger = structlog.get_logger(__name__)

DETECTOR = "ledger/1"

GONE = (Status.ENDED, Status.REJECTED, Status.RETRACTED)


@dataclass(frozen=True, slots=True)
class BlindnessPolicy:
    """From ``[alerts]`` in config.toml."""

    blind_after: timedelta = timedelta(days=14)
    ref_key: bytes = b""


class Blindness:
    """Opens an alert for each area that was not seen for too long, and ends it at the next look.

    Nobody need confirm it: the ledger knows what was seen. It says nothing of
    what happened on the ground.
    """

    def __init__(
        self, engine: Engine, monitor: MonitorStore, registry: AoiRegistry,
        policy: BlindnessPolicy | None = None,
    ) -> None:  # fmt: skip
        self._engine = engine
        self._monitor = monitor
        self._registry = registry
        self._policy = policy or BlindnessPolicy()

    def watch(self, now: datetime) -> int:
        """Open and end alerts of blindness; return how many changed."""
        last_seen = self._monitor.last_seen()
        changed = 0
        for area in self._registry.all((AoiState.ACTIVE,)):
            seen_at = last_seen.get(area.aoi_id)
            # An area that was never seen is new, or its doctor's business: nothing was lost.
            if seen_at is None:
                continue
            with writing(self._engine) as connection:
                changed += self._watch(connection, area, seen_at, now)
        return changed

    def _watch(self, connection: Connection, area: Aoi, seen_at: datetime, now: datetime) -> int:
        known = [
            alert for alert in alerts_in(connection, area.aoi_id) if alert.kind is FindingKind.BLIND
        ]
        standing = [alert for alert in known if alert.status not in GONE]
        told = any(alert.finding.first_seen == seen_at for alert in known)
        is_blind = now - seen_at > self._policy.blind_after
        if is_blind and not standing and not told:
            self._open(connection, area, seen_at, now)
            return 1
        if not is_blind and standing:
            for alert in standing:
                self._end(connection, alert, seen_at, now)
            return len(standing)
        return 0

    def _open(self, connection: Connection, area: Aoi, seen_at: datetime, now: datetime) -> None:
        finding = blind_finding(area, seen_at, now)
        event_id = event_id_of(finding)
        ref = free_ref(connection, event_id, self._policy.ref_key)
        first = AlertEvent(
            event_id, 1, Action.OPEN, SERVICE, now, "first",
            f"not seen since {seen_at:%Y-%m-%d}", None, Status.FIRST,
        )  # fmt: skip
        alert = opened(finding, place_of(area, None), ref, now)
        alert, raised = act(
            alert, Action.RAISE, actor=SERVICE, at=now, reason="first", note="by the ledger"
        )
        alert = replace(alert, released_at=now, needs_review=False)
        insert_alert(connection, alert, [first, raised])
        logger.warning("area is blind", aoi_id=area.aoi_id, event_id=event_id)

    def _end(self, connection: Connection, alert: Alert, seen_at: datetime, now: datetime) -> None:
        ended, event = act(
            alert, Action.END, actor=SERVICE, at=now, reason="updated",
            note=f"seen again on {seen_at:%Y-%m-%d}",
        )  # fmt: skip
        update_alert(connection, ended, [event])
        logger.info("area is seen again", aoi_id=alert.aoi_id, event_id=alert.event_id)


def blind_finding(area: Aoi, seen_at: datetime, now: datetime) -> Finding:
    """Return what the ledger says of an area that was last seen at `seen_at`."""
    happened = Interval(seen_at, now)
    evidence = Evidence(SensorFamily.LEDGER, DETECTOR, 0.0, 0.0, "days", happened, ())
    return Finding(
        finding_id=finding_id(area.aoi_id, FindingKind.BLIND, DETECTOR, seen_at.isoformat(), ()),
        aoi_id=area.aoi_id,
        settlement_id=None,
        kind=FindingKind.BLIND,
        geometry=area.geometry,
        area_m2=float(to_metres(area.geometry, area.epsg).area),
        settlement_fraction=None,
        probability=1.0,
        tier=Tier.A,
        looks_agreeing=0,
        happened=happened,
        first_seen=seen_at,
        last_seen=now,
        known_at=now,
        evidence=(evidence,),
        mode="ledger",
        detector=DETECTOR,
        calibration="",
        clear_fraction=0.0,
    )
