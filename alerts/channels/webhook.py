"""Alerts to other programs over https, signed as Standard Webhooks 1.0 has it (ALERTS 5.5)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alerts.channels.guard import Guard, Resolve, Target, resolved
from alerts.errors import DeliveryFailed, FailureClass, InvalidAddress
from alerts.ports import Parcel

SecretsOf = Callable[[str], Sequence[bytes]]
"""Returns the secrets of a person's endpoint: the current one, and for a while the last one."""

TRANSIENT_STATUSES = frozenset({408, 425, 429})

MAX_RETRY_AFTER = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """From ``[webhooks]`` in config.toml."""

    timeout_s: float = 30.0
    """For the whole exchange: an endpoint that trickles is cut off."""

    max_answer_bytes: int = 64_000
    guard: Guard = field(default_factory=Guard)
    ca_file: str = ""


class Webhook:
    """Posts parcels, each to its address that was checked in the moment of connecting.

    Parameters
    ----------
    secrets_of : SecretsOf
    clock : callable
        Time of an attempt, which its signature covers.
    """

    folds = True
    """The receiver folds copies by their ``webhook-id``."""

    def __init__(
        self, settings: WebhookSettings, secrets_of: SecretsOf, clock: Callable[[], datetime],
        resolve: Resolve = resolved,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._secrets_of = secrets_of
        self._clock = clock
        self._resolve = resolve

    def send(self, parcel: Parcel, before_dot: Callable[[], None]) -> str:
        """Post one parcel; only a 2xx is an acceptance, and no redirect is followed."""
        target = self._target(parcel)
        headers = self._headers(parcel)
        with self._connected(target) as connection:
            before_dot()
            status, retry_after, _ = self._exchanged(connection, target, parcel.raw, headers)
        if 200 <= status < 300:
            return f"{status}"
        raise _failure_of(status, retry_after)

    def answers_challenge(self, parcel: Parcel, challenge: str) -> bool:
        """Say whether an endpoint gives back a challenge, so that it is whose it says it is."""
        target = self._target(parcel)
        with self._connected(target) as connection:
            status, _, body = self._exchanged(connection, target, parcel.raw, self._headers(parcel))
        return 200 <= status < 300 and challenge.encode() in body

    def close(self) -> None:
        """Nothing is kept open."""

    def _target(self, parcel: Parcel) -> Target:
        try:
            return self._settings.guard.target(parcel.address, self._resolve)
        except InvalidAddress as refusal:
            raise DeliveryFailed(
                refusal.message, refusal.hint, failure=FailureClass.RECIPIENT
            ) from refusal

    def _headers(self, parcel: Parcel) -> dict[str, str]:
        stamp = str(int(self._clock().timestamp()))
        signatures = [
            signature_of(secret, parcel.message_id, stamp, parcel.raw)
            for secret in self._secrets_of(parcel.person_id)
        ]
        return {
            "Content-Type": "application/json",
            "User-Agent": "Emberwatch",
            "webhook-id": parcel.message_id,
            "webhook-timestamp": stamp,
            "webhook-signature": " ".join(signatures),
        }

    @contextmanager
    def _connected(self, target: Target) -> Iterator[_Pinned]:
        context = ssl.create_default_context(cafile=self._settings.ca_file or None)
        connection = _Pinned(target, self._settings.timeout_s, context)
        timer: threading.Timer | None = None
        try:
            connection.connect()
            timer = threading.Timer(self._settings.timeout_s, connection.cut)
            timer.start()
            yield connection
        except (OSError, http.client.HTTPException) as error:
            raise DeliveryFailed(
                f"the endpoint cannot be reached, or broke off: {type(error).__name__}",
                failure=FailureClass.TRANSIENT,
            ) from error
        finally:
            if timer is not None:
                timer.cancel()
            connection.close()

    def _exchanged(
        self, connection: _Pinned, target: Target, body: bytes, headers: dict[str, str]
    ) -> tuple[int, str, bytes]:
        connection.request("POST", target.path, body, headers)
        with closing(connection.getresponse()) as answer:
            # Read as it is: an answer that unpacks to more than it weighs is not unpacked.
            text = answer.read(self._settings.max_answer_bytes)
            if connection.was_cut:
                raise TimeoutError("the answer did not end in time")
            return answer.status, answer.getheader("Retry-After", ""), text


class _Pinned(http.client.HTTPSConnection):
    """A connection to the address that was checked, with the name for TLS."""

    def __init__(self, target: Target, timeout_s: float, context: ssl.SSLContext) -> None:
        super().__init__(target.host, target.port, timeout=timeout_s, context=context)
        self._target = target
        self._tls = context
        self._wire: socket.socket | None = None
        self.was_cut = False

    def connect(self) -> None:
        plain = socket.create_connection(
            (self._target.address, self._target.port), timeout=self.timeout
        )
        try:
            self.sock = self._tls.wrap_socket(plain, server_hostname=self._target.host)
        except OSError:
            plain.close()
            raise
        # http.client lets go of `sock` while an answer without a length is read.
        self._wire = self.sock

    def cut(self) -> None:
        """Break the connection: its time is up."""
        self.was_cut = True
        if self._wire is not None:
            with suppress(OSError):
                self._wire.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection, and the answer that may still be read from it."""
        super().close()
        if self._wire is not None:
            self._wire.close()


def signature_of(secret: bytes, message_id: str, stamp: str, body: bytes) -> str:
    """Return one signature of Standard Webhooks, version 1."""
    text = f"{message_id}.{stamp}.".encode() + body
    digest = hmac.new(secret, text, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def secret_text(secret: bytes) -> str:
    """Return a secret as it is given to the receiver."""
    return f"whsec_{base64.b64encode(secret).decode()}"


def _failure_of(status: int, retry_after: str) -> DeliveryFailed:
    if status in TRANSIENT_STATUSES or status >= 500:
        seconds = int(retry_after) if retry_after.isdecimal() else 0
        wait = min(timedelta(seconds=seconds), MAX_RETRY_AFTER)
        return DeliveryFailed(
            f"the endpoint answered {status}", failure=FailureClass.TRANSIENT, code=status,
            retry_after=wait,
        )  # fmt: skip
    if status == 410:
        return DeliveryFailed(
            "the endpoint is gone (410)", failure=FailureClass.RECIPIENT, code=status
        )
    what = "a redirect, which is not followed" if 300 <= status < 400 else f"{status}"
    return DeliveryFailed(
        f"the endpoint answered {what}", hint="its owner must mend it",
        failure=FailureClass.TRANSIENT, code=status,
    )  # fmt: skip
