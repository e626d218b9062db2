from __future__ import annotations

import gzip
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme
from standardwebhooks.webhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from alerts.channels.guard import Guard
from alerts.channels.webhook import Webhook, WebhookSettings, secret_text
from alerts.errors import DeliveryFailed, FailureClass
from alerts.ports import Parcel

SECRET, LAST_SECRET = b"s" * 32, b"t" * 32
BODY = b'{"type": "test.v1"}\n'


class Receiver:
    """A real https server that answers as it is told, and keeps what it got."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        self.status = 200
        self.headers: dict[str, str] = {}
        self.body = b"ok"
        self.trickles = False
        self.breaks = False
        self.stop = threading.Event()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def receiver(authority: trustme.CA) -> Iterator[Receiver]:
    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            served.got.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            if served.breaks:
                self.connection.close()
                self.close_connection = True
                return
            self.send_response(served.status)
            for name, value in served.headers.items():
                self.send_header(name, value)
            if not served.trickles:
                self.send_header("Content-Length", str(len(served.body)))
            self.end_headers()
            with suppress(OSError):  # whoever has read enough hangs up
                self.wfile.write(served.body)
            while served.trickles and not served.stop.wait(0.05):
                self.wfile.write(b"x")

        def log_message(self, *given: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("hooks.example.org").configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    served = Receiver(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield served
    served.stop.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def channel(authority: trustme.CA, tmp_path: Path) -> Webhook:
    trusted = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(trusted)
    settings = WebhookSettings(timeout_s=1.5, guard=Guard(allow_private=True), ca_file=str(trusted))
    return Webhook(
        settings, secrets_of, lambda: datetime.now(UTC), lambda host, port: ["127.0.0.1"]
    )


def secrets_of(person_id: str) -> Sequence[bytes]:
    assert person_id == "p1"
    return [SECRET, LAST_SECRET]


def a_parcel(receiver: Receiver, host: str = "hooks.example.org") -> Parcel:
    url = f"https://{host}:{receiver.port}/in"
    return Parcel("d1", "", url, "dlv_abc", BODY, person_id="p1")


def test_somebody_elses_library_verifies_both_signatures(
    channel: Webhook, receiver: Receiver
) -> None:
    assert channel.send(a_parcel(receiver), lambda: None) == "200"

    ((path, headers, body),) = receiver.got
    assert (path, body) == ("/in", BODY)
    for secret in (SECRET, LAST_SECRET):
        Verifier(secret_text(secret)).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Verifier(secret_text(SECRET)).verify(body + b" ", headers)


def test_a_retry_has_the_same_id_so_that_the_receiver_folds_it(
    channel: Webhook, receiver: Receiver
) -> None:
    for _ in range(2):
        channel.send(a_parcel(receiver), lambda: None)

    assert [headers["webhook-id"] for _, headers, _ in receiver.got] == ["dlv_abc", "dlv_abc"]
    assert channel.folds


def test_the_mark_is_set_before_anything_is_posted(channel: Webhook, receiver: Receiver) -> None:
    seen: list[int] = []

    channel.send(a_parcel(receiver), lambda: seen.append(len(receiver.got)))

    assert seen == [0]


@pytest.mark.parametrize(
    ("status", "headers", "failure", "seconds"),
    [
        pytest.param(500, {}, "transient", 0, id="J server error"),
        pytest.param(503, {"Retry-After": "120"}, "transient", 120, id="J asked to wait"),
        pytest.param(429, {"Retry-After": "999999"}, "transient", 21_600, id="J at most 6 hours"),
        pytest.param(429, {"Retry-After": "soon"}, "transient", 0, id="J no number"),
        pytest.param(408, {}, "transient", 0, id="J timeout"),
        pytest.param(410, {}, "recipient", 0, id="J gone"),
        pytest.param(404, {}, "transient", 0, id="J not found"),
        pytest.param(302, {"Location": "http://127.0.0.1/"}, "transient", 0, id="D15 redirect"),
    ],
)
def test_only_2xx_is_an_acceptance(
    channel: Webhook, receiver: Receiver, status: int, headers: dict[str, str], failure: str,
    seconds: int,
) -> None:  # fmt: skip
    receiver.status, receiver.headers = status, headers

    with pytest.raises(DeliveryFailed) as refused:
        channel.send(a_parcel(receiver), lambda: None)

    assert (refused.value.failure, refused.value.code) == (failure, status)
    assert refused.value.retry_after.total_seconds() == seconds
    assert len(receiver.got) == 1


def test_an_answer_without_end_is_cut_off(channel: Webhook, receiver: Receiver) -> None:
    receiver.trickles = True

    with pytest.raises(DeliveryFailed) as refused:
        channel.send(a_parcel(receiver), lambda: None)

    assert refused.value.failure is FailureClass.TRANSIENT


def test_a_certificate_for_another_name_is_refused(channel: Webhook, receiver: Receiver) -> None:
    with pytest.raises(DeliveryFailed):
        channel.send(a_parcel(receiver, "other.example.org"), lambda: None)

    assert receiver.got == []


def test_a_host_that_became_private_is_not_connected_to(receiver: Receiver) -> None:
    strict = Webhook(
        WebhookSettings(), secrets_of, lambda: datetime.now(UTC), lambda host, port: ["127.0.0.1"]
    )

    with pytest.raises(DeliveryFailed, match=r"not public|port") as refused:
        strict.send(a_parcel(receiver), lambda: None)

    assert refused.value.failure is FailureClass.RECIPIENT
    assert receiver.got == []


def test_a_name_is_asked_once_so_that_it_cannot_change_its_mind(
    channel: Webhook, receiver: Receiver
) -> None:
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    asked = Webhook(
        channel._settings, secrets_of, lambda: datetime.now(UTC), lambda host, port: next(answers)
    )

    asked.send(a_parcel(receiver), lambda: None)

    assert len(receiver.got) == 1
    assert next(answers) == ["10.0.0.1"]


def test_an_endpoint_must_give_the_challenge_back(channel: Webhook, receiver: Receiver) -> None:
    receiver.body = b'{"challenge": "c-17"}'

    assert channel.answers_challenge(a_parcel(receiver), "c-17")
    assert not channel.answers_challenge(a_parcel(receiver), "c-18")


def test_of_a_huge_answer_only_the_beginning_is_read(  # J5
    channel: Webhook, receiver: Receiver
) -> None:
    receiver.body = b"x" * 10_000_000

    assert channel.send(a_parcel(receiver), lambda: None) == "200"


def test_an_answer_that_unpacks_to_more_than_it_weighs_is_not_unpacked(  # D21, D22
    channel: Webhook, receiver: Receiver
) -> None:
    receiver.headers = {"Content-Encoding": "gzip", "Content-Type": "image/png"}
    receiver.body = gzip.compress(bytes(10_000_000))

    assert channel.send(a_parcel(receiver), lambda: None) == "200"
    assert not channel.answers_challenge(a_parcel(receiver), "0" * 32)


def test_a_break_after_the_whole_request_is_tried_again_with_the_same_id(  # J6
    channel: Webhook, receiver: Receiver
) -> None:
    receiver.breaks = True
    with pytest.raises(DeliveryFailed) as refused:
        channel.send(a_parcel(receiver), lambda: None)
    receiver.breaks = False

    channel.send(a_parcel(receiver), lambda: None)

    assert refused.value.failure is FailureClass.TRANSIENT
    assert [headers["webhook-id"] for _, headers, _ in receiver.got] == ["dlv_abc", "dlv_abc"]
