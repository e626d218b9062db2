from __future__ import annotations

import pytest

from maps.controls.names import Name, Names
from maps.escaping import escaped
from tests.maps.conftest import Opener


def test_a_name_is_written_as_text() -> None:
    layer = Names(escaped("Names"), [Name(escaped("<i>Shagra</i>"), 13.6, 27.3, is_main=True)])

    assert layer.names == [[13.6, 27.3, "&lt;i&gt;Shagra&lt;/i&gt;", True]]


@pytest.mark.chromium
def test_names_stand_above_their_place_and_take_no_clicks(alert_page: str, visit: Opener) -> None:
    seen = visit(alert_page)
    name = seen.box(".map-name-main > span")
    outline = seen.evaluate(
        """() => {
          const map = Object.values(window).find((value) => value instanceof L.Map);
          const north = map.latLngToContainerPoint([13.66158, 27.36986]);
          const frame = map.getContainer().getBoundingClientRect();
          return [frame.left + north.x, frame.top + north.y];
        }"""
    )

    assert seen.text(".map-name-main") == "Shagra"
    assert name["x"] + name["width"] / 2 == pytest.approx(outline[0], abs=3)
    assert name["y"] + name["height"] <= outline[1]
    events = seen.evaluate(
        "getComputedStyle(document.querySelector('.map-name-main')).pointerEvents"
    )
    assert events == "none"
