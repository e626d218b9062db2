"""Zoom buttons, scale, north and the credit line, in the reader's language."""

from __future__ import annotations

from maps.controls.script import OwnControl
from maps.escaping import escaped
from maps.words import Words


class Corner(OwnControl):
    """The small things at the edge of every map."""

    script_name = "corner"
    function = "emberwatchCorner"

    def __init__(self, words: Words, attribution: str, *, bare: bool) -> None:
        super().__init__(
            {
                "north": words("north"),
                "zoomIn": words("zoom_in"),
                "zoomOut": words("zoom_out"),
                "layers": words("layers"),
                "attribution": f"<bdi>{escaped(attribution)}</bdi>" if attribution else "",
                "bare": bare,
                "direction": words.direction,
            }
        )
