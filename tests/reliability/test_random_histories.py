"""Random lives of alerts and people: who gets what, and who hears that it was wrong (G11)."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from lxml import etree

from alerts.alert import Action
from alerts.disclosure import AUDIENCES, is_cleared
from alerts.errors import DeliveryFailed, FailureClass, NotAllowed
from alerts.formats.atom import ATOM
from alerts.outbox import DeliveryState, deliveries_in
from alerts.ports import Channel, Parcel
from alerts.publisher import PublisherPolicy
from alerts.pulled import Reader
from alerts.subscribers import persons_in
from alerts.subscription import PersonState, SubscriptionPolicy
from aoi.area import Sensitivity
from aoi.database import METADATA, open_database, reading
from monitor.finding import FindingKind
from tests.alerts.conftest import House
from tests.builders import NOW, a_finding, a_square, an_aoi

EVERYBODY = ("one@a.example", "two@a.example", "https://three.b.example/hook")
PEOPLE = st.sampled_from(EVERYBODY)
KINDS = st.sampled_from([FindingKind.BURN, FindingKind.BURN, FindingKind.CAMP_EMPTYING])
PLACES = st.integers(0, 2)

OWED = ("retracted", "confirm")


class Fickle:
    """A mail server that takes, refuses, or leaves in doubt, as it is told."""

    folds = False

    def __init__(self) -> None:
        self.next: FailureClass | None = None
        self.taken: set[tuple[str, str]] = set()
        """Delivery and address of everything that somebody may have."""

        self.at_dot: Callable[[Parcel], None] = lambda parcel: None

    def send(self, parcel: Parcel, before_dot: Callable[[], None]) -> str:
        told, self.next = self.next, None
        if told is FailureClass.TRANSIENT:
            raise DeliveryFailed("refused as told", failure=told, code=451)
        before_dot()
        self.at_dot(parcel)
        self.taken.add((parcel.delivery_id, parcel.address))
        if told is FailureClass.AMBIGUOUS:
            raise DeliveryFailed("cut off as told", failure=told)
        return "250 taken"

    def close(self) -> None:
        """Nothing is kept open."""


class Lives(RuleBasedStateMachine):
    """One area, three people, three places; everything that can happen to them."""

    def __init__(self) -> None:
        super().__init__()
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
        self.engine = open_database("sqlite://")
        METADATA.create_all(self.engine)
        self.folder = tempfile.TemporaryDirectory()
        self.server = Fickle()
        self.server.at_dot = self.check_reader
        self.house = House(self.engine, Path(self.folder.name), self.server)
        limits = SubscriptionPolicy(max_messages_per_day=10_000, max_messages_per_hour=10_000)
        self.house.policy = PublisherPolicy(subscriptions=limits)
        self.now: datetime = NOW
        self.findings = 0
        self.wrong: list[str] = []
        self.served: set[tuple[str, str]] = set()

    def teardown(self) -> None:
        self.engine.dispose()
        self.folder.cleanup()

    def check_reader(self, parcel: Parcel) -> None:
        """Hold that whoever gets a byte may have it in this moment."""
        with reading(self.engine) as connection:
            (delivery,) = deliveries_in(connection, delivery_id=parcel.delivery_id)
        alert = self.house.alerts.alert(delivery.event_id)
        person = self.people[parcel.address]
        if delivery.reason in OWED:
            return
        if person[0] is not PersonState.ACTIVE or not alert.standing:
            self.wrong.append(f"{parcel.address} is {person[0]}, the alert {alert.status}")
        if not is_cleared(alert, AUDIENCES[person[1]]):
            self.wrong.append(f"{parcel.address} has clearance {person[1]}")

    @property
    def people(self) -> dict[str, tuple[PersonState, str]]:
        with reading(self.engine) as connection:
            return {p.address: (p.state, p.clearance) for p in persons_in(connection)}

    @rule(place=PLACES, share=st.floats(0.1, 1.0), kind=KINDS)
    def something_is_found(self, place: int, share: float, kind: FindingKind) -> None:
        self.findings += 1
        self.house.absorb(
            a_finding(
                finding_id=f"{self.findings:020}", kind=kind, settlement_id=None,
                settlement_fraction=None, area_m2=share * 200_000,
                geometry=a_square(200, east_m=3_000 * place), last_seen=self.now,
                looks_agreeing=2,
            ),
            now=self.now,
        )  # fmt: skip

    @initialize()
    def everybody_is_there(self) -> None:
        for who in EVERYBODY:
            channel = "webhook" if "://" in who else "email"
            self.house.subscribe(who, clearance="named", channel=channel)

    @rule(place=PLACES, share=st.floats(0.1, 1.0), kind=KINDS)
    def something_is_found_and_published(self, place: int, share: float, kind: FindingKind) -> None:
        self.something_is_found(place, share, kind)
        for alert in self.house.alerts.alerts(states=["first", "provisional", "confirmed"]):
            for analyst in ("Amina", "Ben"):
                with suppress(NotAllowed):
                    self.house.desk.confirm(alert.ref, by=analyst, now=self.now)
        self.house.publish(self.now)

    @rule(place=PLACES)
    def something_is_taken_back_and_published(self, place: int) -> None:
        self.an_analyst_acts(Action.RETRACT, place)
        self.house.publish(self.now)

    @rule(action=st.sampled_from([Action.CONFIRM, Action.REJECT, Action.RETRACT]), place=PLACES)
    def an_analyst_acts(self, action: Action, place: int) -> None:
        alerts = self.house.alerts.alerts()
        if not alerts:
            return
        ref = alerts[place % len(alerts)].ref
        desk = self.house.desk
        try:
            if action is Action.CONFIRM:
                desk.confirm(ref, by=f"analyst {self.findings % 2}", now=self.now)
            elif action is Action.REJECT:
                desk.reject(ref, by="Ben", reason="other", now=self.now)
            else:
                desk.retract(ref, by="Ben", reason="false", now=self.now)
        except NotAllowed:
            return

    @rule(
        who=PEOPLE,
        state=st.sampled_from([PersonState.ACTIVE, *PersonState]),
        clearance=st.sampled_from(["named", *sorted(AUDIENCES)]),
    )
    def somebody_changes(self, who: str, state: PersonState, clearance: str) -> None:
        channel = "webhook" if "://" in who else "email"
        self.house.subscribe(who, state=state, clearance=clearance, channel=channel)

    @rule(sensitivity=st.sampled_from(Sensitivity))
    def the_area_is_reclassified(self, sensitivity: Sensitivity) -> None:
        area = replace(an_aoi(), sensitivity=sensitivity)
        self.house.registry.add(area, self.now, replace=True)

    @rule()
    def the_publisher_runs(self) -> None:
        self.house.publish(self.now)

    @rule(told=st.sampled_from([None, FailureClass.TRANSIENT, FailureClass.AMBIGUOUS]))
    def the_courier_runs(self, told: FailureClass | None) -> None:
        self.server.next = told
        channels: dict[str, Channel] = {"email": self.server, "webhook": self.server}
        self.house.courier(channels=channels).deliver_due(self.now)

    @rule(clearance=st.sampled_from(sorted(set(AUDIENCES) - {"desk"})))
    def somebody_fetches(self, clearance: str) -> None:
        """Hold that a feed tells what its reader may know, and takes back what they had."""
        reader = Reader(f"key-{clearance}", clearance)
        feed = etree.fromstring(self.house.pulled().feed(reader, self.now))
        for entry in feed.iter(f"{{{ATOM}}}entry"):
            title = entry.findtext(f"{{{ATOM}}}title") or ""
            alert = self.house.alerts.alert(title.rpartition(" ")[2])
            if not is_cleared(alert, AUDIENCES[clearance]) or alert.released_at is None:
                self.wrong.append(f"the feed of {clearance} tells of {alert.ref}")
            if not alert.standing and (reader.reader_id, alert.ref) not in self.served:
                self.wrong.append(f"the feed of {clearance} takes back what it never told")
            if not alert.standing and "RETRACTED" not in title:
                self.wrong.append(f"the feed of {clearance} still tells of {alert.ref}")
            self.served.add((reader.reader_id, alert.ref))

    @rule(hours=st.integers(0, 30))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @invariant()
    def nobody_got_what_they_may_not_have(self) -> None:
        assert self.wrong == []

    @invariant()
    def what_was_taken_back_is_owed_to_exactly_those_who_may_have_it(self) -> None:
        taken = {delivery_id for delivery_id, _ in self.server.taken}
        for alert in self.house.alerts.alerts(states=["retracted"]):
            if alert in self.house.alerts.untold():
                continue  # the publisher has not seen it yet
            rows = self.house.deliveries(event_id=alert.event_id)
            holders = {
                row.person_id
                for row in rows
                if row.delivery_id in taken and row.reason not in OWED and row.audience != "desk"
            }
            assert {row.person_id for row in rows if row.reason == "retracted"} == holders

    @invariant()
    def the_log_is_whole_and_nobody_has_more_than_two_copies(self) -> None:
        assert self.house.alerts.broken_link() is None
        for delivery in self.house.deliveries():
            assert delivery.resends <= 1
            assert delivery.state is not DeliveryState.SENDING


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
