"""The list of layers: switches composites and outlines."""

from __future__ import annotations

from typing import cast

import folium
from folium.utilities import JsCode
from jinja2 import Template

from maps.escaping import SafeHtml

# On a phone the open list would cover the village; there it opens by a touch.
COLLAPSED = JsCode("window.matchMedia('(max-width: 899px)').matches")

# A layer without a rank, such as the names, comes last.
BY_RANK = JsCode("(a, b) => (a.options.rank ?? 9) - (b.options.rank ?? 9)")


class RankedGroup(folium.FeatureGroup):
    """Shapes that are switched together, with a place in the list of layers.

    Folium hands the options of a group to Leaflet where Leaflet expects its layers,
    so that they are lost; hence our own template.
    """

    _template = Template(
        "{% macro script(this, kwargs) %}"
        "var {{ this.get_name() }} = L.featureGroup([], {rank: {{ this.rank|tojson }}});"
        "{% endmacro %}"
    )

    def __init__(self, name: SafeHtml, rank: int) -> None:
        super().__init__(name=name)
        self.rank = rank


class Layers(folium.LayerControl):
    """Folium's list of layers, in the order of their `rank`; add it after all layers."""

    def __init__(self) -> None:
        super().__init__()
        # Folium's signature knows no code here, its template does.
        options = cast(dict[str, object], self.options)
        options.update(collapsed=COLLAPSED, sort_layers=True, sort_function=BY_RANK)
