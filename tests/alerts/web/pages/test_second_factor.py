from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from fastapi.testclient import TestClient

from alerts.web.accounts import Role
from alerts.web.guard import need_of
from alerts.web.parts import Parts
from alerts.web.site import routes, site
from alerts.web.totp import code_at, step_of
from tests.alerts.web.browsers import NOW, PASSWORD, Browser, add_person
from tests.alerts.web.conftest import Browse

SECRET = b"12345678901234567890"
STEP = timedelta(seconds=30)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def parts(parts: Parts, clock: Clock) -> Parts:
    return replace(parts, now=clock)


def enrol(parts: Parts, name: str) -> tuple[bytes, list[str]]:
    secret = parts.second_factors.begin(name, NOW - STEP)
    codes = parts.second_factors.confirm(name, code_of(secret, NOW - STEP), NOW - STEP)
    return secret, codes


def code_of(secret: bytes, at: datetime) -> str:
    return code_at(secret, step_of(at))


@pytest.fixture
def secret(parts: Parts) -> bytes:
    add_person(parts, "amina", "analyst")
    return enrol(parts, "amina")[0]


@pytest.fixture
def door(parts: Parts, secret: bytes, browse: Browse) -> Browser:
    """A browser that gave the right password of Amina, who has a second factor."""
    browser = browse()
    browser.get("/login")
    answer = browser.send("/login", name="amina", password=PASSWORD, to="/map")
    assert answer.headers["location"] == "/login/code?to=%2Fmap"
    browser.get("/login/code?to=/map")
    return browser


def test_the_password_alone_opens_nothing(door: Browser) -> None:
    assert "emberwatch" not in door.client.cookies
    assert door.get("/").headers["location"].startswith("/login")
    assert door.client.get("/api/alerts").status_code == 401


def test_password_and_code_open_where_the_person_wanted(door: Browser, secret: bytes) -> None:
    answer = door.send("/login/code", code=code_of(secret, NOW), to="/map")

    assert (answer.status_code, answer.headers["location"]) == (303, "/map")
    assert door.get("/").status_code == 200
    assert "emberwatch-half" not in door.client.cookies


def test_a_code_that_was_seen_over_the_shoulder_opens_nothing_again(
    door: Browser, secret: bytes, browse: Browse
) -> None:
    code = code_of(secret, NOW)
    door.send("/login/code", code=code)
    thief = browse()
    thief.get("/login")
    thief.send("/login", name="amina", password=PASSWORD)
    thief.get("/login/code")

    answer = thief.send("/login/code", code=code)

    assert answer.status_code == 401
    assert "was used before" in answer.text


def test_codes_are_guessed_as_slowly_as_passwords(door: Browser, secret: bytes) -> None:
    wrong = f"{(int(code_of(secret, NOW)) + 1) % 10**6:06d}"
    for _ in range(5):
        assert door.send("/login/code", code=wrong).status_code == 401

    answer = door.send("/login/code", code=code_of(secret, NOW))

    assert answer.status_code == 429
    assert "wait 15 minutes" in answer.text


def test_a_right_password_before_a_wrong_code_makes_no_address_known(
    door: Browser, parts: Parts
) -> None:
    for number in range(50):
        parts.sign_ins.note("amina", f"203.0.113.{number}", NOW, succeeded=False)

    # From an address that only ever knew the password, the flood of guesses shuts the door.
    assert door.send("/login/code", code="000000").status_code == 429


def test_five_minutes_after_the_password_it_is_asked_for_again(
    door: Browser, secret: bytes, clock: Clock
) -> None:
    clock.now += timedelta(minutes=5)

    answer = door.send("/login/code", code=code_of(secret, clock.now))

    assert "Give name and password first" in answer.text
    assert "emberwatch" not in door.client.cookies


def test_a_recovery_code_opens_once(parts: Parts, browse: Browse) -> None:
    add_person(parts, "ben", "analyst")
    _, codes = enrol(parts, "ben")

    for expected in (303, 401):
        browser = browse()
        browser.get("/login")
        browser.send("/login", name="ben", password=PASSWORD)
        browser.get("/login/code")
        assert browser.send("/login/code", code=codes[0]).status_code == expected


