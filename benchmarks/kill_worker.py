"""One life of the service under the kill harness: the real stages on one database."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import structlog
from shapely.geometry import box
from sqlalchemy import Engine, func, select

from alerts.alert import Status
from alerts.channels.email import Email, SmtpSettings
from alerts.courier import Courier, CourierPolicy
from alerts.formats.mail import MailSettings
from alerts.intake import Intake, IntakePolicy
from alerts.keys import Keyring
from alerts.letters import LetterWriter
from alerts.outbox import OPEN
from alerts.publisher import Publisher, PublisherPolicy
from alerts.review import ReviewDesk
from alerts.sent_copies import CopySettings, SentCopies
from alerts.store import AlertStore
from alerts.subscription import SubscriptionPolicy
from alerts.tables import DELIVERIES
from aoi.database import open_database, reading
from aoi.interval import Interval
from aoi.registry import AoiRegistry
from monitor.area_job import AreaReport
from monitor.finding import Evidence, Finding, FindingKind, SensorFamily, Tier
from monitor.observation import Observation
from monitor.run import Outcome, Run
from monitor.store import MonitorStore
from monitor.tables import FINDINGS

KEYS = Keyring(b"a key of the kill harness")
DOMAIN = "alerts.example.org"
AREA = "kill-test"

STARTED = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Life:
    """What one process is told: all of it fits through a pipe."""

    folder: str
    port: int
    archive: str
    queue_command: tuple[str, ...]
    asks_copies: bool
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


def live(life: Life, began: Connection) -> None:
    """Detect, absorb, confirm, publish and deliver until killed, or told to stop and done."""
    began.send("at work")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    engine = open_database(f"sqlite:///{life.folder}/emberwatch.db")
    stages = Stages(engine, life)
    stop = Path(life.folder) / "stop"
    while True:
        if not stop.exists() and stages.open_deliveries() < life.most_open:
            stages.detect()
        stages.tick()
        if stop.exists() and stages.open_deliveries() == 0:
            break
        time.sleep(0.02)
    engine.dispose()


class Stages:
    """The four stages, wired as the front door wires them."""

    def __init__(self, engine: Engine, life: Life) -> None:
        self._engine = engine
        self._store = MonitorStore(engine)
        self._alerts = AlertStore(engine)
        self._desk = ReviewDesk(engine)
        self._intake = Intake(engine, self._store, AoiRegistry(engine), IntakePolicy())
        limits = SubscriptionPolicy(max_messages_per_day=1_000_000, max_messages_per_hour=1_000_000)
        self._publisher = Publisher(engine, KEYS, PublisherPolicy(subscriptions=limits))
        channel = Email(SmtpSettings(port=life.port, security="none", timeout_s=20))
        settings = CopySettings(Path(life.archive), "probe@sent.test", life.queue_command)
        copies = SentCopies(settings, channel, KEYS, DOMAIN) if life.asks_copies else None
        writer = LetterWriter(NoMaps(), no_chip, KEYS, MailSettings(sender=f"alerts@{DOMAIN}"))
        patience = timedelta(seconds=0.4)
        policy = CourierPolicy(settle=patience, recheck=patience)
        self._courier = Courier(engine, {"email": channel}, writer, KEYS, policy, copies)

    def detect(self) -> None:
        """Record the next run with its finding, as the pipeline does."""
        with reading(self._engine) as connection:
            n: int = connection.execute(select(func.count()).select_from(FINDINGS)).scalar_one()
        self._store.record(a_report(n), datetime.now(UTC))

    def tick(self) -> None:
        """Do everything that is due now; the analyst agrees with everything at once."""
        now = datetime.now(UTC)
        self._intake.absorb_new(now)
        for alert in self._alerts.alerts(states=[Status.FIRST, Status.PROVISIONAL]):
            self._desk.confirm(alert.event_id, "analyst", now)
        self._publisher.publish_released(now)
        self._courier.deliver_due(datetime.now(UTC))

    def open_deliveries(self) -> int:
        query = select(func.count()).select_from(DELIVERIES)
        query = query.where(DELIVERIES.c.state.in_([state.value for state in OPEN]))
        with reading(self._engine) as connection:
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
