"""Mailboxes as folders on this machine: copies of what was sent, and returns."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import datetime
from pathlib import Path
from typing import Protocol

from alerts.errors import MailboxUnavailable

HEADER_BYTES = 8_192
"""Our headers are shorter, with what servers on the way add."""

MESSAGE_ID = re.compile(rb"(?mi)^Message-ID:\s*(?P<id><[^>\s]+>)")


class Archive(Protocol):
    """Where the mail server's copies are."""

    def holds(self, message_id: str) -> bool:
        """Return True if there is a copy of a message.

        Raises
        ------
        MailboxUnavailable
        """
        ...

    def probes(self) -> list[str]:
        """Return Message-IDs among which those of the latest probes are.

        Raises
        ------
        MailboxUnavailable
        """
        ...

    def forget(self, before: datetime, domains: Collection[str]) -> int:
        """Delete our mails that came before; return how many.

        Parameters
        ----------
        domains : collection of str
            Of our Message-IDs: mails with any other are left alone.

        Raises
        ------
        MailboxUnavailable
        """
        ...


class Inbox(Protocol):
    """Where mails come back to."""

    @property
    def notes_envelope(self) -> bool:
        """True if a server of ours noted the envelope's recipient above everything else."""
        ...

    def waiting(self, at_once: int, max_bytes: int) -> Iterator[bytes]:
        """Yield the start of each unread message; it counts as read once the next is asked for.

        Raises
        ------
        MailboxUnavailable
        """
        ...


class MaildirArchive:
    """Copies in a Maildir; each file is opened once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._indexed: dict[str, str] = {}

    def holds(self, message_id: str) -> bool:
        """Return True if there is a copy of a message."""
        return message_id in self.probes()

    def probes(self) -> list[str]:
        """Return the Message-IDs of everything in it."""
        for part in ("new", "cur"):
            for path in (self._folder / part).glob("*"):
                if path.name not in self._indexed:
                    self._indexed[path.name] = message_id_of(path)
        return list(self._indexed.values())

    def forget(self, before: datetime, domains: Collection[str]) -> int:
        """Delete our mails that came before; return how many."""
        count = 0
        for part in ("new", "cur"):
            for path in (self._folder / part).glob("*"):
                try:
                    old = path.stat().st_mtime < before.timestamp()
                    if old and domain_of(message_id_of(path)) in domains:
                        path.unlink()
                        count += 1
                except FileNotFoundError:
                    continue
                except OSError as error:
                    raise MailboxUnavailable(
                        f"copies in {self._folder.name} cannot be deleted: {error.strerror}",
                        hint="let the service write to the Maildir of [email] sent_copies",
                    ) from error
        self._indexed.clear()
        return count


class MaildirInbox:
    """Returned mail in a Maildir; what was read is moved from ``new`` to ``cur``."""

    notes_envelope = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def waiting(self, at_once: int, max_bytes: int) -> Iterator[bytes]:
        """Yield the start of each unread message, oldest first."""
        for path in sorted((self._folder / "new").glob("*"))[:at_once]:
            with path.open("rb") as file:
                yield file.read(max_bytes)
            # After it was taken: a crash in between takes it twice, which changes nothing more.
            (self._folder / "cur").mkdir(exist_ok=True)
            path.rename(self._folder / "cur" / f"{path.name}:2,S")


def domain_of(message_id: str) -> str:
    """Return what stands behind the @ of a Message-ID."""
    return message_id.rstrip(">").rpartition("@")[2]


def message_id_of(path: Path) -> str:
    """Return the Message-ID of a mail in a Maildir, empty if it has none or went away."""
    try:
        with path.open("rb") as file:
            found = MESSAGE_ID.search(file.read(HEADER_BYTES))
    except FileNotFoundError:
        return ""
    return found["id"].decode("ascii", "replace") if found else ""
