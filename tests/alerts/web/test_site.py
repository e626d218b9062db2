from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from fastapi.routing import APIRoute

from alerts.web import site as the_site
from alerts.web.accounts import RANKS, Role
from alerts.web.guard import SAFE, guarded_router, need_of
from alerts.web.parts import Parts
from alerts.web.site import require_guarded, routes, site
from tests.alerts.web.browsers import add_person
from tests.alerts.web.conftest import Browse

ROUTES = [(route, method) for route in routes() for method in sorted(route.methods or ())]
SENSES = ("anyone", "reader", "analyst", "operator", "admin")


def path_of(route: APIRoute) -> str:
    return re.sub(r"\{[^}]+\}", "nothing", route.path)


def credentials(parts: Parts, role: Role) -> dict[str, str]:
    """Return what proves a role to the site: for people a sign-in of its own each time."""
    if role is Role.ANYONE:
        return {}
    if role is Role.READER:
        secret = parts.api_keys.make("gis", "public", "admin", parts.now())[1]
        return {"authorization": f"Bearer {secret}"}
    return {"cookie": f"emberwatch={parts.sessions.open(role, parts.now())}"}


def opens_as_it_should(status: int, method: str, role: Role, needed: Role) -> bool:
    if role.covers(needed):
        return status not in (401, 403) and (status != 303 or method not in SAFE)
    return status in (401, 303) if role is Role.ANYONE else status == 403


@pytest.mark.parametrize("role", RANKS, ids=str)
def test_every_route_opens_for_its_role_and_those_above_it(
    role: Role, parts: Parts, browse: Browse
) -> None:
    browser, wrong = browse(), []
    if role not in (Role.ANYONE, Role.READER):
        add_person(parts, role, role)

    for route, method in ROUTES:
        need = need_of(route.endpoint)
        assert need is not None
        browser.client.cookies.clear()
        headers = credentials(parts, role)
        page = browser.get("/login", headers=headers)
        forms = page.cookies.get("emberwatch-form", "")
        if forms:
            headers["cookie"] = f"emberwatch-form={forms}"
        browser.client.cookies.clear()
        headers["x-form-token"] = browser.token
        status = browser.client.request(method, path_of(route), headers=headers).status_code
        if not opens_as_it_should(status, method, role, need.role):
            wrong.append((method, route.path, status))

    assert wrong == []


def test_the_roles_of_the_walk_are_all_roles() -> None:
    assert tuple(RANKS) == SENSES


def test_a_route_that_does_not_say_who_may_use_it_stops_the_start(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    careless = guarded_router()
    careless.add_api_route("/secrets", lambda: "everything")
    monkeypatch.setattr(the_site, "GROUPS", (type("group", (), {"router": careless}),))

    with pytest.raises(TypeError, match="does not say who may use it"):
        require_guarded()


@pytest.mark.parametrize("path", ["/", "/login", "/static/site.css", "/nowhere", "/healthz"])
def test_every_answer_carries_the_headers_that_protect_its_reader(
    path: str, browse: Browse
) -> None:
    headers = browse("analyst").get(path).headers

    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe-inline" not in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert path.startswith("/static") or headers["cache-control"] == "no-store"


def test_another_sites_name_cannot_stand_for_ours(browse: Browse) -> None:
    assert browse().get("/login", headers={"host": "evil.example"}).status_code == 400


def test_the_name_in_base_url_is_ours(parts: Parts, browse: Browse) -> None:
    settings = replace(parts.settings, base_url="https://ember.example.org")

    assert "ember.example.org" in settings.hosts
    assert site(replace(parts, settings=settings)) is not None


def test_a_page_that_is_not_there_is_a_page_for_people_and_a_problem_for_programs(
    browse: Browse,
) -> None:
    browser = browse("analyst")

    page, answer = browser.get("/nowhere"), browser.get("/api/nowhere")

    assert page.status_code == answer.status_code == 404
    assert "There is no such page" in page.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == 404


def test_a_form_that_is_too_long_is_not_read(browse: Browse) -> None:
    browser = browse("analyst")

    assert browser.send("/logout", note="x" * 300_000).status_code == 413


def test_a_body_without_a_length_is_counted_while_it_comes(browse: Browse) -> None:
    browser = browse("analyst")
    browser.get("/account")

    def slowly() -> Iterator[bytes]:
        for _ in range(4):
            yield b"x" * 100_000

    answer = browser.client.post(
        "/logout", content=slowly(), headers={"content-type": "application/x-www-form-urlencoded"}
    )

    assert answer.status_code == 413


def test_alive_and_ready_are_two_questions(parts: Parts, browse: Browse) -> None:
    assert browse().get("/healthz").text == "ok"
    assert browse().get("/readyz").status_code == 401
    assert browse("analyst").get("/readyz").json() == {"ready": True, "reason": ""}


def test_what_is_open_to_anybody_is_this_and_no_more() -> None:
    is_open = {
        route.path
        for route, _ in ROUTES
        if (need := need_of(route.endpoint)) is not None and need.role is Role.ANYONE
    }

    links = {f"/{link}/{{token}}" for link in ("unsubscribe", "confirm", "s", "feedback")}
    entrance = {"/login", "/login/code", "/logout", "/language", "/static/{name}", "/healthz"}
    assert is_open == links | entrance
