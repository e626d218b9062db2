from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from sqlalchemy import select

from alerts.bounces import BounceDesk, Report, notice_of
from alerts.incidents import open_incidents
from alerts.keys import Keyring
from alerts.outbox import Delivery
from alerts.subscription import PersonState
from alerts.tables import PERSONS
from aoi.database import reading
from tests.alerts.conftest import KEYS, SETTINGS, House
from tests.builders import NOW

OTHERS = Keyring(b"another key of 16 bytes")


def a_report(action: str = "failed", status: str = "5.1.1") -> bytes:
    """Return a delivery report as RFC 3464 has it, as Postfix writes it."""
    return (
        "From: MAILER-DAEMON@relay.test\r\nTo: b+x@bounces\r\nSubject: Undelivered\r\n"
        "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="B"\r\n\r\n'
        "--B\r\nContent-Type: text/plain\r\n\r\nCould not deliver.\r\n"
        "--B\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; relay.test\r\n\r\n"
        f"Final-Recipient: rfc822; reader@ngo.example\r\nAction: {action}\r\n"
        f"Status: {status}\r\nDiagnostic-Code: smtp; 550\r\n\r\n--B--\r\n"
    ).encode()


def sent(house: House, **person: Any) -> Delivery:
    house.subscribe(**person)
    house.confirmed()
    house.publish()
    house.deliver()
    return house.deliveries()[0]


def address_of(delivery: Delivery, keys: Keyring = KEYS) -> str:
    return keys.bounce_address(delivery.delivery_id, NOW, SETTINGS.bounces)


def state_of(house: House, delivery: Delivery) -> str:
    with reading(house.engine) as connection:
        query = select(PERSONS.c.state).where(PERSONS.c.person_id == delivery.person_id)
        state: str = connection.execute(query).scalar_one()
    return state


def take(house: House, delivery: Delivery, raw: bytes, **changes: object) -> Report:
    given: dict[str, object] = {"recipient": address_of(delivery), "now": NOW, **changes}
    return BounceDesk(house.engine, KEYS).take(raw=raw, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("action", "status", "report", "state"),
    [
        pytest.param("failed", "5.1.1", Report.BOUNCED, "bounced", id="H1 failed"),
        pytest.param("delivered", "2.0.0", Report.DELIVERED, "delivered", id="H1 delivered"),
        pytest.param("delayed", "4.4.1", Report.NO_CHANGE, "accepted", id="H1 delayed"),
        pytest.param("relayed", "2.0.0", Report.NO_CHANGE, "accepted", id="H1 relayed"),
        pytest.param("expanded", "2.0.0", Report.NO_CHANGE, "accepted", id="H1 expanded"),
        pytest.param("failed", "4.4.7", Report.NO_CHANGE, "accepted", id="4.x never suppresses"),
    ],
)
def test_a_report_moves_the_delivery_that_its_address_names(
    house: House, action: str, status: str, report: Report, state: str
) -> None:
    delivery = sent(house)

    assert take(house, delivery, a_report(action, status)) is report
    assert house.deliveries()[0].state == state


def test_an_address_that_does_not_exist_is_suppressed_at_once(house: House) -> None:
    delivery = sent(house)

    take(house, delivery, a_report(status="5.1.1"))

    assert state_of(house, delivery) == PersonState.SUPPRESSED
    (incident,) = open_incidents(house.engine)
    assert incident.cause == f"bounce:{delivery.person_id}"


def test_a_full_mailbox_is_forgiven_twice(house: House) -> None:
    delivery = sent(house)

    take(house, delivery, a_report(status="5.2.2"))

    assert state_of(house, delivery) == PersonState.ACTIVE


def test_the_last_address_of_an_organisation_is_not_silenced_by_a_machine(house: House) -> None:
    delivery = sent(house, organisation="The NGO")

    take(house, delivery, a_report())

    assert state_of(house, delivery) == PersonState.ACTIVE
    (incident,) = open_incidents(house.engine)
    assert "kept: it is the last of its organisation" in incident.sentence


@pytest.mark.parametrize(
    ("changes", "report"),
    [
        pytest.param({"keys": OTHERS}, Report.FORGED, id="H4 forged signature"),
        pytest.param({"age": timedelta(days=60)}, Report.UNKNOWN, id="H3 60 days old"),
        pytest.param({"recipient": "alerts@x.org"}, Report.FORGED, id="no bounce address"),
    ],
)
def test_a_forged_or_old_report_changes_nothing(
    house: House, changes: dict[str, object], report: Report
) -> None:
    delivery = sent(house)
    keys = changes.get("keys", KEYS)
    assert isinstance(keys, Keyring)
    now = NOW + changes.get("age", timedelta(0))  # type: ignore[operator]
    recipient = changes.get("recipient", address_of(delivery, keys))

    assert take(house, delivery, a_report(), recipient=recipient, now=now) is report
    assert state_of(house, delivery) == PersonState.ACTIVE


def test_a_report_of_a_delivery_that_nobody_accepted_is_ignored(house: House) -> None:
    delivery = sent(house)
    take(house, delivery, a_report(status="5.2.2"))

    assert take(house, delivery, a_report()) is Report.UNKNOWN
    assert state_of(house, delivery) == PersonState.ACTIVE


def test_an_out_of_office_reply_is_no_report(house: House) -> None:
    reply = EmailMessage()
    reply["Subject"], reply["Auto-Submitted"] = "Away", "auto-replied"
    reply.set_content("I am away.")

    assert take(house, sent(house), reply.as_bytes()) is Report.UNREADABLE


def test_words_that_only_a_person_reads_suppress_nobody(house: House) -> None:
    qmail = b"Subject: failure notice\r\n\r\nHi. This is the qmail-send program.\r\n"
    delivery = sent(house)

    assert take(house, delivery, qmail) is Report.UNREADABLE
    assert state_of(house, delivery) == PersonState.ACTIVE


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"x" * 5_000_000, id="H7 a body of megabytes"),
        pytest.param(
            b'Content-Type: multipart/mixed; boundary="B"\r\n\r\n' + b"--B\r\n\r\nx\r\n" * 10_000,
            id="H7 ten thousand parts",
        ),
        pytest.param(b"Content-Type: message/rfc822\r\n\r\n" * 200, id="H7 nested 200 deep"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"\xff\x00Content-Type: message/delivery-status\r\n", id="binary"),
    ],
)
def test_a_mail_bomb_is_no_report(raw: bytes) -> None:
    assert notice_of(raw[:256_000]) is None
