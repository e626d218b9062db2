from __future__ import annotations

import pytest
from httpx2 import Response

from alerts.alert import Action, Alert, Status
from alerts.store import mark_outside
from alerts.web.parts import Parts
from aoi.database import writing
from monitor.finding import FindingKind
from tests.alerts.conftest import House
from tests.alerts.web.browsers import Browser
from tests.alerts.web.conftest import Browse
from tests.builders import NOW


@pytest.fixture
def alert(house: House) -> Alert:
    return house.opened()


@pytest.fixture
def browser(browse: Browse) -> Browser:
    made = browse("analyst")
    made.get("/")
    return made


def decide(browser: Browser, alert: Alert, verdict: str, **fields: object) -> Response:
    sent = {"verdict": verdict, "revision": alert.revision, **fields}
    return browser.send(f"/alerts/{alert.event_id}/verdict", **sent)


def test_a_confirmation_bears_the_name_of_who_is_signed_in(
    parts: Parts, browser: Browser, alert: Alert
) -> None:
    answer = decide(browser, alert, "confirm", note=" roofs gone ", to="/?kind=burn", by="Ben")

    judged = parts.alerts.alert(alert.event_id)
    assert (judged.status, judged.reviewed_by) == (Status.CONFIRMED, ("amina",))
    assert judged.note == "roofs gone"
    assert answer.status_code == 303


def test_the_page_after_a_verdict_says_what_was_done(browser: Browser, alert: Alert) -> None:
    answer = decide(browser, alert, "reject", reason="water")

    shown = browser.get(answer.headers["location"])

    assert f"{alert.ref} is rejected." in shown.text


def test_a_rejection_without_a_reason_is_refused_and_the_note_is_kept(
    parts: Parts, browser: Browser, alert: Alert
) -> None:
    answer = decide(browser, alert, "reject", note="a river, I think")

    assert answer.status_code == 409
    assert "a river, I think</textarea>" in answer.text
    assert parts.alerts.alert(alert.event_id) == alert


def test_two_people_at_once_the_second_sees_what_the_first_did_and_keeps_the_note(
    parts: Parts, house: House, browser: Browser, alert: Alert
) -> None:
    house.desk.reject(alert.ref, "Ben", "water", NOW, note="it is a river")

    answer = decide(browser, alert, "confirm", note="I saw char & ash")

    text = answer.text
    assert answer.status_code == 409
    assert "Somebody else changed it while you looked at it" in text
    assert "Ben" in text
    assert "it is a river" in text
    assert "I saw char &amp; ash</textarea>" in text
    assert parts.alerts.alert(alert.event_id).status is Status.REJECTED


def test_after_a_conflict_the_form_decides_on_what_stands_now(
    parts: Parts, house: House, browser: Browser, alert: Alert
) -> None:
    house.desk.unsure(alert.ref, "Ben", NOW)
    decide(browser, alert, "confirm")

    again = parts.alerts.alert(alert.event_id)
    decide(browser, again, "confirm", note="sure")

    assert parts.alerts.alert(alert.event_id).status is Status.CONFIRMED


def test_one_person_does_not_release_what_needs_two(
    parts: Parts, house: House, browse: Browse
) -> None:
    camp = house.opened(kind=FindingKind.CAMP_EMPTYING)
    first, second = browse("analyst"), browse("analyst", name="ben")
    for browser in (first, second):
        browser.get("/")

    answer = decide(first, camp, "confirm")
    alone = parts.alerts.alert(camp.event_id)
    refused = decide(first, alone, "confirm")
    decide(second, alone, "confirm")

    assert "said=confirmed_once" in answer.headers["location"]
    assert alone.released_at is None
    assert refused.status_code == 409
    assert parts.alerts.alert(camp.event_id).released_at is not None


def test_what_people_outside_have_is_retracted_and_not_rejected(
    parts: Parts, house: House, browser: Browser
) -> None:
    alert = house.opened()
    with writing(parts.database) as connection:
        mark_outside(connection, [alert.event_id])
    sent = parts.alerts.alert(alert.event_id)

    refused = decide(browser, sent, "reject", reason="water")
    decide(browser, sent, "retract", reason="wrong_place", note="the next village")

    assert refused.status_code == 409
    assert parts.alerts.alert(sent.event_id).status is Status.RETRACTED


def test_a_verdict_that_there_is_not_is_refused(browser: Browser, alert: Alert) -> None:
    assert decide(browser, alert, "publish").status_code == 403


def test_an_alert_of_another_area_is_as_if_it_were_not(
    parts: Parts, browse: Browse, alert: Alert
) -> None:
    stranger = browse("analyst", name="ben", areas=["elsewhere"])
    stranger.get("/")

    answer = decide(stranger, alert, "confirm")

    assert answer.status_code == 404
    assert parts.alerts.alert(alert.event_id) == alert


def test_a_note_typed_before_the_sign_in_ended_is_shown_again(
    parts: Parts, browser: Browser, alert: Alert
) -> None:
    parts.sessions.end_all("amina", NOW)

    answer = decide(browser, alert, "confirm", note="twenty minutes of work")

    assert answer.status_code == 401
    assert "twenty minutes of work</textarea>" in answer.text


def test_a_form_sent_twice_judges_once(parts: Parts, browser: Browser, alert: Alert) -> None:
    decide(browser, alert, "confirm")
    decide(browser, alert, "confirm")

    events = parts.alerts.events(alert.event_id)
    assert [event.action for event in events].count(Action.CONFIRM) == 1
