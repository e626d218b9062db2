from __future__ import annotations

from datetime import timedelta

import pytest

from alerts.alert import Alert
from alerts.enrolment import Wish
from alerts.subscription import Person, PersonState
from alerts.tokens import Purpose, signed_token
from alerts.web.parts import Parts
from tests.alerts.conftest import House
from tests.alerts.web.browsers import Browser
from tests.alerts.web.conftest import Browse
from tests.builders import NOW


@pytest.fixture
def browser(browse: Browse) -> Browser:
    """Somebody who has a mail, and no account."""
    return browse()


@pytest.fixture
def person(parts: Parts, house: House) -> Person:
    wish = Wish(aois=("sd-test",), language="fr")
    return parts.enrolment.add("reader@ngo.example", wish, NOW, confirmed=True)


def link(parts: Parts, purpose: Purpose, person: Person, scope: str = "", age: int = 0) -> str:
    path = "s" if purpose is Purpose.MANAGE else purpose.value
    at = NOW - timedelta(days=age)
    return f"/{path}/{signed_token(parts.keys, purpose, person.person_id, at, scope)}"


def state(parts: Parts, person: Person) -> PersonState:
    return parts.enrolment.person(person.person_id).state


@pytest.mark.parametrize("purpose", [Purpose.UNSUBSCRIBE, Purpose.MANAGE, Purpose.CONFIRM])
def test_opening_a_link_changes_nothing(
    purpose: Purpose, parts: Parts, browser: Browser, person: Person
) -> None:
    for _ in range(3):
        answer = browser.get(link(parts, purpose, person))
        assert answer.status_code == 200
        assert "<button" in answer.text or purpose is Purpose.CONFIRM

    assert state(parts, person) is PersonState.ACTIVE


def test_one_click_is_enough_to_leave_without_cookie_or_page_before(
    parts: Parts, browser: Browser, person: Person
) -> None:
    # As a mail program sends it (RFC 8058): from nowhere, with this body.
    answer = browser.client.post(
        link(parts, Purpose.UNSUBSCRIBE, person),
        data={"List-Unsubscribe": "One-Click"},
        headers={"sec-fetch-site": "cross-site", "origin": "https://mail.example"},
    )

    assert answer.status_code == 200
    assert state(parts, person) is PersonState.UNSUBSCRIBED


def test_the_page_speaks_the_language_of_the_person(
    parts: Parts, browser: Browser, person: Person
) -> None:
    page = browser.get(link(parts, Purpose.UNSUBSCRIBE, person)).text

    assert '<html lang="fr"' in page
    assert "Quitter la liste" in page


def test_who_asked_for_alerts_confirms_with_a_button(
    parts: Parts, house: House, browser: Browser
) -> None:
    waiting = parts.enrolment.add("new@ngo.example", Wish(aois=("sd-test",)), NOW)
    address = link(parts, Purpose.CONFIRM, waiting)
    browser.get(address)
    assert state(parts, waiting) is PersonState.PENDING

    browser.send(address)

    assert state(parts, waiting) is PersonState.ACTIVE


def test_a_person_pauses_and_comes_back(parts: Parts, browser: Browser, person: Person) -> None:
    address = link(parts, Purpose.MANAGE, person)

    browser.send(address, act="pause")
    paused = state(parts, person)
    browser.send(address, act="resume")

    assert paused is PersonState.PAUSED
    assert state(parts, person) is PersonState.ACTIVE


def test_an_old_link_brings_nobody_back_who_left(
    parts: Parts, browser: Browser, person: Person
) -> None:
    address = link(parts, Purpose.MANAGE, person)
    browser.send(address, act="leave")

    browser.send(address, act="resume")

    assert state(parts, person) is PersonState.UNSUBSCRIBED


def test_an_act_that_there_is_not_is_refused(
    parts: Parts, browser: Browser, person: Person
) -> None:
    assert browser.send(link(parts, Purpose.MANAGE, person), act="promote").status_code == 403


def test_an_answer_reaches_the_desk_and_changes_no_state(
    parts: Parts, house: House, browse: Browse, browser: Browser, person: Person
) -> None:
    alert: Alert = house.opened()
    address = link(parts, Purpose.FEEDBACK, person, scope=alert.event_id)
    assert alert.ref in browser.get(address).text

    answer = browser.send(address, verdict="not_true", note="a <b>wedding</b>")

    assert "An analyst reads it" in answer.text
    assert parts.alerts.alert(alert.event_id) == alert
    desk = browse("analyst").get(f"/alerts/{alert.event_id}").text
    assert "it is not true" in desk
    assert "a &lt;b&gt;wedding&lt;/b&gt;" in desk


@pytest.mark.parametrize("path", ["unsubscribe", "confirm", "s", "feedback"])
@pytest.mark.parametrize("token", ["x", "AAAA", "%00", "é" * 10, "A" * 3_000])
def test_every_bad_link_gets_one_answer(path: str, token: str, browser: Browser) -> None:
    opened, sent = browser.get(f"/{path}/{token}"), browser.send(f"/{path}/{token}", act="pause",
                                                                 verdict="true")  # fmt: skip

    assert opened.status_code == sent.status_code == 404
    assert "this link does not work" in opened.text


def test_a_link_of_another_purpose_or_too_old_does_not_work(
    parts: Parts, browser: Browser, person: Person
) -> None:
    token = link(parts, Purpose.MANAGE, person).rpartition("/")[2]

    assert browser.get(f"/unsubscribe/{token}").status_code == 404
    assert browser.get(link(parts, Purpose.MANAGE, person, age=91)).status_code == 404


def test_the_name_of_the_reader_stands_on_no_page(
    parts: Parts, browser: Browser, person: Person
) -> None:
    assert "reader@ngo.example" not in browser.get(link(parts, Purpose.MANAGE, person)).text
