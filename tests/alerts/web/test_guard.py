from __future__ import annotations

import pytest
from shapely.geometry import box

from alerts.errors import UnknownAlert
from alerts.web.accounts import Role
from alerts.web.errors import NotPermitted
from alerts.web.guard import Visitor, expanded, form_token
from alerts.web.parts import Parts
from tests.alerts.conftest import House
from tests.alerts.web.browsers import NOW
from tests.alerts.web.conftest import Browse
from tests.builders import an_aoi


@pytest.mark.parametrize(
    ("held", "needed", "covered"),
    [
        (Role.ANYONE, Role.ANYONE, True),
        (Role.READER, Role.ANALYST, False),
        (Role.ANALYST, Role.READER, True),
        (Role.ANALYST, Role.OPERATOR, False),
        (Role.ADMIN, Role.OPERATOR, True),
    ],
)
def test_a_role_may_do_what_the_one_below_it_may(held: Role, needed: Role, covered: bool) -> None:
    assert held.covers(needed) is covered


def test_the_tiles_of_a_bigger_area_come_with_it(parts: Parts) -> None:
    tile = an_aoi(aoi_id="sd-big-1", group_id="sd-big", geometry=box(25, 12, 25.1, 12.1))
    parts.registry.add(tile, NOW)
    parts.registry.add(an_aoi(aoi_id="sd-other"), NOW)

    assert expanded(parts, ("sd-big",)) == frozenset({"sd-big", "sd-big-1"})
    assert expanded(parts, ()) == frozenset()
    assert expanded(parts, None) is None


def test_what_is_not_theirs_is_refused_and_an_alert_is_not_even_known(house: House) -> None:
    alert = house.opened()
    stranger = Visitor("ben", Role.ANALYST, frozenset({"elsewhere"}))

    with pytest.raises(NotPermitted, match="not one of yours"):
        stranger.require_area("sd-test")
    with pytest.raises(UnknownAlert):
        stranger.require_alert(alert)
    assert Visitor("amina", Role.ANALYST).require_alert(alert) is alert


def test_each_browser_has_forms_of_its_own(parts: Parts) -> None:
    first, second = (form_token(parts, Visitor(cookie=cookie)) for cookie in ("a", "b"))

    assert first != second
    assert len(first) == 64


def test_a_form_of_somebody_else_is_refused(browse: Browse) -> None:
    amina, ben = browse("analyst"), browse("analyst", name="ben")
    amina.get("/account")
    ben.get("/account")

    ben.token = amina.token

    assert ben.send("/account/sign-out-everywhere").status_code == 403


def test_the_token_may_come_in_a_header_for_scripts(browse: Browse) -> None:
    browser = browse("analyst")
    browser.get("/account")

    answer = browser.client.post(
        "/account/sign-out-everywhere", headers={"x-form-token": browser.token}
    )

    assert answer.status_code == 303


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"origin": "http://127.0.0.1"}, 303, id="our own page"),
        pytest.param({"sec-fetch-site": "same-origin"}, 303, id="the browser says it is ours"),
        pytest.param({"origin": "null"}, 403, id="a page without an origin"),
        pytest.param({"origin": "http://127.0.0.1.evil.example"}, 403, id="a name like ours"),
        pytest.param({"sec-fetch-site": "same-site"}, 403, id="a neighbour of ours"),
    ],
)
def test_only_our_own_pages_send_forms(
    headers: dict[str, str], status: int, browse: Browse
) -> None:
    browser = browse("analyst")
    browser.get("/account")

    answer = browser.client.post(
        "/account/sign-out-everywhere", data={"form_token": browser.token}, headers=headers
    )

    assert answer.status_code == status


def test_a_person_keeps_their_role_whatever_a_cookie_says(browse: Browse) -> None:
    browser = browse("analyst")
    browser.client.cookies.set("role", "admin")

    assert "admin" not in browser.get("/account").text


def test_reading_pages_changes_nothing(parts: Parts, house: House, browse: Browse) -> None:
    alert = house.opened()
    browser = browse("analyst")
    before = parts.alerts.alert(alert.event_id)

    for path in ("/", "/account", f"/alerts/{alert.ref}", f"/alerts/{alert.ref}/mend", "/logout",
                 f"/alerts/{alert.ref}/verdict?verdict=confirm&revision=1"):  # fmt: skip
        browser.get(path)

    assert parts.alerts.alert(alert.event_id) == before
    assert browser.get("/").status_code == 200
