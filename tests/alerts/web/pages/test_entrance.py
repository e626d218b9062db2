from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from alerts.web.parts import Parts
from alerts.web.site import site
from tests.alerts.web.browsers import NOW, PASSWORD, Browser, add_person
from tests.alerts.web.conftest import Browse


@pytest.fixture
def door(parts: Parts, browse: Browse) -> Browser:
    """A browser before the sign-in of Amina, an analyst."""
    add_person(parts, "amina", "analyst")
    browser = browse()
    browser.get("/login?to=/map")
    return browser


def test_while_nobody_can_sign_in_the_page_says_how_to_make_the_first(browse: Browse) -> None:
    answer = browse().get("/login")

    assert "emberwatch user add NAME --role admin" in answer.text
    assert '<form method="post" action="/login"' not in answer.text


def test_a_person_signs_in_and_comes_where_they_wanted(door: Browser) -> None:
    answer = door.send("/login", name="amina", password=PASSWORD, to="/map")

    assert (answer.status_code, answer.headers["location"]) == (303, "/map")
    assert door.get("/").status_code == 200


def test_the_cookie_cannot_be_read_by_scripts_nor_sent_by_other_sites(door: Browser) -> None:
    answer = door.send("/login", name="amina", password=PASSWORD)

    (cookie,) = [c for c in answer.headers.get_list("set-cookie") if c.startswith("emberwatch=")]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie


def test_over_tls_the_cookie_is_bound_to_the_host(parts: Parts) -> None:
    add_person(parts, "amina", "admin")
    secure = replace(parts, settings=replace(parts.settings, base_url="https://ember.example.org"))
    with TestClient(site(secure), base_url="https://ember.example.org") as client:
        browser = Browser(client, secure)
        browser.get("/login")

        answer = client.post(
            "/login", follow_redirects=False,
            data={"form_token": browser.token, "name": "amina", "password": PASSWORD},
        )  # fmt: skip

    cookies = answer.headers.get_list("set-cookie")
    (cookie,) = [c for c in cookies if c.startswith("__Host-emberwatch=")]
    assert "Secure" in cookie
    assert "SameSite=strict" in cookie
    assert "max-age=31536000" in answer.headers["strict-transport-security"]


@pytest.mark.parametrize(("name", "password"), [("amina", "wrong" * 4), ("nobody", PASSWORD)])
def test_a_wrong_name_and_a_wrong_password_get_one_answer(
    name: str, password: str, door: Browser
) -> None:
    answer = door.send("/login", name=name, password=password)

    assert answer.status_code == 401
    assert "name or password is wrong" in answer.text
    assert "set-cookie" not in answer.headers


def test_after_five_wrong_tries_even_the_right_password_must_wait(door: Browser) -> None:
    for _ in range(5):
        assert door.send("/login", name="amina", password="wrong" * 4).status_code == 401

    answer = door.send("/login", name="amina", password=PASSWORD)

    assert answer.status_code == 429
    assert "wait 15 minutes" in answer.text


def test_a_sign_in_gets_a_cookie_that_no_browser_had(door: Browser) -> None:
    door.client.cookies.set("emberwatch", "chosen-by-an-attacker")

    door.send("/login", name="amina", password=PASSWORD)

    tokens = [cookie.value for cookie in door.client.cookies.jar if cookie.name == "emberwatch"]
    assert any(token != "chosen-by-an-attacker" for token in tokens)
    assert door.parts.sessions.visit("chosen-by-an-attacker", NOW) is None


@pytest.mark.parametrize(
    "to", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_a_link_to_the_sign_in_cannot_lead_to_another_site(to: str, door: Browser) -> None:
    answer = door.send("/login", name="amina", password=PASSWORD, to=to)

    assert answer.headers["location"] == "/"


def test_a_form_without_its_token_does_nothing(door: Browser) -> None:
    door.token = "0" * 64

    assert door.send("/login", name="amina", password=PASSWORD).status_code == 403


def test_a_form_that_another_site_sent_does_nothing(door: Browser) -> None:
    body = {"form_token": door.token, "name": "amina", "password": PASSWORD}

    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        assert door.client.post("/login", data=body, headers=headers).status_code == 403


def test_signing_out_ends_the_sign_in_on_the_server_too(browse: Browse, parts: Parts) -> None:
    browser = browse("analyst")
    token = browser.client.cookies["emberwatch"]
    browser.get("/account")

    browser.send("/logout")

    assert parts.sessions.visit(token, NOW) is None
    assert browser.get("/").headers["location"].startswith("/login")


def test_who_opens_a_page_too_late_signs_in_and_comes_back_to_it(
    browse: Browse, parts: Parts
) -> None:
    browser = browse()

    answer = browser.get("/?status=open")

    assert answer.headers["location"] == "/login?to=%2F%3Fstatus%3Dopen"


def test_one_who_forgets_to_sign_out_is_signed_out(browse: Browse, parts: Parts) -> None:
    browser = browse("analyst")
    token = browser.client.cookies["emberwatch"]

    assert parts.sessions.visit(token, NOW + timedelta(minutes=29)) is not None
    assert parts.sessions.visit(token, NOW + timedelta(minutes=59)) is None


def test_a_new_password_ends_every_sign_in(browse: Browse) -> None:
    browser = browse("analyst")
    browser.get("/account")

    answer = browser.send(
        "/account/password", password=PASSWORD, new_password="nine loud geese march"
    )

    assert answer.headers["location"] == "/login"
    assert browser.get("/account").status_code == 303


def test_a_new_password_needs_the_old_one(browse: Browse) -> None:
    browser = browse("analyst")
    browser.get("/account")

    answer = browser.send(
        "/account/password", password="not the one I have", new_password="nine loud geese march"
    )

    assert answer.status_code == 422
    assert browser.get("/account").status_code == 200


def test_the_reader_chooses_the_language_of_pages(browse: Browse) -> None:
    browser = browse("analyst")
    browser.get("/account")

    browser.send("/language", language="ar", to="/account")

    page = browser.get("/account").text
    assert '<html lang="ar" dir="rtl">' in page
    assert "تسجيل الخروج" in page


def test_the_browsers_own_language_is_the_first_one(browse: Browse) -> None:
    page = browse("analyst").get("/", headers={"accept-language": "xx, fr;q=0.9, en;q=0.5"}).text

    assert '<html lang="fr" dir="ltr">' in page
