from __future__ import annotations

import pytest

from maps.alert_map import alert_map
from tests.maps.conftest import Opener
from tests.maps.pictures import a_picture

pytestmark = pytest.mark.chromium

FRENCH = a_picture(language="fr", before=None)


def test_the_corners_speak_the_readers_language(visit: Opener) -> None:
    seen = visit(alert_map(FRENCH))

    assert seen.page.get_attribute(".leaflet-control-zoom-in", "title") == "Zoom avant"
    assert seen.page.get_attribute(".leaflet-control-layers-toggle", "title") == "Couches"
    assert "Le nord est en haut" in seen.text(".corner-note")


def test_the_scale_is_metric_and_alone(alert_page: str, visit: Opener) -> None:
    seen = visit(alert_page)

    assert seen.page.locator(".leaflet-control-scale-line").count() == 1
    assert seen.text(".leaflet-control-scale-line").split()[1] in ("m", "km")


def test_the_credit_line_is_ours_and_shows_no_flag(alert_page: str, visit: Opener) -> None:
    seen = visit(alert_page)

    assert seen.text(".leaflet-control-attribution") == (
        "Contains modified Copernicus Sentinel data 2024"
    )
    assert seen.page.locator(".leaflet-control-attribution svg, a[href^=http]").count() == 0


def test_without_a_picture_names_are_dark_on_pale_ground(visit: Opener) -> None:
    seen = visit(alert_map(a_picture(before=None, after=None)))

    colour = seen.evaluate("getComputedStyle(document.querySelector('.map-name')).color")
    assert colour == "rgb(27, 31, 36)"
