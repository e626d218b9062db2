from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from alerts.channels.email import Email, SmtpSettings, Step, failure_of, stuffed
from alerts.errors import DeliveryFailed, FailureClass
from alerts.ports import Parcel
from tests.alerts.smtp_faults import CLOSE, SILENCE, FaultServer, fault_server

PARCEL = Parcel(
    "d1", "b+1@alerts.example.org", "reader@ngo.example", "<m@x>", b"S: x\r\n\r\nHi\r\n"
)


def settings_for(server: FaultServer, **changes: object) -> SmtpSettings:
    given = {"port": server.port, "security": "none", "timeout_s": 2.0, "final_timeout_s": 2.0}
    return SmtpSettings(**{**given, **changes})  # type: ignore[arg-type]  # by keyword


def refusal_of(server: FaultServer, **changes: object) -> tuple[DeliveryFailed, list[str]]:
    """Send one parcel that fails; return the failure and the marks that were set on the way."""
    marks: list[str] = []
    channel = Email(settings_for(server, **changes))
    with pytest.raises(DeliveryFailed) as failure:
        channel.send(PARCEL, lambda: marks.append("dot"))
    channel.close()
    return failure.value, marks


def test_a_mail_is_taken_with_its_envelope_and_the_answer_is_kept() -> None:
    with fault_server() as server:
        channel = Email(settings_for(server))
        reply = channel.send(PARCEL, lambda: None)
        channel.close()

    (taken,) = server.accepted
    assert reply == "250 2.0.0 queued as Q1"
    assert (taken.sender, taken.recipient) == ("b+1@alerts.example.org", "reader@ngo.example")
    assert taken.raw == PARCEL.raw


def test_several_mails_share_one_connection() -> None:
    with fault_server() as server:
        channel = Email(settings_for(server))
        for _ in range(3):
            channel.send(PARCEL, lambda: None)
        channel.close()

    assert len(server.accepted) == 3
    assert server.seen.count("banner") == 1


