from __future__ import annotations

import pytest

from tests.maps.conftest import PHONE, Opener

pytestmark = pytest.mark.chromium

LIST = ".leaflet-control-layers-overlays"


def test_on_a_wide_screen_the_list_of_layers_is_the_legend_beside_the_map(
    alert_page: str, visit: Opener
) -> None:
    seen = visit(alert_page)

    labels = seen.page.locator(f".panel {LIST} label").all_inner_texts()
    assert [label.strip() for label in labels] == [
        "Active-fire detection", "Burn-like ground", "Settlement outline",
        "Comparison ring", "Other settlement", "Names",
    ]  # fmt: skip
    assert seen.page.locator(".legend > ul").is_hidden()


def test_on_a_phone_it_opens_by_a_touch(alert_page: str, visit: Opener) -> None:
    seen = visit(alert_page, PHONE, touch=True)

    assert seen.page.locator(LIST).is_hidden()
    seen.page.tap(".leaflet-control-layers-toggle")
    assert seen.page.locator(LIST).is_visible()
    assert seen.page.locator(".legend > ul").is_visible()


def test_a_layer_can_be_switched_off_and_on(alert_page: str, visit: Opener) -> None:
    seen = visit(alert_page)
    box = seen.page.locator(f"{LIST} input").nth(1)
    paths = "document.querySelectorAll('.leaflet-overlay-pane path').length"
    start = seen.evaluate(paths)

    box.uncheck()
    assert seen.evaluate(paths) == start - 2, "casing and stroke of the changed ground"
    box.check()
    assert seen.evaluate(paths) == start


def test_true_colour_and_false_colour_exclude_each_other(alert_page: str, visit: Opener) -> None:
    seen = visit(alert_page)
    radios = seen.page.locator(".leaflet-control-layers-base input")

    assert [radios.nth(n).is_checked() for n in range(2)] == [True, False]
    radios.nth(1).check()
    assert [radios.nth(n).is_checked() for n in range(2)] == [False, True]
    assert seen.evaluate("document.querySelectorAll('.leaflet-image-layer').length") == 2
