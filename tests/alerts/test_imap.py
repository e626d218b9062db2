from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from alerts.bounces import BounceDesk
from alerts.channels.email import COPIED_LABELS, Email, SmtpSettings
from alerts.courier import Courier, CourierPolicy
from alerts.enrolment import Enrolment
from alerts.errors import DeliveryFailed, FailureClass, InvalidAddress, MailboxUnavailable
from alerts.imap import ImapArchive, ImapBox, ImapInbox
from alerts.inbound import Inbound
from alerts.incidents import open_incidents
from alerts.ports import Parcel
from alerts.sent_copies import CopyAnswer, CopySettings, SentCopies
from alerts.subscription import PersonState
from alerts.tokens import Purpose, signed_token
from tests.alerts.channels.test_email import free_port
from tests.alerts.conftest import KEYS, SETTINGS, House
from tests.alerts.dovecot import Dovecot, missing, running_dovecot
from tests.alerts.smtp_faults import CLOSE, FaultServer, fault_server
from tests.alerts.test_bounces import a_report, address_of, sent
from tests.builders import NOW

needs_dovecot = pytest.mark.skipif(bool(missing()), reason=missing() or "a Dovecot can be run")

DOMAIN = "alerts.example.org"
COPIES = "copies@house.example"


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    # Not in pytest's own folder, which other users may not enter.
    with (
        tempfile.TemporaryDirectory(prefix="emberwatch-dovecot-") as folder,
        running_dovecot(Path(folder)) as server,
    ):
        yield server


def a_parcel(name: str, label: str = "TLP:AMBER") -> Parcel:
    message_id = f"<{name}@{DOMAIN}>"
    raw = f"From: a@{DOMAIN}\r\nX-Alert-TLP: {label}\r\nMessage-ID: {message_id}\r\n\r\nx\r\n"
    sender = KEYS.bounce_address(name, NOW, DOMAIN)
    return Parcel(name, sender, "r1@ngo.test", message_id, raw.encode())


def channel_to(server: FaultServer) -> Email:
    return Email(SmtpSettings(port=server.port, security="none", copy_address=COPIES))


def delivered(server: FaultServer, dovecot: Dovecot, name: str) -> None:
    """Do what a remote relay does some time later: put the copies into their mailbox."""
    for taken in server.accepted:
        if COPIES in taken.recipient:
            dovecot.put(name, taken.raw)


@needs_dovecot
def test_a_copy_is_found_by_its_message_id_and_nothing_like_it(dovecot: Dovecot) -> None:
    dovecot.put("exact", b"Message-ID: <one.r1@alerts.example.org>\r\nSubject: x\r\n\r\nx\r\n")
    archive = ImapArchive(dovecot.box("exact"))

    assert archive.holds("<one.r1@alerts.example.org>")
    assert not archive.holds("<one.r1@alerts.example.or>")
    assert not archive.holds("<one.r1@alerts.example.org")
    assert not archive.holds('<"x\\@alerts.example.org>')


@needs_dovecot
def test_old_copies_of_ours_are_deleted_and_nothing_else(dovecot: Dovecot) -> None:
    for name in (f"one@{DOMAIN}", f"two@{DOMAIN}", "theirs@elsewhere.example"):
        dovecot.put("old", f"Message-ID: <{name}>\r\nSubject: x\r\n\r\nx\r\n".encode())
    archive = ImapArchive(dovecot.box("old"))
    today = datetime.now(UTC)

    too_young = archive.forget(today - timedelta(days=2), (DOMAIN,))
    assert (too_young, archive.holds(f"<one@{DOMAIN}>")) == (0, True)
    assert archive.forget(today + timedelta(days=2), (DOMAIN,)) == 2
    assert not archive.holds(f"<one@{DOMAIN}>")
    assert archive.holds("<theirs@elsewhere.example>")


