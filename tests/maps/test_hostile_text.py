"""Names, notes and labels in every place of every page (corpus E; ALERTS.md 6.2)."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import maps.offline
from maps.alert_map import alert_map
from maps.errors import UnsafeScript
from maps.escaping import plain
from maps.overview_map import overview_map
from tests.maps.conftest import Opener
from tests.maps.hostile import PAYLOADS, RUN, hostile_area, hostile_picture
from tests.maps.pictures import AFTER_AT, a_picture

OPEN_ALL = """() => {
  const map = Object.values(window).find((value) => value instanceof L.Map);
  map.eachLayer((layer) => { if (layer.getTooltip && layer.getTooltip()) layer.openTooltip(); });
}"""

TOKEN = "q9zx"
"""Followed by one of each sign that the escaper turns into an entity."""

SIGNS = "<&\"'`${}\\"
ENTITIES = "&lt;&amp;&quot;&#x27;&#96;&#36;&#123;&#125;&#92;"


class Tags(HTMLParser):
    """Counts the elements of a page and keeps the text of its heading."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: dict[str, int] = {}
        self.heading = ""
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.counts[tag] = self.counts.get(tag, 0) + 1
        self._inside = self._inside or tag == "h1"

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "h1"

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.heading += data


def read(page: str) -> Tags:
    tags = Tags()
    tags.feed(page)
    return tags


def pages_with(text: str) -> dict[str, str]:
    return {
        "alert": alert_map(hostile_picture(text)),
        "overview": overview_map([hostile_area(text)], AFTER_AT),
    }


@pytest.mark.parametrize("which", ["alert", "overview"])
def test_every_string_passes_the_escaper_on_its_way_to_the_page(which: str) -> None:
    page = pages_with(TOKEN + SIGNS)[which].replace("\\u0026", "&").replace("\\u0027", "'")

    places = [match.end() for match in re.finditer(TOKEN, page)]
    assert len(places) >= 6
    for place in places:
        assert page[place:].startswith(ENTITIES), page[place - 120 : place + 80]


def test_pictures_do_not_make_another_way_in() -> None:
    text = TOKEN + SIGNS
    page = alert_map(a_picture(title=text, attribution=text, coverage_line=text))

    assert TOKEN + "<" not in page
    assert TOKEN + "\\u003c" not in page


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(min_size=1, max_size=60))
def test_random_text_changes_no_element_of_the_page(text: str) -> None:
    harmless, hostile = (read(alert_map(hostile_picture(words))) for words in ("x", text))

    # An empty marking and an empty name leave their element out.
    if plain(text):
        assert hostile.counts == harmless.counts
        assert hostile.heading.split() == plain(text).split()


@pytest.mark.chromium
@pytest.mark.parametrize("which", ["alert", "overview"])
@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_a_hostile_name_is_shown_and_never_run(which: str, payload: str, visit: Opener) -> None:
    # Without the policy, so that the escaper alone has to hold.
    page = re.sub(r'<meta http-equiv="Content-Security-Policy".*?>', "", pages_with(payload)[which])
    seen = visit(page)
    seen.evaluate(OPEN_ALL)

    assert seen.evaluate("window.ran || 0") == 0
    assert seen.complaints == []
    assert seen.requests == []
    shown = seen.evaluate("document.body.textContent")
    assert plain(payload) in shown
    assert seen.evaluate("document.querySelectorAll('.leaflet-tooltip').length") >= 1
    for tooltip in seen.page.locator(".leaflet-tooltip").all_text_contents():
        assert plain(payload) in tooltip


@pytest.mark.chromium
@pytest.mark.parametrize("case", ["E2", "E3", "E5"])
def test_the_payloads_do_run_where_nothing_escapes_them(
    case: str, visit: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: if this fails, the tests above prove nothing."""
    _replace_everywhere(monkeypatch, "escaped", str)
    monkeypatch.setattr(maps.offline, "policy", lambda *_: "")
    picture = a_picture(before=None, after=None, outlines=hostile_picture(PAYLOADS[case]).outlines)
    seen = visit(alert_map(picture))
    seen.evaluate(OPEN_ALL)
    # A broken picture reports itself in its own time.
    seen.page.wait_for_function("window.ran > 0", timeout=5_000)

    assert seen.evaluate("window.ran") >= 1


@pytest.mark.chromium
def test_the_policy_stops_what_an_escaper_would_miss(
    visit: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    _replace_everywhere(monkeypatch, "escaped", str)
    seen = visit(alert_map(a_picture(before=None, after=None, title=PAYLOADS["E1"])))

    assert seen.page.locator("h1 img").count() == 1
    assert seen.evaluate("window.ran || 0") == 0
    assert any("Content Security Policy" in text for text in seen.complaints)


def test_a_script_that_would_end_early_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    _replace_everywhere(monkeypatch, "escaped", str)

    with pytest.raises(UnsafeScript, match="end it early"):
        alert_map(hostile_picture(f"</script><script>{RUN}</script>"))


def test_right_to_left_text_is_isolated_from_its_surroundings() -> None:
    page = alert_map(hostile_picture(PAYLOADS["E13"]))

    assert f"<h1><bdi>{PAYLOADS['E13']}</bdi></h1>" in page


def _replace_everywhere(
    monkeypatch: pytest.MonkeyPatch, name: str, substitute: Callable[[str], str]
) -> None:
    for module in [value for key, value in sys.modules.items() if key.startswith("maps.")]:
        if hasattr(module, name):
            monkeypatch.setattr(module, name, substitute)
