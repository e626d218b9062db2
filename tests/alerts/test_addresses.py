from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.addresses import clean_address
from alerts.errors import InvalidAddress


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        pytest.param(" Reader@NGO.Example ", "Reader@ngo.example", id="domain in lower case"),
        pytest.param("r@bücher.example", "r@xn--bcher-kva.example", id="O3 A-label"),
        pytest.param("a.b+c@x-y.org", "a.b+c@x-y.org", id="dots, plus, hyphen"),
    ],
)
def test_an_address_is_kept_as_servers_take_it(typed: str, kept: str) -> None:
    assert clean_address(typed) == kept


@pytest.mark.parametrize(
    ("typed", "part"),
    [
        pytest.param("a@x.org, b@x.org", "holds a comma", id="O2 two addresses"),
        pytest.param("Doe, Jo <jo@x.org>", "holds a comma", id="O2 name with a comma"),
        pytest.param("Jo <jo@x.org>", "holds a name before it", id="a name"),
        pytest.param("jo.x.org", "has no @", id="no at"),
        pytest.param("jo@", "has no @ with a domain", id="no domain"),
        pytest.param("@x.org", "before the @", id="no local part"),
        pytest.param("a..b@x.org", "before the @", id="two dots"),
        pytest.param("jürgen@x.org", "before the @", id="local part not ASCII"),
        pytest.param("a b@x.org", "before the @", id="a space"),
        pytest.param("a@x.org\r\nBcc: z@y.org", "before the @", id="injected header"),
        pytest.param("a@localhost", "the domain cannot be used", id="one label"),
        pytest.param("a@-x.org", "the domain cannot be used", id="hyphen first"),
        pytest.param("a@[127.0.0.1]", "the domain cannot be used", id="a number"),
        pytest.param("x" * 10_000_000 + "@x.org", "at most 254 characters", id="O1 10 MB"),
    ],
)
def test_what_is_no_single_address_is_refused_by_its_part(typed: str, part: str) -> None:
    with pytest.raises(InvalidAddress, match=part):
        clean_address(typed)


@given(st.text(max_size=60))
def test_an_address_that_is_taken_is_ascii_without_spaces_and_stays_as_it_is(text: str) -> None:
    try:
        address = clean_address(text)
    except InvalidAddress:
        return

    assert address.isascii() and not set(address) & set(" \r\n<>,;")
    assert clean_address(address) == address