@needs_dovecot
def test_the_copy_tells_what_was_accepted_and_a_probe_what_was_not(dovecot: Dovecot) -> None:
    with fault_server() as server:
        channel = channel_to(server)
        settings = CopySettings(
            ImapArchive(dovecot.box("sent")), "probe@house.example", (), COPIED_LABELS
        )
        copies = SentCopies(settings, channel, KEYS, DOMAIN)
        channel.send(a_parcel("accepted1"), lambda: None)
        delivered(server, dovecot, "sent")
        never = a_parcel("never0001").message_id

        assert copies.answer(a_parcel("accepted1").message_id, "b+", NOW) is CopyAnswer.FOUND
        assert copies.answer(never, "b+", NOW) is CopyAnswer.CANNOT_SAY
        assert copies.probe(NOW + timedelta(seconds=1))
        delivered(server, dovecot, "sent")
        assert copies.answer(never, "b+", NOW) is CopyAnswer.NOT_FOUND
        later = NOW + timedelta(hours=1)
        assert copies.answer(never, "b+", later) is CopyAnswer.CANNOT_SAY
        channel.close()


@needs_dovecot
@pytest.mark.parametrize("arrives", [True, False], ids=["it was taken", "it was not"])
def test_a_message_in_doubt_is_settled_by_the_mailbox_of_copies(
    house: House, dovecot: Dovecot, arrives: bool
) -> None:
    name = f"settled-{arrives}".lower()
    broken = {"dot+close": ""} if arrives else {"dot": CLOSE}
    with fault_server({**broken}, {}) as server:
        channel = channel_to(server)
        house.channel = channel
        settings = CopySettings(
            ImapArchive(dovecot.box(name)), "probe@house.example", (), COPIED_LABELS
        )
        copies = SentCopies(settings, channel, KEYS, SETTINGS.bounces)
        house.subscribe()
        house.confirmed()
        house.publish()
        for minutes in (0, 12, 24):
            delivered(server, dovecot, name)
            Courier(
                house.engine, {"email": channel}, house.writer, KEYS, CourierPolicy(), copies
            ).deliver_due(NOW + timedelta(minutes=minutes))
        (delivery,) = house.deliveries()
        received = [t for t in server.accepted if (delivery.message_id or "?") in t.raw.decode()]

    assert (delivery.state, delivery.resends) == ("accepted", int(not arrives))
    assert len(received) == 1


@needs_dovecot
@pytest.mark.parametrize(
    "box",
    [
        lambda server: server.box("sent", password="another"),
        lambda server: server.box("sent", "No such folder"),
        lambda server: ImapBox("127.0.0.1", 9, False, "sent"),
    ],
    ids=["password", "folder", "nobody listens"],
)
def test_a_mailbox_that_cannot_be_read_says_nothing(dovecot: Dovecot, box: object) -> None:
    assert callable(box)
    archive = ImapArchive(box(dovecot))
    copies = SentCopies(
        CopySettings(archive, "probe@house.example", ()), channel_to(FaultServer(9)), KEYS, DOMAIN
    )

    with pytest.raises(MailboxUnavailable, match="cannot be read") as refusal:
        archive.holds("<x@y>")
    assert "another" not in str(refusal.value)
    assert copies.answer("<x@y>", "b+", NOW) is CopyAnswer.CANNOT_SAY


def test_what_is_stricter_than_amber_goes_into_no_mailbox_of_others() -> None:
    with fault_server() as server:
        channel = channel_to(server)
        for label in ("TLP:CLEAR", "TLP:AMBER", "TLP:AMBER+STRICT", "TLP:RED"):
            channel.send(a_parcel(f"label{len(server.accepted)}", label), lambda: None)
        channel.close()

    asked = [step for step in server.seen if step == "rcpt"]
    assert len(asked) == 6
    copies = SentCopies(CopySettings(Path("nowhere"), "", (), COPIED_LABELS), channel, KEYS, DOMAIN)
    assert copies.covers(a_parcel("a").raw)
    assert not copies.covers(a_parcel("b", "TLP:RED").raw)
    assert not copies.covers(b"no headers")
    assert not copies.covers(None)


