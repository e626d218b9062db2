from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from alerts.errors import NotAllowed
from alerts.grading import Severity
from alerts.outbox import DeliveryState
from alerts.silences import active_silences, lift, silence
from monitor.finding import FindingKind
from tests.alerts.conftest import House
from tests.builders import NOW, days_ago

TOMORROW = NOW + timedelta(days=1)


@pytest.mark.parametrize(
    ("matcher", "held"),
    [
        ({}, True),
        ({"aoi_id": "sd-test"}, True),
        ({"aoi_id": "elsewhere"}, False),
        ({"kind": "burn"}, True),
        ({"kind": "camp_new"}, False),
    ],
)
def test_a_silence_holds_what_matches_until_its_end(
    house: House, matcher: dict[str, str], held: bool
) -> None:
    silence(house.engine, "Olu", "tests in the field", NOW, TOMORROW, **matcher)
    house.subscribe()
    house.confirmed(kind=FindingKind.BURN)
    house.publish()

    assert house.deliver().accepted == (0 if held else 1)
    assert house.deliver(TOMORROW).accepted == (1 if held else 0)


def test_a_retraction_is_never_silenced(house: House) -> None:
    house.subscribe()
    alert = house.confirmed()
    house.publish()
    house.deliver()
    silence(house.engine, "Olu", "tests in the field", NOW, TOMORROW)

    house.desk.retract(alert.ref, by="Ben", reason="false", now=NOW)
    house.publish()

    assert house.deliver().accepted == 1


@pytest.mark.parametrize(
    ("reason", "days"),
    [pytest.param(" ", 1, id="no reason"), pytest.param("x", 31, id="too long"),
     pytest.param("x", 0, id="no time")],
)  # fmt: skip
def test_a_silence_has_a_reason_and_an_end(house: House, reason: str, days: int) -> None:
    with pytest.raises(NotAllowed):
        silence(house.engine, "Olu", reason, NOW, NOW + timedelta(days=days))


def test_silences_are_listed_while_they_last_and_can_be_lifted(house: House) -> None:
    silence(house.engine, "Olu", "tests", days_ago(2), days_ago(1))
    silence(house.engine, "Olu", "more tests", NOW, TOMORROW)

    (active,) = active_silences(house.engine, NOW)
    assert (active.author, active.reason) == ("Olu", "more tests")
    assert lift(house.engine, active.n, NOW)
    assert not lift(house.engine, active.n, NOW)
    assert active_silences(house.engine, NOW) == []


def test_what_a_lifted_silence_held_is_sent_at_once(house: House) -> None:
    silence(house.engine, "Olu", "tests", NOW, TOMORROW)
    house.subscribe()
    house.confirmed()
    house.publish()
    house.deliver()
    assert house.mails() == []
    (active,) = active_silences(house.engine, NOW)

    lift(house.engine, active.n, NOW)
    house.deliver()

    assert len(house.mails()) == 1


def test_what_another_silence_holds_stays_held(house: House) -> None:
    silence(house.engine, "Olu", "all", NOW, TOMORROW)
    silence(house.engine, "Ada", "this area", NOW, NOW + timedelta(hours=6), aoi_id="sd-test")
    house.subscribe()
    house.confirmed()
    house.publish()

    lift(house.engine, 1, NOW)
    house.deliver()
    assert house.mails() == []
    house.deliver(NOW + timedelta(hours=6))

    assert len(house.mails()) == 1


@pytest.mark.parametrize("wishes", [{"frequency": "daily"}, {"night_severity": Severity.EXTREME,
                                                             "day_hours": (1, 2)}])  # fmt: skip
def test_a_silence_outlasts_every_other_wait(house: House, wishes: dict[str, Any]) -> None:
    ends_at = NOW + timedelta(days=10)
    silence(house.engine, "Olu", "tests", NOW, ends_at)
    house.subscribe(wishes=wishes)
    house.confirmed(settlement_fraction=0.2)
    house.publish()

    (held,) = house.deliveries()
    assert (held.state, held.not_before) == (DeliveryState.HELD, ends_at)
