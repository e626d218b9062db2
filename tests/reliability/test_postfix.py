from __future__ import annotations

import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alerts.channels.email import Email, SmtpSettings
from alerts.errors import DeliveryFailed, FailureClass
from alerts.ports import Parcel
from alerts.sent_copies import CopyAnswer, CopySettings, SentCopies
from tests.alerts.conftest import KEYS
from tests.alerts.postfix import Postfix, missing, running_postfix

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing()), reason=missing() or "a Postfix can be run"),
]

DOMAIN = "alerts.example.org"


def until(happened: Callable[[], bool], seconds: float = 15.0) -> bool:
    """Wait for another process; a test that reads no clock cannot wait for a real server."""
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture(scope="module")
def postfix() -> Iterator[Postfix]:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    # Not in pytest's own folder, which other users may not enter.
    with (
        tempfile.TemporaryDirectory(prefix="emberwatch-postfix-") as folder,
        running_postfix(Path(folder), port, ["r1", "r2"]) as server,
    ):
        yield server


@pytest.fixture
def channel(postfix: Postfix) -> Iterator[Email]:
    email = Email(SmtpSettings(port=postfix.port, security="none", timeout_s=10))
    yield email
    email.close()


def a_parcel(name: str, to: str = "r1@ngo.test") -> Parcel:
    message_id = f"<{name}@{DOMAIN}>"
    raw = f"From: a@{DOMAIN}\r\nTo: {to}\r\nMessage-ID: {message_id}\r\n\r\n.\r\n..x\r\n"
    sender = KEYS.bounce_address(name, datetime(2026, 1, 1, tzinfo=UTC), DOMAIN)
    return Parcel(name, sender, to, message_id, raw.encode())


def test_what_a_real_server_takes_arrives_with_its_copy(postfix: Postfix, channel: Email) -> None:
    reply = channel.send(a_parcel("arrives1"), lambda: None)

    assert reply.startswith("250 2.0.0 Ok: queued as ")
    assert until(lambda: len(postfix.mails("r1")) == 1 and len(postfix.files("archive")) == 1)
    (mail,) = postfix.mails("r1")
    assert mail.get_content() == ".\n..x\n"
    assert mail["Message-ID"] == "<arrives1@alerts.example.org>"


def test_a_mailbox_that_does_not_exist_is_refused_for_good(channel: Email) -> None:
    with pytest.raises(DeliveryFailed) as failure:
        channel.send(a_parcel("nobody01", "nobody@ngo.test"), lambda: None)

    assert (failure.value.failure, failure.value.code) == (FailureClass.RECIPIENT, 550)


def test_breaking_off_before_the_dot_leaves_nothing_behind(
    postfix: Postfix, channel: Email
) -> None:
    def vanish() -> None:
        raise InterruptedError

    before = len(postfix.files("r2"))
    with pytest.raises(InterruptedError):
        channel.send(a_parcel("vanish01", "r2@ngo.test"), vanish)
    channel.send(a_parcel("follows1", "r2@ngo.test"), lambda: None)

    assert until(lambda: len(postfix.files("r2")) == before + 1)
    assert postfix.mails("r2")[-1]["Message-ID"] == "<follows1@alerts.example.org>"


@pytest.fixture
def copies(postfix: Postfix, channel: Email) -> SentCopies:
    settings = CopySettings(postfix.archive, "probe@sent.test", postfix.queue_command)
    return SentCopies(settings, channel, KEYS, DOMAIN)


def test_the_copy_tells_what_was_accepted_and_a_probe_what_was_not(
    channel: Email, copies: SentCopies
) -> None:
    now = datetime.now(UTC)
    channel.send(a_parcel("copied01"), lambda: None)

    assert until(
        lambda: (
            copies.answer(a_parcel("copied01").message_id, "b+copied01.", now) is CopyAnswer.FOUND
        )
    )
    never = a_parcel("never001").message_id
    assert copies.answer(never, "b+never001.", now) is CopyAnswer.CANNOT_SAY
    assert copies.probe(now)
    assert until(lambda: copies.answer(never, "b+never001.", now) is CopyAnswer.NOT_FOUND)


def test_a_probe_older_than_the_doubt_proves_nothing(copies: SentCopies) -> None:
    now, later = datetime.now(UTC), datetime(2100, 1, 1, tzinfo=UTC)
    copies.probe(now)
    assert until(lambda: copies.answer("<x@y>", "b+x.", now) is CopyAnswer.NOT_FOUND)

    assert copies.answer("<x@y>", "b+x.", later) is CopyAnswer.CANNOT_SAY


def test_an_archive_that_lost_its_mailbox_is_never_taken_for_an_answer(
    postfix: Postfix, channel: Email, copies: SentCopies
) -> None:
    now = datetime.now(UTC)
    (postfix.folder / "etc/copies").write_text(r"/^b\+.*@/ nowhere@sent.test" + "\n")
    postfix.set("default_transport = discard:")
    try:
        channel.close()
        assert copies.probe(now)
        arrived = until(
            lambda: copies.answer("<x@y>", "b+x.", now) is CopyAnswer.NOT_FOUND, seconds=2
        )
    finally:
        (postfix.folder / "etc/copies").write_text(r"/^b\+.*@/ archive@sent.test" + "\n")
        postfix.set("default_transport = discard:")

    assert not arrived


def test_what_waits_in_the_queue_was_accepted(
    postfix: Postfix, channel: Email, copies: SentCopies
) -> None:
    postfix.set("defer_transports = virtual")
    try:
        channel.close()
        channel.send(a_parcel("queued01"), lambda: None)
        answer = copies.answer("<queued01@alerts.example.org>", "b+queued01.", datetime.now(UTC))
    finally:
        postfix.set("defer_transports =")
        subprocess.run(
            ["postqueue", "-c", str(postfix.folder / "etc"), "-f"], check=True, timeout=20
        )

    assert answer is CopyAnswer.FOUND
