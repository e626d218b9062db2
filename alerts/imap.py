"""Mailboxes on a mail server, read over IMAP (RFC 3501): copies of what was sent, and returns."""

from __future__ import annotations

import imaplib
import ssl
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import unquote, urlsplit

from alerts.errors import InvalidAddress, MailboxUnavailable
from alerts.maildirs import MESSAGE_ID

SCHEMES = {"imaps": 993, "imap": 143}
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

PROBES_READ = 50
"""Of the latest: one that is new enough is among them."""

DELETED_AT_ONCE = 200

# Of RFC 3501, whatever the language of the machine.
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

HINT = "see the address, the name and the password of the mailbox in [email]"


@dataclass(frozen=True, slots=True)
class ImapBox:
    """One folder of one account."""

    host: str
    port: int
    tls: bool
    username: str
    folder: str = "INBOX"
    password: str = field(default="", repr=False)
    timeout_s: float = 30.0
    ca_file: str = ""
    """Certificate authorities to trust instead of the system's."""

    @classmethod
    def from_url(cls, url: str, password: str = "") -> ImapBox:
        """Return the mailbox of ``imaps://user@host/folder``.

        Raises
        ------
        InvalidAddress
            If it is no such address, or would send the password in clear over a network.
        """
        parts = urlsplit(url)
        if parts.scheme not in SCHEMES or not parts.hostname or not parts.username:
            raise InvalidAddress(
                f"{url[:120]!r} is no mailbox", hint="write it like imaps://user@host/folder"
            )
        if parts.password:
            raise InvalidAddress(
                "the address of a mailbox holds its password", hint="name a file in a *_file key"
            )
        if parts.scheme == "imap" and parts.hostname not in LOOPBACK:
            raise InvalidAddress(
                "imap:// would send the password in clear", hint="use imaps://, but on this machine"
            )
        return cls(
            parts.hostname, parts.port or SCHEMES[parts.scheme], parts.scheme == "imaps",
            unquote(parts.username), unquote(parts.path.strip("/")) or "INBOX", password,
        )  # fmt: skip

    @contextmanager
    def opened(self, *, readonly: bool) -> Iterator[imaplib.IMAP4]:
        """Open the folder for the block.

        Raises
        ------
        MailboxUnavailable
            If it cannot be opened, or breaks off.
        """
        try:
            session = self._connected()
            try:
                session.login(self.username, self.password)
                _expect(session.select(_quoted(self.folder), readonly=readonly))
                yield session
            finally:
                with suppress(imaplib.IMAP4.error, OSError):
                    session.logout()
        except (imaplib.IMAP4.error, OSError) as error:
            raise MailboxUnavailable(
                f"the mailbox {self.folder} at {self.host}:{self.port} cannot be read: "
                f"{type(error).__name__}",
                hint=HINT,
            ) from error

    def _connected(self) -> imaplib.IMAP4:
        if not self.tls:
            return imaplib.IMAP4(self.host, self.port, timeout=self.timeout_s)
        context = ssl.create_default_context(cafile=self.ca_file or None)
        return imaplib.IMAP4_SSL(self.host, self.port, ssl_context=context, timeout=self.timeout_s)


class ImapArchive:
    """The copies that the mail server took with what it accepted."""

    def __init__(self, box: ImapBox) -> None:
        self._box = box

    def holds(self, message_id: str) -> bool:
        """Return True if there is a copy of a message.

        Raises
        ------
        MailboxUnavailable
        """
        with self._box.opened(readonly=True) as session:
            found = _searched(session, "HEADER", "Message-ID", _quoted(message_id))
            # The search is for a part of the text: the whole of it decides.
            return message_id in _message_ids(session, found[-PROBES_READ:])

    def probes(self) -> list[str]:
        """Return the Message-IDs of the latest probes.

        Raises
        ------
        MailboxUnavailable
        """
        with self._box.opened(readonly=True) as session:
            found = _searched(session, "HEADER", "Message-ID", _quoted("<probe-"))
            return _message_ids(session, found[-PROBES_READ:])

    def forget(self, before: datetime, domains: Collection[str]) -> int:
        """Delete our mails that came before that day; return how many.

        Raises
        ------
        MailboxUnavailable
        """
        day = f"{before.day}-{MONTHS[before.month - 1]}-{before.year}"
        count = 0
        with self._box.opened(readonly=False) as session:
            for domain in domains:
                mine = _quoted(f"@{domain}>")
                found = _searched(session, "BEFORE", day, "HEADER", "Message-ID", mine)
                for start in range(0, len(found), DELETED_AT_ONCE):
                    some = ",".join(found[start : start + DELETED_AT_ONCE])
                    _expect(session.uid("STORE", some, "+FLAGS", r"(\Deleted)"))
                count += len(found)
            _expect(session.expunge())
        return count


class ImapInbox:
    """What came back, and was not read yet."""

    notes_envelope = False

    def __init__(self, box: ImapBox) -> None:
        self._box = box

    def waiting(self, at_once: int, max_bytes: int) -> Iterator[bytes]:
        """Yield the start of each unread message, and mark it as read once it was taken.

        Raises
        ------
        MailboxUnavailable
        """
        with self._box.opened(readonly=False) as session:
            for number in _searched(session, "UNSEEN")[:at_once]:
                _, answer = session.uid("FETCH", number, f"(BODY.PEEK[]<0.{max_bytes}>)")
                yield next((part[1] for part in answer if isinstance(part, tuple)), b"")
                session.uid("STORE", number, "+FLAGS", r"(\Seen)")


def _searched(session: imaplib.IMAP4, *criteria: str) -> list[str]:
    kind, answer = session.uid("SEARCH", *criteria)
    _expect((kind, answer))
    return answer[0].decode("ascii").split() if answer and answer[0] else []


def _message_ids(session: imaplib.IMAP4, numbers: list[str]) -> list[str]:
    if not numbers:
        return []
    query = "(BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])"
    _, answer = session.uid("FETCH", ",".join(numbers), query)
    found = (MESSAGE_ID.search(part[1]) for part in answer if isinstance(part, tuple))
    return [one["id"].decode("ascii", "replace") for one in found if one]


def _expect(answer: tuple[str, list[bytes | None]]) -> None:
    if answer[0] != "OK":
        raise imaplib.IMAP4.error("the server said no")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