class NoCopies:
    """A server that takes everything but copies."""

    def __init__(self) -> None:
        self.taken = 0

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address == COPIES:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.taken += 1
        return "250 ok"


def test_a_server_that_refuses_the_copy_gets_no_message() -> None:
    handler = NoCopies()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()

    channel = Email(SmtpSettings(port=controller.port, security="none", copy_address=COPIES))
    try:
        with pytest.raises(DeliveryFailed, match="mailbox of copies is refused") as failure:
            channel.send(a_parcel("refused01"), lambda: None)
    finally:
        channel.close()
        controller.stop()

    assert failure.value.failure is FailureClass.CONFIG
    assert handler.taken == 0


@needs_dovecot
def test_returned_mail_is_read_once_over_imap(house: House, dovecot: Dovecot) -> None:
    delivery = sent(house)
    noted = f"Delivered-To: returned@house.example\r\nX-Original-To: {address_of(delivery)}\r\n"
    dovecot.put("returned", noted.encode() + a_report())
    inbound = inbound_of(house, ImapInbox(dovecot.box("returned")))

    assert inbound.read(NOW) == {"bounced": 1}
    assert inbound.read(NOW) == {}
    assert house.deliveries()[0].state == "bounced"


@needs_dovecot
def test_a_provider_that_notes_no_envelope_is_understood_by_the_address(
    house: House, dovecot: Dovecot
) -> None:
    person = house.subscribe()
    token = signed_token(KEYS, Purpose.UNSUBSCRIBE, person.person_id, NOW)
    dovecot.put(
        "leaving",
        b"Delivered-To: all@house.example\r\nTo: Unsub <unsub@alerts.example.org>\r\n"
        + f"Subject: {token}\r\n\r\n".encode(),
    )

    assert inbound_of(house, ImapInbox(dovecot.box("leaving"))).read(NOW) == {"unsubscribed": 1}
    (left,) = [one for one, _ in Enrolment(house.engine, house.registry, KEYS).people()]
    assert (left.person_id, left.state) == (person.person_id, PersonState.UNSUBSCRIBED)


def test_a_mailbox_that_does_not_answer_is_told_to_operators(house: House) -> None:
    inbound = inbound_of(house, ImapInbox(ImapBox("127.0.0.1", 9, False, "returned")))

    assert inbound.read(NOW) == {}
    (incident,) = open_incidents(house.engine)
    assert incident.cause == "inbound:unreachable"


def inbound_of(house: House, inbox: ImapInbox) -> Inbound:
    enrolment = Enrolment(house.engine, house.registry, KEYS)
    return Inbound(house.engine, inbox, BounceDesk(house.engine, KEYS), enrolment)


@pytest.mark.parametrize(
    ("url", "box"),
    [
        ("imaps://sent@mail.ngo.test", ImapBox("mail.ngo.test", 993, True, "sent")),
        ("imaps://a%40ngo.test@mail.ngo.test:1993/Archive/2026",
         ImapBox("mail.ngo.test", 1993, True, "a@ngo.test", "Archive/2026")),
        ("imap://sent@127.0.0.1/x", ImapBox("127.0.0.1", 143, False, "sent", "x")),
    ],
)  # fmt: skip
def test_a_mailbox_is_named_by_its_address(url: str, box: ImapBox) -> None:
    assert ImapBox.from_url(url) == box


@pytest.mark.parametrize(
    "url",
    ["", "imaps://mail.ngo.test", "https://a@b", "imaps://a:secret@b", "imap://a@mail.ngo.test"],
)
def test_an_address_that_would_leak_or_means_nothing_is_refused(url: str) -> None:
    with pytest.raises(InvalidAddress) as refusal:
        ImapBox.from_url(url)
    assert "secret" not in refusal.value.message
