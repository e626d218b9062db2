"""People judge alerts: confirm, reject, retract, or ask for a second reader."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import structlog
from sqlalchemy import Connection, Engine, select

from alerts.alert import (
    REJECTION_REASONS,
    RETRACTION_CLASSES,
    Action,
    Alert,
    AlertEvent,
    Review,
    act,
)
from alerts.disclosure import Tlp, tlp_of
from alerts.errors import NotAllowed
from alerts.outbox import cancel_unsent
from alerts.store import alert_in, stale, update_alert
from alerts.subscription import named
from alerts.tables import ALERT_EVENTS, ALERTS
from aoi.database import writing
from monitor.finding import FindingKind

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ReviewPolicy:
    """Where one person is not enough to let an alert leave the house (ALERTS 2.3)."""

    two_person_kinds: tuple[FindingKind, ...] = (FindingKind.CAMP_EMPTYING,)
    two_person_aois: tuple[str, ...] = ()
    two_for_public: bool = True
    """Anything that leaves as TLP:CLEAR."""

    two_for_new_areas: bool = False
    """The first event of an area that never had a confirmed one."""


class ReviewDesk:
    """Applies a person's judgement; the web pages and the command line share it.

    Every act takes `event_id` (or a reference), who did it, and when; with
    `expected_revision` it is refused as `StaleAlert` if somebody else was faster.
    """

    def __init__(self, engine: Engine, policy: ReviewPolicy | None = None) -> None:
        self._engine = engine
        self._policy = policy or ReviewPolicy()

    def confirm(
        self, event_id: str, by: str, now: datetime, *,
        note: str = "", expected_revision: int | None = None,
    ) -> Alert:  # fmt: skip
        """Confirm an alert, so that it is published; the second yes where two are needed.

        Raises
        ------
        UnknownAlert, NotAllowed, StaleAlert
        """

        def judged(connection: Connection, alert: Alert) -> tuple[Alert, AlertEvent]:
            if alert.review is Review.YES and alert.released_at is None:
                return self._second(alert, by, now, note)
            alert, event = act(alert, Action.CONFIRM, actor=by, at=now, reason="yes", note=note)
            alone = not self._needs_two(connection, alert)
            return (
                replace(
                    _reviewed(alert, by, Review.YES, note),
                    released_at=(alert.released_at or now) if alone else alert.released_at,
                    needs_review=not alone and alert.released_at is None,
                ),
                event,
            )

        return self._judge(event_id, expected_revision, judged)

    def reject(
        self, event_id: str, by: str, reason: str, now: datetime, *,
        note: str = "", expected_revision: int | None = None,
    ) -> Alert:  # fmt: skip
        """Reject an alert that nobody outside has; what still waits to be sent is cancelled.

        Raises
        ------
        UnknownAlert, NotAllowed, StaleAlert
        """
        _require(reason, REJECTION_REASONS, "a reason to reject")

        def judged(connection: Connection, alert: Alert) -> tuple[Alert, AlertEvent]:
            alert, event = act(alert, Action.REJECT, actor=by, at=now, reason=reason, note=note)
            cancel_unsent(connection, alert.event_id, f"rejected by {by}: {reason}", now)
            alert = replace(_reviewed(alert, by, Review.NO, note), review_reason=reason)
            return replace(alert, needs_review=False), event

        return self._judge(event_id, expected_revision, judged)

    def retract(
        self, event_id: str, by: str, reason: str, now: datetime, *,
        note: str = "", expected_revision: int | None = None,
    ) -> Alert:  # fmt: skip
        """Take back an alert that somebody outside may have. One person is enough.

        Parameters
        ----------
        reason : str
            ``"false"``, ``"wrong_place"``, ``"wrong_time"`` or ``"unsafe"``; any other text is
            the sentence that recipients read, and counts as ``"false"``.

        Raises
        ------
        UnknownAlert, NotAllowed, StaleAlert
        """
        known = reason in RETRACTION_CLASSES
        code, words = (reason, note) if known else ("false", note or reason)

        def judged(connection: Connection, alert: Alert) -> tuple[Alert, AlertEvent]:
            alert, event = act(alert, Action.RETRACT, actor=by, at=now, reason=code, note=words)
            alert = replace(_reviewed(alert, by, Review.NO, words), review_reason=code)
            return replace(alert, needs_review=False), event

        return self._judge(event_id, expected_revision, judged)

    def unsure(
        self, event_id: str, by: str, now: datetime, *,
        note: str = "", expected_revision: int | None = None,
    ) -> Alert:  # fmt: skip
        """Leave the alert as it is, and ask for a second reader.

        Raises
        ------
        UnknownAlert, NotAllowed, StaleAlert
        """

        def judged(connection: Connection, alert: Alert) -> tuple[Alert, AlertEvent]:
            alert, event = act(alert, Action.UNSURE, actor=by, at=now, reason="unsure", note=note)
            return replace(_reviewed(alert, by, Review.UNSURE, note), needs_review=True), event

        return self._judge(event_id, expected_revision, judged)

    def _judge(
        self,
        event_id: str,
        expected_revision: int | None,
        judged: Callable[[Connection, Alert], tuple[Alert, AlertEvent]],
    ) -> Alert:
        with writing(self._engine) as connection:
            alert = alert_in(connection, event_id)
            if expected_revision is not None and alert.revision != expected_revision:
                raise stale(connection, alert, expected_revision)
            alert, event = judged(connection, alert)
            update_alert(connection, alert, [event])
        logger.info(
            "alert judged", event_id=alert.event_id, action=event.action, reason=event.reason
        )
        return alert

    def _second(self, alert: Alert, by: str, now: datetime, note: str) -> tuple[Alert, AlertEvent]:
        if by in alert.reviewed_by:
            raise NotAllowed(
                f"cannot release alert {alert.ref}: {by} has confirmed it already",
                hint="it needs two people; ask a second one to confirm",
            )
        alert, event = act(alert, Action.RELEASE, actor=by, at=now, reason="yes", note=note)
        alert = _reviewed(alert, by, Review.YES, note or alert.note)
        return replace(alert, released_at=now, needs_review=False), event

    def _needs_two(self, connection: Connection, alert: Alert) -> bool:
        policy = self._policy
        return (
            alert.kind in policy.two_person_kinds
            or named(alert.aoi_id, policy.two_person_aois)
            or (policy.two_for_public and tlp_of(alert) is Tlp.CLEAR)
            or (policy.two_for_new_areas and _is_first_of_area(connection, alert))
        )


def _is_first_of_area(connection: Connection, alert: Alert) -> bool:
    of_area = select(ALERTS.c.event_id).where(ALERTS.c.aoi_id == alert.aoi_id)
    query = (
        select(ALERT_EVENTS.c.n)
        .where(ALERT_EVENTS.c.action == Action.CONFIRM.value)
        .where(ALERT_EVENTS.c.event_id.in_(of_area))
        .limit(1)
    )
    return connection.execute(query).first() is None


def _reviewed(alert: Alert, by: str, review: Review, note: str) -> Alert:
    return replace(alert, review=review, reviewed_by=(*alert.reviewed_by, by), note=note)


def _require(value: str, allowed: tuple[str, ...], what: str) -> None:
    if value not in allowed:
        raise NotAllowed(f"{value!r} is not {what}", hint=f"use one of: {', '.join(allowed)}")
