from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine, select

from alerts.web.api_keys import ApiKeys
from alerts.web.errors import InvalidAccount, UnknownAccount
from alerts.web.tables import API_KEYS
from aoi.database import reading
from tests.alerts.web.browsers import NOW


@pytest.fixture
def keys(db: Engine) -> ApiKeys:
    return ApiKeys(db)


def test_the_secret_is_shown_once_and_kept_nowhere(db: Engine, keys: ApiKeys) -> None:
    made, secret = keys.make("qgis", "partner", "olga", NOW)

    with reading(db) as connection:
        row = str(connection.execute(select(API_KEYS)).one())

    assert secret.startswith("ew_")
    assert secret not in row
    assert keys.visit(secret, NOW) is not None
    assert (made.label, made.clearance, made.made_by) == ("qgis", "partner", "olga")


def test_a_revoked_key_opens_nothing_and_stays_on_the_list(keys: ApiKeys) -> None:
    made, secret = keys.make("old", "public", "olga", NOW)

    gone = keys.revoke(made.key_id, NOW)

    assert gone.revoked_at == NOW
    assert keys.visit(secret, NOW) is None
    assert [key.key_id for key in keys.all()] == [made.key_id]


def test_the_last_use_is_kept_to_the_minute(keys: ApiKeys) -> None:
    made, secret = keys.make("feed", "public", "olga", NOW)

    for seconds in (0, 30, 70):
        keys.visit(secret, NOW + timedelta(seconds=seconds))

    assert keys.key(made.key_id).used_at == NOW + timedelta(seconds=70)


def test_no_key_has_the_clearance_of_the_desk(keys: ApiKeys) -> None:
    with pytest.raises(InvalidAccount, match="is no clearance"):
        keys.make("everything", "desk", "olga", NOW)


def test_a_key_that_nobody_made_is_not_found(keys: ApiKeys) -> None:
    with pytest.raises(UnknownAccount):
        keys.revoke("0" * 12, NOW)
    assert keys.visit("ew_nothing", NOW) is None
    assert keys.visit("nothing", NOW) is None
