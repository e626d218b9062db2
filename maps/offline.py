"""Folium without a network: one page, complete in itself, under its own policy.

Leaflet comes from the installed package and stands in the page. The page's own
Content-Security-Policy lets run what is hashed in it and nothing else, so a
mailed file is as tight as a served one.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

import folium
from branca.element import Element, Figure
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from maps.errors import UnsafeScript
from maps.escaping import escaped
from maps.palette import BANNERS
from maps.words import Words

LEAFLET = files("xstatic.pkg.leaflet") / "data"
TEMPLATES = files("maps") / "templates"

MAX_ZOOM = 18

# Leaflet's own prefix shows a national flag, and these maps go to all sides. Set
# before a map exists, so that it is never drawn, and without a link to follow.
NO_FLAG = "L.Control.Attribution.mergeOptions({prefix: ''});"


class OfflinePage(Figure):
    """The page around a map.

    Parameters
    ----------
    template : str
        File in ``maps/templates``.
    words : Words
        Language and direction of the page.
    context : mapping
        What the template shows. Every string is escaped but for `Markup`.
    """

    def __init__(self, template: str, words: Words, context: Mapping[str, object]) -> None:
        super().__init__()
        self.page_template = template
        self.words = words
        self.context = dict(context)

    def render(self, **options: object) -> str:
        """Return the whole page; the same map gives the same bytes."""
        _number(self)
        for child in list(self._children.values()):
            child.render(**options)
        # What Folium puts into the head is left out: styles for a map alone on its
        # page, and a viewport that forbids people to enlarge the text.
        own_script = NO_FLAG + str(self.script.render(**options))
        scripts = tuple(_closed(text) for text in (leaflet_script(), own_script))
        styles = (leaflet_style(), page_style())
        return PAGES.get_template(self.page_template).render(
            **self.context,
            words=self.words,
            policy=Markup(policy(scripts, styles)),
            scripts=[Markup(text) for text in scripts],
            styles=[Markup(text) for text in styles],
            canvas=Markup(str(self.html.render(**options))),
        )


class OfflineMap(folium.Map):
    """A map whose page asks the network for nothing.

    Use `folium.GeoJson`, `folium.CircleMarker`, `folium.ImageOverlay`,
    `folium.FeatureGroup` and our own controls on it. `folium.Marker` would ask
    for an icon file, and each class of `folium.plugins` for a script.
    """

    # Folium's own lists name six style sheets and four scripts on public servers.
    default_js: list[tuple[str, str]] = []
    default_css: list[tuple[str, str]] = []

    def __init__(self, page: OfflinePage) -> None:
        super().__init__(tiles=None, zoom_control=False, max_zoom=MAX_ZOOM, zoom_snap=0.25)
        page.add_child(self)


def policy(scripts: tuple[str, ...], styles: tuple[str, ...]) -> str:
    """Return the Content-Security-Policy that admits exactly these scripts and styles.

    ``frame-ancestors`` is missing because browsers ignore it, loudly, in a meta tag.
    """
    script_hashes = " ".join(_hash(text) for text in scripts)
    style_hashes = " ".join(_hash(text) for text in styles)
    return (
        f"default-src 'none'; script-src {script_hashes}; style-src {style_hashes}; "
        "img-src data:; connect-src 'none'; object-src 'none'; base-uri 'none'; "
        "form-action 'none'"
    )


@cache
def leaflet_script() -> str:
    """Return Leaflet with its licence note, without the address of its source map."""
    return (LEAFLET / "leaflet.js").read_text(encoding="utf-8").partition("//# source")[0]


@cache
def leaflet_style() -> str:
    """Return Leaflet's style sheet with its pictures as ``data:`` addresses."""
    return re.sub(
        r"url\((images/\w.*?)\)", _as_address, (LEAFLET / "leaflet.css").read_text(encoding="utf-8")
    )


@cache
def page_style() -> str:
    """Return our own style sheet, with the colours of the palette."""
    banners = "".join(
        f".status-{severity} {{ background: {banner.ground}; color: {banner.text}; }}\n"
        for severity, banner in BANNERS.items()
    )
    return (TEMPLATES / "page.css").read_text(encoding="utf-8") + banners


def _as_address(reference: re.Match[str]) -> str:
    picture = base64.b64encode((LEAFLET / reference[1]).read_bytes()).decode()
    return f"url(data:image/png;base64,{picture})"


def _hash(text: str) -> str:
    # Browsers hash a script after they have made every line end a line feed.
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _closed(script: str) -> str:
    """Return `script` if a browser reads it to its end, and refuse it otherwise."""
    if re.search(r"</script|<!--|<script", script, re.IGNORECASE):
        raise UnsafeScript(
            "the map's script holds text that would end it early",
            hint="a string reached Folium without maps.escaping.escaped",
        )
    return script.replace("\r\n", "\n").replace("\r", "\n")


def _number(page: Element) -> None:
    """Give every element a number for a name: Folium's are random, and bytes must repeat."""
    for number, element in enumerate(_descendants(page)):
        element._id = f"{number:04d}"


def _descendants(element: Element) -> Iterator[Element]:
    yield element
    for child in element._children.values():
        yield from _descendants(child)


def _shown(value: object) -> object:
    return value if hasattr(value, "__html__") else Markup(escaped(str(value)))


PAGES = Environment(
    loader=PackageLoader("maps", "templates"),
    autoescape=True,
    finalize=_shown,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
