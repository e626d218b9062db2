"""Thousands of areas on one map: boxes instead of outlines, counts instead of alerts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from folium.map import Layer
from jinja2 import Template

from maps.controls.script import source
from maps.escaping import SafeHtml
from maps.palette import Stroke

Bounds = tuple[float, float, float, float]

STEP_DIGITS = 3
"""Boxes are written to about 100 m: they are seen among thousands."""


@dataclass(frozen=True, slots=True)
class Box:
    """One area by its bounds, and what is told of it."""

    bounds: Bounds
    stroke: str
    name: SafeHtml
    line: SafeHtml


@dataclass(frozen=True, slots=True)
class Count:
    """How many alerts stand in one area."""

    latitude: float
    longitude: float
    count: int
    text: SafeHtml


class Boxes(Layer):
    """A layer of boxes, drawn on one canvas; lines that many of them share are written once."""

    _template = Template(
        "{% macro script(this, kwargs) %}"
        "{{ this.source }}\n"
        "var {{ this.get_name() }} = emberwatchBoxes("
        "{{ this.strokes|tojson }}, {{ this.lines|tojson }}, {{ this.boxes|tojson }});"
        "{% endmacro %}"
    )

    def __init__(self, name: SafeHtml, strokes: Mapping[str, Stroke], boxes: Sequence[Box]) -> None:
        super().__init__(name=name, overlay=True, control=True, show=True)
        self._name = "Boxes"
        self.source = source("crowd")
        keys = list(strokes)
        self.strokes = [_style(stroke) for stroke in strokes.values()]
        self.lines = sorted({box.line for box in boxes})
        place = {line: n for n, line in enumerate(self.lines)}
        self.boxes = [
            [*(round(edge, STEP_DIGITS) for edge in box.bounds), keys.index(box.stroke),
             box.name, place[box.line]]
            for box in boxes
        ]  # fmt: skip


class Counts(Layer):
    """A layer of dots, larger where more alerts stand; after `Boxes`, whose script it shares."""

    _template = Template(
        "{% macro script(this, kwargs) %}"
        "var {{ this.get_name() }} = emberwatchCounts("
        "{{ this.stroke|tojson }}, {{ this.dots|tojson }});"
        "{% endmacro %}"
    )

    def __init__(self, name: SafeHtml, stroke: Stroke, counts: Sequence[Count]) -> None:
        super().__init__(name=name, overlay=True, control=True, show=True)
        self._name = "Counts"
        self.stroke = {
            "color": "#FFFFFF", "weight": 1.0, "fillColor": stroke.colour, "fillOpacity": 1.0,
        }  # fmt: skip
        self.dots = [
            [round(one.latitude, STEP_DIGITS), round(one.longitude, STEP_DIGITS), one.count,
             one.text]
            for one in counts
        ]  # fmt: skip


def _style(stroke: Stroke) -> dict[str, object]:
    return {
        "color": stroke.colour, "weight": 1.2, "fillColor": stroke.colour,
        "fillOpacity": stroke.fill_opacity, "dashArray": stroke.dash or None,
    }  # fmt: skip
