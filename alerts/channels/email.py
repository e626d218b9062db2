"""Mail over SMTP, with the end of the message told apart from its body (ALERTS 3.2)."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import get_ident
from typing import Literal

from alerts.errors import DeliveryFailed, FailureClass
from alerts.ports import Parcel
from alerts.sent_copies import is_labelled

CODE = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")

ORDINARY = re.compile(r"[A-Za-z0-9.+=_-]+@[A-Za-z0-9.-]+")
"""An address that means the same between angle brackets, whoever reads it."""

ADDRESS = re.compile(r"[^\s<>,;:]+@[^\s<>,;]+")

LOGIN_CODES = frozenset({530, 534, 535, 538})
COPIED_LABELS = frozenset({"TLP:CLEAR", "TLP:GREEN", "TLP:AMBER"})
"""What may lie in a mailbox of somebody else's server (ALERTS 3.4)."""

CONTENT_CODES = frozenset({"5.2.2", "5.3.4"})

Step = Literal["connect", "mail", "rcpt", "data", "dot"]


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """The server that takes our mail. From ``[email]`` in config.toml."""

    host: str = "127.0.0.1"
    port: int = 25
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str = ""
    password: str = field(default="", repr=False)
    timeout_s: float = 60.0
    final_timeout_s: float = 660.0
    """Postfix waits 600 s for the reply to the dot, so we wait longer."""

    local_hostname: str = "localhost"
    copy_address: str = ""
    """A mailbox of ours that gets what is not stricter than TLP:AMBER; empty for none."""

    ca_file: str = ""
    """Certificate authorities to trust instead of the system's."""


def failure_of(step: Step, code: int, reply: str) -> FailureClass:
    """Return what a refusal that was read from the wire means (ALERTS 3.5)."""
    found = CODE.search(reply)
    enhanced = found.group(0) if found else ""
    if code in LOGIN_CODES:
        return FailureClass.CONFIG
    if 400 <= code < 500:
        return FailureClass.TRANSIENT
    if code == 552 or enhanced in CONTENT_CODES:
        return FailureClass.CONTENT
    if enhanced.startswith("5.7."):
        return FailureClass.POLICY
    if step == "rcpt" and (code in (550, 551, 553) or enhanced.startswith("5.1.")):
        return FailureClass.RECIPIENT
    return FailureClass.CONFIG if step == "connect" else FailureClass.POLICY


class Email:
    """Sends mails through one server, over one connection for each thread, kept open."""

    folds = False

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self._sessions: dict[int, smtplib.SMTP] = {}

    def send(self, parcel: Parcel, before_dot: Callable[[], None]) -> str:
        """Send one mail in one transaction for one recipient."""
        session = self._begun(parcel)
        with self._ending_on_failure("mail"):
            _expect(_named(session, _ascii_address(parcel.address)), "rcpt", (250, 251))
            self._ask_for_copy(session, parcel)
            _expect(session.docmd("DATA"), "data", (354,))
            session.send(stuffed(parcel.raw))
        released = False
        try:
            before_dot()
            released = True
        finally:
            if not released:
                # Without the dot the server may not accept (RFC 5321).
                self._hang_up()
        return self._finish(session)

    def _ask_for_copy(self, session: smtplib.SMTP, parcel: Parcel) -> None:
        """Name our archive as a second recipient: the message is for both, or for nobody."""
        settings = self._settings
        probe = parcel.message_id.startswith("<probe-")
        if not settings.copy_address or not (probe or is_labelled(parcel.raw, COPIED_LABELS)):
            return
        code, reply = _named(session, settings.copy_address)
        if code not in (250, 251):
            raise _misconfigured(f"the mailbox of copies is refused: {code} {_words(reply)}")

    def close(self) -> None:
        """Say goodbye to the server, if it still listens; nobody sends meanwhile."""
        while self._sessions:
            _, session = self._sessions.popitem()
            try:
                session.quit()
            except (smtplib.SMTPException, OSError):
                session.close()

    def _begun(self, parcel: Parcel) -> smtplib.SMTP:
        """Return a session whose transaction has begun.

        A connection that was kept open may have been closed by the server: then
        a new one is asked, once.
        """
        kept = self._sessions.get(get_ident())
        if kept is not None:
            try:
                code, _ = _opened(kept, parcel)
            except (smtplib.SMTPException, OSError):
                code = 0
            if code == 250:
                return kept
            self._hang_up()
        session = self._open_session()
        with self._ending_on_failure("mail"):
            _expect(_opened(session, parcel), "mail", (250,))
        return session

    def _open_session(self) -> smtplib.SMTP:
        with self._ending_on_failure("connect"):
            session = self._sessions[get_ident()] = self._connected()
            self._greet(session)
            if session.sock is not None:
                # The dot is a packet of its own: it must not wait for the last one's receipt.
                session.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return session

    def _connected(self) -> smtplib.SMTP:
        settings = self._settings
        where = (settings.host, settings.port, settings.local_hostname, settings.timeout_s)
        if settings.security == "tls":
            return smtplib.SMTP_SSL(*where[:3], timeout=settings.timeout_s, context=self._context())
        return smtplib.SMTP(*where)

    def _greet(self, session: smtplib.SMTP) -> None:
        if self._settings.security == "starttls":
            session.starttls(context=self._context())
        session.ehlo_or_helo_if_needed()
        if self._settings.username:
            session.login(self._settings.username, self._settings.password)

    def _context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self._settings.ca_file or None)

    def _finish(self, session: smtplib.SMTP) -> str:
        """Send the dot and read the reply; anything but a reply that was read is ambiguous."""
        try:
            if session.sock is not None:
                session.sock.settimeout(self._settings.final_timeout_s)
            session.send(b".\r\n")
            code, reply = session.getreply()
        except (smtplib.SMTPException, OSError) as error:
            # smtplib makes up a code 500 for a line that is too long, even after "250".
            self._hang_up()
            raise _ambiguous(type(error).__name__) from error
        if not 200 <= code < 600:
            self._hang_up()
            raise _ambiguous("a reply without a code")
        if session.sock is not None:
            session.sock.settimeout(self._settings.timeout_s)
        words = _words(reply)
        if code >= 300:
            raise DeliveryFailed(
                f"the server refused the message: {code} {words}",
                failure=failure_of("dot", code, words), code=code,
            )  # fmt: skip
        return f"{code} {words}"

    @contextmanager
    def _ending_on_failure(self, step: Step) -> Iterator[None]:
        """Translate what goes wrong before the dot, and close the connection."""
        try:
            yield
        except DeliveryFailed:
            self._hang_up()
            raise
        except smtplib.SMTPNotSupportedError as error:
            self._hang_up()
            raise _misconfigured("the server does not offer STARTTLS or login") from error
        except ssl.SSLCertVerificationError as error:
            self._hang_up()
            raise _misconfigured(f"its certificate is refused: {error.verify_message}") from error
        except smtplib.SMTPResponseException as error:
            self._hang_up()
            words = _words(error.smtp_error)
            # Codes that smtplib made up (-1, and 500 before any command) are no refusal.
            certain = error.smtp_code >= 400 and "Line too long" not in words
            failure = (
                failure_of(step, error.smtp_code, words) if certain else FailureClass.TRANSIENT
            )
            raise DeliveryFailed(
                f"the mail server said {error.smtp_code} {words}",
                failure=failure, code=error.smtp_code,
            ) from error  # fmt: skip
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            self._hang_up()
            raise DeliveryFailed(
                f"the mail server {self._settings.host}:{self._settings.port} cannot be "
                f"reached, or broke off: {type(error).__name__}",
                hint="it is tried again; check [email] host and port if it stays so",
                failure=FailureClass.TRANSIENT,
            ) from error

    def _hang_up(self) -> None:
        session = self._sessions.pop(get_ident(), None)
        if session is not None:
            session.close()


