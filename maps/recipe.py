"""How a plate was drawn from its pixels, exactly enough to draw it again without us."""

from __future__ import annotations

from typing import Any

import shapely

from alerts.ports import AlertPicture
from maps.overlay import GAMMA, common_stretch
from maps.pair import Pair, choose_pair
from maps.palette import stroke_of
from maps.plate import FINE, GAP_PX, PANEL_HEIGHT_PX, WIDTH_PX, window_of
from maps.shapes import roles_of

FORMULA = (
    "channel = round(255 * clip((value - low) / (high - low), 0, 1) ** gamma); "
    "transparent where a band was not measured; nearest pixel, then reduced by `fine`"
)


def recipe_of(picture: AlertPicture) -> dict[str, Any]:
    """Return the recipe, numbers as hexadecimal floats where a digit would matter."""
    pair = choose_pair(picture)
    window = window_of(picture, pair)
    return {
        "plate.png": {
            "size_px": [WIDTH_PX, PANEL_HEIGHT_PX],
            "gap_px": GAP_PX,
            "fine": FINE,
            "panels": [
                {"role": role, "acquired_at": seen.acquired_at.isoformat()}
                for role, seen in pair.shown
            ],
            "window": {
                "epsg": window.epsg,
                "left_m": window.left_m.hex(),
                "top_m": window.top_m.hex(),
                "metres_per_px": window.metres_per_px.hex(),
                "width_px": window.width_px,
                "height_px": window.height_px,
            },
            "colours": _colours(pair),
            "outlines": _outlines(picture),
        }
    }


def _colours(pair: Pair) -> dict[str, Any] | None:
    if not pair.shown or not pair.composites:
        return None
    composite = pair.composites[0]
    stretch = common_stretch(composite, [seen for _, seen in pair.shown])
    return {
        "composite": composite.name,
        "red_green_blue": list(composite.bands),
        "decibels": composite.is_radar,
        "low": [float(value).hex() for value in stretch.low],
        "high": [float(value).hex() for value in stretch.high],
        "gamma": float(GAMMA).hex(),
        "formula": FORMULA,
        "stretch": "one for all panels, so that a change of colour is a change of ground",
    }


def _outlines(picture: AlertPicture) -> list[dict[str, Any]]:
    found = []
    for role in roles_of(picture):
        stroke = stroke_of(role, picture.kind)
        found += [
            {
                "role": role,
                "colour": stroke.colour,
                "width_px": stroke.width_px,
                "dash": stroke.dash,
                "wkt": shapely.to_wkt(outline.geometry, rounding_precision=7),
            }
            for outline in picture.outlines
            if outline.role == role and not outline.geometry.is_empty
        ]
    return found