def test_each_thread_has_a_connection_of_its_own() -> None:
    with fault_server() as server:
        channel = Email(settings_for(server))
        both_at_the_dot = threading.Barrier(2, timeout=20)
        threads = [
            threading.Thread(target=channel.send, args=(PARCEL, both_at_the_dot.wait))
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        channel.close()

    assert len(server.accepted) == 2
    assert server.seen.count("banner") == 2
    assert server.seen.count("quit") == 2


def test_a_connection_that_the_server_closed_meanwhile_is_opened_again() -> None:
    with fault_server({"second mail": CLOSE}) as server:
        channel = Email(settings_for(server))
        channel.send(PARCEL, lambda: None)
        channel.send(PARCEL, lambda: None)
        channel.close()

    assert len(server.accepted) == 2
    assert server.seen.count("banner") == 2


@pytest.mark.parametrize(
    ("script", "failure", "dotted"),
    [
        pytest.param({"banner": "421 busy"}, "transient", False, id="S3 421 banner"),
        pytest.param({"banner": SILENCE}, "transient", False, id="S2 silence"),
        pytest.param({"mail": "451 4.3.0 later"}, "transient", False, id="S6 4xx at MAIL"),
        pytest.param({"rcpt": "450 4.2.0 later"}, "transient", False, id="S6 4xx at RCPT"),
        pytest.param({"data": "451 later"}, "transient", False, id="S6 4xx at DATA"),
        pytest.param({"dot": "451 4.7.1 greylisted"}, "transient", True, id="S6 4xx at the dot"),
        pytest.param({"mail": "550 no"}, "policy", False, id="S7 5xx at MAIL"),
        pytest.param({"rcpt": "550 5.1.1 no such user"}, "recipient", False, id="S7 unknown user"),
        pytest.param({"rcpt": "550 5.7.1 blocked"}, "policy", False, id="S7 policy at RCPT"),
        pytest.param({"data": "554 no"}, "policy", False, id="S7 5xx at DATA"),
        pytest.param({"dot": "554 5.7.1 spam"}, "policy", True, id="S12 policy at the dot"),
        pytest.param({"dot": "552 5.3.4 too big"}, "content", True, id="S11 too big"),
        pytest.param({"data": CLOSE}, "transient", False, id="S8 break at 354"),
        pytest.param({"body": CLOSE, "dot": CLOSE}, "transient", False, id="S8 break in the body"),
        pytest.param({"dot": CLOSE}, "ambiguous", True, id="S8 break at the dot"),
        pytest.param({"dot+close": ""}, "ambiguous", True, id="S8 taken, then broken"),
        pytest.param({"dot": SILENCE}, "ambiguous", True, id="S9 no reply to the dot in time"),
        pytest.param({"dot": "250 " + "x" * 100_000}, "ambiguous", True, id="S10 a long 250"),
        pytest.param({"dot": "ok then"}, "ambiguous", True, id="S10 no code at the dot"),
        pytest.param({"rcpt": "yes yes"}, "transient", False, id="S10 no code before it"),
        pytest.param({"rcpt": "250 " + "x" * 100_000}, "transient", False, id="S10 a long RCPT"),
    ],
)
def test_each_fault_means_what_the_specification_says(
    script: Mapping[str, str], failure: str, dotted: bool
) -> None:
    # The body must be longer than the buffers, so that a break in it is met while sending.
    parcel = Parcel("d1", "b@x.org", "r@ngo.example", "<m@x>", b"x" * 76 + b"\r\n")
    if script.get("body"):
        parcel = Parcel("d1", "b@x.org", "r@ngo.example", "<m@x>", (b"x" * 76 + b"\r\n") * 200_000)
    marks: list[str] = []
    with fault_server(script) as server:
        channel = Email(settings_for(server, timeout_s=0.5, final_timeout_s=0.5))
        with pytest.raises(DeliveryFailed) as refused:
            channel.send(parcel, lambda: marks.append("dot"))
        channel.close()

    assert refused.value.failure == failure
    assert bool(marks) is dotted


def test_the_mark_is_set_before_the_dot_and_nothing_was_taken_until_then() -> None:
    taken_at_mark: list[int] = []
    with fault_server() as server:
        channel = Email(settings_for(server))
        channel.send(PARCEL, lambda: taken_at_mark.append(len(server.accepted)))
        channel.close()

    assert taken_at_mark == [0]
    assert len(server.accepted) == 1


def test_a_mark_that_cannot_be_set_stops_the_message() -> None:
    def refuse() -> None:
        raise LookupError

    with fault_server() as server:
        channel = Email(settings_for(server))
        with pytest.raises(LookupError):
            channel.send(PARCEL, refuse)
        channel.close()

    assert server.accepted == []


def test_a_reply_split_over_packets_is_read_whole() -> None:
    with fault_server({"dot": "250-first\r\n25\x000 second"}) as server:
        channel = Email(settings_for(server))
        reply = channel.send(PARCEL, lambda: None)
        channel.close()

    assert reply == "250 first second"


def test_a_break_after_the_reply_changes_nothing() -> None:
    with fault_server({"quit": CLOSE}) as server:
        channel = Email(settings_for(server))
        channel.send(PARCEL, lambda: None)
        channel.close()

    assert len(server.accepted) == 1


def test_nobody_listening_is_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]

    with pytest.raises(DeliveryFailed) as failure:
        Email(SmtpSettings(port=port, security="none")).send(PARCEL, lambda: None)

    assert failure.value.failure is FailureClass.TRANSIENT


def test_lines_of_dots_come_back_as_they_were() -> None:
    raw = b"Subject: dots\r\n\r\n.\r\n..\r\n.a\r\nend\r\n"
    with fault_server() as server:
        channel = Email(settings_for(server))
        channel.send(Parcel("d", "b@x.org", "r@y.org", "<m@x>", raw), lambda: None)
        channel.close()

    assert server.accepted[0].raw == raw


def test_bare_line_feeds_never_reach_the_wire() -> None:
    assert stuffed(b"a\nb\rc\r\n.d") == b"a\r\nb\r\nc\r\n..d\r\n"
    assert stuffed(b".\r\n.a\r\n..\r\nb.\r\n") == b"..\r\n..a\r\n...\r\nb.\r\n"


def test_without_starttls_not_a_byte_of_the_message_is_sent() -> None:
    with fault_server() as server:
        failure, _ = refusal_of(server, security="starttls")

    assert failure.failure is FailureClass.CONFIG
    assert "STARTTLS" in failure.message
    assert server.seen == ["banner", "ehlo"]


