"""A small house of alerts: real stores in memory, a spool in a folder, nothing mocked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import Engine, insert

from alerts.alert import Alert
from alerts.channels.spool import Spool
from alerts.courier import Courier, CourierPolicy, Tally
from alerts.formats.mail import MailSettings
from alerts.intake import Intake, IntakePolicy
from alerts.keys import Keyring
from alerts.letters import LetterWriter
from alerts.outbox import Delivery, deliveries_in
from alerts.ports import AlertPicture, Channel, OverviewArea
from alerts.publisher import Publisher, PublisherPolicy
from alerts.pulled import Pulled
from alerts.review import ReviewDesk
from alerts.store import AlertStore
from alerts.subscribers import person_id_of, put_person, put_profile
from alerts.subscription import Person, PersonState, Profile
from aoi.database import reading, writing
from aoi.registry import AoiRegistry
from monitor.finding import Chip, Finding
from monitor.observation import Observation
from monitor.rows import finding_row
from monitor.store import MonitorStore
from monitor.tables import FINDINGS
from tests.builders import NOW, a_finding, a_settlement, an_aoi, an_observation, days_ago

KEYS = Keyring(b"a key for tests only")

SETTINGS = MailSettings(sender="alerts@alerts.example.org", base_url="https://watch.example.org")


class PlainRenderer:
    """Draws as little as the port allows: a grey plate, a page with the title."""

    def alert_map(self, picture: AlertPicture) -> str:
        return f"<!doctype html><title>{len(picture.title)}</title>"

    def plate(self, picture: AlertPicture) -> bytes:
        file = BytesIO()
        Image.new("L", (64, 32), 128).save(file, "JPEG")
        return file.getvalue()

    def overview(
        self, areas: Sequence[OverviewArea], generated_at: datetime, language: str = ""
    ) -> str:
        return f"<!doctype html><title>{len(areas)}</title>"


def some_chips() -> tuple[Chip, ...]:
    return tuple(
        Chip(role, f"chips/{role}.tif", f"look-{role}", (f"S2-{role}",), days_ago(age),
             "folder", "0" * 64)
        for role, age in (("before", 7), ("after", 2))
    )  # fmt: skip


def read_chip(path: str) -> Observation:
    return an_observation()


class House:
    """The room with its doors: what goes in, and what came out."""

    def __init__(self, engine: Engine, spool: Path, channel: Channel | None = None) -> None:
        self._furnish(engine, spool, channel)
        self.registry.add(an_aoi(), NOW)
        self.registry.add_settlements("sd-test", [a_settlement()], NOW)

    @classmethod
    def on(cls, engine: Engine, spool: Path, channel: Channel) -> House:
        """Return the house on a database that another one has set up."""
        house = cls.__new__(cls)
        house._furnish(engine, spool, channel)
        return house

    def _furnish(self, engine: Engine, spool: Path, channel: Channel | None) -> None:
        self.engine = engine
        self.spool = spool
        self.registry = AoiRegistry(engine)
        self.alerts = AlertStore(engine)
        self.intake = self.intake_with(IntakePolicy())
        self.desk = ReviewDesk(engine)
        self.writer = LetterWriter(PlainRenderer(), read_chip, KEYS, SETTINGS)
        self.policy = PublisherPolicy(analysts=())
        self.channel: Channel = channel or Spool(spool)

    def intake_with(self, policy: IntakePolicy) -> Intake:
        return Intake(self.engine, MonitorStore(self.engine), self.registry, policy)

    def publish(self, now: datetime = NOW) -> int:
        return Publisher(self.engine, KEYS, self.policy).publish_released(now)

    def courier(
        self, policy: CourierPolicy | None = None, channels: dict[str, Channel] | None = None
    ) -> Courier:
        given = channels or {"email": self.channel}
        return Courier(self.engine, given, self.writer, KEYS, policy or CourierPolicy())

    def deliver(self, now: datetime = NOW) -> Tally:
        return self.courier().deliver_due(now)

    def pulled(self) -> Pulled:
        return Pulled(self.engine, KEYS, self.writer, self.policy.subscriptions)

    def absorb(self, *findings: Finding, now: datetime = NOW) -> None:
        with writing(self.engine) as connection:
            for finding in findings:
                connection.execute(insert(FINDINGS).values(**finding_row(finding, now)))
        self.intake.absorb_new(now)

    def opened(self, **changes: Any) -> Alert:
        """Return the alert that one finding opens."""
        self.absorb(a_finding(chips=some_chips(), **changes))
        return self.alerts.alerts()[-1]

    def confirmed(self, **changes: Any) -> Alert:
        return self.desk.confirm(self.opened(**changes).event_id, "Amina", NOW)

    def subscribe(
        self, address: str = "reader@ngo.example", *, wishes: dict[str, Any] | None = None,
        **changes: Any,
    ) -> Person:  # fmt: skip
        """Add a person cleared for everything of partners, with one profile of the test area."""
        person_id = person_id_of("email", address, KEYS.derived("person"))
        person = Person(person_id, "email", address, PersonState.ACTIVE, clearance="partner-full")
        profile = Profile(f"{person_id}-1", person_id, "Villages", days_ago(400), aois=("sd-test",))
        person = replace(person, **changes)
        with writing(self.engine) as connection:
            put_person(connection, person, NOW)
            put_profile(connection, replace(profile, **(wishes or {})))
        return person

    def deliveries(self, **equal: Any) -> list[Delivery]:
        with reading(self.engine) as connection:
            return deliveries_in(connection, **equal)

    def mails(self) -> list[EmailMessage]:
        """Return what lies in the spool, oldest delivery first."""
        order = [delivery.delivery_id for delivery in self.deliveries()]
        files = sorted(self.spool.glob("*.eml"), key=lambda path: order.index(path.stem))
        return [parsed(path.read_bytes()) for path in files]


def parsed(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def words_of(mail: EmailMessage) -> str:
    """Return the text part as one line."""
    body = mail.get_body(("plain",))
    assert body is not None
    return " ".join(body.get_content().split())


@pytest.fixture
def house(db: Engine, tmp_path: Path) -> Iterator[House]:
    """An area with a village, and every stage of alerts on one database in memory."""
    yield House(db, tmp_path / "spool")
