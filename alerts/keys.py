"""The secrets of messages: one master key, one derived key for each purpose."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime

MIN_KEY_BYTES = 16


@dataclass(frozen=True, slots=True)
class Keyring:
    """Derives what identifiers and links are signed with."""

    master: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.master) < MIN_KEY_BYTES:
            raise ValueError(f"a key has {MIN_KEY_BYTES} bytes or more, got {len(self.master)}")

    def derived(self, purpose: str) -> bytes:
        """Return the key of one purpose; no key tells anything of another."""
        return hmac.digest(self.master, f"emberwatch|{purpose}".encode(), "sha256")

    def message_id(
        self, event_id: str, revision: int, person_id: str, channel: str, domain: str
    ) -> str:
        """Return the Message-ID of one message: the same however often it is made."""
        text = f"{event_id}|{revision}|{person_id}|{channel}"
        return f"<{self._name('msgid', text)}.r{revision}@{domain}>"

    def webhook_id(self, event_id: str, revision: int, person_id: str) -> str:
        """Return the ``webhook-id`` of one delivery: the same over all its attempts."""
        return f"dlv_{self._name('webhook-id', f'{event_id}|{revision}|{person_id}')}"

    def webhook_secret(self, person_id: str, generation: int) -> bytes:
        """Return the secret of an endpoint, 32 bytes; the next generation is another one."""
        return hmac.new(
            self.derived("webhook"), f"{person_id}|{generation}".encode(), hashlib.sha256
        ).digest()

    def thread_root(self, event_id: str, person_id: str, domain: str) -> str:
        """Return the id that all messages of an event to a person refer to."""
        return f"<{self._name('thread', f'{event_id}|{person_id}')}.t@{domain}>"

    def bounce_address(self, delivery_id: str, at: datetime, domain: str) -> str:
        """Return the envelope sender of one delivery, so that its bounce names it."""
        stem = f"{delivery_id[:8]}.{base36(int(at.timestamp()))}"
        return f"b+{stem}.{self.bounce_signature(stem)}@{domain}"

    def bounce_signature(self, stem: str) -> str:
        """Return the signature of a bounce address, 16 hexadecimal digits."""
        return hmac.new(self.derived("verp"), stem.encode(), hashlib.sha256).hexdigest()[:16]

    def _name(self, purpose: str, text: str) -> str:
        digest = hmac.new(self.derived(purpose), text.encode(), hashlib.sha256).digest()
        return base64.b32encode(digest).decode().lower()[:32]


def base36(number: int) -> str:
    """Return a number that is not negative in digits and lower-case letters."""
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    text = digits[number % 36]
    while number := number // 36:
        text = digits[number % 36] + text
    return text
