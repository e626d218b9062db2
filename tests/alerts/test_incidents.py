from __future__ import annotations

from sqlalchemy import Engine

from alerts.incidents import close_incident, open_incidents, report_incident
from aoi.database import writing
from tests.builders import NOW, days_ago


def test_one_cause_is_one_incident_however_often_it_strikes(db: Engine) -> None:
    with writing(db) as connection:
        report_incident(connection, "email:config", "login refused", days_ago(1))
        report_incident(connection, "email:config", "login refused again", NOW)
        report_incident(connection, "delivery:d1", "given up", NOW)

    first, second = open_incidents(db)
    assert (first.cause, first.times, first.seen_at) == ("email:config", 2, NOW)
    assert (first.sentence, first.opened_at) == ("login refused again", days_ago(1))
    assert second.cause == "delivery:d1"


def test_what_was_closed_and_comes_again_is_a_new_incident(db: Engine) -> None:
    with writing(db) as connection:
        report_incident(connection, "disk", "full", days_ago(2))

    assert close_incident(db, "disk", days_ago(1))
    assert not close_incident(db, "disk", days_ago(1))
    assert open_incidents(db) == []

    with writing(db) as connection:
        report_incident(connection, "disk", "full", NOW)
    (again,) = open_incidents(db)
    assert (again.opened_at, again.times) == (NOW, 1)
