from __future__ import annotations

from datetime import datetime, timedelta

from alerts.incidents import close_incident, report_incident
from alerts.pager import Pager
from aoi.database import writing
from tests.alerts.conftest import KEYS, House, words_of
from tests.builders import NOW

OPERATOR = "duty@house.example"


def broken(house: House, cause: str, at: datetime = NOW) -> None:
    with writing(house.engine) as connection:
        report_incident(connection, cause, f"delivery {cause} was given up", at)


def paged(house: House, at: datetime, *operators: str) -> int:
    return Pager(house.engine, KEYS, operators or (OPERATOR,)).page(at)


def test_operators_hear_of_everything_that_is_open_in_one_mail(house: House) -> None:
    broken(house, "d1")
    broken(house, "d2")

    assert paged(house, NOW) == 1
    house.deliver()

    (mail,) = house.mails()
    assert mail["To"] == OPERATOR
    assert mail["Subject"] == "[TLP:AMBER+STRICT] The service needs you"
    assert "delivery d1 was given up (1x, first 20 May 2024 12:00 UTC)" in words_of(mail)
    assert "delivery d2 was given up" in words_of(mail)


def test_nobody_is_told_twice_of_the_same_within_a_day(house: House) -> None:
    broken(house, "d1")

    assert paged(house, NOW) == 1
    assert paged(house, NOW + timedelta(hours=23)) == 0
    assert paged(house, NOW + timedelta(hours=24)) == 1
    assert paged(house, NOW + timedelta(hours=25)) == 0


def test_what_comes_within_the_hour_waits_for_its_end(house: House) -> None:
    broken(house, "d1")
    paged(house, NOW)
    broken(house, "d2")

    assert paged(house, NOW + timedelta(minutes=59)) == 0
    assert paged(house, NOW + timedelta(minutes=60)) == 1


def test_what_was_mended_is_told_no_more(house: House) -> None:
    broken(house, "d1")
    paged(house, NOW)
    close_incident(house.engine, "d1", NOW)

    assert paged(house, NOW + timedelta(days=2)) == 0


def test_a_clock_that_was_set_back_silences_nothing(house: House) -> None:
    broken(house, "d1")
    paged(house, NOW)

    assert paged(house, NOW - timedelta(days=3650)) == 1


def test_a_thousand_incidents_fit_into_one_mail(house: House) -> None:
    for number in range(1_000):
        broken(house, f"d{number}")

    paged(house, NOW)
    house.deliver()

    (mail,) = house.mails()
    assert "and 960 older ones" in words_of(mail)
    assert len(mail.as_bytes()) < 30_000
