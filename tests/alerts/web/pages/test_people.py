from __future__ import annotations

import re

import pytest

from alerts.alert import Review
from alerts.subscription import PersonState
from alerts.web.accounts import Role
from alerts.web.parts import Parts
from tests.alerts.conftest import House
from tests.alerts.web.browsers import NOW, PASSWORD, Browser, add_person
from tests.alerts.web.conftest import Browse


@pytest.fixture
def admin(browse: Browse) -> Browser:
    found = browse("admin", name="olga")
    found.get("/people")
    return found


def test_an_admin_adds_a_person_for_one_area(parts: Parts, house: House, admin: Browser) -> None:
    answer = admin.send("/people", name="ben", role="analyst", password=PASSWORD, aois="sd-test")

    assert answer.status_code == 303
    account = parts.accounts.verified("ben", PASSWORD)
    assert account is not None
    assert (account.role, account.areas) == (Role.ANALYST, ("sd-test",))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"password": "short"}, "password"),
        ({"role": "king"}, "is no role"),
        ({"aois": "nowhere"}, "no area is called"),
        ({"name": "olga"}, "is, or was, the name of somebody"),
    ],
)
def test_who_cannot_be_added_is_refused_with_a_reason(
    parts: Parts, admin: Browser, changes: dict[str, str], expected: str
) -> None:
    fields = {"name": "ben", "role": "analyst", "password": PASSWORD, **changes}
    answer = admin.send("/people", **fields)

    assert answer.status_code == 422
    assert expected in answer.text
    assert fields["password"] not in answer.text
    assert [one.name for one in parts.accounts.all()] == ["olga"]


def test_a_changed_role_signs_the_person_out(parts: Parts, admin: Browser, browse: Browse) -> None:
    ben = browse("analyst", name="ben")

    admin.send("/people/change", name="ben", role="operator")

    assert parts.accounts.account("ben").role is Role.OPERATOR
    assert ben.get("/").status_code == 303


def test_a_removed_person_cannot_sign_in(parts: Parts, admin: Browser) -> None:
    add_person(parts, "ben", "analyst")

    admin.send("/people/remove", name="ben")

    assert parts.accounts.verified("ben", PASSWORD) is None


@pytest.mark.parametrize("path", ["/people/change", "/people/remove", "/people/password"])
def test_no_admin_locks_themselves_out(parts: Parts, admin: Browser, path: str) -> None:
    answer = admin.send(path, name="olga", role="analyst", password=PASSWORD + "s")

    assert answer.status_code == 422
    assert "this is you" in answer.text
    assert parts.accounts.account("olga").role is Role.ADMIN


def made_key(admin: Browser, **fields: str) -> str:
    admin.get("/keys")
    page = admin.send("/keys", **{"label": "GIS", "clearance": "partner", **fields})
    return str(re.findall(r"ew_[\w-]+", page.text)[0])


def test_a_key_is_shown_once_and_never_again(parts: Parts, admin: Browser) -> None:
    secret = made_key(admin)

    assert parts.api_keys.visit(secret, NOW) is not None
    assert secret not in admin.get("/keys").text


def test_a_revoked_key_opens_nothing(parts: Parts, admin: Browser) -> None:
    secret = made_key(admin)
    (key,) = parts.api_keys.all()

    admin.send(f"/keys/{key.key_id}/revoke")

    assert parts.api_keys.visit(secret, NOW) is None


@pytest.mark.parametrize("fields", [{"role": "admin"}, {"clearance": "desk"}, {"label": "\u202e"}])
def test_a_key_that_would_open_too_much_is_not_made(
    parts: Parts, admin: Browser, fields: dict[str, str]
) -> None:
    admin.get("/keys")
    answer = admin.send("/keys", **{"label": "GIS", "clearance": "partner", **fields})

    assert answer.status_code == 422
    assert parts.api_keys.all() == []


def test_a_key_of_an_analyst_opens_no_page_of_people(admin: Browser, browse: Browse) -> None:
    program = browse()
    program.client.headers["authorization"] = f"Bearer {made_key(admin, role='operator')}"

    assert program.get("/").status_code == 403
    assert program.get("/aois").status_code == 403


def test_an_operator_sees_who_receives_what_and_why(house: House, browse: Browse) -> None:
    person = house.subscribe()
    alert = house.confirmed()
    operator = browse("operator")

    assert "reader@ngo.example" in operator.get("/subscribers").text
    page = operator.get(f"/subscribers/{person.person_id}").text
    assert alert.review is Review.YES
    assert alert.ref in page


def test_a_subscriber_is_added_and_asked(parts: Parts, house: House, browse: Browse) -> None:
    operator = browse("operator")
    operator.get("/subscribers")

    assert operator.send("/subscribers", address="new@ngo.example").status_code == 303
    person = parts.enrolment.person("new@ngo.example")
    assert (person.state, person.clearance) == (PersonState.PENDING, "public")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"address": "nobody"}, 422), ({"aois": "nowhere"}, 422), ({"clearance": "desk"}, 422),
        ({"min_severity": "dire"}, 422), ({"address": "a@b.example\r\nBcc: c@d.example"}, 422),
    ],
)  # fmt: skip
def test_what_cannot_be_subscribed_is_refused(
    parts: Parts, house: House, browse: Browse, fields: dict[str, str], expected: int
) -> None:
    operator = browse("operator")
    operator.get("/subscribers")

    assert operator.send("/subscribers", **{"address": "a@ngo.example", **fields}).status_code == (
        expected
    )
    assert parts.enrolment.people() == []


def test_clearance_and_state_are_set_by_an_operator(
    parts: Parts, house: House, browse: Browse
) -> None:
    person = house.subscribe()
    operator = browse("operator")
    path = f"/subscribers/{person.person_id}"
    operator.get(path)

    operator.send(f"{path}/clearance", clearance="partner")
    operator.send(f"{path}/state", state="pause")
    wrong = operator.send(f"{path}/clearance", clearance="desk")

    kept = parts.enrolment.person(person.person_id)
    assert (kept.clearance, kept.state, wrong.status_code) == ("partner", PersonState.PAUSED, 422)


def test_an_operator_of_other_areas_sees_no_subscriber(house: House, browse: Browse) -> None:
    person = house.subscribe()
    stranger = browse("operator", areas=["elsewhere"])

    assert "reader@ngo.example" not in stranger.get("/subscribers").text
    assert stranger.get(f"/subscribers/{person.person_id}").status_code == 404
    refused = stranger.send("/subscribers", address="x@ngo.example")
    assert refused.status_code == 403
