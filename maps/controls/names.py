"""Names of places beside their outlines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from folium.map import Layer
from jinja2 import Template

from maps.controls.script import source
from maps.escaping import SafeHtml


@dataclass(frozen=True, slots=True)
class Name:
    """One name and where its foot stands."""

    text: SafeHtml
    latitude: float
    longitude: float
    is_main: bool = False


class Names(Layer):
    """A layer of names, each above the outline that it belongs to.

    `folium.Marker` would ask for an icon file even with a `DivIcon`.
    """

    _template = Template(
        "{% macro script(this, kwargs) %}"
        "{{ this.source }}\n"
        "var {{ this.get_name() }} = emberwatchNames({{ this.names|tojson }});"
        "{% endmacro %}"
    )

    def __init__(self, name: SafeHtml, names: Sequence[Name]) -> None:
        super().__init__(name=name, overlay=True, control=True, show=True)
        self._name = "Names"
        self.source = source("names")
        self.names = [
            [entry.latitude, entry.longitude, entry.text, entry.is_main] for entry in names
        ]
