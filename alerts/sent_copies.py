"""Asks the mail server's own copies whether it accepted a message (ALERTS 3.4)."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path

from alerts.errors import DeliveryFailed
from alerts.keys import Keyring, base36
from alerts.ports import Channel, Parcel

QUEUE_TIMEOUT_S = 20

HEADER_BYTES = 8_192
"""Our headers are shorter, with what servers on the way add."""

MESSAGE_ID = re.compile(rb"(?mi)^Message-ID:\s*(?P<id><[^>\s]+>)")
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

    archive: Path
    """Maildir of the archive mailbox."""

    probe_address: str
    """A mailbox of ours that takes and forgets the probes."""

    queue_command: tuple[str, ...] = ("postqueue", "-j")
    """Prints the queue, one JSON object a line, with envelope senders."""


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
        self._indexed: dict[str, str] = {}

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
        if self._archived(message_id):
            return CopyAnswer.FOUND
        queued = self._queued(sender_stem)
        if queued:
            return CopyAnswer.FOUND
        # It may have moved from queue to archive between the two questions.
        if self._archived(message_id):
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
        for message_id in self._indexed.values():
            found = PROBE.fullmatch(message_id)
            if found is None or found["signature"] != self._signature(found["stamp"]):
                continue
            if int(found["stamp"], 36) >= int(doubtful_at.timestamp() * 1000):
                return True
        return False

    def _signature(self, stamp: str) -> str:
        return self._keys.bounce_signature(f"probe|{stamp}")

    def _archived(self, message_id: str) -> bool:
        for part in ("new", "cur"):
            for path in (self._settings.archive / part).glob("*"):
                if path.name not in self._indexed:
                    self._indexed[path.name] = message_id_of(path)
        return message_id in self._indexed.values()

    def _queued(self, sender_stem: str) -> bool | None:
        """Say whether the queue holds a message of this sender; None if it cannot be asked."""
        try:
            listing = subprocess.run(
                self._settings.queue_command, capture_output=True, text=True,
                timeout=QUEUE_TIMEOUT_S, check=True,
            ).stdout  # fmt: skip
        except (OSError, subprocess.SubprocessError):
            return None
        senders = (json.loads(line)["sender"] for line in listing.splitlines() if line)
        return any(sender.startswith(sender_stem) for sender in senders)


def message_id_of(path: Path) -> str:
    """Return the Message-ID of a mail in a Maildir, empty if it has none or went away."""
    try:
        with path.open("rb") as file:
            found = MESSAGE_ID.search(file.read(HEADER_BYTES))
    except FileNotFoundError:
        return ""
    return found["id"].decode("ascii", "replace") if found else ""
