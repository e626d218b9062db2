from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Engine, inspect, select, text

import alerts.web.tables  # noqa: F401  (the site is not built by the app)
import monitor.app  # noqa: F401  (puts the tables of every room on METADATA)
from alerts.tables import ALERTS
from aoi.database import METADATA, open_database, reading, writing
from aoi.errors import DatabaseUnavailable
from monitor.schema import check, config_of, is_current, require_known, upgrade


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path / 'empty.sqlite'}")
    yield engine
    engine.dispose()


def test_the_revisions_make_exactly_the_tables_of_the_program(empty: Engine) -> None:
    upgrade(empty)

    check(empty)


def test_an_empty_database_gets_every_table(empty: Engine) -> None:
    assert not is_current(empty)

    upgrade(empty)

    assert is_current(empty)
    assert set(METADATA.tables) <= set(inspect(empty).get_table_names())


def test_bringing_up_to_date_twice_changes_nothing(empty: Engine) -> None:
    upgrade(empty)
    with writing(empty) as connection:
        connection.execute(text("CREATE TABLE mine (x INTEGER)"))

    upgrade(empty)

    assert "mine" in inspect(empty).get_table_names()


def test_a_database_of_a_newer_program_is_refused_and_left_as_it_is(empty: Engine) -> None:
    upgrade(empty)
    with writing(empty) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(DatabaseUnavailable, match="newer version"):
        upgrade(empty)

    with reading(empty) as connection:
        assert (
            connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == "9999"
        )


def test_a_database_of_this_program_is_known(empty: Engine) -> None:
    upgrade(empty)

    require_known(empty)


def test_a_locked_database_is_named_with_a_hint(empty: Engine, tmp_path: Path) -> None:
    other = open_database(f"sqlite:///{tmp_path / 'empty.sqlite'}?timeout=0")
    with writing(empty):
        with other.connect() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout = 0")
        with pytest.raises(DatabaseUnavailable, match="locked"):
            upgrade(other)
    other.dispose()


OPENED = text(
    "INSERT INTO alert_events (event_id, revision, action, actor, at, reason, note, "
    "after, prev_sha256, sha256) VALUES ('fire-x', 1, 'open', 'service', "
    "'2024-05-20 00:00:00.000000', 'first', '', 'first', 'a', 'b')"
)
"""A row that points to an alert, as deliveries do."""


def test_a_database_in_use_is_brought_up_to_date_from_each_revision_since_deliveries(
    empty: Engine,
) -> None:
    with writing(empty) as connection:
        command.upgrade(config_of(connection), "0009")
        connection.execute(
            text(
                "INSERT INTO alerts (event_id, ref, aoi_id, kind, status, revision, told_revision, "
                "outside, severity, tier, needs_review, queue_order, opened_at, changed_at, body) "
                "VALUES ('fire-x', 'XXXX', 'sd', 'burn', 'first', 1, 0, 0, 'minor', 'C', 1, 0, "
                "'2024-05-20 00:00:00.000000', '2024-05-20 00:00:00.000000', :body)"
            ),
            {
                "body": '{"review": "unset", "finding": {'
                '"happened_after": "2024-05-13T08:30:00+00:00", '
                '"happened_before": "2024-05-18T08:30:00+00:00"}}'
            },
        )
        connection.execute(OPENED)

    upgrade(empty)

    with reading(empty) as connection:
        assert connection.execute(select(ALERTS.c.review)).scalar_one() == "unset"


def test_alerts_of_before_get_their_place_in_the_queue(empty: Engine) -> None:
    with writing(empty) as connection:
        command.upgrade(config_of(connection), "0005")
        connection.execute(
            text(
                "INSERT INTO alerts (event_id, ref, aoi_id, kind, status, revision, told_revision, "
                "outside, opened_at, changed_at, body) VALUES ('fire-x', 'XXXX', 'sd', 'burn', "
                "'first', 1, 0, 0, '2024-05-20', '2024-05-20', :body)"
            ),
            {
                "body": '{"severity": "severe", "finding": {"tier": "B", "probability": 0.5, '
                '"happened_after": "2024-05-13T08:30:00+00:00", '
                '"happened_before": "2024-05-18T08:30:00+00:00"}, '
                '"needs_review": true, "review": "unset", "status": "first"}'
            },
        )
        connection.execute(OPENED)

    upgrade(empty)

    with reading(empty) as connection:
        row = connection.execute(
            text("SELECT severity, tier, needs_review, queue_order FROM alerts")
        ).one()
        when = connection.execute(
            select(ALERTS.c.happened_after, ALERTS.c.happened_before, ALERTS.c.review)
        ).one()
    # Severe weighs 4, and a probability of one half doubles it.
    assert tuple(row) == ("severe", "B", 1, -8.0)
    assert tuple(when) == (
        datetime(2024, 5, 13, 8, 30, tzinfo=UTC), datetime(2024, 5, 18, 8, 30, tzinfo=UTC), "unset"
    )  # fmt: skip
