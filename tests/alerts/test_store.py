from __future__ import annotations

import pytest
from sqlalchemy import delete, update

from alerts.alert import Action, Status, act
from alerts.errors import StaleAlert, UnknownAlert
from alerts.store import alert_in
from alerts.tables import ALERT_EVENTS
from aoi.database import reading, writing
from monitor.finding import FindingKind
from tests.alerts.conftest import House
from tests.builders import NOW, a_finding, days_ago


def test_an_alert_is_found_by_its_event_and_by_its_reference_as_spoken(house: House) -> None:
    alert = house.opened()

    assert house.alerts.alert(alert.event_id) == house.alerts.alert(alert.ref.lower()) == alert


def test_an_unknown_alert_is_named_in_the_refusal(house: House) -> None:
    with pytest.raises(UnknownAlert, match="no alert is called 'ZZZZ'"):
        house.alerts.alert("ZZZZ")


def test_alerts_are_listed_by_state_and_area_newest_first(house: House) -> None:
    older = house.opened()
    house.absorb(a_finding(finding_id="g" * 20, kind=FindingKind.CAMP_NEW), now=days_ago(-1))

    assert [alert.kind for alert in house.alerts.alerts()] == ["camp_new", "burn"]
    assert house.alerts.alerts(states=[Status.CONFIRMED]) == []
    assert house.alerts.alerts(states=["first"], aoi_id="sd-test")[-1] == older
    assert house.alerts.alerts(aoi_id="elsewhere") == []


def test_the_second_of_two_people_is_told_what_the_first_did(house: House) -> None:
    alert = house.opened()
    first = act(alert, Action.CONFIRM, actor="Amina", at=NOW)
    second = act(alert, Action.REJECT, actor="Ben", at=NOW, reason="water")
    house.alerts.save(*first)

    with pytest.raises(StaleAlert, match="revision 1: Amina: confirm"):
        house.alerts.save(*second)

    assert house.alerts.alert(alert.ref).status is Status.CONFIRMED
    assert len(house.alerts.events(alert.ref)) == 2


@pytest.mark.parametrize("column", ["actor", "note", "reason", "after", "at", "sha256"])
def test_editing_any_field_of_the_log_is_noticed(house: House, column: str) -> None:
    alert = house.confirmed()
    changed: object = days_ago(9) if column == "at" else "x"

    assert house.alerts.broken_link() is None
    with writing(house.engine) as connection:
        connection.execute(
            update(ALERT_EVENTS).where(ALERT_EVENTS.c.n == 1).values({column: changed})
        )

    with reading(house.engine) as connection:
        assert alert_in(connection, alert.ref).ref == alert.ref
    assert broken(house) == 1


def test_dropping_a_row_of_the_log_is_noticed(house: House) -> None:
    house.confirmed()

    with writing(house.engine) as connection:
        connection.execute(delete(ALERT_EVENTS).where(ALERT_EVENTS.c.n == 1))

    assert house.alerts.broken_link() == 1


def broken(house: House) -> int | None:
    """Return the broken link; a status that is no word of ours is a broken one too."""
    try:
        return house.alerts.broken_link()
    except ValueError:
        return 1
