from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from alerts.bounces import BounceDesk
from alerts.enrolment import Enrolment
from alerts.inbound import MANY_FORGED, Inbound
from alerts.incidents import open_incidents
from alerts.subscription import PersonState
from alerts.tokens import Purpose, signed_token
from tests.alerts.conftest import KEYS, House
from tests.alerts.test_bounces import OTHERS, a_report, address_of, sent, state_of
from tests.builders import NOW


@pytest.fixture
def mailbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbound"
    (folder / "new").mkdir(parents=True)
    return folder


def arrived(mailbox: Path, recipient: str, raw: bytes = b"Subject: hello\r\n\r\n") -> Path:
    """Put a mail into the Maildir as Postfix does: the envelope recipient above everything."""
    path = mailbox / "new" / f"1700000000.{len(list(mailbox.rglob('*')))}.host"
    path.write_bytes(f"X-Original-To: {recipient}\n".encode() + raw)
    return path


def read(house: House, mailbox: Path) -> Counter[str]:
    enrolment = Enrolment(house.engine, house.registry, KEYS)
    return Inbound(house.engine, mailbox, BounceDesk(house.engine, KEYS), enrolment).read(NOW)


def test_a_delivery_report_is_taken_once_and_kept(house: House, mailbox: Path) -> None:
    delivery = sent(house)
    path = arrived(mailbox, address_of(delivery), a_report())

    assert read(house, mailbox) == {"bounced": 1}
    assert read(house, mailbox) == {}

    assert house.deliveries()[0].state == "bounced"
    assert (mailbox / "cur" / f"{path.name}:2,S").read_bytes().startswith(b"X-Original-To: b+")


def test_a_crash_before_the_file_was_moved_changes_nothing_more(
    house: House, mailbox: Path
) -> None:
    delivery = sent(house)
    for _ in range(2):
        arrived(mailbox, address_of(delivery), a_report(status="5.2.2"))

    assert read(house, mailbox) == {"bounced": 1, "unknown": 1}
    assert state_of(house, delivery) == "active"


def test_the_envelope_counts_and_not_what_the_mail_says_of_itself(  # H8
    house: House, mailbox: Path
) -> None:
    delivery = sent(house)
    forged = b"X-Original-To: " + address_of(delivery).encode() + b"\n" + a_report()

    arrived(mailbox, "alerts@alerts.example.org", forged)

    assert read(house, mailbox) == {"unreadable": 1}
    assert house.deliveries()[0].state == "accepted"


def test_a_mail_to_the_unsubscribe_address_takes_the_tokens_owner_off_the_list(  # H11
    house: House, mailbox: Path
) -> None:
    person = house.subscribe()
    token = signed_token(KEYS, Purpose.UNSUBSCRIBE, person.person_id, NOW)
    raw = f"From: somebody.else@ngo.example\nSubject: Re: {token}\n\n".encode()

    arrived(mailbox, "unsub@alerts.example.org", raw)

    assert read(house, mailbox) == {"unsubscribed": 1}
    (known,) = Enrolment(house.engine, house.registry, KEYS).people()
    assert known[0].state is PersonState.UNSUBSCRIBED


@pytest.mark.parametrize("purpose", [Purpose.MANAGE, Purpose.CONFIRM, Purpose.FEEDBACK])
def test_a_token_of_another_purpose_takes_nobody_off_the_list(  # O6
    house: House, mailbox: Path, purpose: Purpose
) -> None:
    person = house.subscribe()
    token = signed_token(KEYS, purpose, person.person_id, NOW)

    arrived(mailbox, "unsub@alerts.example.org", f"Subject: {token}\n\n".encode())

    assert read(house, mailbox) == {"forged": 1}
    (known,) = Enrolment(house.engine, house.registry, KEYS).people()
    assert known[0].state is PersonState.ACTIVE


def test_many_forged_reports_raise_an_alarm_and_silence_nobody(  # H4
    house: House, mailbox: Path
) -> None:
    delivery = sent(house)
    for _ in range(MANY_FORGED):
        arrived(mailbox, address_of(delivery, OTHERS), a_report())

    assert read(house, mailbox) == {"forged": MANY_FORGED}
    assert state_of(house, delivery) == "active"
    assert [one.cause for one in open_incidents(house.engine)] == ["inbound:forged"]


def test_two_of_our_own_addresses_cannot_keep_a_loop_alive(  # O4
    house: House, mailbox: Path
) -> None:
    delivery = sent(house)
    bounce_of_bounce = a_report() + b"\r\n" + a_report()
    arrived(mailbox, address_of(delivery), bounce_of_bounce)
    arrived(mailbox, "alerts@alerts.example.org", bounce_of_bounce)

    read(house, mailbox)
    house.deliver()

    assert len(house.mails()) == 1, "what comes in is never answered"


def test_a_hundred_megabytes_are_not_read(house: House, mailbox: Path) -> None:  # H7
    delivery = sent(house)
    path = arrived(mailbox, address_of(delivery), b"Subject: big\n\n")
    with path.open("r+b") as file:
        file.truncate(100_000_000)

    assert read(house, mailbox) == {"unreadable": 1}
