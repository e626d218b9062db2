"""An operator draws an area and imports a broken Shapefile, in a real browser."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from alerts.web.parts import Parts
from tests.alerts.web.browsers import NOW, add_person
from tests.builders import an_aoi

pytestmark = pytest.mark.chromium


@pytest.fixture
def parts(parts: Parts) -> Parts:
    add_person(parts, "omar", "operator")
    return parts


@pytest.fixture
def page(parts: Parts, served: str, chromium: Browser) -> Iterator[Page]:
    """A signed-in operator; whatever the page complains about fails the test."""
    complaints: list[str] = []
    context = chromium.new_context(base_url=served, viewport={"width": 1280, "height": 900})
    cookie = {"name": "emberwatch", "value": parts.sessions.open("omar", NOW), "url": served}
    context.add_cookies([cookie])  # type: ignore[list-item]
    opened = context.new_page()
    opened.on(
        "console", lambda line: complaints.append(line.text) if line.type == "error" else None
    )
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on(
        "request",
        lambda asked: None if asked.url.startswith((served, "data:")) else complaints.append(
            asked.url
        ),
    )  # fmt: skip
    yield opened
    context.close()
    refused = "Failed to load resource: the server responded with a status of 422"
    assert [line for line in complaints if not line.startswith(refused)] == []


def test_an_operator_draws_an_area_and_saves_it_after_a_look(page: Page, parts: Parts) -> None:
    page.goto("/aois/new")
    sheet = page.locator(".sheet")
    for x, y in ((300, 80), (600, 80), (600, 250)):
        sheet.click(position={"x": x, "y": y})
    page.get_by_role("button", name="Begin anew").click()
    assert page.input_value("#outline") == ""
    page.locator("#outline").fill("24.9, 12.0\n25.1, 12.0\n25.1, 12.2")
    sheet.click(position={"x": 500, "y": 200})
    assert len(page.input_value("#outline").splitlines()) == 4
    page.get_by_role("button", name="Take the last corner back").click()
    page.fill("#name", "Wadi")
    page.get_by_role("button", name="Look it over").click()

    assert page.locator(".sheet path.leaflet-interactive").count() == 1
    assert parts.registry.all() == []

    page.get_by_role("button", name="Watch it").click()
    page.wait_for_url("**/aois/wadi?said=area_added")
    assert parts.registry.get("wadi").geometry.bounds == (24.9, 12.0, 25.1, 12.2)


def test_a_broken_shapefile_is_refused_where_the_operator_reads_it(
    page: Page, parts: Parts, tmp_path: Path
) -> None:
    parts.registry.add(an_aoi(), NOW)
    broken = tmp_path / "villages.zip"
    with zipfile.ZipFile(broken, "w") as archive:
        archive.writestr("villages.shp", b"\x00\x00\x27\x0a" + bytes(60))
        archive.writestr("villages.dbf", b"\x03")

    page.goto("/aois/sd-test/settlements")
    page.set_input_files("#file", str(broken))
    page.get_by_role("button", name="Look them over").click()

    fault = page.get_by_role("alert")
    assert "villages.zip" in fault.inner_text()
    assert parts.registry.settlements("sd-test") == []


def test_a_report_is_printed_without_menus(page: Page, parts: Parts) -> None:
    parts.registry.add(an_aoi(), NOW)
    page.goto("/aois/sd-test/report")
    assert page.locator(".top").is_visible()

    page.emulate_media(media="print")

    assert not page.locator(".top").is_visible()
    assert not page.locator("form.filters").is_visible()
    assert page.locator(".sheet").is_visible()
