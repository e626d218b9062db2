from __future__ import annotations

import pytest

from alerts.alert import Alert, Status
from alerts.corrections import text_of
from alerts.web.parts import Parts
from tests.alerts.conftest import House
from tests.alerts.test_corrections import half_of, twins
from tests.alerts.web.browsers import Browser
from tests.alerts.web.conftest import Browse
from tests.alerts.web.pages.test_alert import archive_looks
from tests.builders import NOW, a_square


@pytest.fixture
def alert(house: House) -> Alert:
    return house.opened()


@pytest.fixture
def browser(browse: Browse) -> Browser:
    return browse("analyst")


def test_the_page_has_the_outline_a_picture_and_the_detectors_own(
    parts: Parts, browser: Browser, alert: Alert
) -> None:
    archive_looks(parts, 12, 2)

    page = browser.get(f"/alerts/{alert.event_id}/mend").text

    assert text_of(alert.finding.geometry).splitlines()[0] in page
    assert "looks/look-2.png?size=large" in page
    assert 'data-west="' in page


def test_without_any_look_the_corners_can_still_be_written(browser: Browser, alert: Alert) -> None:
    page = browser.get(f"/alerts/{alert.event_id}/mend").text

    assert 'id="draw"' not in page
    assert '<textarea id="corners"' in page


def test_a_drawn_outline_is_kept(parts: Parts, browser: Browser, alert: Alert) -> None:
    browser.get(f"/alerts/{alert.event_id}/mend")

    answer = browser.send(
        f"/alerts/{alert.event_id}/outline", outline=text_of(a_square(200)), note="the market",
        revision=alert.revision,
    )  # fmt: skip

    mended = parts.alerts.alert(alert.event_id)
    assert "said=redrawn" in answer.headers["location"]
    assert mended.finding.area_m2 == pytest.approx(40_000, rel=0.01)
    assert parts.alerts.events(alert.event_id)[-1].actor == "amina"


def test_an_outline_that_cannot_be_read_is_given_back_with_its_fault(
    browser: Browser, alert: Alert
) -> None:
    browser.get(f"/alerts/{alert.event_id}/mend")

    answer = browser.send(
        f"/alerts/{alert.event_id}/outline", outline="over there", note="mine",
        revision=alert.revision,
    )  # fmt: skip

    assert answer.status_code == 409
    assert "line 1 of the outline is not a corner" in answer.text
    assert "over there</textarea>" in answer.text
    assert "mine</textarea>" in answer.text


def test_what_is_drawn_becomes_an_alert_of_its_own(
    parts: Parts, browser: Browser, alert: Alert
) -> None:
    page = browser.get(f"/alerts/{alert.event_id}/mend").text
    assert f'formaction="/alerts/{alert.event_id}/split"' in page

    answer = browser.send(
        f"/alerts/{alert.event_id}/split", outline=text_of(half_of(alert)), note="two fires",
        revision=alert.revision,
    )  # fmt: skip

    (part,) = [one for one in parts.alerts.alerts() if one.split_from == alert.event_id]
    assert answer.headers["location"] == f"/alerts/{part.event_id}?said=split&ref={alert.ref}"
    shown = browser.get(answer.headers["location"]).text
    assert f"This alert was split from {alert.ref}" in shown
    assert f'href="/alerts/{alert.event_id}"' in shown


@pytest.mark.parametrize(
    ("drawn", "message"),
    [
        pytest.param("over there", "is not a corner", id="no outline"),
        pytest.param(text_of(a_square(2_000)), "would stay", id="all of it"),
    ],
)
def test_what_cannot_be_split_off_is_given_back_with_its_reason(
    drawn: str, message: str, parts: Parts, browser: Browser, alert: Alert
) -> None:
    browser.get(f"/alerts/{alert.event_id}/mend")

    answer = browser.send(
        f"/alerts/{alert.event_id}/split", outline=drawn, note="mine", revision=alert.revision
    )

    assert answer.status_code == 409
    assert message in answer.text
    assert drawn.splitlines()[0] in answer.text
    assert "mine</textarea>" in answer.text
    assert parts.alerts.alerts() == [alert]


def test_two_people_who_split_at_once_make_one_part(
    house: House, browser: Browser, alert: Alert
) -> None:
    browser.get(f"/alerts/{alert.event_id}/mend")
    fields = {"outline": text_of(half_of(alert)), "revision": alert.revision}
    first = browser.send(f"/alerts/{alert.event_id}/split", **fields)

    second = browser.send(f"/alerts/{alert.event_id}/split", **fields)

    assert (first.status_code, second.status_code) == (303, 409)
    assert "amina: correct" in second.text
    assert len(house.alerts.alerts()) == 2


def test_a_duplicate_is_joined_with_the_other(parts: Parts, house: House, browser: Browser) -> None:
    first, second = twins(parts.database, house)
    browser.get(f"/alerts/{second.event_id}/mend")

    answer = browser.send(
        f"/alerts/{second.event_id}/join", other=first.ref.lower(), revision=second.revision
    )

    assert answer.headers["location"].startswith(f"/alerts/{first.event_id}?said=joined")
    assert parts.alerts.alert(second.event_id).status is Status.REJECTED


def test_nobody_joins_with_an_alert_that_they_may_not_see(
    parts: Parts, house: House, browse: Browse
) -> None:
    first, _ = twins(parts.database, house)
    stranger = browse("analyst", name="ben", areas=["elsewhere"])
    stranger.get("/account")

    answer = stranger.send(f"/alerts/{first.event_id}/join", other="TWIN", revision=1)

    assert answer.status_code == 404


def test_two_people_who_mend_at_once_lose_no_corner(
    house: House, browser: Browser, alert: Alert
) -> None:
    browser.get(f"/alerts/{alert.event_id}/mend")
    house.desk.unsure(alert.ref, "Ben", NOW)
    corners = text_of(a_square(200))

    answer = browser.send(
        f"/alerts/{alert.event_id}/outline", outline=corners, revision=alert.revision
    )

    assert answer.status_code == 409
    assert "Ben: unsure" in answer.text
    assert corners.splitlines()[0] in answer.text
