from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from monitor.app import build_service
from monitor.commands.site import parts_of, site_keys, site_of
from monitor.config import load_config
from monitor.service import Service
from tests.alerts.web.browsers import Browser
from tests.builders import a_settlement, a_square, an_aoi, days_ago
from tests.catalogue import write_overpass
from tests.commandline import write_settings

NOW = datetime(2024, 5, 20, 12, tzinfo=UTC)
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    service = build_service(load_config(write_settings(tmp_path)), lambda: NOW)
    service.registry.add(an_aoi(), days_ago(100))
    service.registry.add_settlements("sd-test", [a_settlement(name=HOSTILE)], days_ago(100))
    for days in (32, 22, 17, 12):
        write_overpass(tmp_path / "imagery", days_ago(days))
    for days in (7, 2):
        write_overpass(tmp_path / "imagery", days_ago(days), burnt=a_square(300))
    service.tick()
    yield service
    service.close()


@pytest.fixture
def page(service: Service) -> Iterator[Browser]:
    """A browser of a signed-in analyst."""
    app = site_of(service, lambda: "")
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as client:
        browser = Browser(client, parts_of(service, lambda: ""))
        browser.sign_in("analyst")
        yield browser


def test_the_front_page_lists_what_the_service_found(service: Service, page: Browser) -> None:
    (alert,) = service.alerts.alerts()

    answer = page.get("/")

    assert answer.status_code == 200
    assert alert.ref in answer.text
    assert "No alert is not an all-clear" in answer.text


def test_a_name_is_text_and_never_markup(page: Browser) -> None:
    answer = page.get("/")

    assert HOSTILE not in answer.text
    assert "&lt;img" in answer.text


def test_each_alert_has_its_map_in_a_frame_of_ours_alone(service: Service, page: Browser) -> None:
    (alert,) = service.alerts.alerts()

    answer = page.get(f"/alerts/{alert.event_id}/map")

    assert answer.status_code == 200
    assert alert.ref in answer.text
    assert "leaflet" in answer.text.lower()
    policy = answer.headers["content-security-policy"]
    assert policy == "sandbox allow-scripts; frame-ancestors 'self'"
    assert "x-frame-options" not in answer.headers


def test_there_is_a_map_of_all_areas(page: Browser) -> None:
    assert 'src="/map/view"' in page.get("/map").text
    assert "Test area" in page.get("/map/view").text


def test_an_unknown_alert_is_not_found(page: Browser) -> None:
    assert page.get("/alerts/fire-none/map").status_code == 404


def test_a_service_that_stands_by_is_alive_and_not_ready(service: Service) -> None:
    app = site_of(service, lambda: "standing by")
    with TestClient(app, base_url="http://127.0.0.1") as client:
        assert client.get("/healthz").text == "ok"
        browser = Browser(client, parts_of(service, lambda: "standing by"))
        browser.sign_in("analyst")
        ready = browser.get("/readyz")

    assert ready.status_code == 503
    assert ready.json() == {"ready": False, "reason": "standing by"}


def test_a_key_of_ones_own_signs_the_forms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBERWATCH_WEB__SECRET_KEY", "s" * 40)
    config = load_config(write_settings(tmp_path))

    assert site_keys(config).master == b"s" * 40
