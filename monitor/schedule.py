"""APScheduler around a tick that it is handed.

The jobs live in memory and are registered anew at each start: what is due and
what is done stands in our own tables, so a lost schedule loses nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

JOB_ID = "tick"

# coalesce with no grace limit: after a pause of any length there is exactly one catch-up tick.
JOB_DEFAULTS = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}

_WORDS = {
    EVENT_JOB_ERROR: "job.failed",
    EVENT_JOB_MAX_INSTANCES: "job.still_running",
    EVENT_JOB_MISSED: "job.missed",
}

logger = structlog.get_logger(__name__)


class Schedule:
    """Calls a tick at fixed times, once at a time, until it is stopped."""

    def __init__(
        self, tick: Callable[[], object], *, every: timedelta, cron: str = "", timezone: str = "UTC"
    ) -> None:
        self._scheduler = BackgroundScheduler(timezone=UTC, job_defaults=JOB_DEFAULTS)
        self._scheduler.add_listener(
            self._heard, EVENT_JOB_ERROR | EVENT_JOB_MAX_INSTANCES | EVENT_JOB_MISSED
        )
        self._scheduler.add_job(tick, _trigger(every, cron, timezone), id=JOB_ID)
        self.failures = 0
        """Calls that ended in an exception since the start."""

    def also(self, name: str, function: Callable[[], object], every: timedelta) -> None:
        """Call another function between ticks, such as the sending of what waits."""
        self._scheduler.add_job(function, _trigger(every, "", "UTC"), id=name)

    def start(self, *, at_once: bool = True) -> None:
        """Begin; with `at_once` the first tick comes now and not at the first scheduled time."""
        self._scheduler.start()
        if at_once:
            self._scheduler.modify_job(JOB_ID, next_run_time=datetime.now(UTC))

    @property
    def running(self) -> bool:
        """True from start to stop."""
        return bool(self._scheduler.running)

    @property
    def next_tick_at(self) -> datetime | None:
        """When the next tick is planned."""
        job = self._scheduler.get_job(JOB_ID)
        return None if job is None else job.next_run_time

    def stop(self) -> None:
        """Stop; a tick that runs is waited for."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)

    def _heard(self, event: Any) -> None:
        if event.code == EVENT_JOB_ERROR:
            self.failures += 1
        logger.error(
            _WORDS[event.code], job=event.job_id, exc_info=getattr(event, "exception", None)
        )


def _trigger(every: timedelta, cron: str, timezone: str) -> CronTrigger | IntervalTrigger:
    if cron:
        return CronTrigger.from_crontab(cron, timezone=ZoneInfo(timezone))
    return IntervalTrigger(seconds=int(every.total_seconds()), timezone=UTC)
