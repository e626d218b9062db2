"""The swipe: one line over the map, before on its left and after on its right."""

from __future__ import annotations

from collections.abc import Sequence

import folium

from maps.controls.script import OwnControl
from maps.escaping import escaped
from maps.pair import AFTER, BEFORE
from maps.words import Words

# Below Leaflet's overlay pane (400), so that outlines stay on top and unclipped.
PANE_LEVELS = {BEFORE: 250, AFTER: 251}


class Swipe(OwnControl):
    """Shows two panes beside each other; works by pointer, touch and keyboard.

    Before is on the left in every language: the same page, or a photograph of
    it, is passed on between people who read in different directions.
    """

    script_name = "swipe"
    function = "emberwatchSwipe"

    def __init__(self, words: Words, before_date: str, after_date: str) -> None:
        super().__init__(
            {
                "panes": [BEFORE, AFTER],
                "before": f"<strong>{words('before')}</strong> <bdi>{escaped(before_date)}</bdi>",
                "after": f"<strong>{words('after')}</strong> <bdi>{escaped(after_date)}</bdi>",
                "direction": words.direction,
                "label": f"{words('swipe')}: {before_date}, {after_date}. {words('swipe_help')}",
                "value": words("swipe_value"),
            }
        )


class DateLabel(OwnControl):
    """The date of the only picture, where there is nothing to compare."""

    script_name = "date_label"
    function = "emberwatchDateLabel"

    def __init__(self, words: Words, role: str, date: str) -> None:
        text = f"<strong>{words(role)}</strong> <bdi>{escaped(date)}</bdi>"
        super().__init__({"text": text, "direction": words.direction})


def panes() -> Sequence[folium.map.CustomPane]:
    """Return the two panes that the swipe clips; add them before any picture."""
    return [
        folium.map.CustomPane(name, z_index=level, pointer_events=False)
        for name, level in PANE_LEVELS.items()
    ]
