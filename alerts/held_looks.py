"""Operators hear of imagery that is held for its radiometry: nothing is alerted from it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, func, select

from alerts.incidents import report_incident
from alerts.tables import INCIDENTS
from aoi.database import writing
from monitor.area_job import ArchivedLook
from monitor.store import MonitorStore

LOOKED_BACK = timedelta(days=30)
"""Older scenes came with a backlog; what a provider did then is no longer news."""

LONGEST_REASON = 300


class HeldLooks:
    """Reports each provider whose scenes are held, once for every run that held more."""

    def __init__(self, engine: Engine, monitor: MonitorStore) -> None:
        self._engine = engine
        self._monitor = monitor

    def watch(self, now: datetime) -> int:
        """Report what was held since the last report; return how many providers it concerns."""
        held: dict[str, list[ArchivedLook]] = {}
        for look in self._monitor.suspect_looks(since=now - LOOKED_BACK):
            held.setdefault(look.provider, []).append(look)
        if not held:
            return 0
        with writing(self._engine) as connection:
            return sum(
                _reported(connection, provider, held[provider], now) for provider in sorted(held)
            )


def _reported(
    connection: Connection, provider: str, looks: Sequence[ArchivedLook], now: datetime
) -> bool:
    cause = f"radiometry:{provider}"[:120]
    query = select(func.max(INCIDENTS.c.seen_at)).where(INCIDENTS.c.cause == cause)
    told = connection.execute(query).scalar()
    if told is not None and all(look.known_at <= told for look in looks):
        return False
    report_incident(connection, cause, _sentence(provider, looks), now)
    return True


def _sentence(provider: str, looks: Sequence[ArchivedLook]) -> str:
    newest = max(looks, key=lambda look: (look.acquired_at, look.look_id))
    areas = len({look.aoi_id for look in looks})
    return (
        f"Looks of {provider} held in the last {LOOKED_BACK.days} days: {len(looks)}, areas: "
        f"{areas}. Nothing is alerted from them: {newest.held_reason[:LONGEST_REASON]} "
        f"({newest.platform}, {newest.acquired_at:%Y-%m-%d}). See whether the provider changed its "
        "processing, and what emberwatch coverage says; another provider in [sources] order is "
        "read where this one is not"
    )
