from __future__ import annotations

from sqlalchemy import Engine

from alerts.web.parts import Parts
from alerts.web.trail import trail
from tests.alerts.web.browsers import NOW, PASSWORD


def test_every_change_of_an_account_and_a_key_stands_under_a_name(db: Engine, parts: Parts) -> None:
    parts.accounts.add("amina", "analyst", PASSWORD, NOW, ["sd-test"], by="olga")
    parts.accounts.change("amina", NOW, role="operator", areas=None, by="olga")
    parts.accounts.reset("amina", "nine loud geese march", NOW)
    key, _ = parts.api_keys.make("gis", "public", "olga", NOW)
    parts.api_keys.revoke(key.key_id, NOW, by="olga")
    parts.accounts.remove("amina", NOW, by="olga")

    lines = [(line.actor, str(line.deed), line.subject, line.detail) for line in trail(db)]

    assert lines[::-1] == [
        ("olga", "added", "amina", "analyst: sd-test"),
        ("olga", "changed", "amina", "operator"),
        ("command line", "password", "amina", ""),
        ("olga", "key_made", "gis", "reader"),
        ("olga", "key_revoked", "gis", ""),
        ("olga", "removed", "amina", ""),
    ]
    assert [line.by_command for line in trail(db)[::-1]].index(True) == 2


def test_only_as_many_lines_as_are_asked_for_the_newest_first(db: Engine, parts: Parts) -> None:
    for number in range(3):
        parts.api_keys.make(f"key {number}", "public", "olga", NOW)

    assert [line.subject for line in trail(db, 2)] == ["key 2", "key 1"]
