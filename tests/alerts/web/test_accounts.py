from __future__ import annotations

import pytest
from sqlalchemy import Engine, select

from alerts.web.accounts import Accounts, Role
from alerts.web.errors import InvalidAccount, UnknownAccount
from alerts.web.passwords import matches
from alerts.web.sessions import Sessions
from alerts.web.tables import ACCOUNTS
from aoi.database import reading
from tests.alerts.web.browsers import NOW, PASSWORD

OTHER = "nine loud geese march"


@pytest.fixture
def accounts(db: Engine) -> Accounts:
    return Accounts(db)


def test_a_person_can_sign_in_with_their_password_and_no_other(accounts: Accounts) -> None:
    accounts.add("amina", "analyst", PASSWORD, NOW)

    found = accounts.verified("amina", PASSWORD)

    assert found is not None
    assert (found.name, found.role, found.areas) == ("amina", Role.ANALYST, None)
    assert accounts.verified("amina", OTHER) is None
    assert accounts.verified("nobody", PASSWORD) is None


def test_the_password_itself_is_not_kept(db: Engine, accounts: Accounts) -> None:
    accounts.add("amina", "analyst", PASSWORD, NOW)

    with reading(db) as connection:
        kept = connection.execute(select(ACCOUNTS.c.password_hash)).scalar_one()

    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=2$")
    assert PASSWORD not in kept


@pytest.mark.parametrize(
    "name", ["", "service", "Service", " amina", "a" * 61, "am\nina", "<b>", "amina\u202e", "-"]
)
def test_a_name_that_misleads_or_breaks_a_line_is_refused(name: str, accounts: Accounts) -> None:
    with pytest.raises(InvalidAccount, match="cannot be a name"):
        accounts.add(name, "analyst", PASSWORD, NOW)


@pytest.mark.parametrize("name", ["amina", "Amina Abdel-Karim", "أمينة", "မြင့်", "o.k@ngo.org", "x"])
def test_names_of_all_scripts_are_names(name: str, accounts: Accounts) -> None:
    assert accounts.add(name, "analyst", PASSWORD, NOW).name == name


@pytest.mark.parametrize("role", ["anyone", "reader", "root", ""])
def test_only_the_roles_of_people_can_be_given(role: str, accounts: Accounts) -> None:
    with pytest.raises(InvalidAccount, match="is no role"):
        accounts.add("amina", role, PASSWORD, NOW)


def test_a_name_is_never_given_twice(accounts: Accounts) -> None:
    accounts.add("amina", "analyst", PASSWORD, NOW)
    accounts.remove("amina", NOW)

    with pytest.raises(InvalidAccount, match="was, the name of somebody"):
        accounts.add("AMINA", "admin", PASSWORD, NOW)


def test_who_was_removed_is_out_at_once(db: Engine, accounts: Accounts) -> None:
    accounts.add("amina", "analyst", PASSWORD, NOW)
    token = Sessions(db).open("amina", NOW)

    accounts.remove("amina", NOW)

    assert accounts.none_yet()
    assert accounts.verified("amina", PASSWORD) is None
    assert Sessions(db).visit(token, NOW) is None
    with pytest.raises(UnknownAccount):
        accounts.account("amina")


@pytest.mark.parametrize("change", ["reset", "change"])
def test_another_password_or_role_ends_every_sign_in(
    change: str, db: Engine, accounts: Accounts
) -> None:
    accounts.add("amina", "analyst", PASSWORD, NOW)
    token = Sessions(db).open("amina", NOW)

    if change == "reset":
        accounts.reset("amina", OTHER, NOW)
    else:
        accounts.change("amina", NOW, role="operator", areas=["sd-test"])

    assert Sessions(db).visit(token, NOW) is None


def test_a_person_may_be_kept_to_some_areas(accounts: Accounts) -> None:
    accounts.add("amina", "analyst", PASSWORD, NOW, areas=["sd-test"])
    accounts.add("ben", "analyst", PASSWORD, NOW, areas=[])

    assert accounts.account("amina").areas == ("sd-test",)
    # No area is none at all, and not every one.
    assert accounts.account("ben").areas == ()


@pytest.mark.parametrize(
    ("password", "message"),
    [
        ("elevenchars", "11 characters"),
        ("x" * 201, "201 characters"),
        ("password1234", "others try first"),
        ("aaaaaaaaaaaaaa", "others try first"),
        ("amina-is-my-name", "others try first"),
        ("abcdefghijklm", "others try first"),
    ],
)
def test_a_password_that_others_try_first_is_refused(
    password: str, message: str, accounts: Accounts
) -> None:
    with pytest.raises(InvalidAccount, match=message) as refused:
        accounts.add("amina", "analyst", password, NOW)
    assert password not in str(refused.value)


def test_nobodys_password_matches_nothing() -> None:
    assert not matches("for nobody at all, never equal.", None)
    assert not matches(PASSWORD, "not a hash")
