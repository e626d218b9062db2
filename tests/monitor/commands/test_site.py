from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from monitor.app import build_service
from monitor.commands.site import site
from monitor.config import load_config
from monitor.service import Service
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
def page(service: Service) -> Iterator[TestClient]:
    with TestClient(site(service, lambda: ""), base_url="http://127.0.0.1") as client:
        yield client


def test_the_front_page_lists_alerts_and_how_areas_were_seen(
    service: Service, page: TestClient
) -> None:
    (alert,) = service.alerts.alerts()

    answer = page.get("/")

    assert answer.status_code == 200
    assert alert.ref in answer.text
    assert "seen on 3 of the last 14 days" in answer.text
    assert "No alert is not an all-clear" in answer.text


def test_a_name_is_text_and_never_markup(page: TestClient) -> None:
    answer = page.get("/")

    assert HOSTILE not in answer.text
    assert "&lt;img" in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_each_alert_has_its_map(service: Service, page: TestClient) -> None:
    (alert,) = service.alerts.alerts()

    answer = page.get(f"/alerts/{alert.event_id}/map")

    assert answer.status_code == 200
    assert alert.ref in answer.text
    assert "leaflet" in answer.text.lower()


def test_there_is_a_map_of_all_areas(page: TestClient) -> None:
    answer = page.get("/map")

    assert answer.status_code == 200
    assert "Test area" in answer.text


def test_an_unknown_alert_is_not_found(page: TestClient) -> None:
    assert page.get("/alerts/fire-none/map").status_code == 404


def test_alive_and_ready_are_two_questions(service: Service) -> None:
    app = site(service, lambda: "standing by")
    with TestClient(app, base_url="http://127.0.0.1") as client:
        assert client.get("/healthz").text == "ok"
        ready = client.get("/readyz")

    assert ready.status_code == 503
    assert ready.json() == {"ready": False, "reason": "standing by"}


def test_a_service_that_works_is_ready(page: TestClient) -> None:
    assert page.get("/readyz").json() == {"ready": True, "reason": ""}


def test_another_site_cannot_ask_in_the_readers_browser(page: TestClient) -> None:
    assert page.get("/", headers={"host": "evil.example"}).status_code == 400