def test_a_person_sets_it_up_and_sees_the_codes_once(parts: Parts, browse: Browse) -> None:
    browser, elsewhere = browse("analyst"), parts.sessions.open("amina", NOW)
    before = browser.client.cookies["emberwatch"]
    browser.get("/account/second-factor")

    shown = browser.send("/account/second-factor", password=PASSWORD)
    secret = parts.second_factors.pending("amina")
    assert secret is not None
    written = re.search(r'class="secret" dir="ltr"><code>([A-Z2-7 ]+)<', shown.text)
    browser.token = re.findall(r'name="form_token" value="([0-9a-f]{64})"', shown.text)[0]
    done = browser.send("/account/second-factor/first-code", code=code_of(secret, NOW))

    assert written is not None and len(written[1].replace(" ", "")) == 32
    assert 'href="otpauth://totp/Emberwatch%3Aamina?' in shown.text
    assert len(re.findall(r"<li><code>[a-z2-9]{4}(-[a-z2-9]{4}){3}</code>", done.text)) == 10
    assert parts.accounts.account("amina").second_factor
    assert parts.sessions.visit(before, NOW) is parts.sessions.visit(elsewhere, NOW) is None
    assert "The second factor is on" in browser.get("/account/second-factor").text
    # The form of the page that showed the codes is this sign-in's own.
    browser.token = re.findall(r'name="form_token" value="([0-9a-f]{64})"', done.text)[0]
    assert browser.send("/account/sign-out-everywhere").status_code == 303


def test_setting_it_up_asks_for_the_password(parts: Parts, browse: Browse) -> None:
    browser = browse("analyst")
    browser.get("/account/second-factor")

    answer = browser.send("/account/second-factor", password="wrong" * 4)

    assert answer.status_code == 422
    assert parts.second_factors.pending("amina") is None


def test_a_wrong_first_code_shows_the_same_secret_again(parts: Parts, browse: Browse) -> None:
    browser = browse("analyst")
    browser.get("/account/second-factor")
    browser.send("/account/second-factor", password=PASSWORD)
    secret = parts.second_factors.pending("amina")

    answer = browser.send("/account/second-factor/first-code", code="no")

    assert answer.status_code == 422
    assert "not the code of now" in answer.text
    assert parts.second_factors.pending("amina") == secret


@pytest.mark.parametrize(
    ("password", "with_code", "is_off"),
    [
        pytest.param(PASSWORD, True, True, id="both"),
        pytest.param(PASSWORD, False, False, id="the password alone"),
        pytest.param("wrong" * 4, True, False, id="a code alone"),
    ],
)
def test_turning_it_off_takes_both(
    password: str, with_code: bool, is_off: bool, parts: Parts, secret: bytes, browse: Browse
) -> None:
    browser = signed_in(browse(), parts)
    browser.get("/account/second-factor")

    browser.send("/account/second-factor/off", password=password,
                 code=code_of(secret, NOW) if with_code else "000000")  # fmt: skip

    assert parts.accounts.account("amina").second_factor is not is_off
    assert (browser.get("/").status_code == 303) is is_off


def test_new_recovery_codes_are_shown_for_password_and_code(
    parts: Parts, secret: bytes, browse: Browse
) -> None:
    browser = signed_in(browse(), parts)
    browser.get("/account/second-factor")

    refused = browser.send("/account/second-factor/recovery", password=PASSWORD, code="1")
    shown = browser.send("/account/second-factor/recovery", password=PASSWORD,
                         code=code_of(secret, NOW))  # fmt: skip

    assert refused.status_code == 422
    assert len(re.findall(r"<li><code>", shown.text)) == 10


