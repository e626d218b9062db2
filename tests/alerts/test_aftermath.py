from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from alerts.aftermath import Aftermath, AftermathPolicy, End, Question, judged
from alerts.alert import Action, Status
from monitor.finding import Finding
from monitor.reading import Reading, Verdict
from monitor.store import MonitorStore
from tests.alerts.conftest import House, some_chips
from tests.alerts.test_alert import an_alert
from tests.builders import NOW, a_finding, days_ago, some_evidence
from tests.monitor.values import a_reading, a_report, a_scored_reading, an_archived_look

POLICY = AftermathPolicy(contradicted_within=timedelta(days=20), end_after_looks=3)


def burned(**changes: object) -> Finding:
    """Return a burn that was first seen ten days ago, and last seen six days ago."""
    evidence = some_evidence(look_ids=("look-a", "look-b"), quiet_look_ids=("look-weighed",))
    return a_finding(
        first_seen=days_ago(10), last_seen=days_ago(6), evidence=(evidence,), looks_agreeing=2,
        chips=some_chips(), **changes,
    )  # fmt: skip


def quiet(age: float, look_id: str = "look-c") -> Reading:
    return a_reading(look_id=look_id, acquired_at=days_ago(age), verdict=Verdict.QUIET)


@pytest.mark.parametrize(
    ("readings", "note"),
    [
        pytest.param([], None, id="nothing came after it"),
        pytest.param([quiet(10)], None, id="the first look itself is no contradiction"),
        pytest.param([quiet(4)], "look look-c of 16 May 2024", id="clear soon after"),
        pytest.param([quiet(8)], "late look look-c", id="between two looks that show it"),
        pytest.param([quiet(8, "look-weighed")], None, id="fusion has weighed it already"),
        pytest.param([replace(quiet(4), verdict=Verdict.NOT_CLEAR)], None, id="a cloudy look"),
        pytest.param([replace(quiet(4), verdict=Verdict.HELD)], None, id="a suspect scene"),
        pytest.param([replace(quiet(4), verdict=Verdict.BURN_LIKE)], None, id="it shows it too"),
    ],
)
def test_a_clear_look_that_does_not_show_it_raises_a_question(
    readings: Sequence[Reading], note: str | None
) -> None:
    outcome = judged(an_alert(finding=burned()), readings, {}, (), POLICY)

    if note is None:
        assert outcome is None
    else:
        assert isinstance(outcome, Question)
        assert outcome.note.startswith(note.replace("16 May 2024", "2024-05-16"))


def test_after_twenty_days_a_quiet_look_is_healing_and_no_contradiction() -> None:
    old = replace(burned(), first_seen=days_ago(30), last_seen=days_ago(26))

    at_the_limit = judged(an_alert(finding=old), [quiet(6)], {}, (), POLICY)
    after_it = judged(an_alert(finding=old), [quiet(5.99)], {}, (), POLICY)

    assert isinstance(at_the_limit, Question)
    assert after_it is None


def test_evidence_that_was_processed_again_and_is_gone_is_asked_about_by_name() -> None:
    alert = an_alert(finding=burned())

    outcome = judged(alert, [quiet(10, "look-a2")], {"look-a": "look-a2"}, ("look-c",), POLICY)

    assert outcome == Question(
        "look-a2", "look look-a2 was processed again, and no longer shows it"
    )


def test_whoever_was_asked_once_is_not_asked_about_every_further_look() -> None:
    assert judged(an_alert(finding=burned()), [quiet(3, "d")], {}, ("look-c",), POLICY) is None


@pytest.mark.parametrize(
    ("status", "count", "ends"),
    [
        (Status.CONFIRMED, 3, True),
        (Status.PROVISIONAL, 3, True),
        (Status.CONFIRMED, 2, False),
        (Status.FIRST, 3, False),
    ],
)
def test_an_alert_ends_after_enough_clear_looks(status: Status, count: int, ends: bool) -> None:
    after = [quiet(age, f"look-{age}") for age in range(5, 5 - count, -1)]

    outcome = judged(an_alert(finding=burned(), status=status), after, {}, ("look-5",), POLICY)

    assert isinstance(outcome, End) is ends


def recorded(house: House, reading: Reading) -> None:
    look = an_archived_look(look_id=reading.look_id, acquired_at=reading.acquired_at)
    scored = replace(a_scored_reading(), reading=reading)
    MonitorStore(house.engine).record(a_report(looks=(look,), readings=(scored,)), NOW)


def watch(house: House, now: datetime = NOW) -> int:
    return Aftermath(house.engine, MonitorStore(house.engine), POLICY).watch(now)


def told(house: House) -> int:
    house.publish()
    house.deliver()
    return len(house.mails())


def test_the_desk_is_asked_and_readers_hear_nothing_until_it_has_decided(house: House) -> None:
    house.policy = replace(house.policy, analysts=("desk@house.example",))
    house.subscribe()
    house.absorb(burned())
    (alert,) = house.alerts.alerts()
    house.desk.confirm(alert.ref, by="Amina", now=NOW)
    assert told(house) == 1
    recorded(house, quiet(4))

    assert watch(house) == 1
    assert watch(house) == 0

    (asked,) = house.alerts.alerts()
    assert (asked.status, asked.needs_review) == (Status.CONFIRMED, True)
    event = house.alerts.events(alert.event_id)[-1]
    assert (event.action, event.actor) == (Action.QUESTION, "service")
    assert "look-c" in event.note
    assert told(house) == 2
    assert house.mails()[-1]["To"] == "desk@house.example"

    house.desk.confirm(alert.ref, by="Ben", now=NOW)
    assert told(house) == 2, "what stands as it stood is no news"
    assert watch(house) == 0


def test_the_desk_may_take_it_back_after_the_question(house: House) -> None:
    house.subscribe()
    house.absorb(burned())
    (alert,) = house.alerts.alerts()
    house.desk.confirm(alert.ref, by="Amina", now=NOW)
    told(house)
    recorded(house, quiet(4))
    watch(house)

    house.desk.retract(alert.ref, by="Ben", reason="false", now=NOW)

    assert told(house) == 2
    assert "RETRACTED" in house.mails()[-1]["Subject"]


def test_readers_hear_that_it_has_ended(house: House) -> None:
    house.subscribe()
    house.absorb(burned())
    (alert,) = house.alerts.alerts()
    house.desk.confirm(alert.ref, by="Amina", now=NOW)
    told(house)
    for age in (5, 4, 3):
        recorded(house, quiet(age, f"look-{age}"))

    assert watch(house) == 1  # the first of them is asked about
    assert watch(house) == 1
    assert house.alerts.alert(alert.event_id).status is Status.ENDED

    house.publish(NOW + timedelta(hours=2))
    house.deliver(NOW + timedelta(hours=2))
    assert house.mails()[-1]["X-Alert-Status"] == "ended"
