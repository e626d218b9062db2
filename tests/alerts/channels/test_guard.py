from __future__ import annotations

import ipaddress
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.channels.guard import Guard, Target, is_public, resolved
from alerts.errors import InvalidAddress

PUBLIC = "93.184.216.34"


def public(host: str, port: int) -> Sequence[str]:
    return [PUBLIC]


def as_written(host: str, port: int) -> Sequence[str]:
    """Resolve numbers as the system does, and every name to a public address."""
    return resolved(host, port) or [PUBLIC]


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        pytest.param("http://127.0.0.1", "https only", id="D1"),
        pytest.param("https://127.0.0.1/", "not public", id="D1 with TLS"),
        pytest.param("https://[::1]/", "not public", id="D2"),
        pytest.param("https://2130706433/", "not public", id="D3 one number"),
        pytest.param("https://0x7f.1/", "not public", id="D4 hexadecimal"),
        pytest.param("https://0177.0.0.1/", "not public", id="D5 octal"),
        pytest.param("https://①②⑦.⓪.⓪.①/", "hides another one", id="D6 circled digits"),
        pytest.param("https://[::ffff:127.0.0.1]/", "not public", id="D7 mapped"),
        pytest.param("https://[64:ff9b::7f00:1]/", "not public", id="D8 NAT64"),
        pytest.param("https://[2002:7f00:1::]/", "not public", id="D9 6to4"),
        pytest.param("https://100.64.0.1/", "not public", id="D10 carrier"),
        pytest.param("https://169.254.169.254/latest", "not public", id="D11 metadata"),
        pytest.param("https://[fd00::1]/", "not public", id="D12 local"),
        pytest.param("file:///etc/passwd", "https only", id="D16 file"),
        pytest.param("gopher://x.org/", "https only", id="D16 gopher"),
        pytest.param("/vsicurl/https://x.org", "https only", id="D16 vsicurl"),
        pytest.param("https://good@127.0.0.1/", "no name or password", id="D17"),
        pytest.param("https://x.org:25/", "port 25 is not allowed", id="D18"),
        pytest.param("https://x.org:6379/", "port 6379 is not allowed", id="D18 redis"),
        pytest.param("https://localhost./", "not public", id="D19"),
        pytest.param("https://watch.example.org/hook", "our own site", id="D23"),
        pytest.param("https://x.org:99999/", "cannot be read", id="no such port"),
        pytest.param("https:///path", "hides another one", id="no host"),
        pytest.param("https://x.org/" + "a" * 2_000, "longer than 2,000", id="too long"),
    ],
)
def test_an_address_that_leads_inside_is_refused_by_its_rule(url: str, rule: str) -> None:
    guard = Guard(own_hosts=("watch.example.org",))

    with pytest.raises(InvalidAddress, match=rule):
        guard.target(url, as_written)


def test_a_public_host_is_connected_to_at_the_address_that_was_checked() -> None:
    target = Guard().target("https://hooks.example.org/in?key=1", public)

    assert target == Target("hooks.example.org", 443, "/in?key=1", PUBLIC)


def test_every_address_of_a_host_must_be_public() -> None:
    with pytest.raises(InvalidAddress, match="not public"):
        Guard().target("https://both.example.org/", lambda host, port: [PUBLIC, "10.0.0.1"])


def test_a_host_without_an_address_is_refused() -> None:
    with pytest.raises(InvalidAddress, match="no address"):
        Guard().target("https://nowhere.example.org/", lambda host, port: [])


def test_a_refusal_does_not_repeat_the_secret_in_a_link() -> None:
    with pytest.raises(InvalidAddress) as refusal:
        Guard().target("http://x.org/in?key=SECRET", public)

    assert "SECRET" not in str(refusal.value)


@given(st.ip_addresses(v=4))
def test_an_address_wrapped_into_ipv6_is_as_public_as_it_was(address: object) -> None:
    wrapped = ipaddress.ip_address(f"::ffff:{address}")

    assert is_public(wrapped) == is_public(ipaddress.ip_address(str(address)))