def test_an_admin_takes_it_off_and_it_stands_on_record(
    parts: Parts, secret: bytes, browse: Browse
) -> None:
    amina = signed_in(browse(), parts)
    admin = browse("admin", name="olga")
    admin.get("/people")

    answer = admin.send("/people/second-factor", name="amina")

    assert answer.headers["location"] == "/people?said=factor_reset"
    assert not parts.accounts.account("amina").second_factor
    assert amina.get("/").status_code == 303
    page = admin.get("/people").text
    assert "second factor taken off" in page
    assert "olga" in page


def test_no_admin_takes_off_their_own_on_the_page_of_people(parts: Parts, browse: Browse) -> None:
    admin = browse("admin", name="olga")
    enrol(parts, "olga")
    admin = signed_in(admin, parts, "olga")
    admin.get("/people")

    assert admin.send("/people/second-factor", name="olga").status_code == 422
    assert parts.accounts.account("olga").second_factor


@pytest.fixture
def strict(parts: Parts) -> Parts:
    """A site where analysts must have a second factor."""
    return replace(parts, settings=replace(parts.settings, factor_for=frozenset({"analyst"})))


def test_where_a_role_must_have_it_every_page_but_its_own_is_closed(strict: Parts) -> None:
    add_person(strict, "amina", "analyst")
    wrong = []
    for route in routes():
        for method in sorted(route.methods or ()):
            need = need_of(route.endpoint)
            assert need is not None
            if need.role is Role.ANYONE or not Role.ANALYST.covers(need.role):
                continue
            # A client of its own each time: signing out is among the routes.
            with TestClient(site(strict), base_url="http://127.0.0.1",
                            follow_redirects=False) as client:  # fmt: skip
                client.cookies.set("emberwatch", strict.sessions.open("amina", NOW))
                path = re.sub(r"\{[^}]+\}", "nothing", route.path)
                answer = client.request(method, path)
            led = answer.headers.get("location", "").startswith("/account/second-factor")
            closed = led or (answer.status_code == 403 and "second factor" in answer.text)
            if closed is need.without_factor:
                wrong.append((method, route.path, answer.status_code))

    assert wrong == []


def test_only_the_pages_that_set_it_up_open_without_it() -> None:
    found = {route.path for route in routes()
             if (need := need_of(route.endpoint)) is not None and need.without_factor}  # fmt: skip

    assert found == {"/account/second-factor", "/account/second-factor/first-code"}


def test_who_must_set_it_up_is_led_there_and_back(strict: Parts) -> None:
    with TestClient(site(strict), base_url="http://127.0.0.1", follow_redirects=False) as client:
        browser = Browser(client, strict)
        browser.sign_in("analyst")

        led = browser.get("/map?x=1")
        page = browser.get(led.headers["location"])
        browser.send("/account/second-factor", password=PASSWORD, to="/map?x=1")
        secret = strict.second_factors.pending("amina")
        assert secret is not None
        done = browser.send(
            "/account/second-factor/first-code", code=code_of(secret, NOW), to="/map?x=1"
        )

        assert led.headers["location"] == "/account/second-factor?to=%2Fmap%3Fx%3D1"
        assert "Your role asks for it" in page.text
        assert 'href="/map?x=1"' in done.text
        assert browser.get("/map").status_code == 200


def test_other_roles_may_do_without(strict: Parts) -> None:
    with TestClient(site(strict), base_url="http://127.0.0.1", follow_redirects=False) as client:
        browser = Browser(client, strict)
        browser.sign_in("operator")

        assert browser.get("/").status_code == 200


def test_reading_its_pages_changes_nothing(parts: Parts, secret: bytes, browse: Browse) -> None:
    browser = signed_in(browse(), parts)

    for path in ("/account/second-factor", "/login/code", "/account/second-factor/off"):
        browser.get(path)

    assert parts.accounts.account("amina").second_factor
    assert parts.second_factors.codes_left("amina") == 10


def signed_in(browser: Browser, parts: Parts, name: str = "amina") -> Browser:
    browser.client.cookies.set("emberwatch", parts.sessions.open(name, parts.now()))
    return browser
