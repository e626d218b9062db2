from __future__ import annotations

from importlib.resources import files

import pytest

from maps.controls.script import OwnControl, source
from maps.offline import OfflineMap, OfflinePage
from maps.words import Words

SCRIPTS = sorted(
    item.name.removesuffix(".js")
    for item in files("maps.controls").iterdir()
    if item.name.endswith(".js")
)


class Noted(OwnControl):
    script_name = "date_label"
    function = "emberwatchDateLabel"


def test_a_script_is_called_with_the_map_and_its_options() -> None:
    shown = {"generated": "", "background": "", "legend": [], "rows": [], "cut": ""}
    page = OfflinePage("overview.html", Words.of("en"), shown)
    canvas = OfflineMap(page)
    Noted({"text": "a", "direction": "ltr"}).add_to(canvas)

    script = page.render().rpartition("<script>")[2]
    assert source("date_label") in script
    assert (
        f'emberwatchDateLabel({canvas.get_name()}, {{"direction": "ltr", "text": "a"}});' in script
    )


@pytest.mark.parametrize("name", SCRIPTS)
def test_our_scripts_reach_for_nothing_outside_the_page(name: str) -> None:
    text = source(name)

    for word in ("http", "fetch(", "XMLHttpRequest", "WebSocket", "import ", "eval(", "Function("):
        assert word not in text


@pytest.mark.parametrize("name", SCRIPTS)
def test_our_scripts_say_what_they_do(name: str) -> None:
    assert source(name).startswith("// ")
