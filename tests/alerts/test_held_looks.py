from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Engine

from alerts.held_looks import HeldLooks
from alerts.incidents import close_incident, open_incidents
from monitor.store import MonitorStore
from tests.builders import NOW, days_ago
from tests.monitor.values import an_archived_look

SUSPECT = "suspect radiometry: the offset was subtracted twice"


def archive(db: Engine, look_id: str, known_at: datetime = NOW, **changes: object) -> None:
    look = an_archived_look(
        **{
            "look_id": look_id, "path": f"looks/{look_id}.tif", "held_reason": SUSPECT,
            "known_at": known_at, **changes,
        }
    )  # fmt: skip
    MonitorStore(db).add_history([look])


def watch(db: Engine, now: datetime = NOW) -> int:
    return HeldLooks(db, MonitorStore(db)).watch(now)


def test_an_operator_is_told_once_of_each_provider_that_is_held(db: Engine) -> None:
    archive(db, "look-1", provider="earth-search")
    archive(db, "look-2", provider="earth-search", aoi_id="sd-other")
    archive(db, "look-3", provider="cdse")

    assert watch(db) == 2
    assert watch(db, NOW + timedelta(hours=1)) == 0

    told = {one.cause: one.sentence for one in open_incidents(db)}
    assert sorted(told) == ["radiometry:cdse", "radiometry:earth-search"]
    said = told["radiometry:earth-search"]
    assert said.startswith("Looks of earth-search held in the last 30 days: 2, areas: 2.")
    assert "the offset was subtracted twice (sentinel-2b, 2024-05-18)" in said
    assert "sd-" not in said


def test_further_looks_are_counted_and_reopen_what_was_closed(db: Engine) -> None:
    archive(db, "look-1", provider="cdse")
    watch(db)
    archive(db, "look-2", NOW + timedelta(days=1), provider="cdse")
    assert watch(db, NOW + timedelta(days=1)) == 1
    [known] = open_incidents(db)
    assert known.times == 2
    assert known.sentence.startswith("Looks of cdse held in the last 30 days: 2, areas: 1.")

    close_incident(db, "radiometry:cdse", NOW + timedelta(days=1))
    assert watch(db, NOW + timedelta(days=2)) == 0
    assert open_incidents(db) == []

    archive(db, "look-3", NOW + timedelta(days=3), provider="cdse")
    assert watch(db, NOW + timedelta(days=3)) == 1
    assert len(open_incidents(db)) == 1


def test_looks_that_are_trusted_old_or_held_for_the_land_are_no_incident(db: Engine) -> None:
    archive(db, "look-1", held_reason="")
    archive(db, "look-2", held_reason="held: 9 of 20 patches of quiet land stand out as well")
    archive(db, "look-3", acquired_at=days_ago(31))
    archive(db, "look-4", superseded_by="look-5")

    assert watch(db) == 0
    assert open_incidents(db) == []
