"""What people do in a real browser, on a real server, with the keyboard alone."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest

from alerts.alert import Alert, Status
from alerts.web.parts import Parts
from alerts.web.totp import code_at, step_of
from monitor.archive import save_chip
from tests.alerts.conftest import House
from tests.alerts.web.browsers import PASSWORD, add_person
from tests.alerts.web.chromium.conftest import DESK, PHONE, Visitor
from tests.alerts.web.pages.test_alert import archive_looks
from tests.builders import an_observation

pytestmark = pytest.mark.chromium


@pytest.fixture
def parts(parts: Parts, tmp_path: Path) -> Parts:
    for role in ("before", "after"):
        save_chip(an_observation(), tmp_path / f"chips/{role}.tif")
    for name in ("amina", "ben"):
        add_person(parts, name, "analyst")
    return parts


@pytest.fixture
def alert(house: House, parts: Parts) -> Alert:
    archive_looks(parts, 22, 12, 7, 2)
    return house.opened()


def test_a_reviewer_confirms_from_the_queue_with_the_keyboard_alone(
    parts: Parts, alert: Alert, visit: Visitor
) -> None:
    seen = visit()
    seen.sign_in("amina")

    seen.press("c")
    seen.press("Shift+Tab", "Shift+Tab")
    seen.type("roofs gone")
    seen.press("Tab", "Tab", "Enter")
    seen.page.wait_for_url("**/?said=confirmed&**")

    judged = parts.alerts.alert(alert.event_id)
    assert (judged.status, judged.reviewed_by) == (Status.CONFIRMED, ("amina",))
    assert judged.note == "roofs gone"
    assert f"{alert.ref} is confirmed." in seen.page.inner_text("[role=status]")
    assert (seen.complaints, seen.strangers) == ([], [])


def test_a_reviewer_rejects_with_a_digit_for_the_reason(
    parts: Parts, alert: Alert, visit: Visitor
) -> None:
    seen = visit()
    seen.sign_in("amina")

    seen.press("j", "r", "4", "Enter")
    seen.page.wait_for_url("**/?said=rejected&**")

    judged = parts.alerts.alert(alert.event_id)
    assert (judged.status, judged.review_reason) == (Status.REJECTED, "water")
    assert seen.complaints == []


def test_a_note_outlives_escape_and_stays_with_its_alert(alert: Alert, visit: Visitor) -> None:
    seen = visit()
    seen.sign_in("amina")

    seen.press("n")
    seen.type("half a thought")
    seen.press("Escape")
    seen.press("u")

    assert seen.page.input_value("#decide-note") == "half a thought"
    assert seen.page.evaluate("document.activeElement.value") == "unsure"


def test_two_reviewers_at_once_the_second_loses_no_word(
    parts: Parts, alert: Alert, visit: Visitor
) -> None:
    first, second = visit(), visit()
    first.sign_in("amina")
    second.sign_in("ben")
    second.press("n")
    second.type("I am not sure about the river")

    first.press("c", "Enter")
    first.page.wait_for_url("**/?said=confirmed&**")
    second.press("Tab", "Tab", "Enter")
    second.page.wait_for_selector("[role=alert]")

    assert "Somebody else changed it" in second.page.inner_text("[role=alert]")
    assert second.page.input_value("#note") == "I am not sure about the river"
    assert parts.alerts.alert(alert.event_id).reviewed_by == ("amina",)


def test_the_map_is_shown_beside_the_queue_and_asks_no_other_host(
    alert: Alert, visit: Visitor
) -> None:
    seen = visit()
    seen.sign_in("amina")

    frame = seen.page.frame_locator("#preview iframe")
    frame.locator(".leaflet-container").wait_for()

    assert (seen.complaints, seen.strangers) == ([], [])


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_map_opens_on_the_place_however_fast_it_comes(
    size: tuple[int, int], alert: Alert, visit: Visitor
) -> None:
    seen = visit(size)
    seen.sign_in("amina")

    # The second time the map is ready before the page is laid out.
    for _ in range(2):
        seen.page.goto(f"{seen.base}/alerts/{alert.ref}")
        scale = seen.page.frame_locator("iframe.map").locator(".leaflet-control-scale-line")
        scale.first.wait_for()
        assert re.fullmatch(r"\d+ m", scale.first.inner_text())


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("path", ["/", "/login", "/account", "/alerts/{ref}",
                                  "/alerts/{ref}/explain"])  # fmt: skip
def test_no_page_is_wider_than_the_window(
    path: str, size: tuple[int, int], alert: Alert, visit: Visitor
) -> None:
    seen = visit(size)
    seen.sign_in("amina")

    seen.page.goto(seen.base + path.format(ref=alert.ref))

    assert seen.too_wide() == 0
    assert (seen.complaints, seen.strangers) == ([], [])


def test_everything_can_be_done_without_scripts(parts: Parts, alert: Alert, visit: Visitor) -> None:
    seen = visit(scripts=False)
    seen.sign_in("amina")

    seen.page.click("#queue a.what")
    seen.page.fill("#note", "seen")
    seen.page.click("button[value=confirm]")

    assert parts.alerts.alert(alert.event_id).status is Status.CONFIRMED


def test_the_first_tab_leads_past_the_menu(alert: Alert, visit: Visitor) -> None:
    seen = visit()
    seen.sign_in("amina")
    seen.page.goto(f"{seen.base}/account")

    seen.press("Tab")
    skip = seen.page.evaluate("document.activeElement.className")
    seen.press("Enter")

    assert skip == "skip"
    assert seen.page.evaluate("document.activeElement.id") == "main"


def test_a_person_sets_up_a_second_factor_and_signs_in_with_it(
    parts: Parts, visit: Visitor
) -> None:
    seen = visit()
    seen.sign_in("amina")
    seen.page.goto(f"{seen.base}/account")
    seen.page.click("a[href='/account/second-factor']")
    seen.page.fill("#begin-password", PASSWORD)
    seen.press("Enter")
    shown = seen.page.inner_text(".secret code").replace(" ", "")
    secret = base64.b32decode(shown)
    assert seen.page.locator("svg.qr").bounding_box() is not None
    seen.type(code_at(secret, step_of(parts.now()) - 1))
    seen.press("Enter")
    seen.page.wait_for_selector(".codes")
    recovery = seen.page.inner_text(".codes li:first-child")
    seen.page.click("text=I have written them down")
    seen.page.wait_for_url(f"{seen.base}/")

    for code in (code_at(secret, step_of(parts.now())), recovery):
        another = visit()
        another.give_password("amina")
        another.page.wait_for_url(f"{seen.base}/login/code?to=%2F")
        another.page.wait_for_function("document.activeElement.id === 'code'")
        another.type(code)
        another.press("Enter")
        another.page.wait_for_url(f"{seen.base}/")
        assert (another.complaints, another.strangers) == ([], [])
    assert (seen.complaints, seen.strangers) == ([], [])
