from __future__ import annotations

from datetime import datetime, timedelta

from alerts.alert import Action
from alerts.blindness import Blindness
from monitor.coverage import CoverageState
from monitor.store import MonitorStore
from tests.alerts.conftest import House, words_of
from tests.alerts.test_digests import seen
from tests.builders import NOW


def a_watch(house: House) -> Blindness:
    return Blindness(house.engine, MonitorStore(house.engine), house.registry)


def days_later(days: float) -> datetime:
    return NOW + timedelta(days=days)


def test_an_area_not_seen_for_fourteen_days_is_told_once_without_an_analyst(
    house: House,
) -> None:
    house.subscribe()
    seen(house, CoverageState.SEEN)

    assert a_watch(house).watch(days_later(14)) == 0
    assert a_watch(house).watch(days_later(14.1)) == 1
    assert a_watch(house).watch(days_later(15)) == 0
    house.publish(days_later(15))
    house.deliver(days_later(15))

    (mail,) = house.mails()
    assert mail["Subject"].startswith("[TLP:AMBER] Area not seen, ")
    words = words_of(mail)
    assert "BLIND: not seen, by our own record" in words
    assert "Last seen on 20 May 2024." in words
    assert "No alert does not mean that nothing happened." in words


def test_it_ends_with_the_next_look_and_that_is_told_too(house: House) -> None:
    house.subscribe()
    seen(house, CoverageState.SEEN)
    a_watch(house).watch(days_later(20))
    house.publish(days_later(20))
    house.deliver(days_later(20))

    assert a_watch(house).watch(days_later(10)) == 1
    house.publish(days_later(21))
    house.deliver(days_later(21))

    (alert,) = house.alerts.alerts()
    assert alert.status == "ended"
    assert house.alerts.events(alert.ref)[-1].action is Action.END
    assert "SEEN AGAIN" in words_of(house.mails()[-1])


def test_the_same_spell_of_blindness_is_not_told_twice(house: House) -> None:
    seen(house, CoverageState.SEEN)
    a_watch(house).watch(days_later(20))
    a_watch(house).watch(days_later(10))

    a_watch(house).watch(days_later(40))

    assert len(house.alerts.alerts()) == 1


def test_an_area_that_was_never_seen_is_no_alarm(house: House) -> None:
    assert a_watch(house).watch(days_later(99)) == 0


def test_a_paused_area_is_not_watched(house: House) -> None:
    seen(house, CoverageState.SEEN)
    house.registry.pause("sd-test", NOW)

    assert a_watch(house).watch(days_later(99)) == 0
