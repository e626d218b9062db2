"""One life of the service under the kill harness, built from its settings as the front door does.

Only two things are the harness's own: imagery (a run is recorded with its finding, as the
pipeline does), and patience (doubts settle in less than a second, and no reader has had enough).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from unittest.mock import patch

import structlog
from shapely.geometry import box
from sqlalchemy import func, select

from alerts.alert import Status
from alerts.keys import Keyring
from alerts.outbox import OPEN
from alerts.tables import DELIVERIES
from aoi.database import reading
from aoi.interval import Interval
from monitor.app import build_service
from monitor.area_job import AreaReport
from monitor.config import load_config
from monitor.finding import Evidence, Finding, FindingKind, SensorFamily, Tier
from monitor.observation import Observation
from monitor.policies import courier_policy, subscription_policy
from monitor.run import Outcome, Run
from monitor.service import Service
from monitor.tables import FINDINGS

KEYS = Keyring(b"a key of the kill harness")
AREA = "kill-test"

STARTED = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Life:
    """What one process is told: all of it fits through a pipe."""

    folder: str
    most_open: int = 40
    """It detects no more while so many deliveries are open."""


class NoMaps:
    """Findings of the harness have no chips: nothing is ever drawn."""

    def alert_map(self, picture: object) -> str:
        raise AssertionError

    def plate(self, picture: object) -> bytes:
        raise AssertionError

    def overview(self, areas: object, generated_at: object, language: str = "") -> str:
        raise AssertionError


def no_chip(path: str) -> Observation:
    raise AssertionError(path)


PATIENCE = timedelta(seconds=0.4)
UNLIMITED = 1_000_000


def built(folder: Path) -> Service:
    """Return the service on the settings of a folder, with the patience of the harness."""
    config = load_config(folder / "config.toml")
    courier = replace(courier_policy(config), settle=PATIENCE, recheck=PATIENCE)
    limits = replace(
        subscription_policy(config), max_messages_per_day=UNLIMITED,
        max_messages_per_hour=UNLIMITED,
    )  # fmt: skip
    with (
        patch("monitor.post.courier_policy", lambda _: courier),
        patch("monitor.policies.subscription_policy", lambda _: limits),
    ):
        return build_service(config, partial(datetime.now, UTC))


def live(life: Life, began: Connection) -> None:
    """Detect, absorb, confirm, publish and deliver until killed, or told to stop and done."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    stages = Stages(built(Path(life.folder)))
    began.send("at work")
    stop = Path(life.folder) / "stop"
    while True:
        if not stop.exists() and stages.open_deliveries() < life.most_open:
            stages.detect()
        stages.tick()
        if stop.exists() and stages.open_deliveries() == 0:
            break
        time.sleep(0.02)
    stages.service.close()


class Stages:
    """What the service does in a tick, but for reading imagery."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def detect(self) -> None:
        """Record the next run with its finding, as the pipeline does."""
        with reading(self.service.database) as connection:
            n: int = connection.execute(select(func.count()).select_from(FINDINGS)).scalar_one()
        self.service.store.record(a_report(n), self.service.now())

    def tick(self) -> None:
        """Do everything that is due now; the analyst agrees with everything at once."""
        service = self.service
        service.intake.absorb_new(service.now())
        for alert in service.alerts.alerts(states=[Status.FIRST, Status.PROVISIONAL]):
            service.desk.confirm(alert.event_id, "analyst", service.now())
        service.deliver()

    def open_deliveries(self) -> int:
        query = select(func.count()).select_from(DELIVERIES)
        query = query.where(DELIVERIES.c.state.in_([state.value for state in OPEN]))
        with reading(self.service.database) as connection:
            count: int = connection.execute(query).scalar_one()
        return count


def a_report(n: int) -> AreaReport:
    """Return the n-th run: one burn at a place of its own."""
    run = Run(
        f"run-{n}", AREA, STARTED, STARTED, Outcome.COMPLETED, "one look", (), (),
        (f"finding-{n}",), 1.0,
    )  # fmt: skip
    return AreaReport(run=run, coverage=(), findings=(a_finding(n),))


def a_finding(n: int) -> Finding:
    west, south = 20 + 0.02 * (n % 100), 10 + 0.02 * (n // 100)
    happened = Interval(STARTED - timedelta(days=5), STARTED)
    evidence = Evidence(
        SensorFamily.OPTICAL, "burn/2", 1e-4, 4.0, "normal score", happened, (f"look-{n}",)
    )
    return Finding(
        finding_id=f"finding-{n}",
        aoi_id=AREA,
        settlement_id=None,
        kind=FindingKind.BURN,
        geometry=box(west, south, west + 0.002, south + 0.002),
        area_m2=50_000.0,
        settlement_fraction=None,
        probability=0.9,
        tier=Tier.A,
        looks_agreeing=2,
        happened=happened,
        first_seen=STARTED,
        last_seen=STARTED,
        known_at=STARTED,
        evidence=(evidence,),
        mode="series",
        detector="burn/2",
        calibration="none",
        clear_fraction=1.0,
    )
