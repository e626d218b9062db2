from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine, select

from alerts.keys import Keyring
from alerts.web.errors import TooManyTries
from alerts.web.sign_ins import SignIns, network_of
from alerts.web.tables import SIGN_INS
from aoi.database import reading
from tests.alerts.web.browsers import NOW

HOME, AWAY = "192.0.2.1", "198.51.100.7"


@pytest.fixture
def door(db: Engine) -> SignIns:
    return SignIns(db, Keyring(b"k" * 32))


def fail(door: SignIns, name: str, address: str, times: int) -> None:
    for _ in range(times):
        door.note(name, address, NOW, succeeded=False)


def is_shut(door: SignIns, name: str, address: str, minutes: float = 0) -> bool:
    try:
        door.require_patience(name, address, NOW + timedelta(minutes=minutes))
    except TooManyTries:
        return True
    return False


@pytest.mark.parametrize(
    ("failures", "minutes", "shut"),
    [
        pytest.param(4, 0, False, id="four slips are human"),
        pytest.param(5, 0, True, id="the fifth must wait"),
        pytest.param(5, 14.9, True, id="and wait"),
        pytest.param(5, 15, False, id="a quarter of an hour"),
    ],
)
def test_guessing_one_account_from_one_address(
    failures: int, minutes: float, shut: bool, door: SignIns
) -> None:
    fail(door, "amina", HOME, failures)

    assert is_shut(door, "amina", HOME, minutes) is shut


def test_the_owner_comes_in_from_elsewhere_meanwhile(door: SignIns) -> None:
    fail(door, "amina", AWAY, 5)

    assert not is_shut(door, "amina", HOME)


def test_trying_many_accounts_from_one_address_is_seen_too(door: SignIns) -> None:
    for number in range(20):
        fail(door, f"name-{number}", AWAY, 1)

    assert is_shut(door, "amina", AWAY)
    assert not is_shut(door, "amina", HOME)


def test_a_flood_from_everywhere_shuts_out_strangers_and_not_the_owner(door: SignIns) -> None:
    door.note("amina", HOME, NOW - timedelta(days=3), succeeded=True)
    for number in range(50):
        fail(door, "amina", f"203.0.113.{number}", 1)

    assert is_shut(door, "amina", AWAY)
    assert not is_shut(door, "amina", HOME)


def test_a_name_is_one_name_however_it_is_written(door: SignIns) -> None:
    fail(door, "AMINA", HOME, 5)

    assert is_shut(door, "amina", HOME)


def test_neither_names_nor_addresses_can_be_read_from_the_table(db: Engine, door: SignIns) -> None:
    fail(door, "amina", HOME, 1)

    with reading(db) as connection:
        row = str(connection.execute(select(SIGN_INS)).one())

    assert "amina" not in row
    assert HOME not in row


def test_old_tries_are_forgotten(db: Engine, door: SignIns) -> None:
    door.note("amina", HOME, NOW - timedelta(days=31), succeeded=True)

    door.note("ben", HOME, NOW, succeeded=True)

    with reading(db) as connection:
        assert len(connection.execute(select(SIGN_INS)).all()) == 1


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::1", "::/64"),
        ("testclient", "testclient"),
    ],
)
def test_an_ipv6_host_has_a_whole_network_to_guess_from(address: str, network: str) -> None:
    assert network_of(address) == network
