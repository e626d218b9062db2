"""Numbers for whoever watches the service (Prometheus)."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import ColumnElement, func, select

from alerts.tables import ALERTS, DELIVERIES
from alerts.web.accounts import Role
from alerts.web.errors import NotPermitted
from alerts.web.guard import guarded_router, needs
from alerts.web.page import PageOf
from alerts.web.parts import Parts
from aoi.database import reading
from aoi.tables import AOIS
from monitor.coverage import CoverageState
from monitor.tables import COVERAGE_DAYS

router = guarded_router()


@router.get("/metrics")
@needs(Role.READER)
def metrics(page: PageOf) -> Response:
    """Give what is counted, made from the database at this moment."""
    if page.visitor.areas is not None:
        raise NotPermitted("the numbers are of all areas", hint="ask for a key to all of them")
    registry = CollectorRegistry()
    registry.register(Counted(page.parts))
    return Response(generate_latest(registry), headers={"content-type": CONTENT_TYPE_LATEST})


class Counted(Collector):
    """Counts rows."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def collect(self) -> Iterator[Metric]:
        """Yield every number."""
        yield self._by("emberwatch_areas", "Areas by state", AOIS.c.state)
        yield self._by("emberwatch_alerts", "Alerts on record by status", ALERTS.c.status)
        yield self._by("emberwatch_deliveries", "Messages by state", DELIVERIES.c.state)
        waiting = select(func.count()).where(ALERTS.c.needs_review.is_(True))
        runs = self._parts.store.runs(limit=1)
        seen = select(func.max(COVERAGE_DAYS.c.day)).where(
            COVERAGE_DAYS.c.state == CoverageState.SEEN.value
        )
        with reading(self._parts.database) as connection:
            count, day = connection.execute(waiting).scalar_one(), connection.execute(seen).scalar()
        yield _one("emberwatch_alerts_waiting", "Alerts that wait for a person", count)
        if runs:
            at = runs[0].started_at.timestamp()
            yield _one("emberwatch_last_run_timestamp_seconds", "Start of the last run", at)
        if day is not None:
            days = (self._parts.now().date() - day).days
            yield _one("emberwatch_days_since_seen", "Days since any area was seen", days)
        ready = 0 if self._parts.unwell() else 1
        yield _one("emberwatch_ready", "1 while the work is being done", ready)

    def _by(self, name: str, words: str, column: ColumnElement[str]) -> Metric:
        found = GaugeMetricFamily(name, words, labels=["state"])
        query = select(column, func.count()).group_by(column).order_by(column)
        with reading(self._parts.database) as connection:
            for value, count in connection.execute(query):
                found.add_metric([str(value)], float(count))
        return found


def _one(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(name, words, value=float(value))
