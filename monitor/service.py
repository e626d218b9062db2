"""The whole service on one page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine

from alerts.aftermath import Aftermath
from alerts.blindness import Blindness
from alerts.courier import Courier
from alerts.digests import Digests
from alerts.endpoints import Endpoints
from alerts.enrolment import Enrolment
from alerts.evidence.room import EvidenceRoom
from alerts.held_looks import HeldLooks
from alerts.inbound import Inbound
from alerts.intake import Intake
from alerts.letterbox import Letterbox
from alerts.pager import Pager
from alerts.ports import Channel, MapRenderer
from alerts.publisher import Publisher
from alerts.pulled import Pulled
from alerts.recipient_keys import RecipientKeys
from alerts.reconciler import Difference, Reconciler
from alerts.restoring import Restorer
from alerts.retention import Forgotten, Retention
from alerts.review import ReviewDesk
from alerts.store import AlertStore
from aoi.area import Aoi
from aoi.registry import AoiRegistry
from monitor.config import Config
from monitor.fire_watch import FireWatch
from monitor.pipeline import AreaRun, Pipeline, Progress
from monitor.store import MonitorStore


@dataclass(frozen=True, slots=True)
class Service:
    """The stages, in the order in which what they find passes them.

    Each stage takes rows that the one before it left in the database, so a
    stage that dies is simply run again. Between `intake` and `publisher`
    stands a person, at the `desk`.
    """

    config: Config
    database: Engine
    registry: AoiRegistry
    store: MonitorStore
    alerts: AlertStore
    pipeline: Pipeline
    fire_watch: FireWatch
    intake: Intake
    aftermath: Aftermath
    blindness: Blindness
    held_looks: HeldLooks
    desk: ReviewDesk
    publisher: Publisher
    digests: Digests
    courier: Courier
    inbound: Inbound | None
    """None where no mailbox for what comes back is set."""

    restorer: Restorer | None
    """None where the database lies in memory."""

    reconciler: Reconciler
    retention: Retention
    pager: Pager
    letterbox: Letterbox
    recipient_keys: RecipientKeys
    evidence: EvidenceRoom
    pulled: Pulled
    enrolment: Enrolment
    endpoints: Endpoints
    channels: Mapping[str, Channel]
    renderer: MapRenderer
    now: Callable[[], datetime]
    close: Callable[[], None]
    """Gives back workers and database; the front door calls it when it leaves."""

    def tick(
        self, progress: Progress | None = None, only: Sequence[Aoi] | None = None
    ) -> Sequence[AreaRun]:
        """Do everything that is due now; with `only`, for these areas whether due or not."""
        # First, and for areas that are not due too: heat is told within a tick of its coming.
        self.fire_watch.watch(self.now(), only)  # detections -> findings
        runs = self.pipeline.run_due(self.now(), progress, only)  # areas -> runs, findings
        self.intake.absorb_new(self.now())  # findings   -> alerts
        self.aftermath.watch(self.now())  # later looks -> doubts, ends
        self.blindness.watch(self.now())  # coverage   -> alerts
        self.held_looks.watch(self.now())  # held imagery -> incidents
        self.deliver()
        return runs

    def deliver(self) -> None:
        """Publish and send what waits; between ticks too, so that nobody waits for the next."""
        if self.inbound is not None:
            self.inbound.read(self.now())  # returned mail -> deliveries, people
        self.publisher.publish_released(self.now())  # alerts     -> deliveries; retractions too
        self.digests.queue_due(self.now())  # what was held and seen -> deliveries
        self.pager.page(self.now())  # incidents -> operators
        self.courier.deliver_due(self.now())  # deliveries -> subscribers

    def reconcile(self, since: timedelta) -> Sequence[Difference]:
        """Compare who should have received what with the outbox; operators hear of differences."""
        found = self.reconciler.check(self.now(), since)
        self.deliver()
        return found

    def forget(self) -> Forgotten:
        """Delete texts that are older than they are needed; operators hear of what stays."""
        done = self.retention.forget(self.now())
        self.deliver()
        return done
