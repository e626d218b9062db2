from __future__ import annotations

import base64
import hashlib
import re

import folium
import pytest

from maps.alert_map import alert_map
from maps.errors import UnsafeScript
from maps.offline import (
    OfflineMap,
    OfflinePage,
    leaflet_script,
    leaflet_style,
    page_style,
    policy,
)
from maps.overview_map import overview_map
from maps.palette import BANNERS
from maps.words import Words
from tests.maps.pictures import AFTER_AT, a_picture, an_area

ADDRESS = re.compile(r"""(?:src|href|action|data|poster)\s*=\s*["']?\s*(?!data:)[a-z]*:?//""", re.I)
BLOCK = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)


def a_page(**context: object) -> OfflinePage:
    shown = {"generated": "", "background": "", "legend": [], "rows": [], "cut": ""}
    return OfflinePage("overview.html", Words.of("en"), {**shown, **context})


def hashed(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def test_the_policy_admits_exactly_the_scripts_and_styles_of_the_page() -> None:
    page = alert_map(a_picture(before=None, after=None))
    (stated,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    blocks = BLOCK.findall(page)

    admitted = set(re.findall(r"'sha256-[^']*'", stated))
    assert {hashed(text) for _, text in blocks} == admitted
    assert [kind for kind, _ in blocks] == ["style", "style", "script", "script"]


def test_the_policy_lets_the_page_contact_nobody() -> None:
    rules = dict(rule.split(" ", 1) for rule in policy(("a",), ("b",)).split("; "))

    assert rules["default-src"] == rules["connect-src"] == "'none'"
    assert rules["form-action"] == rules["base-uri"] == rules["object-src"] == "'none'"
    assert rules["img-src"] == "data:"
    assert rules["script-src"] == hashed("a")
    assert "unsafe" not in " ".join(rules.values())


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(lambda: alert_map(a_picture(before=None, after=None)), id="alert"),
        pytest.param(lambda: overview_map([an_area()], AFTER_AT), id="overview"),
    ],
)
def test_no_element_of_a_page_names_an_address(page: object) -> None:
    assert callable(page)
    text = str(page())

    without_scripts = BLOCK.sub("", text)
    assert not ADDRESS.search(without_scripts)
    assert not re.search(r"url\((?!data:|#)", text.split("</style>")[0])
    assert "@import" not in text
    assert "sourceMappingURL" not in text
    assert "cdn." not in text


def test_leaflet_keeps_its_licence_note() -> None:
    assert leaflet_script().startswith("/* @preserve\n * Leaflet 1.9.3")
    assert "Vladimir Agafonkin" in leaflet_script()


def test_the_pictures_of_leaflet_stand_in_its_style_sheet() -> None:
    assert leaflet_style().count("url(data:image/png;base64,") >= 2
    assert "url(images" not in leaflet_style()


def test_every_banner_has_its_colours_in_the_style_sheet() -> None:
    for severity, banner in BANNERS.items():
        assert f".status-{severity} {{ background: {banner.ground};" in page_style()


def test_the_same_map_gives_the_same_bytes() -> None:
    pages = {alert_map(a_picture(before=None, after=None)) for _ in range(3)}

    assert len(pages) == 1


def test_drawing_one_map_leaves_no_trace_in_the_next() -> None:
    first = overview_map([], AFTER_AT)
    overview_map([an_area()], AFTER_AT)

    assert overview_map([], AFTER_AT) == first
    assert folium.Map.default_js, "Folium's own maps keep their lists"


def test_a_page_may_be_enlarged_by_the_reader() -> None:
    page = overview_map([], AFTER_AT)

    assert "user-scalable" not in page
    assert "maximum-scale" not in page


def test_a_map_can_be_saved_as_folium_saves_one() -> None:
    page = a_page()
    canvas = OfflineMap(page)

    assert canvas.get_root() is page
    assert page.render() == page.render()


def test_text_that_would_end_a_script_is_refused() -> None:
    page = a_page()
    canvas = OfflineMap(page)
    folium.FeatureGroup(name="x").add_to(canvas)
    group = folium.FeatureGroup(name="y").add_to(canvas)
    folium.Tooltip("</SCRIPT><script>x()</script>").add_to(group)

    with pytest.raises(UnsafeScript) as refusal:
        page.render()

    assert "maps.escaping" in refusal.value.hint


def test_a_template_that_lacks_a_value_fails_and_shows_no_gap() -> None:
    from jinja2 import UndefinedError

    page = OfflinePage("overview.html", Words.of("en"), {})
    OfflineMap(page)

    with pytest.raises(UndefinedError):
        page.render()
