"""Colours and strokes, in one place, safe for colour-blind readers.

The hues are those of Okabe and Ito (2008), "Color Universal Design". No role is
told by colour alone: each has its own width, dash or fill as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

BLACK = "#000000"
ORANGE = "#E69F00"
SKY_BLUE = "#56B4E9"
GREEN = "#009E73"
YELLOW = "#F0E442"
BLUE = "#0072B2"
VERMILLION = "#D55E00"
PURPLE = "#CC79A7"
WHITE = "#FFFFFF"
GREY = "#999999"

CASING = "#1B1F24"
"""Dark line under every stroke, so that white and yellow stand out on any picture."""


VEGETATION = "#46603F"
"""Ground of the signs in a legend: about the middle tone of the pictures."""

LAND: Mapping[str, object] = {
    "color": "#A9B3A5", "weight": 1.0, "fill": True, "fillColor": "#FBFAF6", "fillOpacity": 1.0,
}  # fmt: skip
"""Land outlines under the overview: there, and not in the way."""


@dataclass(frozen=True, slots=True)
class Stroke:
    """How one role is drawn: on the map, in its legend and on the plate."""

    colour: str
    width_px: float
    dash: str = ""
    """SVG dash pattern, empty for a whole line."""

    fill_opacity: float = 0.0


@dataclass(frozen=True, slots=True)
class Banner:
    """Colours of the status line."""

    ground: str
    text: str


CHANGE_COLOURS: Mapping[str, str] = {
    "burn": YELLOW,
    "camp_new": SKY_BLUE,
    "camp_growth": SKY_BLUE,
    "camp_emptying": ORANGE,
    "structure_damage": VERMILLION,
    "hotspots": PURPLE,
    "blind": GREY,
}
"""Kind of finding to the colour of the changed ground."""

ROLES: Mapping[str, Stroke] = {
    "settlement": Stroke(WHITE, 3.0),
    "ring": Stroke(WHITE, 1.6, dash="2 7"),
    "burned": Stroke(YELLOW, 2.2, fill_opacity=0.10),
    "hotspot": Stroke(PURPLE, 2.5, fill_opacity=0.35),
    "other_settlement": Stroke(SKY_BLUE, 2.0, dash="7 4"),
    "alert": Stroke(VERMILLION, 2.0, fill_opacity=1.0),
    "cell": Stroke(ORANGE, 2.6, dash="12 5", fill_opacity=0.08),
}

BARE_COLOURS: Mapping[str, str] = {WHITE: "#1B1F24", YELLOW: VERMILLION, SKY_BLUE: BLUE}
"""Colour on a picture to colour on pale ground."""

AREA_STROKES: Mapping[str, Stroke] = {
    "seen_recently": Stroke(BLUE, 2.4, fill_opacity=0.12),
    "seen_late": Stroke(ORANGE, 2.4, dash="9 4", fill_opacity=0.15),
    "not_seen": Stroke(BLACK, 2.8, dash="3 5", fill_opacity=0.30),
}
"""How an area is drawn by how long ago it was seen."""

OTHER = Stroke(GREY, 2.0, dash="4 4")
"""For a role that this version does not know."""

BANNERS: Mapping[str, Banner] = {
    "unknown": Banner("#4A5560", WHITE),
    "minor": Banner("#0B5A8A", WHITE),
    "moderate": Banner("#F3C64E", "#241A00"),
    "severe": Banner("#A63A00", WHITE),
    "extreme": Banner("#6B0F1A", WHITE),
}
"""Severity to the colours of the status line; the words in it say the same."""


def stroke_of(role: str, kind: str, *, bare: bool = False) -> Stroke:
    """Return how `role` is drawn in an alert of `kind`; `bare` is without a picture under it."""
    stroke = ROLES.get(role, OTHER)
    colour = CHANGE_COLOURS.get(kind, stroke.colour) if role == "burned" else stroke.colour
    # White and yellow lines are for pictures; on pale ground they would vanish.
    colour = BARE_COLOURS.get(colour, colour) if bare else colour
    opacity = max(stroke.fill_opacity, 0.2) if bare and role == "burned" else stroke.fill_opacity
    return replace(stroke, colour=colour, fill_opacity=opacity)


def banner_name(severity: str) -> str:
    """Return the key in `BANNERS` for `severity`."""
    return severity.casefold() if severity.casefold() in BANNERS else "unknown"
