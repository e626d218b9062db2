from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Engine, select

from alerts.alert import Alert, Review, Status
from alerts.grading import priority_of
from alerts.queue import AlertQueue, Wanted
from alerts.store import insert_alert
from alerts.tables import ALERTS
from aoi.database import reading, writing
from tests.alerts.conftest import House
from tests.builders import NOW, a_finding, days_ago


@pytest.fixture
def queue(db: Engine) -> AlertQueue:
    return AlertQueue(db)


def keep(db: Engine, alert: Alert) -> Alert:
    with writing(db) as connection:
        insert_alert(connection, alert, [])
    return alert


def several(db: Engine, house: House) -> dict[str, Alert]:
    """A minor and an extreme one that are sure, an extreme one that is not, a rejected one."""
    first = house.opened()
    made = {}
    for n, (name, severity, probability) in enumerate(
        [("minor", "minor", 0.5), ("sure", "extreme", 1.0), ("unsure", "extreme", 0.5)]
    ):
        finding = replace(first.finding, probability=probability)
        made[name] = keep(
            db,
            replace(first, event_id=f"fire-{name}", ref=f"REF{n}", severity=severity,
                    finding=finding),
        )  # fmt: skip
    house.desk.reject(first.ref, "Ben", "water", NOW)
    return made


@pytest.mark.parametrize(
    ("severity", "probability", "expected"),
    [
        pytest.param("minor", 0.5, 2.0, id="one half is the most uncertain: twice"),
        pytest.param("minor", 1.0, 1.0, id="certain: once"),
        pytest.param("extreme", 0.0, 8.0, id="certainly not, and extreme if it were"),
        pytest.param("severe", 0.75, 7.0, id="4 x (1 + 4 x 3/16)"),
    ],
)
def test_the_priority_is_severity_times_uncertainty(
    house: House, severity: str, probability: float, expected: float
) -> None:
    alert = house.opened()
    finding = replace(alert.finding, probability=probability)

    assert priority_of(replace(alert, severity=severity, finding=finding)) == expected


def test_what_somebody_judged_and_must_be_looked_at_again_comes_first(house: House) -> None:
    alert = replace(house.opened(), review=Review.YES, needs_review=True)

    assert priority_of(alert) > 100


def test_the_most_pressing_comes_first_and_what_was_rejected_not_at_all(
    db: Engine, house: House, queue: AlertQueue
) -> None:
    several(db, house)

    page = queue.page(Wanted(), limit=10)

    assert [alert.event_id for alert in page] == ["fire-unsure", "fire-sure", "fire-minor"]
    assert queue.counts(Wanted()).total == queue.total(Wanted()) == 3


def test_pages_follow_each_other_without_a_gap(db: Engine, house: House, queue: AlertQueue) -> None:
    several(db, house)

    pages = [queue.page(Wanted(), limit=2, offset=offset) for offset in (0, 2)]

    assert [[a.event_id for a in page] for page in pages] == [
        ["fire-unsure", "fire-sure"],
        ["fire-minor"],
    ]


def test_everything_on_record_has_the_rejected_too(
    db: Engine, house: House, queue: AlertQueue
) -> None:
    several(db, house)

    assert queue.counts(Wanted(waiting=False)).total == 4
    assert queue.counts(Wanted(waiting=False, status="rejected")).total == 1


def test_counts_say_what_another_choice_would_show(
    db: Engine, house: House, queue: AlertQueue
) -> None:
    several(db, house)

    counts = queue.counts(Wanted(waiting=False, status="rejected"))

    assert counts.facets["status"] == {"first": 3, "rejected": 1}
    assert counts.facets["kind"] == {"burn": 1}
    assert (counts.total, counts.areas) == (1, {"sd-test": 1})


def test_nobody_sees_or_counts_what_lies_outside_their_areas(
    db: Engine, house: House, queue: AlertQueue
) -> None:
    several(db, house)

    nothing = Wanted(waiting=False, areas=frozenset({"elsewhere"}))
    assert queue.page(nothing, limit=10) == []
    counts = queue.counts(nothing)
    assert (counts.total, counts.areas) == (0, {})
    assert all(values == {} for values in counts.facets.values())
    assert queue.counts(Wanted(waiting=False, areas=frozenset({"sd-test"}))).total == 4
    assert queue.standing(frozenset({"elsewhere"})) == []


def test_a_verdict_of_the_service_is_nobodys_label(house: House, queue: AlertQueue) -> None:
    alert = house.opened()
    house.desk.unsure(alert.ref, "Amina", NOW)

    assert queue.judged_by("Amina", [alert.event_id]) == {alert.event_id}
    assert queue.judged_by("Ben", [alert.event_id]) == frozenset()


def test_the_columns_of_the_queue_follow_every_act(db: Engine, house: House) -> None:
    alert = house.opened()
    columns = select(ALERTS.c.severity, ALERTS.c.tier, ALERTS.c.needs_review)
    with reading(db) as connection:
        before = connection.execute(columns).one()

    house.desk.confirm(alert.ref, "Amina", NOW)

    with reading(db) as connection:
        after = connection.execute(columns).one()
    assert tuple(before) == (alert.severity, alert.finding.tier.value, True)
    assert tuple(after) == (alert.severity, alert.finding.tier.value, False)


def test_the_order_is_read_from_an_index(db: Engine, house: House) -> None:
    # A hundred thousand alerts must not be sorted for each page.
    house.absorb(a_finding(known_at=days_ago(1)))
    query = (
        "EXPLAIN QUERY PLAN SELECT event_id FROM alerts WHERE needs_review IS 1 "
        "AND kind = 'burn' "
        "ORDER BY queue_order, opened_at, event_id LIMIT 50"
    )

    with reading(db) as connection:
        plan = " ".join(str(row) for row in connection.exec_driver_sql(query))

    assert "COVERING INDEX" in plan
    assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize(
    ("since", "until", "found"),
    [
        pytest.param(None, None, 1, id="any time"),
        pytest.param(3, None, 1, id="it ended after"),
        pytest.param(1, None, 0, id="it ended before"),
        pytest.param(None, 6, 1, id="it began before"),
        pytest.param(None, 8, 0, id="it began after"),
        pytest.param(2, 2, 1, id="the very end"),
    ],
)
def test_a_period_finds_what_may_have_happened_in_it(
    since: int | None, until: int | None, found: int, house: House, queue: AlertQueue
) -> None:
    # Between the looks of seven and of two days ago.
    house.opened()
    wanted = Wanted(
        since=None if since is None else days_ago(since),
        until=None if until is None else days_ago(until),
    )

    assert len(queue.page(wanted, limit=10)) == found
    assert sum(queue.tally(wanted).values()) == found


def test_alerts_are_tallied_by_state_and_review(
    db: Engine, house: House, queue: AlertQueue
) -> None:
    several(db, house)

    assert queue.tally(Wanted(waiting=False)) == {
        (Status.FIRST, Review.UNSET): 3, (Status.REJECTED, Review.NO): 1,
    }  # fmt: skip
    rejected = Wanted(waiting=False, statuses={Status.REJECTED})
    assert sum(queue.tally(rejected).values()) == 1


def test_each_act_is_a_change(house: House, queue: AlertQueue) -> None:
    before = queue.last_change()
    alert = house.opened()
    opened = queue.last_change()

    house.desk.confirm(alert.event_id, "Amina", NOW)

    assert before < opened < queue.last_change()
