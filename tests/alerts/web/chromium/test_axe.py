"""axe-core finds no serious issue on any page: at a desk, on a phone, in English, in Arabic."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from alerts.alert import Alert
from alerts.enrolment import Wish
from alerts.tokens import Purpose, signed_token
from alerts.web.parts import Parts
from alerts.web.site import routes
from monitor.archive import save_chip
from tests.alerts.conftest import House
from tests.alerts.web.browsers import add_person
from tests.alerts.web.chromium.conftest import DESK, PATIENCE_MS, PHONE
from tests.alerts.web.pages.test_alert import archive_looks
from tests.builders import NOW, a_settlement, an_observation
from tools import axe_core

pytestmark = [pytest.mark.chromium, pytest.mark.slow]

SERIOUS = ("serious", "critical")
LOOKED_OVER = """async (rules) => {
  for (const closed of document.querySelectorAll("details")) closed.open = true
  const asked = {resultTypes: ["violations"], iframes: false}
  if (rules.length) asked.runOnly = rules
  const found = await axe.run(document, asked)
  return found.violations.map(one => ({
    id: one.id, impact: one.impact, help: one.help,
    nodes: one.nodes.map(node => node.html.slice(0, 200) + ' ' + node.failureSummary),
  }))
}"""

BOW_TIE = [[24.8, 12.0], [25.0, 12.2], [25.0, 12.0], [24.8, 12.2], [24.8, 12.0]]
NOT_PAGES = ("/api", "/ogc", "/metrics", "/static", "/healthz", "/readyz")


@dataclass(frozen=True, slots=True)
class Place:
    """A site with something on every page."""

    parts: Parts
    alert: Alert
    base: str

    @property
    def known(self) -> dict[str, str]:
        """What stands in addresses, by its name in them."""
        parts = self.parts
        (person,) = [one for one, _ in parts.enrolment.people() if one.address == "r@ngo.example"]
        return {
            "event_id": self.alert.event_id,
            "aoi_id": self.alert.aoi_id,
            "person_id": person.person_id,
            "/unsubscribe/{token}": signed_token(
                parts.keys, Purpose.UNSUBSCRIBE, person.person_id, NOW
            ),
            "/confirm/{token}": signed_token(parts.keys, Purpose.CONFIRM, person.person_id, NOW),
            "/s/{token}": signed_token(parts.keys, Purpose.MANAGE, person.person_id, NOW),
            "/feedback/{token}": signed_token(
                parts.keys, Purpose.FEEDBACK, person.person_id, NOW, self.alert.event_id
            ),
        }  # fmt: skip

    def paths(self) -> Iterator[str]:
        """Yield the address of every page that is HTML."""
        for route in routes():
            last = route.path.rpartition("/")[2]
            if (
                "GET" not in (route.methods or ())
                or "." in last
                or route.path.startswith(NOT_PAGES)
            ):
                continue
            path = route.path
            for name, value in self.known.items():
                path = path.replace("{token}" if name == path else f"{{{name}}}", value)
            assert "{" not in path, f"nothing is known for {path}"
            yield path


@pytest.fixture(scope="module")
def script() -> str:
    """Return axe-core; the tests are skipped without it."""
    if not axe_core.SCRIPT.is_file():
        pytest.skip("axe-core is not here: python -m tools.axe_core fetches it, with npm")
    return axe_core.SCRIPT.read_text(encoding="utf-8")


@pytest.fixture
def place(house: House, parts: Parts, served: str, tmp_path: Path) -> Place:
    for role in ("before", "after"):
        save_chip(an_observation(), tmp_path / f"chips/{role}.tif")
    archive_looks(parts, 22, 12, 7, 2)
    alert = house.opened()
    add_person(parts, "olga", "admin")
    add_person(parts, "ben", "analyst", ["sd-test"])
    parts.registry.add_settlements("sd-test", [a_settlement(settlement_id="other")], NOW)
    parts.enrolment.add("r@ngo.example", Wish(aois=("sd-test",)), NOW, confirmed=True)
    parts.api_keys.make("gis", "public", "olga", NOW)
    return Place(parts, alert, served)


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_no_page_shuts_anybody_out(
    size: tuple[int, int], language: str, place: Place, chromium: Browser, script: str
) -> None:
    context = chromium.new_context(
        viewport={"width": size[0], "height": size[1]}, locale=language, base_url=place.base
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto("/login")
    faults = serious(page, script, "/login, nobody signed in")
    token = place.parts.sessions.open("olga", place.parts.now())
    context.add_cookies([{"name": "emberwatch", "value": token, "url": place.base}])
    for path in place.paths():
        page.goto(path)
        faults += serious(page, script, path)
    for state in (after_a_bad_file, with_an_area_to_save, with_rows_that_are_wrong, in_conflict):
        state(page, place)
        faults += serious(page, script, state.__name__)
    context.close()

    assert faults == []


def test_the_script_finds_what_it_is_there_to_find(chromium: Browser, script: str) -> None:
    context = chromium.new_context()
    page = context.new_page()
    page.set_content("<html lang=en><title>x</title><main><h1>x</h1><input><img src=x></main>")

    faults = serious(page, script, "a bad page")
    context.close()

    assert {fault.removeprefix("a bad page: ").split()[0] for fault in faults} >= {
        "label",
        "image-alt",
    }


def after_a_bad_file(page: Page, place: Place) -> None:
    page.goto("/aois/new")
    page.set_input_files("#file", {"name": "x.zip", "mimeType": "", "buffer": b"PK\x03\x04"})
    page.locator("main form button.main").click()
    page.locator("[role=alert]").wait_for()


def with_an_area_to_save(page: Page, place: Place) -> None:
    body = feature({"type": "Polygon", "coordinates": [BOW_TIE]}, id="tie", name="Tie")
    page.goto("/aois/new")
    page.set_input_files("#file", {"name": "x.geojson", "mimeType": "", "buffer": body})
    page.locator("main form button.main").click()
    page.locator("input[name=draft]").wait_for(state="attached")


def with_rows_that_are_wrong(page: Page, place: Place) -> None:
    shape = {"type": "Point", "coordinates": [44.0, 12.0]}
    page.goto(f"/aois/{place.alert.aoi_id}/settlements")
    page.set_input_files(
        "#file",
        {"name": "x.geojson", "mimeType": "", "buffer": feature(shape, id="far", name="far")},
    )
    page.locator("main form button.main").click()
    page.locator("main table").wait_for()


def in_conflict(page: Page, place: Place) -> None:
    page.goto(f"/alerts/{place.alert.event_id}")
    place.parts.desk.reject(place.alert.event_id, "ben", "water", place.parts.now())
    # A click straight after scrolling can land in the frame of the map.
    page.locator("button[value=confirm]").press("Enter")
    page.locator("[role=alert]").wait_for()


def feature(shape: dict[str, Any], **properties: str) -> bytes:
    return json.dumps({"type": "Feature", "properties": properties, "geometry": shape}).encode()


def serious(page: Page, script: str, where: str) -> list[str]:
    """Return what shuts people out of the page that is shown, by day and by night."""
    # Not a script tag: the policy of our pages would refuse it.
    page.evaluate(script)
    found = page.evaluate(LOOKED_OVER, [])
    page.emulate_media(color_scheme="dark")
    found += page.evaluate(LOOKED_OVER, ["color-contrast"])
    page.emulate_media(color_scheme="light")
    return [
        f"{where}: {one['id']} ({one['help']}): {' | '.join(one['nodes'][:3])}"
        for one in found
        if one["impact"] in SERIOUS
    ]
