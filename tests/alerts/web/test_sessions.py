from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine, select

from alerts.web.parts import Parts
from alerts.web.sessions import SessionPolicy, Sessions
from alerts.web.tables import SESSIONS
from aoi.database import reading
from tests.alerts.web.browsers import NOW, add_person


@pytest.fixture
def sessions(parts: Parts) -> Sessions:
    add_person(parts, "amina", "analyst")
    return Sessions(
        parts.database, SessionPolicy(idle=timedelta(minutes=30), whole=timedelta(hours=12))
    )


def test_the_database_does_not_hold_what_opens_the_door(db: Engine, sessions: Sessions) -> None:
    token = sessions.open("amina", NOW)

    with reading(db) as connection:
        (kept,) = connection.execute(select(SESSIONS.c.token_sha256)).scalars()

    assert kept != token
    assert sessions.visit(kept, NOW) is None
    # 32 bytes of chance in base64.
    assert len(token) == 43


@pytest.mark.parametrize(
    ("minutes", "open_still"),
    [pytest.param(29.9, True, id="just in time"), pytest.param(30, False, id="half an hour idle")],
)
def test_it_ends_when_nobody_clicks(minutes: float, open_still: bool, sessions: Sessions) -> None:
    token = sessions.open("amina", NOW)

    found = sessions.visit(token, NOW + timedelta(minutes=minutes))

    assert (found is not None) is open_still


def test_clicks_keep_it_open_but_not_for_ever(sessions: Sessions) -> None:
    token = sessions.open("amina", NOW)

    seen = [
        sessions.visit(token, NOW + timedelta(minutes=20 * n)) is not None for n in range(1, 38)
    ]

    # 12 hours are 36 times 20 minutes: the last two come too late.
    assert seen == [True] * 35 + [False] * 2


def test_one_can_be_ended_and_the_others_stay(sessions: Sessions) -> None:
    here, there = sessions.open("amina", NOW), sessions.open("amina", NOW)

    sessions.end(here, NOW)

    assert sessions.visit(here, NOW) is None
    assert sessions.visit(there, NOW) is not None
    assert len(sessions.of("amina", NOW)) == 1


def test_all_can_be_ended_at_once(sessions: Sessions) -> None:
    tokens = [sessions.open("amina", NOW) for _ in range(3)]

    sessions.end_all("amina", NOW)

    assert [sessions.visit(token, NOW) for token in tokens] == [None] * 3
    assert sessions.of("amina", NOW) == []


@pytest.mark.parametrize("token", ["", "x", "' OR 1=1 --", "\x00"])
def test_anything_else_is_nobody(token: str, sessions: Sessions) -> None:
    assert sessions.visit(token, NOW) is None
