"""Addresses given by people, held to the public internet (ALERTS 6.3, T20)."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from alerts.errors import InvalidAddress

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

Resolve = Callable[[str, int], Sequence[str]]
"""Returns the addresses of a host."""

PORTS = frozenset({443, 8443})

MAX_URL_LENGTH = 2_000

# `is_global` lets these through, and each of them leads back inside.
TUNNELS = tuple(
    ipaddress.ip_network(network)
    for network in (
        "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "192.88.99.0/24", "fec0::/10",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes: the address that was checked, and the name it was asked for."""

    host: str
    port: int
    path: str
    address: str


@dataclass(frozen=True, slots=True)
class Guard:
    """Which addresses may be connected to. From ``[webhooks]`` in config.toml."""

    allow_private: bool = False
    """For a receiver in the same house; https is still wanted."""

    own_hosts: tuple[str, ...] = ()
    """Names of our own site: a loop."""

    def target(self, url: str, resolve: Resolve) -> Target:
        """Return where a request to `url` may go.

        Every address of the host must be public, and the one that is returned
        is the one to connect to: a name that changes its mind is not asked again.

        Raises
        ------
        InvalidAddress
            Names the rule that it breaks.
        """
        if len(url) > MAX_URL_LENGTH:
            raise _refused(url, f"it is longer than {MAX_URL_LENGTH:,} characters")
        host, port, path = self._parts(url)
        found = [ipaddress.ip_address(text.partition("%")[0]) for text in resolve(host, port)]
        if not found:
            raise _refused(url, "its host has no address")
        for address in found:
            if not self.allow_private and not is_public(address):
                raise _refused(url, "its host has an address that is not public")
        return Target(host, port, path, str(found[0]))

    def _parts(self, url: str) -> tuple[str, int, str]:
        try:
            parts = urlsplit(url)
            port = parts.port or 443
        except ValueError as error:
            raise _refused(url, "it cannot be read") from error
        if parts.scheme != "https":
            raise _refused(url, "https only")
        if parts.username is not None or parts.password is not None:
            raise _refused(url, "no name or password before the host")
        host = (parts.hostname or "").rstrip(".")
        if not host or not host.isascii() or not url.isprintable():
            raise _refused(url, "its host is written in a way that hides another one")
        if host == "localhost" or host.endswith(".localhost"):
            raise _refused(url, "its host has an address that is not public")
        if host in self.own_hosts:
            raise _refused(url, "it is our own site: a loop")
        if port not in PORTS and not self.allow_private:
            raise _refused(url, f"port {port} is not allowed")
        return host, port, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def is_public(address: IpAddress) -> bool:
    """Return True for an address of the public internet that leads nowhere else."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if not address.is_global or address.is_multicast:
        return False
    return not any(address.version == network.version and address in network for network in TUNNELS)


def resolved(host: str, port: int) -> list[str]:
    """Return the addresses of a host, as the system finds them; none if it finds none."""
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError):
        return []
    return list(dict.fromkeys(str(answer[4][0]) for answer in answers))


def _refused(url: str, rule: str) -> InvalidAddress:
    # Its path may hold a secret of the receiver: only scheme and host are shown.
    shown = url[:80].partition("?")[0]
    return InvalidAddress(
        f"cannot deliver to {shown!r}: {rule}",
        hint="give an https address of a public host, port 443 or 8443",
    )
