"""Short notices to chat services through apprise (extra ``channels``): no receipt, no folding."""

from __future__ import annotations

import threading
from collections.abc import Callable
from importlib.util import find_spec

from alerts.errors import DeliveryFailed, FailureClass, InvalidAddress
from alerts.ports import Parcel

DEADLINE_S = 60.0

SCHEMES_OF_OTHERS = frozenset({"http", "https", "file", "mailto", "mailtos"})
"""Mail and webhooks have channels of their own, with guards; files are nobody's chat."""


def require_chat_address(url: str) -> None:
    """Refuse what is no address of a chat service.

    Raises
    ------
    InvalidAddress
    """
    scheme = url.partition("://")[0].lower()
    if scheme in SCHEMES_OF_OTHERS:
        raise InvalidAddress(
            f"{scheme}:// is no chat service", hint="an https address is a webhook, if it has no @"
        )
    if find_spec("apprise") is None:
        raise InvalidAddress(
            f"{scheme}:// needs the extra `channels`", hint="install emberwatch[channels]"
        )
    # Imported here: it knows a hundred services, and few houses use one.
    from apprise import Apprise

    if not Apprise().add(url):
        raise InvalidAddress(
            f"{scheme}:// is no chat service that is known, or its address is not whole",
            hint="see the list of services of apprise",
        )


class Chat:
    """Sends notices, each on a thread of its own with a deadline.

    A notice that failed may have come: it is sent at least once, and may come
    twice. It says label and reference alone, and where to read on.
    """

    folds = False

    def __init__(self, deadline_s: float = DEADLINE_S) -> None:
        self._deadline_s = deadline_s

    def send(self, parcel: Parcel, before_dot: Callable[[], None]) -> str:
        """Send one notice; only a success that the service reported is an acceptance."""
        require_chat_address(parcel.address)
        before_dot()
        taken = threading.Event()
        # A daemon: a service that never answers must not keep the courier from ending.
        thread = threading.Thread(target=_notify, args=(parcel, taken), daemon=True)
        thread.start()
        thread.join(self._deadline_s)
        if not taken.is_set():
            raise DeliveryFailed(
                "the chat service did not take the notice in time",
                hint="it is tried again; see the address of the service",
                failure=FailureClass.TRANSIENT,
            )
        return "taken"

    def close(self) -> None:
        """Nothing is kept open."""


def _notify(parcel: Parcel, taken: threading.Event) -> None:
    from apprise import Apprise

    service = Apprise()
    title, _, body = parcel.raw.decode().partition("\n")
    if service.add(parcel.address) and service.notify(body=body.strip() or title, title=title):
        taken.set()
