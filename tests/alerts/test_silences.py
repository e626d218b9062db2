from __future__ import annotations

from datetime import timedelta

import pytest

from alerts.errors import NotAllowed
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
    assert lift(house.engine, active.n)
    assert active_silences(house.engine, NOW) == []