def stuffed(raw: bytes) -> bytes:
    """Return the message with CRLF ends and leading dots doubled, without the last dot."""
    ends = raw.count(b"\r\n")
    ours = raw.count(b"\n") == ends == raw.count(b"\r")
    lines = raw if ours else re.sub(rb"\r\n|\r|\n", b"\r\n", raw)
    if not lines.endswith(b"\r\n"):
        lines += b"\r\n"
    dotted = lines.replace(b"\n.", b"\n..")
    return b"." + dotted if dotted.startswith(b".") else dotted


def _opened(session: smtplib.SMTP, parcel: Parcel) -> tuple[int, bytes]:
    size = f" SIZE={len(parcel.raw)}" if session.has_extn("size") else ""
    return session.docmd("mail", f"FROM:{_bracketed(parcel.sender)}{size}")


def _named(session: smtplib.SMTP, address: str) -> tuple[int, bytes]:
    return session.docmd("rcpt", f"TO:{_bracketed(address)}")


def _bracketed(address: str) -> str:
    """Return an address for a command; `smtplib` takes any other apart, which takes long."""
    return f"<{address}>" if ORDINARY.fullmatch(address) else smtplib.quoteaddr(address)


def _expect(answer: tuple[int, bytes], step: Step, codes: tuple[int, ...]) -> None:
    code, reply = answer
    words = _words(reply)
    if code in codes:
        return
    if code < 400:
        raise DeliveryFailed(
            f"the server's reply at {step.upper()} cannot be read: {code}",
            failure=FailureClass.TRANSIENT, code=code,
        )  # fmt: skip
    raise DeliveryFailed(
        f"the server refused at {step.upper()}: {code} {words}",
        failure=failure_of(step, code, words), code=code,
    )  # fmt: skip


def _ascii_address(address: str) -> str:
    """Return an address that every server takes: its domain as A-labels.

    Raises
    ------
    DeliveryFailed
        If the part before the @ is not ASCII.
    """
    local, _, domain = address.rpartition("@")
    if not local.isascii():
        raise DeliveryFailed(
            "the address has letters before the @ that the server cannot take",
            hint="ask the person for another address", failure=FailureClass.RECIPIENT,
        )  # fmt: skip
    return f"{local}@{domain.encode('idna').decode()}"


def _ambiguous(what: str) -> DeliveryFailed:
    return DeliveryFailed(
        f"the reply to the whole message was lost ({what}): the server may have it",
        failure=FailureClass.AMBIGUOUS,
    )


def _misconfigured(what: str) -> DeliveryFailed:
    return DeliveryFailed(
        f"the mail server cannot be used: {what}",
        hint="nothing was sent in plain text; mend [email] in config.toml",
        failure=FailureClass.CONFIG,
    )


def _words(reply: bytes | str) -> str:
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    # Servers repeat the address, and these words go into logs and mails to the operator.
    return ADDRESS.sub("…", " ".join(text.split()))[:300]
