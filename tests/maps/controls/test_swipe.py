from __future__ import annotations

import re

import pytest

from maps.alert_map import alert_map
from maps.controls.swipe import PANE_LEVELS, Swipe
from maps.words import Words
from tests.maps.conftest import DESK, PHONE, Opener, Visit
from tests.maps.pictures import a_picture

pytestmark = pytest.mark.chromium

HANDLE = ".swipe-handle"


def edge(seen: Visit, pane: str) -> tuple[float, float]:
    """Return left and right edge of what `pane` shows, in pixels of the map."""
    clip = seen.evaluate(f"document.querySelector('.leaflet-{pane}-pane').style.clipPath")
    shift = seen.evaluate("L.DomUtil.getPosition(document.querySelector('.leaflet-map-pane')).x")
    columns = [float(x) + shift for x in re.findall(r"(-?[\d.]+)px -?[\d.]+px", clip)]
    return min(columns), max(columns)


def value(seen: Visit) -> int:
    return int(seen.page.locator(HANDLE).get_attribute("aria-valuenow") or -1)


def test_before_is_shown_left_of_the_line_and_after_right_of_it(
    alert_page: str, visit: Opener
) -> None:
    seen = visit(alert_page)
    width = seen.box(".folium-map")["width"]

    assert edge(seen, "before") == pytest.approx((0, width / 2), abs=1)
    assert edge(seen, "after") == pytest.approx((width / 2, width), abs=1)


def test_both_pictures_lie_below_the_outlines() -> None:
    # Leaflet draws outlines at 400, and a clip must not cut them.
    assert max(PANE_LEVELS.values()) < 400


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        pytest.param(["ArrowRight"], 52, id="right"),
        pytest.param(["ArrowLeft", "ArrowLeft"], 46, id="left twice"),
        pytest.param(["Shift+ArrowRight"], 60, id="a large step"),
        pytest.param(["PageDown"], 40, id="page down"),
        pytest.param(["Home"], 0, id="home"),
        pytest.param(["End", "ArrowRight"], 100, id="not beyond the end"),
    ],
)
def test_the_line_moves_by_keyboard(
    keys: list[str], expected: int, alert_page: str, visit: Opener
) -> None:
    seen = visit(alert_page)
    seen.page.focus(HANDLE)
    for key in keys:
        seen.page.keyboard.press(key)

    assert value(seen) == expected
    width = seen.box(".folium-map")["width"]
    assert edge(seen, "before")[1] == pytest.approx(width * expected / 100, abs=1)


def test_arrow_keys_on_the_handle_do_not_move_the_map(alert_page: str, visit: Opener) -> None:
    seen = visit(alert_page)
    centre = "JSON.stringify(Object.values(window).find((v) => v instanceof L.Map).getCenter())"
    start = seen.evaluate(centre)
    seen.page.focus(HANDLE)
    seen.page.keyboard.press("ArrowRight")

    assert seen.evaluate(centre) == start


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_line_follows_the_pointer(
    size: tuple[int, int], alert_page: str, visit: Opener
) -> None:
    seen = visit(alert_page, size)
    frame, handle = seen.box(".folium-map"), seen.box(HANDLE)
    x, y = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
    seen.page.mouse.move(x, y)
    seen.page.mouse.down()
    seen.page.mouse.move(frame["x"] + frame["width"] * 0.25, y + 40, steps=4)
    seen.page.mouse.up()
    seen.page.mouse.move(x, y)

    assert value(seen) == pytest.approx(25, abs=1)


def test_the_line_follows_a_finger(alert_page: str, visit: Opener) -> None:
    seen = visit(alert_page, PHONE, touch=True)
    frame, handle = seen.box(".folium-map"), seen.box(HANDLE)
    x, y = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
    touch = seen.page.context.new_cdp_session(seen.page)
    target = frame["x"] + frame["width"] * 0.75
    for kind, points in (
        ("touchStart", [{"x": x, "y": y}]),
        ("touchMove", [{"x": (x + target) / 2, "y": y}]),
        ("touchMove", [{"x": target, "y": y}]),
        ("touchEnd", []),
    ):
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    assert value(seen) == pytest.approx(75, abs=1)


def test_a_screen_reader_hears_a_slider(alert_page: str, visit: Opener) -> None:
    seen = visit(alert_page)
    slider = seen.page.get_by_role("slider")

    assert slider.count() == 1
    assert slider.get_attribute("aria-label") == (
        "Compare before and after: 7 Jan 2024, 23 Jan 2024. "
        "Drag the handle, or use the arrow keys on it."
    )
    assert slider.get_attribute("aria-valuetext") == "50 % of the width shows before"


def test_the_handle_is_large_enough_for_a_finger(alert_page: str, visit: Opener) -> None:
    handle = visit(alert_page, PHONE).box(HANDLE)

    # WCAG 2.2, 2.5.5: 44 by 44.
    assert min(handle["width"], handle["height"]) >= 44


def test_the_dates_say_which_side_is_which(alert_page: str, visit: Opener) -> None:
    seen = visit(alert_page)
    before, after = seen.box(".swipe-before"), seen.box(".swipe-after")
    middle = seen.box(".swipe-line")["x"]

    assert seen.text(".swipe-before") == "Before 7 Jan 2024"
    assert seen.text(".swipe-after") == "After 23 Jan 2024"
    assert before["x"] + before["width"] <= middle + 2 <= after["x"] + 2


def test_the_swipe_still_fits_after_the_map_was_moved_and_enlarged(
    alert_page: str, visit: Opener
) -> None:
    seen = visit(alert_page)
    seen.evaluate(
        """() => { const map = Object.values(window).find((value) => value instanceof L.Map);
          map.panBy([137, -61], {animate: false}); map.setZoom(map.getZoom() + 1,
          {animate: false}); }"""
    )
    width = seen.box(".folium-map")["width"]

    assert edge(seen, "before") == pytest.approx((0, width / 2), abs=1)
    assert edge(seen, "after") == pytest.approx((width / 2, width), abs=1)


def test_both_composites_are_swiped(alert_page: str, visit: Opener) -> None:
    seen = visit(alert_page)
    seen.page.locator(".leaflet-control-layers-base input").nth(1).check()

    alts = "[...document.querySelectorAll('.leaflet-%s-pane img')].map((image) => image.alt)"
    assert seen.evaluate(alts % "before") == ["Before 7 Jan 2024"]
    assert seen.evaluate(alts % "after") == ["After 23 Jan 2024"]
    assert seen.complaints == []


def test_one_date_alone_has_its_label_and_no_line(visit: Opener) -> None:
    seen = visit(alert_map(a_picture(before=None)))

    assert seen.page.locator(".swipe-line").count() == 0
    assert seen.text(".only-date") == "After 23 Jan 2024"


def test_a_date_cannot_carry_markup() -> None:
    swipe = Swipe(Words.of("en"), "<b>1</b>", "2")

    assert "<b>" not in str(swipe.options["before"])