def test_a_reset_in_the_middle_of_tls_is_tried_again() -> None:
    with fault_server({"ehlo": "250-faults.test\r\n250 STARTTLS", "starttls": CLOSE}) as server:
        failure, _ = refusal_of(server, security="starttls")

    assert failure.failure is FailureClass.TRANSIENT


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def server_context(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    return context


def test_a_certificate_of_somebody_else_is_a_matter_of_settings(
    authority: trustme.CA, tmp_path: Path
) -> None:
    trusted = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(trusted)
    tls = server_context(authority, "other.example")
    offer = {"ehlo": "250-faults.test\r\n250 STARTTLS"}

    with fault_server(offer, tls=tls) as server:
        failure, _ = refusal_of(server, security="starttls", ca_file=str(trusted))

    assert failure.failure is FailureClass.CONFIG
    assert "certificate" in failure.message
    assert "mail" not in server.seen


def test_a_refused_login_is_no_fault_of_the_recipient() -> None:
    script = {"ehlo": "250-faults.test\r\n250 AUTH PLAIN LOGIN", "auth": "535 5.7.8 wrong"}
    with fault_server(script) as server:
        failure, _ = refusal_of(server, username="emberwatch", password="secret")

    assert (failure.failure, failure.code) == (FailureClass.CONFIG, 535)
    assert "secret" not in str(failure)


class Keeper:
    """Keeps what a real SMTP server hands over."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.envelopes.append(envelope)
        return "250 kept"


def allow(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: object
) -> AuthResult:
    known = isinstance(given, LoginPassword) and given.password == b"secret"
    return AuthResult(success=known)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port: int = unused.getsockname()[1]
    return port


# The server does not see that its socket is wrapped already.
@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_real_server_takes_a_mail_over_tls_with_a_login(
    security: str, authority: trustme.CA, tmp_path: Path
) -> None:
    trusted = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(trusted)
    context = server_context(authority, "127.0.0.1")
    keeper = Keeper()
    how: dict[str, Any] = {"tls_context": context, "require_starttls": True}
    if security == "tls":
        how = {"ssl_context": context, "auth_require_tls": False}
    controller = Controller(
        keeper, hostname="127.0.0.1", port=free_port(), authenticator=allow, auth_required=True,
        **how,
    )  # fmt: skip
    controller.start()
    try:
        channel = Email(
            SmtpSettings(
                port=controller.port, security=security, username="emberwatch",  # type: ignore[arg-type]
                password="secret", ca_file=str(trusted), timeout_s=5, final_timeout_s=5,
            )
        )  # fmt: skip
        channel.send(PARCEL, lambda: None)
        channel.close()
    finally:
        controller.stop()

    (envelope,) = keeper.envelopes
    assert envelope.content == PARCEL.raw
    assert envelope.rcpt_tos == ["reader@ngo.example"]


@pytest.mark.parametrize(
    ("step", "code", "reply", "failure"),
    [
        ("rcpt", 550, "5.2.2 mailbox full", FailureClass.CONTENT),
        ("rcpt", 553, "no", FailureClass.RECIPIENT),
        ("rcpt", 554, "5.1.10 null MX", FailureClass.RECIPIENT),
        ("rcpt", 530, "5.7.0 authenticate first", FailureClass.CONFIG),
        ("connect", 554, "no SMTP service here", FailureClass.CONFIG),
        ("dot", 550, "5.7.26 DMARC", FailureClass.POLICY),
        ("dot", 499, "what", FailureClass.TRANSIENT),
    ],
)
def test_the_enhanced_code_decides_where_both_speak(
    step: Step, code: int, reply: str, failure: FailureClass
) -> None:
    assert failure_of(step, code, reply) is failure


def test_a_domain_in_another_script_goes_as_a_label_and_a_name_is_refused() -> None:
    with fault_server() as server:
        channel = Email(settings_for(server))
        channel.send(Parcel("d", "b@x.org", "r@bücher.example", "<m@x>", b"x\r\n"), lambda: None)
        with pytest.raises(DeliveryFailed) as failure:
            channel.send(Parcel("d", "b@x.org", "jürgen@x.org", "<m@x>", b"x\r\n"), lambda: None)
        channel.close()

    assert server.accepted[0].recipient == "r@xn--bcher-kva.example"
    assert failure.value.failure is FailureClass.RECIPIENT
