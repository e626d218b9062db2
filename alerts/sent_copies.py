"""Asks the mail server's own copies whether it accepted a message (ALERTS 3.4)."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path

import structlog

from alerts.errors import DeliveryFailed, MailboxUnavailable
from alerts.keys import Keyring, base36
from alerts.maildirs import Archive, MaildirArchive
from alerts.ports import Channel, Parcel

logger = structlog.get_logger(__name__)

QUEUE_TIMEOUT_S = 20

LABEL = re.compile(rb"(?m)^X-Alert-TLP: (?P<label>TLP:[A-Z+]+)\r?$")
PROBE = re.compile(r"<probe-(?P<stamp>[0-9a-z]+)\.(?P<signature>[0-9a-f]{16})@[^>]+>")


class CopyAnswer(Enum):
    """What the server's copies say of one message."""

    FOUND = "found"
    NOT_FOUND = "not found"
    CANNOT_SAY = "cannot say"
    """The archive does not work, or nothing proves that it does."""


@dataclass(frozen=True, slots=True)
class CopySettings:
    """Where the copies are. The server must copy by sender into the archive, in one queue file."""

    archive: Path | Archive
    """Maildir of the archive mailbox, or a mailbox on a server."""

    probe_address: str
    """A mailbox of ours that takes and forgets the probes."""

    queue_command: tuple[str, ...] = ("postqueue", "-j")
    """Prints the queue, one JSON object a line, with envelope senders; empty for a remote relay."""

    labels: frozenset[str] | None = None
    """Labels of the messages that are copied; None for all."""


class SentCopies:
    """Looks for copies in the archive and in the queue.

    An archive that silently lost its copies would make every message seem
    never sent. So "not found" counts only if a probe, sent after the message
    in doubt, has arrived there since.
    """

    def __init__(
        self, settings: CopySettings, channel: Channel, keys: Keyring, domain: str
    ) -> None:
        self._settings = settings
        self._channel = channel
        self._keys = keys
        self._domain = domain
        archive = settings.archive
        self._archive: Archive = MaildirArchive(archive) if isinstance(archive, Path) else archive

    def covers(self, raw: bytes | None) -> bool:
        """Return True if the server keeps a copy of such a message."""
        return self._settings.labels is None or is_labelled(raw or b"", self._settings.labels)

    def answer(self, message_id: str, sender_stem: str, doubtful_at: datetime) -> CopyAnswer:
        """Say whether the server has accepted a message.

        Parameters
        ----------
        message_id : str
        sender_stem : str
            The start of its envelope sender, which the queue shows.
        doubtful_at : datetime
            When the attempt in doubt was found to be so.
        """
        try:
            return self._answer(message_id, sender_stem, doubtful_at)
        except MailboxUnavailable as error:
            logger.warning("sent copies cannot be asked", reason=error.message)
            return CopyAnswer.CANNOT_SAY

    def _answer(self, message_id: str, sender_stem: str, doubtful_at: datetime) -> CopyAnswer:
        if self._archive.holds(message_id):
            return CopyAnswer.FOUND
        queued = self._queued(sender_stem)
        if queued:
            return CopyAnswer.FOUND
        # It may have moved from queue to archive between the two questions.
        if self._archive.holds(message_id):
            return CopyAnswer.FOUND
        if queued is None or not self._is_proven(doubtful_at):
            return CopyAnswer.CANNOT_SAY
        return CopyAnswer.NOT_FOUND

    def probe(self, now: datetime) -> bool:
        """Send a probe on the way that messages go; say if the server took it."""
        stamp = base36(int(now.timestamp() * 1000))
        name = f"probe-{stamp}"
        message_id = f"<{name}.{self._signature(stamp)}@{self._domain}>"
        raw = (
            f"From: probe@{self._domain}\r\nTo: {self._settings.probe_address}\r\n"
            f"Subject: probe\r\nMessage-ID: {message_id}\r\nAuto-Submitted: auto-generated\r\n"
            "\r\nA probe of the archive of sent messages.\r\n"
        )
        sender = self._keys.bounce_address(name, now, self._domain)
        parcel = Parcel(name, sender, self._settings.probe_address, message_id, raw.encode())
        try:
            self._channel.send(parcel, lambda: None)
        except DeliveryFailed:
            return False
        return True

    def _is_proven(self, doubtful_at: datetime) -> bool:
        """Say whether a probe that was sent after the doubt has arrived, whoever sent it.

        Its time stands in its signed name, so that a courier that is killed
        again and again still gets an answer.
        """
        for message_id in self._archive.probes():
            found = PROBE.fullmatch(message_id)
            if found is None or found["signature"] != self._signature(found["stamp"]):
                continue
            if int(found["stamp"], 36) >= int(doubtful_at.timestamp() * 1000):
                return True
        return False

    def _signature(self, stamp: str) -> str:
        return self._keys.bounce_signature(f"probe|{stamp}")

    def _queued(self, sender_stem: str) -> bool | None:
        """Say whether the queue holds a message of this sender; None if it cannot be asked."""
        if not self._settings.queue_command:
            return False
        try:
            listing = subprocess.run(
                self._settings.queue_command, capture_output=True, text=True,
                timeout=QUEUE_TIMEOUT_S, check=True,
            ).stdout  # fmt: skip
        except (OSError, subprocess.SubprocessError):
            return None
        senders = (json.loads(line)["sender"] for line in listing.splitlines() if line)
        return any(sender.startswith(sender_stem) for sender in senders)


def is_labelled(raw: bytes, labels: Collection[str]) -> bool:
    """Return True if a message bears one of the labels; one without a label does not."""
    found = LABEL.search(raw.partition(b"\r\n\r\n")[0])
    return found is not None and found["label"].decode("ascii") in labels
