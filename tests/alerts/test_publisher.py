from __future__ import annotations

from tests.alerts.conftest import House
from tests.builders import NOW


def test_a_confirmed_alert_reaches_a_cleared_subscriber_once(house: House) -> None:
    house.subscribe()
    house.confirmed()

    house.publish()
    house.publish()
    house.deliver()
    house.deliver()

    (mail,) = house.mails()
    assert mail["To"] == "reader@ngo.example"
    assert mail["Subject"] == f"[TLP:AMBER] Burned settlement, {house.alerts.alerts()[0].ref}"
